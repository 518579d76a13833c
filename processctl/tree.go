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
	// born tells the pid of the first process.
	born(pid int)
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

// groupTree is a cgroup.
type groupTree struct {
	mu    sync.Mutex // usage is asked for by others than who removes
	group *cgroup.Group
	gone  bool
}

func (t *groupTree) place(a *syscall.SysProcAttr) { a.UseCgroupFD, a.CgroupFD = true, t.group.FD() }
func (t *groupTree) born(int)                     {}
func (t *groupTree) signal(sig syscall.Signal)    { t.group.Signal(sig) }
func (t *groupTree) kill()                        { t.group.Kill() }

func (t *groupTree) holds(place string) bool { return t.group.Holds(place) }

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
// is not found.
type sessionTree struct {
	reaper *reaper
	pid    int
	reaped bool
}

func (t *sessionTree) place(*syscall.SysProcAttr) {}
func (t *sessionTree) born(pid int)               { t.pid = pid }
func (t *sessionTree) kill()                      { t.signal(syscall.SIGKILL) }
func (t *sessionTree) holds(string) bool          { return false } // nothing proves it
func (t *sessionTree) usage() *GroupUsage         { return nil }

func (t *sessionTree) signal(sig syscall.Signal) {
	if t.reaped {
		// The group's number is not given to anyone as long as the group exists.
		_ = syscall.Kill(-t.pid, sig)
		return
	}
	t.reaper.signal(t.pid, -t.pid, sig)
}

func (t *sessionTree) remove() (bool, error) {
	if t.pid == 0 {
		return true, nil // never born
	}
	t.reaped = true
	return syscall.Kill(-t.pid, 0) == syscall.ESRCH, nil
}
