package processctl

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/processctl/brief"
)

// pipeSize is what Linux lets a pipe hold by default, in bytes (pipe(7)).
const pipeSize = 64 << 10

// errInterrupted ends a blocked read of a streamed stdout.
var errInterrupted = errors.New("reading stdout was interrupted")

// buffers are what output is read into; a waiting reader holds none.
var buffers = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}

// ages are how old a process is when its output is looked at. It begins to be read when
// there is some, and at the last of them in any case. Who has ended by then has left all
// that it wrote in the pipes, and nobody had to wait for it.
var ages = [...]time.Duration{2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond}

// pipe is the reading end of a script's stdout or stderr.
type pipe struct {
	fd    int      // until it is open
	f     *os.File // nil: it is not open, and nobody reads it but [pipe.soak]
	rc    syscall.RawConn
	sinks []func([]byte) // each is given all that is read
	total atomic.Int64   // bytes read
	busy  atomic.Bool    // what was read is not with the sinks yet
	shut  atomic.Bool    // nobody can write any more, and all is read
	alone bool           // nobody can write any more, which was seen before it was open

	mu          sync.Mutex
	left        int // once settling: bytes that may still be read as the process's own
	settling    bool
	settled     chan struct{} // closed once all that the process wrote is read
	interrupted bool
	closing     bool
	woken       bool // the deadline of reads has passed
}

// newPipe makes a pipe; the writing end is for the child, to be closed by the caller.
func newPipe() (*pipe, int, error) {
	r, w, err := brief.Pipe(unix.O_CLOEXEC)
	if err != nil {
		return nil, -1, fmt.Errorf("make pipe: %w", err)
	}
	return &pipe{fd: r, settled: make(chan struct{})}, w, nil
}

// open makes the pipe one that a goroutine can read and wait for.
func (p *pipe) open() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unblock()
	p.f = os.NewFile(uintptr(p.fd), "pipe")
	p.rc, _ = p.f.SyscallConn() // fails of no file at all only
	p.fd = -1
}

// unblock makes our end non-blocking, and only that: scripts do not expect EAGAIN. It
// fails of no pipe, and no other flag of a new one is lost.
func (p *pipe) unblock() { _ = brief.SetFlags(p.fd, unix.O_NONBLOCK) }

// soak is settle for a pipe that is not open, and reads what lies in it. False: others
// have its other end, and may write on.
func (p *pipe) soak() (shut bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.settling = true
	if !p.isSettled() {
		close(p.settled)
	}
	readable, alone := brief.Poll(p.fd)
	p.alone = alone
	if alone && !readable {
		p.shut.Store(true)
		return true
	}
	// Whoever may look into our descriptors (proc(5)) can open the other end again, so
	// nothing is read that could wait for a writer, or go on for ever. As long as somebody
	// can write, a read may wait all the same: for the lock of the pipe, which is held while
	// what is written is copied from the writer's memory, wherever that is.
	p.unblock()
	read := unix.Read
	if alone {
		read = brief.Read
	}
	for left := p.capacity(); left > 0; {
		n, err := p.take(read, p.fd, left, drop)
		if err == nil && n == 0 {
			p.shut.Store(true)
			return true
		}
		if err != nil {
			return false
		}
		left -= n
	}
	return false
}

// holds says whether there is something in a pipe that is not open.
func (p *pipe) holds() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	readable, _ := brief.Poll(p.fd)
	return readable
}

func drop([]byte) {}

// settle tells the reader that the process has ended: what lies in the pipe now
// is all that it wrote.
func (p *pipe) settle() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.isSettled() {
		return // nobody can write any more
	}
	p.settling, p.left = true, p.capacity()
	p.wake()
}

// capacity is how much the pipe can hold: all that a process wrote before its
// end and nobody has read yet lies in its first so many bytes. Who has the other
// end may have made it larger (F_SETPIPE_SZ).
func (p *pipe) capacity() int {
	size := pipeSize
	p.control(func(fd uintptr) {
		if n, err := unix.FcntlInt(fd, unix.F_GETPIPE_SZ, 0); err == nil {
			size = n
		}
	})
	return size
}

// control does something with the descriptor. As long as it may not be open, the lock
// is held.
func (p *pipe) control(do func(fd uintptr)) {
	switch {
	case p.f != nil:
		_ = p.rc.Control(do) // fails only of one that is closed
	case p.fd >= 0:
		do(uintptr(p.fd))
	}
}

// interrupt ends the stream's Read, now and later.
func (p *pipe) interrupt() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.interrupted = true
	p.wake()
}

