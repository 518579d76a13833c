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
	errTimeout   = errors.New("the time for it has passed")
	errStopped   = errors.New("the worker is being stopped")
	errDismissed = errors.New("the worker is not wanted any more")
	errExited    = errors.New("the worker has ended")
)

const (
	// linger is how long what a worker has sent may take to arrive after it has ended.
	linger = 100 * time.Millisecond
	// reapTime is how long the end of a worker may take to be known once its socket is
	// closed. One that has closed it and lives on costs its caller so much.
	reapTime = time.Second
)

// link is our end of a worker's descriptor 3. The worker's goroutine reads, all the
// time. Whoever has something to tell it (a wish that the worker be stopped, its end) sets that
// down here and wakes it, by a deadline that has passed.
type link struct {
	f     *os.File
	rc    syscall.RawConn
	ended chan struct{} // closed when exited is set

	mu        sync.Mutex
	job       *Job      // under way; nil: none
	deadline  time.Time // of the job, or of the boot; zero: none
	armed     time.Time // when reading is woken up; zero: never
	boots     bool      // it has not said that it is ready
	stopped   bool
	fault     error // why, if it is the worker's
	dismissed bool
	exited    *processctl.Result
	lingers   bool // the rest of what it has sent is being read
	over      bool // nobody reads any more
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
	l = &link{f: os.NewFile(uintptr(fds[0]), "worker"), ended: make(chan struct{})}
	if l.rc, err = l.f.SyscallConn(); err != nil {
		return nil, nil, errors.Join(err, l.f.Close(), theirs.Close())
	}
	return l, theirs, nil
}

// wake has whoever reads or writes look at what there is. The lock is held.
func (l *link) wake() {
	l.armed = time.Unix(1, 0)
	_ = l.f.SetDeadline(l.armed)
}

// arm has reading woken up at a time. The lock is held.
func (l *link) arm(at time.Time) error {
	l.armed = at
	return l.f.SetReadDeadline(at)
}

// exit tells that the worker has ended.
func (l *link) exit(r processctl.Result) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.exited = &r
	close(l.ended)
	l.wake()
}

// stop has reading and writing given up.
func (l *link) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stopped = true
	l.wake()
}

// stopFor is stop if the job is the one under way.
func (l *link) stopFor(j *Job) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.job == j {
		l.stopped = true
		l.wake()
	}
}

// fail is stopFor, with the worker's fault.
func (l *link) fail(j *Job, fault error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.job == j {
		l.stopped, l.fault = true, fault
		l.wake()
	}
}

// dismiss has reading given up as soon as there is no job.
func (l *link) dismiss() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dismissed = true
	l.wake()
}

// boot gives the worker time to say that it is ready.
func (l *link) boot(deadline time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.boots = true
	l.setDeadline(deadline)
}

// ready says that it has done so.
func (l *link) ready() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.boots = false
	l.setDeadline(time.Time{})
}

// setDeadline does not take a wake back. Who reads is woken up no later than at the
// deadline; earlier, at that of a job which is over, does no harm (interrupted), and costs
// less than a new time for each job. The lock is held.
func (l *link) setDeadline(deadline time.Time) {
	l.deadline = deadline
	if l.stopped || l.dismissed || l.exited != nil {
		return
	}
	if !deadline.IsZero() && (l.armed.IsZero() || deadline.Before(l.armed)) {
		_ = l.arm(deadline)
	}
}

// begin notes the job that is under way and gives it its time; false: nobody reads any
// more.
func (l *link) begin(j *Job) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return false
	}
	l.job = j
	switch {
	case j.request.Timeout > 0:
		l.setDeadline(j.begun.Add(j.request.Timeout))
	case !l.deadline.IsZero():
		l.setDeadline(time.Time{})
	}
	return true
}

// withdraw takes a job back that was not handed over, and ends a worker that takes
// none; false: the job's end is told by who has read last.
func (l *link) withdraw(j *Job) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over || l.job != j {
		return false
	}
	l.job, l.stopped, l.fault = nil, true, broken("it takes no requests")
	l.wake()
	return true
}

// finish notes that the job is over; false: nothing more can be done with the worker.
// The deadline stays as it is, and says nothing any more.
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

// leave says that nobody will read any more, and returns the job that is under way.
func (l *link) leave() *Job {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = true
	return l.job
}

// interrupted says why reading was given up; nil: go on.
func (l *link) interrupted() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.fault != nil:
		return l.fault
	case l.stopped:
		return errStopped
	case l.exited != nil && l.lingers:
		return errExited
	case l.exited != nil:
		l.lingers = true
		return l.arm(time.Now().Add(linger))
	case l.dismissed && l.job == nil:
		return errDismissed
	case l.job == nil && !l.boots: // it was the deadline of the last job
		l.deadline = time.Time{}
	case !l.deadline.IsZero() && !time.Now().Before(l.deadline):
		return errTimeout
	}
	return l.arm(l.deadline)
}

// awaitExit waits for the end of a worker whose socket is closed; nil: it lives on.
func (l *link) awaitExit() *processctl.Result {
	late := time.NewTimer(reapTime)
	defer late.Stop()
	select {
	case <-l.ended:
	case <-late.C:
	}
	return l.result()
}

// result is how the worker has ended; nil: it lives.
func (l *link) result() *processctl.Result {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.exited
}

func (l *link) close() { _ = l.f.Close() }
