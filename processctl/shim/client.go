package shim

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/processctl/brief"
	"github.com/urocket/urocket/processctl/family"
)

// ErrLost says that the shim has ended, or does not answer.
var ErrLost = errors.New("the shim process has ended")

// Conn is urocket's end of a shim.
type Conn struct {
	f  *os.File
	in *bufio.Reader
	rc syscall.RawConn

	writing sync.Mutex

	mu       sync.Mutex
	children map[uint32]*Child
	last     uint32
	lost     chan struct{} // closed when nothing will come any more
	done     chan struct{} // closed when the reader has returned
}

// Child is a command that a shim has started. What its channels would tell after
// the shim was lost is for the owner of the [Conn] to find out and to tell.
type Child struct {
	PID   int
	Since time.Time         // when its start was asked for
	Exit  chan family.Death // told once: the end of the command's first process
	Empty chan struct{}     // closed when nothing is left that the shim keeps together
	Told  bool              // whether Exit was told; to be read after [Conn.Lost] only

	conn    *Conn
	id      uint32
	started chan error
}

// Signal sends sig to all of the command's family, or only to its first process
// where the shim does not collect. It never waits: a shim that does not take its
// messages is given none.
func (c *Child) Signal(sig syscall.Signal) {
	if !c.conn.writing.TryLock() {
		return // a start is under way, or hangs; what matters is sent again
	}
	defer c.conn.writing.Unlock()
	_ = c.conn.rc.Write(func(fd uintptr) bool {
		_ = unix.Sendmsg(int(fd), message(kindSignal, c.id, int(sig), nil), nil, nil, unix.MSG_NOSIGNAL)
		return true
	})
}

// Pair makes the two ends of a connection: one for [Dial], one to be the shim's
// descriptor 3.
func Pair() (ours, shims *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("make socket pair: %w", err)
	}
	if err := unix.SetNonblock(fds[0], true); err != nil {
		closeAll(fds[:])
		return nil, nil, fmt.Errorf("make socket pair: %w", err)
	}
	return os.NewFile(uintptr(fds[0]), "shim"), os.NewFile(uintptr(fds[1]), "shim"), nil
}

// Dial takes our end of a shim that was started, which is the Conn's from now
// on, and waits until the shim has applied its settings. The error is a
// [*RefusedError] when it could not; then the shim ends by itself.
func Dial(ctx context.Context, ours *os.File) (*Conn, error) {
	rc, err := ours.SyscallConn()
	if err != nil {
		return nil, errors.Join(err, ours.Close())
	}
	c := &Conn{f: ours, in: bufio.NewReaderSize(ours, 256), rc: rc, children: map[uint32]*Child{}, lost: make(chan struct{}), done: make(chan struct{})}
	stop := context.AfterFunc(ctx, func() { _ = ours.SetDeadline(longAgo) })
	err = c.greet()
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, errors.Join(err, ours.Close())
	}
	go c.read()
	return c, nil
}

// greet reads the first message of a shim.
func (c *Conn) greet() error {
	h, body, err := c.next()
	switch {
	case err != nil:
		return fmt.Errorf("%w before it was ready: %w", ErrLost, err)
	case h.kind == kindRefused:
		setting, reason, _ := strings.Cut(string(body), "\x00")
		return &RefusedError{Setting: setting, Reason: reason}
	case h.kind != kindReady:
		return errMalformed
	}
	return nil
}

func (c *Conn) next() (head, []byte, error) {
	var b [headSize]byte
	if _, err := io.ReadFull(c.in, b[:]); err != nil {
		return head{}, nil, err
	}
	h := readHead(b[:])
	body := make([]byte, min(h.size, maxAnswer))
	_, err := io.ReadFull(c.in, body)
	return h, body, err
}

// longAgo is a deadline that has passed.
var longAgo = time.Unix(1, 0)

// maxAnswer bounds the body of what a shim sends, in bytes.
const maxAnswer = 64 << 10

// read takes the shim's answers until it has ended.
func (c *Conn) read() {
	defer close(c.done)
	defer close(c.lost)
	for {
		h, body, err := c.next()
		if err != nil {
			return
		}
		c.take(h, body)
	}
}

// take does what one answer says.
func (c *Conn) take(h head, body []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	child := c.children[h.id]
	if child == nil {
		return
	}
	switch h.kind {
	case kindStarted:
		child.PID = int(h.n)
		child.started <- nil
	case kindFailed:
		delete(c.children, h.id)
		child.started <- syscall.Errno(h.n)
	case kindExited:
		if d, err := decodeDeath(body); err == nil {
			child.Told = true
			child.Exit <- d
		}
		if h.n == 1 {
			c.emptied(child)
		}
	case kindEmpty:
		c.emptied(child)
	}
}

func (c *Conn) emptied(child *Child) {
	delete(c.children, child.id)
	close(child.Empty)
}

// Start has the shim start a command. The error is an [syscall.Errno] of the
// start itself, or wraps [ErrLost]: the shim has ended, or ctx has, and it is not
// to be used any more. Whether the command was started is then unknown; the Child
// stands for it all the same.
func (c *Conn) Start(ctx context.Context, cmd Command) (*Child, error) {
	child := &Child{conn: c, Since: time.Now(), started: make(chan error, 1), Exit: make(chan family.Death, 1), Empty: make(chan struct{})}
	c.mu.Lock()
	c.last++
	child.id = c.last
	c.children[child.id] = child
	c.mu.Unlock()
	fds, n := cmd.descriptors()
	stop := context.AfterFunc(ctx, func() { _ = c.f.SetWriteDeadline(longAgo) })
	defer stop()
	if err := c.write(message(kindStart, child.id, int(n), cmd.encode()), fds); err != nil {
		return child, fmt.Errorf("%w: %w", ErrLost, err)
	}
	select {
	case err := <-child.started:
		return child, err
	case <-c.lost:
	case <-ctx.Done():
		return child, fmt.Errorf("%w: no answer: %w", ErrLost, ctx.Err())
	}
	select { // both may have been ready
	case err := <-child.started:
		return child, err
	default:
		return child, ErrLost
	}
}

// Orphans are the commands of a lost shim of which it had not told the end.
func (c *Conn) Orphans() []*Child {
	<-c.lost
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Collect(maps.Values(c.children))
}

// write sends a message, its descriptors with the first byte.
func (c *Conn) write(b []byte, fds []int) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	var oob []byte
	if len(fds) > 0 {
		oob = unix.UnixRights(fds...)
	}
	for len(b) > 0 {
		var n int
		var err error
		werr := c.rc.Write(func(fd uintptr) bool {
			n, err = brief.SendMessage(int(fd), b, oob)
			return err != unix.EAGAIN
		})
		switch {
		case werr != nil:
			return werr
		case err == unix.EINTR:
			continue
		case err != nil:
			return err
		}
		b, oob = b[n:], nil
	}
	return nil
}

// Lost is closed when the shim has ended: what it has not told until then it
// will never tell.
func (c *Conn) Lost() <-chan struct{} { return c.lost }

// Close tells the shim to kill what it has left and end, and waits until nothing
// more comes from it.
func (c *Conn) Close() {
	_ = c.f.SetDeadline(longAgo)
	_ = c.f.Close()
	<-c.done
}
