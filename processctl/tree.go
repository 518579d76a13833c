package processctl

import (
	"errors"
	"sync"
	"syscall"
	"time"

	"github.com/urocket/urocket/processctl/cgroup"
	"github.com/urocket/urocket/processctl/shim"
)

// tree is a process with all that it has started.
type tree interface {
	// born tells of the first process.
	born(birth)
	// signal sends sig to every process, as far as they can be found.
	signal(sig syscall.Signal)
	// kill ends every process; they are not gone when it returns.
	kill()
	// remove says whether no process is left and, if so, removes what stood for
	// the tree. It is called only after the first process was reaped, or never born.
	// What all processes have used until then is as of usage.
	remove() (gone bool, usage *GroupUsage, err error)
	// holds says whether a place, as [Controller.Where] tells it, is inside.
	holds(place string) bool
	// usage reads what all processes have used; nil where nobody counts.
	usage() *GroupUsage
}

// groupTree is a cgroup.
type groupTree struct {
	birth birth
	mu    sync.Mutex // usage is asked for by others than who removes
	group *cgroup.Group
	gone  bool
	used  *GroupUsage // in the end

	release func() // gives the shim back that has started it; nil: there was none
}

func (t *groupTree) born(b birth) { t.birth = b }

func (t *groupTree) holds(place string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return !t.gone && t.group.Holds(place)
}

func (t *groupTree) signal(sig syscall.Signal) {
	if t.group.Signal(sig, t.birth.pid) {
		return
	}
	t.birth.signal(sig) // it has left the group, or the group cannot be read now
}

func (t *groupTree) kill() {
	t.mu.Lock()
	t.group.Kill()
	t.mu.Unlock()
	if t.birth.pid > 0 {
		t.birth.signal(syscall.SIGKILL)
	}
}

func (t *groupTree) remove() (bool, *GroupUsage, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	u, known, err := t.group.Finish()
	var usage *GroupUsage
	if known {
		usage = newGroupUsage(u)
	}
	if errors.Is(err, cgroup.ErrBusy) {
		return false, usage, nil
	}
	t.gone, t.used = true, usage
	if t.release != nil {
		t.release()
		t.release = nil
	}
	return true, usage, err
}

func (t *groupTree) usage() *GroupUsage {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.gone {
		return t.used
	}
	u, err := t.group.Usage()
	if err != nil {
		return nil
	}
	return newGroupUsage(u)
}

// memory and cpu are what the living use, and what all have used.
func (t *groupTree) memory() (int64, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.gone {
		return 0, false
	}
	n, err := t.group.Memory()
	return n, err == nil
}

func (t *groupTree) cpu() (time.Duration, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.gone {
		return 0, false
	}
	d, err := t.group.CPU()
	return d, err == nil
}

func newGroupUsage(u cgroup.Usage) *GroupUsage {
	return &GroupUsage{CPU: u.CPU, Memory: u.Memory, OOM: u.OOM, PIDsRefused: u.Refused}
}

// familyTree is all that descends from the one child of a shim.
type familyTree struct {
	crew   *crew
	worker *worker
	child  *shim.Child // nil: never born
	kills  int
}

func (t *familyTree) born(b birth)       { t.child = b.child }
func (t *familyTree) holds(string) bool  { return false } // nothing proves it
func (t *familyTree) usage() *GroupUsage { return nil }

func (t *familyTree) signal(sig syscall.Signal) {
	if t.child != nil {
		t.child.Signal(sig)
	}
}

// kill is repeated until nothing is left. A script that runs as who we are may
// have stopped its shim, or worse; without its shim, what it has falls to us.
func (t *familyTree) kill() {
	t.kills++
	t.signal(syscall.SIGKILL)
	t.crew.prod(t.worker, t.kills > patientKills)
}

// patientKills is how often a shim is asked to kill before it is killed itself.
const patientKills = 20

func (t *familyTree) remove() (bool, *GroupUsage, error) {
	if t.child != nil {
		select {
		case <-t.child.Empty:
		default:
			return false, nil, nil
		}
	}
	t.crew.release(t.worker)
	return true, nil, nil
}
