package processctl

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// claimTime is how long the status of a child that nobody knows is kept. A
// start may learn its child's pid after the child has ended.
const claimTime = 10 * time.Second

// death is what wait4 says of a child.
type death struct {
	status syscall.WaitStatus
	rusage syscall.Rusage
	at     time.Time
}

// reaper waits for every child of this program in one goroutine, so that no
// goroutine blocks in wait4 (which would hold a processor) and adopted orphans
// are reaped too.
type reaper struct {
	mu        sync.Mutex
	known     map[int]chan<- death
	unclaimed map[int]death
	order     []int // pids of unclaimed, oldest first; claimed ones may still stand in it

	sigchld chan os.Signal
	done    chan struct{}
}

func newReaper() *reaper {
	r := &reaper{
		known:     map[int]chan<- death{},
		unclaimed: map[int]death{},
		sigchld:   make(chan os.Signal, 1),
		done:      make(chan struct{}),
	}
	signal.Notify(r.sigchld, unix.SIGCHLD)
	go r.run()
	return r
}

func (r *reaper) close() {
	signal.Stop(r.sigchld)
	close(r.sigchld)
	<-r.done
}

func (r *reaper) run() {
	defer close(r.done)
	for range r.sigchld {
		for r.reapOne() {
		}
	}
	for r.reapOne() {
	}
}

// reapOne reaps one dead child, if there is one. It looks before it waits: as
// long as the lock is held and the zombie stands, its pid cannot become another
// process's, which makes [reaper.signal] safe.
func (r *reaper) reapOne() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	pid, err := peek()
	if err != nil || pid == 0 {
		return false
	}
	d := death{at: time.Now()}
	if _, err := syscall.Wait4(pid, &d.status, syscall.WNOHANG, &d.rusage); err != nil {
		return err == syscall.EINTR || err == syscall.ECHILD // somebody else waited for it
	}
	if c, ok := r.known[pid]; ok {
		delete(r.known, pid)
		c <- d // buffered: one death a child
		return true
	}
	r.keep(pid, d)
	return true
}

// peek names a child that can be reaped, 0 for none, and leaves it as it is.
func peek() (int, error) {
	var info unix.Siginfo
	for {
		err := unix.Waitid(unix.P_ALL, 0, &info, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
		if err == unix.EINTR {
			continue
		}
		return siginfoPID(&info), err
	}
}

// keep remembers a death that nobody has asked for, and forgets old ones.
func (r *reaper) keep(pid int, d death) {
	r.unclaimed[pid] = d
	r.order = append(r.order, pid)
	for len(r.order) > 0 {
		oldest, ok := r.unclaimed[r.order[0]]
		if ok && d.at.Sub(oldest.at) <= claimTime {
			return
		}
		delete(r.unclaimed, r.order[0])
		r.order = r.order[1:]
	}
}

// claim asks for the death of a child whose start began at since; an older
// death under the same pid was another process's.
func (r *reaper) claim(pid int, since time.Time) <-chan death {
	c := make(chan death, 1)
	r.mu.Lock()
	defer r.mu.Unlock()
	if d, ok := r.unclaimed[pid]; ok {
		delete(r.unclaimed, pid)
		if !d.at.Before(since) {
			c <- d
			return c
		}
	}
	r.known[pid] = c
	return c
}

// signal sends sig to pid (or to the group -pid) if that child is not reaped yet.
func (r *reaper) signal(pid int, target int, sig syscall.Signal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.known[pid]; ok {
		_ = syscall.Kill(target, sig)
	}
}
