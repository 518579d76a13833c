package warm

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/processctl/family"
)

// How long is waited for a warm PHP that does not answer.
const (
	bootTime = 30 * time.Second // from its start until it is ready

	// patience is how long it may answer nobody and not want the processor either;
	// longest is how long one request is waited for, whatever happens.
	patience = time.Second
	longest  = 10 * time.Second
	lookTime = 50 * time.Millisecond // between two looks

	// endTime is how long is waited for what was killed, or told to end.
	endTime = 5 * time.Second
)

// ErrUncertain says that nobody can tell whether a process was started: the kernel
// holds it. It must not be started again.
var ErrUncertain = errors.New("the warm PHP was killed, and it is not known whether it had started the process")

// Host is whoever starts PHP for a [Keeper].
type Host struct {
	// Start starts a command in a group of its own.
	Start func(Command) (*Child, error)
	// Group makes an empty group for a trial.
	Group func() (g Group, remove func(), err error)
	// Run runs PHP and returns what it has printed, for [Program.Probe].
	Run  func(argv []string, stop <-chan struct{}) (string, error)
	Null int // a descriptor of /dev/null

	// Boots has room for as many PHPs as may be starting at a time.
	Boots chan struct{}

	// Adopted, if set, is told when calls go to another PHP. It must not wait for anything.
	Adopted func()
}

// Command is a PHP to be started.
type Command struct {
	Path string
	Argv []string
	Env  []string
	Dir  string
	Conn *os.File // to be its descriptor 3
}

// Child is a PHP that was started.
type Child struct {
	PID  int
	Gone <-chan struct{} // closed when it was reaped and nothing of its group is left
	Kill func()          // kills it and its group
	Said func() string   // the last that it wrote, a line at most
}

// zygote is a PHP that forks.
type zygote struct {
	conn  *conn
	child *Child
	how   manner
	p     Program
	real  string                 // path of its script
	file  source                 // of that: edited or not
	seen  atomic.Pointer[source] // what it was when a process was born last
	begun time.Time
	calls int  // that were given to it
	old   bool // it is told to end, and another takes its place
}

// startZygote starts a PHP, waits until it is ready and tries it. The error says what
// PHP has to say about it.
func startZygote(h *Host, p Program, closing <-chan struct{}) (_ *zygote, err error) {
	select {
	case h.Boots <- struct{}{}:
		defer func() { <-h.Boots }()
	case <-closing:
		return nil, errClosed
	}
	z := &zygote{begun: time.Now(), p: p}
	if err = z.p.Ready(func(argv []string) (string, error) { return h.Run(argv, closing) }); err != nil {
		return nil, err
	}
	if z.real, err = p.RealScript(); err != nil {
		return nil, err
	}
	z.file = sourceOf(z.real)
	z.seen.Store(&z.file)
	ours, phps, err := pair()
	if err != nil {
		return nil, err
	}
	z.child, err = h.Start(z.p.command(phps))
	_ = phps.Close()
	if err != nil {
		_ = ours.Close()
		return nil, err
	}
	if z.conn, err = newConn(ours); err == nil {
		if err = z.greet(closing); err == nil {
			err = z.try(h)
		}
		if err == nil {
			return z, nil
		}
		defer z.conn.close()
	}
	z.child.Kill()
	select {
	case <-z.child.Gone:
	case <-time.After(endTime):
	}
	if said := z.child.Said(); said != "" {
		err = fmt.Errorf("%w: %s", err, said)
	}
	return nil, err
}

// greet reads what PHP says once it is ready.
func (z *zygote) greet(closing <-chan struct{}) error {
	late := time.NewTimer(bootTime)
	defer late.Stop()
	var said []string
	select {
	case said = <-z.conn.first:
	case <-z.child.Gone:
		return errors.New("PHP ended before it was ready")
	case <-late.C:
		return fmt.Errorf("PHP was not ready within %v", bootTime)
	case <-closing:
		return errClosed
	}
	switch {
	case len(said) == 2 && said[0] == "failed":
		return errors.New(said[1])
	case len(said) != 3 || said[0] != "ready":
		return errors.New("PHP does not speak as it should")
	case said[1] != strconv.Itoa(z.child.PID):
		return errors.New("the program that was started is not PHP itself, but starts it")
	}
	if said[2] != z.real || !z.holds() {
		return errors.New("the script's path or an ini file was changed while PHP was started")
	}
	return nil
}

// holds says whether PHP would be the same if it was started now.
func (z *zygote) holds() bool {
	real, err := z.p.RealScript()
	return err == nil && real == z.real && z.p.Fresh()
}

