package processctl

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/processctl/brief"
	"github.com/urocket/urocket/processctl/family"
)

// claimTime is how long the status of a child that nobody knows is kept. A
// start may learn its child's pid after the child has ended.
const claimTime = 10 * time.Second

// reaper waits for every child of this program in one goroutine, so that no
// goroutine blocks in wait4 (which would hold a processor) and adopted orphans
// are reaped too.
type reaper struct {
	mu        sync.Mutex
	known     map[int]chan family.Death // whom each death is told; it is the child's identity too
	unclaimed map[int]family.Death
	order     []int  // pids of unclaimed, oldest first; claimed ones may still stand in it
	strangers uint64 // children reaped whom nobody had claimed

	sigchld chan os.Signal
	done    chan struct{}
}

func newReaper() *reaper {
	r := &reaper{
		known:     map[int]chan family.Death{},
		unclaimed: map[int]family.Death{},
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

// reapOne reaps one dead child, if there is one. The lock is held from before its pid
// is free for another process until nobody is told it any more, which makes
// [reaper.signal] safe.
func (r *reaper) reapOne() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	var d family.Death
	pid, err := brief.Reap(&d.Status, &d.Rusage)
	if err != nil || pid == 0 {
		return err == syscall.EINTR
	}
	d.At = time.Now()
	if c, ok := r.known[pid]; ok {
		delete(r.known, pid)
		c <- d // buffered: one death a child
		return true
	}
	r.keep(pid, d)
	return true
}

// keep remembers a death that nobody has asked for, and forgets old ones.
func (r *reaper) keep(pid int, d family.Death) {
	r.strangers++
	r.unclaimed[pid] = d
	r.order = append(r.order, pid)
	for len(r.order) > 0 {
		oldest, ok := r.unclaimed[r.order[0]]
		if ok && d.At.Sub(oldest.At) <= claimTime {
			return
		}
		delete(r.unclaimed, r.order[0])
		r.order = r.order[1:]
	}
}

// claim asks for the death of a child whose start began at since; an older
// death under the same pid was another process's.
func (r *reaper) claim(pid int, since time.Time) chan family.Death {
	c := make(chan family.Death, 1)
	r.mu.Lock()
	defer r.mu.Unlock()
	if d, ok := r.unclaimed[pid]; ok {
		delete(r.unclaimed, pid)
		if !d.At.Before(since) {
			c <- d
			return c
		}
	}
	r.known[pid] = c
	return c
}

// forked is the birth of a process that another has made and told of. Whoever told it
// may run as the script's user, so it is believed only of a child that nobody waits for
// yet and that is inside; that is asked while the pid cannot become another's.
func (r *reaper) forked(pid int, since time.Time, inside func(pid int) bool) (b birth, ours bool) {
	exit := make(chan family.Death, 1)
	r.mu.Lock()
	defer r.mu.Unlock()
	d, ended := r.unclaimed[pid]
	switch {
	case ended && !d.At.Before(since):
		delete(r.unclaimed, pid)
		exit <- d
	case r.known[pid] != nil || family.Parent(pid) != os.Getpid() || !inside(pid):
		return b, false
	default:
		r.known[pid] = exit
	}
	return birth{pid: pid, exit: exit, signal: func(sig syscall.Signal) { r.signal(pid, exit, sig) }}, true
}

// adopt has the death of a process told to c that was started at since, not by this
// program, but has fallen to it as an orphan. If its end can no more be learnt, it
// counts as killed.
func (r *reaper) adopt(pid int, since time.Time, c chan family.Death) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if d, ok := r.unclaimed[pid]; ok && !d.At.Before(since) {
		delete(r.unclaimed, pid)
		c <- d
		return
	}
	if r.known[pid] == nil && family.Parent(pid) == os.Getpid() {
		r.known[pid] = c
		return
	}
	c <- family.Death{Status: syscall.WaitStatus(syscall.SIGKILL), At: time.Now()}
}

// knows says whether pid is a child that somebody waits for.
func (r *reaper) knows(pid int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.known[pid]
	return ok
}

// countStrangers says how many children were reaped whom nobody had claimed.
func (r *reaper) countStrangers() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.strangers
}

// settled says whether no more of them have ended since they were counted: none
// was reaped, and no dead child waits for it.
func (r *reaper) settled(count uint64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	pid, err := family.Peek(unix.WNOHANG)
	return r.strangers == count && (err != nil || pid == 0)
}

// signal sends sig to the child whose death is told to exit, if that is not reaped
// yet: its pid may be another child's by now.
func (r *reaper) signal(pid int, exit chan family.Death, sig syscall.Signal) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if exit == nil || r.known[pid] != exit {
		return false
	}
	_ = syscall.Kill(pid, sig)
	return true
}