// resume takes an interrupt back.
func (p *pipe) resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.interrupted = false
}

// wake makes a blocked read return; the reader clears the deadline again. The lock
// is held.
func (p *pipe) wake() {
	p.woken = true
	_ = p.f.SetReadDeadline(time.Unix(1, 0))
}

// sleep lets reads block again. The lock is held.
func (p *pipe) sleep() {
	if p.woken {
		p.woken = false
		_ = p.f.SetReadDeadline(time.Time{})
	}
}

// read reads once. It waits for data until the process has settled, then takes
// what is there. io.EOF: nobody can write any more, or all that the process
// wrote is read. data is valid only inside got.
func (p *pipe) read(limit int, got func(data []byte)) error {
	for {
		settling, left, err := p.state()
		if err != nil {
			return err
		}
		if settling && left <= 0 {
			return io.EOF
		}
		n, err := p.attempt(!settling, limit, got)
		switch {
		case err == nil && n > 0:
			if settling { // else it was taken before, or besides, what the pipe held then
				p.took(n)
			}
			return nil
		case err == nil:
			p.shut.Store(limit > 0)
			return io.EOF
		case settling && errors.Is(err, syscall.EAGAIN):
			return io.EOF
		case errors.Is(err, os.ErrDeadlineExceeded):
			continue // woken: look at the state again
		default:
			return err
		}
	}
}

func (p *pipe) state() (settling bool, left int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.interrupted {
		return false, 0, errInterrupted
	}
	p.sleep()
	return p.settling, p.left, nil
}

func (p *pipe) took(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left -= n
}

// attempt reads at most limit bytes into a shared buffer and hands them on.
func (p *pipe) attempt(wait bool, limit int, got func([]byte)) (n int, err error) {
	cerr := p.rc.Read(func(fd uintptr) bool {
		n, err = p.take(unix.Read, int(fd), limit, got)
		return err != unix.EAGAIN || !wait
	})
	if cerr != nil {
		return 0, cerr
	}
	return n, err
}

// take reads once what is there, and hands it on.
func (p *pipe) take(read func(int, []byte) (int, error), fd, limit int, got func([]byte)) (n int, err error) {
	p.busy.Store(true)
	defer p.busy.Store(false)
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	for {
		n, err = read(fd, (*buf)[:min(limit, len(*buf))])
		if err != unix.EINTR {
			break
		}
	}
	if n > 0 {
		p.total.Add(int64(n))
		for _, sink := range p.sinks {
			sink((*buf)[:n])
		}
		got((*buf)[:n])
	}
	return n, err
}

// idle says whether all that was written until now is with the sinks.
func (p *pipe) idle() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	waits := 0
	p.control(func(fd uintptr) { waits, _ = unix.IoctlGetInt(int(fd), unix.TIOCINQ) })
	return waits == 0 && !p.busy.Load() // in this order: it is read while it is busy
}

func (p *pipe) markSettled() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.isSettled() {
		close(p.settled)
	}
}

// isSettled says whether all that the process wrote is read. The lock is held.
func (p *pipe) isSettled() bool {
	select {
	case <-p.settled:
		return true
	default:
		return false
	}
}

// drain reads and drops until the pipe is closed at its other end, or by close.
// After the process has ended it goes on, for its children.
func (p *pipe) drain() {
	for p.read(1<<30, drop) == nil {
	}
	p.markSettled()
	if p.shut.Load() {
		return
	}
	for !p.isClosing() {
		n, err := p.attempt(true, 1<<30, drop)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			p.mu.Lock()
			p.sleep()
			p.mu.Unlock()
			continue
		}
		if err != nil || n == 0 {
			return
		}
	}
	p.drainRest()
}

// drainRest reads what the last of the group have left in the pipe. Nobody
// writes to it any more but who has escaped; that is not waited for.
func (p *pipe) drainRest() {
	p.mu.Lock()
	p.sleep()
	p.mu.Unlock()
	for left := p.capacity(); left > 0; {
		n, err := p.attempt(false, left, drop)
		if err != nil || n == 0 {
			return
		}
		left -= n
	}
}

func (p *pipe) isClosing() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closing
}

// stop ends drain.
func (p *pipe) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closing = true
	if p.f != nil {
		p.wake()
	}
}

func (p *pipe) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.f != nil:
		_ = p.f.Close()
	case p.fd >= 0 && p.alone:
		_ = brief.Close(p.fd)
	case p.fd >= 0:
		_ = unix.Close(p.fd)
	}
	p.fd = -1
}
