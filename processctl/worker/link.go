package worker

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/processctl"
)

// Why reading from a worker, or writing to it, was given up.
var (
	errTimeout = errors.New("the time for it has passed")
	errStopped = errors.New("the worker is being stopped")
	errExited  = errors.New("the worker has ended")
)

// Linger is how long what a worker has sent may take to arrive after it has ended, and
// how long its end may take to be known after its socket has closed.
const Linger = 100 * time.Millisecond

// link is our end of a worker's descriptor 3. One goroutine reads and writes; what
// happens meanwhile (a wish that the worker be stopped, its end, the time that has
// passed) is told by any other, and wakes that one.
type link struct {
	f  *os.File
	rc syscall.RawConn

	wake chan struct{} // something has happened; for who does not read or write

	mu       sync.Mutex
	job      *Job      // under way; nil: none
	deadline time.Time // of what is under way; zero: none
	stopped  bool
	exited   *processctl.Result
	lingers  bool // the rest of what it has sent is being read
}

// newLink makes a socket pair, of which theirs is to be the worker's descriptor 3.
func newLink() (l *link, theirs *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("make socket pair: %w", err)
	}
	theirs = os.NewFile(uintptr(fds[1]), "worker")
	if err = unix.SetNonblock(fds[0], true); err != nil {
		_ = unix.Close(fds[0])
		return nil, nil, errors.Join(fmt.Errorf("make socket pair: %w", err), theirs.Close())
	}
	l = &link{f: os.NewFile(uintptr(fds[0]), "worker"), wake: make(chan struct{}, 1)}
	if l.rc, err = l.f.SyscallConn(); err != nil {
		return nil, nil, errors.Join(err, l.f.Close(), theirs.Close())
	}
	return l, theirs, nil
}

// happened has the link's goroutine look at what there is. The lock is held.
func (l *link) happened() {
	l.poke()
	_ = l.f.SetDeadline(time.Unix(1, 0))
}

// exit tells that the worker has ended.
func (l *link) exit(r processctl.Result) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.exited = &r
	l.happened()
}

// stop has reading and writing given up.
func (l *link) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stopped = true
	l.happened()
}

// poke has the link's goroutine look at what its pool wants of it.
func (l *link) poke() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// stopFor is stop if the job is the one under way, or when it will be.
func (l *link) stopFor(j *Job) {
	l.mu.Lock()
	defer l.mu.Unlock()
	j.stopped = true
	if l.job == j {
		l.stopped = true
		l.happened()
	}
}

// begin notes the job that is under way and gives it its time.
func (l *link) begin(j *Job) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.job, l.stopped = j, l.stopped || j.stopped
	l.deadline = time.Time{}
	if j.request.Timeout > 0 {
		l.deadline = j.begun.Add(j.request.Timeout)
	}
	if l.stopped || l.exited != nil {
		l.happened()
		return
	}
	_ = l.f.SetDeadline(l.deadline)
}

// finish notes that the job is over; false: nothing more can be done with the worker.
func (l *link) finish() (usable bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.job = nil
	return !l.stopped && l.exited == nil
}

// current is the job under way.
func (l *link) current() *Job {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.job
}

// result is how the worker has ended; nil: it has not.
func (l *link) result() *processctl.Result {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.exited
}

// allow gives what is read and written next its time.
func (l *link) allow(deadline time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.deadline = deadline
	if !l.stopped && l.exited == nil {
		_ = l.f.SetDeadline(deadline)
	}
}

// interrupted says why a deadline of the file has passed; nil: go on.
func (l *link) interrupted() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.stopped:
		return errStopped
	case l.exited != nil && l.lingers:
		return errExited
	case l.exited != nil:
		l.lingers = true
		return l.f.SetDeadline(time.Now().Add(Linger))
	case !l.deadline.IsZero() && !time.Now().Before(l.deadline):
		return errTimeout
	}
	return l.f.SetDeadline(l.deadline)
}

// Read implements [io.Reader].
func (l *link) Read(b []byte) (int, error) {
	for {
		n, err := l.f.Read(b)
		if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		if err := l.interrupted(); err != nil {
			return 0, err
		}
	}
}

// Write implements [io.Writer].
func (l *link) Write(b []byte) (written int, err error) {
	for {
		n, err := l.f.Write(b[written:])
		written += n
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return written, err
		}
		if err := l.interrupted(); err != nil {
			return written, err
		}
	}
}

// quiet says whether the worker has sent nothing, and is there.
func (l *link) quiet() bool {
	quiet := false
	_ = l.rc.Control(func(fd uintptr) {
		var b [1]byte
		_, _, err := unix.Recvfrom(int(fd), b[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		quiet = err == unix.EAGAIN
	})
	return quiet
}

// awaitExit waits for the worker's end; nil: it has not ended in that time.
func (l *link) awaitExit(limit time.Duration) *processctl.Result {
	late := time.NewTimer(limit)
	defer late.Stop()
	for {
		if r := l.result(); r != nil {
			return r
		}
		select {
		case <-l.wake:
		case <-late.C:
			return l.result()
		}
	}
}

func (l *link) close() { _ = l.f.Close() }
