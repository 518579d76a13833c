package warm

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// conn is urocket's end of a warm PHP.
type conn struct {
	f  *os.File
	rc syscall.RawConn

	first chan []string // what PHP says of itself, once
	lost  chan struct{} // closed when PHP and every child that has not begun are gone

	reading sync.Mutex // held while something is read and told
	greeted bool

	mu      sync.Mutex
	pending map[uint32]chan int
	last    uint32
	heard   time.Time // when something came last
	gone    bool
}

func newConn(ours *os.File) (*conn, error) {
	rc, err := ours.SyscallConn()
	if err != nil {
		return nil, errors.Join(err, ours.Close())
	}
	c := &conn{
		f: ours, rc: rc, first: make(chan []string, 1), lost: make(chan struct{}), pending: map[uint32]chan int{},
	}
	go c.read()
	return c, nil
}

// maxAnswer is room for what PHP says of itself, a list of its ini files included, in
// bytes.
const maxAnswer = 64 << 10

// read takes answers until nobody can give one any more: PHP has ended, and so has, or
// has begun its script, every child. Then what has no answer has not run anything.
func (c *conn) read() {
	defer close(c.lost)
	buf := make([]byte, maxAnswer)
	for {
		n, err := -1, error(nil)
		rerr := c.rc.Read(func(fd uintptr) bool {
			n, err = c.readOne(int(fd), buf)
			return err != unix.EAGAIN
		})
		switch {
		case rerr != nil || err != nil: // closed by us
			c.end(uncertain)
			return
		case n == 0:
			c.end(none)
			return
		}
	}
}

// readOne reads what has come, if anything, and sees to it that it is told before
// whoever comes next reads.
func (c *conn) readOne(fd int, buf []byte) (n int, err error) {
	c.reading.Lock()
	defer c.reading.Unlock()
	if n, err = receive(fd, buf); err != nil || n == 0 {
		return n, err
	}
	if !c.greeted {
		c.greeted = true
		c.first <- strings.Split(string(buf[:n]), "\x00")
	} else if a, ok := readAnswer(string(buf[:n])); ok {
		c.take(a)
	}
	return n, nil
}

// receive reads a datagram.
func receive(fd int, buf []byte) (n int, err error) {
	for {
		n, err = unix.Read(fd, buf)
		// ECONNRESET, once: the last of the others is gone and has not read all. What
		// they have sent is there to be read still.
		if err != unix.EINTR && err != unix.ECONNRESET {
			return n, err
		}
	}
}

// catchUp returns when all that has come until now is told, however far behind read is.
func (c *conn) catchUp() {
	buf := make([]byte, maxAnswer)
	_ = c.rc.Control(func(fd uintptr) {
		for {
			if n, err := c.readOne(int(fd), buf); err != nil || n == 0 {
				return
			}
		}
	})
}

func (c *conn) take(a answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heard = time.Now()
	if ch := c.pending[a.number]; ch != nil {
		delete(c.pending, a.number)
		ch <- a.pid // buffered: one answer each
	}
}

// What stands for a pid where there is none: nothing was run and nothing will be; or
// nobody can tell.
const (
	none      = 0
	uncertain = -1 << 30
)

// end tells those who wait that no answer will come.
func (c *conn) end(why int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone = true
	for n, ch := range c.pending {
		delete(c.pending, n)
		ch <- why
	}
}

// sendTime bounds how long PHP may leave no room for another request.
const sendTime = 2 * time.Second

// manner is how a child comes into its group.
type manner byte

const (
	into  manner = 'i' // born into it
	enter manner = 'e' // by writing to its cgroup.procs
)

// purpose is what a child is for.
type purpose byte

const (
	run   purpose = 'r'
	anew  purpose = 'n' // to run a script of which opcache may have another
	trial purpose = 't'
	wait  purpose = 'a' // for a request of its own, on the descriptor that is its stdin
)

// ask sends a request. Its pid comes on the channel, or an errno as a negative number,
// or none, or uncertain. On an error nothing was sent.
func (c *conn) ask(r *Request, group int, how manner, what purpose) (<-chan int, error) {
	b, err := r.frame()
	if err != nil {
		return nil, err
	}
	ch := make(chan int, 1)
	c.mu.Lock()
	if c.gone {
		c.mu.Unlock()
		return nil, errLost
	}
	c.last++
	number := c.last
	c.pending[number] = ch
	c.mu.Unlock()
	copy(b, fmt.Sprintf("%08x%c%c", number, how, what))
	if err := send(c.f, c.rc, b, []int{r.Stdin, r.Stdout, r.Stderr, group}); err != nil {
		c.mu.Lock()
		delete(c.pending, number)
		c.mu.Unlock()
		return nil, err
	}
	return ch, nil
}

var errLost = errors.New("the warm PHP has ended")

// send sends a datagram whole, or not at all.
func send(f *os.File, rc syscall.RawConn, b []byte, fds []int) error {
	rights := unix.UnixRights(fds...)
	if err := f.SetWriteDeadline(time.Now().Add(sendTime)); err != nil {
		return err
	}
	var err error
	werr := rc.Write(func(fd uintptr) bool {
		for {
			err = unix.Sendmsg(int(fd), b, rights, nil, unix.MSG_NOSIGNAL)
			if err != unix.EINTR {
				return err != unix.EAGAIN
			}
		}
	})
	switch {
	case errors.Is(werr, os.ErrDeadlineExceeded):
		return errWedged
	case werr != nil:
		return werr
	case err == unix.EMSGSIZE:
		return ErrTooLarge
	case err == unix.EPIPE || err == unix.ECONNRESET:
		return errLost
	}
	return err
}

var errWedged = errors.New("the warm PHP takes no requests")

// quiet says how long nothing has been heard, since at the latest.
func (c *conn) quiet(since time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.heard.After(since) {
		since = c.heard
	}
	return time.Since(since)
}

// hangUp tells PHP that no more requests will come. It answers those that it has.
func (c *conn) hangUp() {
	_ = c.rc.Control(func(fd uintptr) { _ = unix.Shutdown(int(fd), unix.SHUT_WR) })
}

// close closes the connection, once lost is closed or nobody waits for it.
func (c *conn) close() {
	_ = c.f.Close()
	<-c.lost
}