// run has a process born that runs the script as it is.
func (z *zygote) run(r *Request) (int, error) {
	what, seen := z.purpose()
	pid, err := z.fork(r, what)
	if err == nil {
		seen()
	}
	return pid, err
}

// purpose is how the script is run as it is now, and what to do once it was. One that was
// edited is seen anyhow, but for one that has the time of the old one: opcache has to be
// told.
func (z *zygote) purpose() (what purpose, seen func()) {
	now, last := sourceOf(z.real), z.seen.Load()
	switch {
	case now == *last:
		return run, func() {}
	case now.mtime == last.mtime:
		what = anew
	default:
		what = run
	}
	return what, func() { z.seen.CompareAndSwap(last, &now) }
}

// edited says whether the script is another than at the start, so that opcache keeps it
// no more: it takes what is younger than PHP for unfinished.
func (z *zygote) edited() bool { return sourceOf(z.real) != z.file }

// try proves that a child can be born, and in which manner it comes into its group.
func (z *zygote) try(h *Host) error {
	var err error
	for _, z.how = range []manner{into, enter} {
		group, remove, gerr := h.Group()
		if gerr != nil {
			return gerr
		}
		_, err = z.fork(&Request{Stdin: h.Null, Stdout: h.Null, Stderr: h.Null, Group: group}, trial)
		remove()
		if !errors.Is(err, syscall.EACCES) && !errors.Is(err, syscall.EPERM) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("try to fork: %w", err)
	}
	return nil
}

// fork has a process born and returns its pid once its script begins. On an error
// but [ErrUncertain] no line of it has run.
func (z *zygote) fork(r *Request, what purpose) (int, error) {
	group := r.Group.FD()
	if z.how == enter {
		fd, err := unix.Openat(group, "cgroup.procs", unix.O_WRONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return 0, fmt.Errorf("open cgroup.procs: %w", err)
		}
		defer unix.Close(fd)
		group = fd
	}
	pid, err := z.conn.ask(r, group, z.how, what)
	if err != nil {
		if errors.Is(err, errWedged) && family.State(z.child.PID) != 'R' {
			z.child.Kill()
		}
		return 0, err
	}
	select {
	case n := <-pid:
		return judge(n)
	default:
	}
	return z.await(r, pid)
}

// judge reads what the channel of a request has told.
func judge(n int) (int, error) {
	switch {
	case n == none:
		return 0, errLost
	case n == uncertain:
		return 0, ErrUncertain
	case n < 0:
		return 0, syscall.Errno(-n)
	}
	return n, nil
}

// await waits for the answer to a request, at most for as long as it can be thought to
// come.
func (z *zygote) await(r *Request, pid <-chan int) (int, error) {
	asked := time.Now()
	awake := asked
	look := time.NewTicker(lookTime)
	defer look.Stop()
	for {
		select {
		case n := <-pid:
			return judge(n)
		case now := <-look.C:
			if r.Group.Deserted() {
				return z.stillborn(pid)
			}
			waited := now.Sub(asked)
			born := waited > patience && r.Group.Populated()
			if born {
				r.Group.Signal(syscall.SIGCONT, 0) // a script that is the same user may have stopped it
			}
			if born || family.State(z.child.PID) == 'R' {
				awake = now // it only waits for the processor
			}
			if min(z.conn.quiet(asked), now.Sub(awake)) > patience || waited > longest {
				return z.giveUp(r, pid, born)
			}
		}
	}
}

// stillborn tells of a process that has ended: before its script began, if it has not
// said otherwise.
func (z *zygote) stillborn(pid <-chan int) (int, error) {
	z.conn.catchUp()
	select {
	case n := <-pid:
		return judge(n)
	default:
		return 0, errStillborn
	}
}

var errStillborn = errors.New("the process ended before its script began")

// giveUp kills what does not answer: a child that was born and does not begin, or PHP.
// What that had started has begun and says so, or will never begin.
func (z *zygote) giveUp(r *Request, pid <-chan int, born bool) (int, error) {
	if !born {
		z.child.Kill()
		if n, ok := within(patience, pid); ok {
			if n == none {
				return 0, errors.New("the warm PHP did not answer and was killed")
			}
			return judge(n)
		}
	}
	r.Group.Kill()
	for range endTime / lookTime {
		if n, ok := within(lookTime, pid); ok {
			return judge(n)
		}
		if r.Group.Deserted() {
			return z.stillborn(pid)
		}
	}
	return 0, ErrUncertain
}

// within waits for an answer for a time.
func within(d time.Duration, pid <-chan int) (n int, ok bool) {
	late := time.NewTimer(d)
	defer late.Stop()
	select {
	case n = <-pid:
		return n, true
	case <-late.C:
		return 0, false
	}
}
