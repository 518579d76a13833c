package processctl

import (
	"errors"
	"sync"
	"syscall"

	"github.com/urocket/urocket/processctl/cgroup"
)

// tree is a process with all that it has started.
type tree interface {
	// place makes the process start inside the tree.
	place(*syscall.SysProcAttr)
	// born tells the pid of the first process, exited that it was reaped.
	born(pid int)
	exited()
	// signal sends sig to every process, as far as they can be found.
	signal(sig syscall.Signal)
	// kill ends every process; they are not gone when it returns.
	kill()
	// remove says whether no process is left and, if so, removes what stood for
	// the tree. It is called only after the first process was reaped, or never born.
	remove() (gone bool, err error)
	// holds says whether a place, as [Controller.Where] tells it, is inside.
	holds(place string) bool
	// usage reads what all processes have used; nil where nobody counts.
	usage() *GroupUsage
}

// leader is the first process of a tree. It can be signalled by its pid as long
// as it is not reaped, wherever it has gone and whatever cannot be opened.
type leader struct {
	reaper *reaper
	pid    int // 0: never born
}

func (l *leader) born(pid int) { l.pid = pid }

func (l *leader) signalLeader(sig syscall.Signal) {
	if l.pid > 0 {
		l.reaper.signal(l.pid, l.pid, sig)
	}
}

// groupTree is a cgroup.
type groupTree struct {
	leader
	mu    sync.Mutex // usage is asked for by others than who removes
	group *cgroup.Group
	gone  bool
}

func (t *groupTree) place(a *syscall.SysProcAttr) { a.UseCgroupFD, a.CgroupFD = true, t.group.FD() }
func (t *groupTree) holds(place string) bool      { return t.group.Holds(place) }
func (t *groupTree) exited()                      {}

func (t *groupTree) signal(sig syscall.Signal) {
	if t.group.Signal(sig, t.pid) {
		return
	}
	t.signalLeader(sig) // it has left the group, or the group cannot be read now
}

func (t *groupTree) kill() {
	t.group.Kill()
	t.signalLeader(syscall.SIGKILL)
}

func (t *groupTree) remove() (bool, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	err := t.group.Remove()
	if errors.Is(err, cgroup.ErrBusy) {
		return false, nil
	}
	t.gone = true
	return true, err
}

func (t *groupTree) usage() *GroupUsage {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.gone {
		return nil
	}
	u, err := t.group.Usage()
	if err != nil {
		return nil
	}
	return &GroupUsage{CPU: u.CPU, Memory: u.Memory, OOM: u.OOM}
}

// sessionTree is the process group that a process leads. What leaves the group
// is not found. A group's number is nobody else's as long as the group has a
// member, zombies included; once it was seen empty it is not used any more.
type sessionTree struct {
	leader
	reaped bool
	empty  bool
}

func (t *sessionTree) place(*syscall.SysProcAttr) {}
func (t *sessionTree) kill()                      { t.signal(syscall.SIGKILL) }
func (t *sessionTree) holds(string) bool          { return false } // nothing proves it
func (t *sessionTree) usage() *GroupUsage         { return nil }

func (t *sessionTree) exited() {
	t.reaped = true
	t.empty = syscall.Kill(-t.pid, 0) == syscall.ESRCH
}

func (t *sessionTree) signal(sig syscall.Signal) {
	switch {
	case t.empty:
	case t.reaped:
		_ = syscall.Kill(-t.pid, sig)
	default:
		t.reaper.signal(t.pid, -t.pid, sig)
	}
}

func (t *sessionTree) remove() (bool, error) {
	if t.pid == 0 || t.empty {
		return true, nil
	}
	// Zombies count as members for kill(2), but there is nothing to end in them.
	t.empty = syscall.Kill(-t.pid, 0) == syscall.ESRCH || !groupLives(t.pid)
	return t.empty, nil
}
