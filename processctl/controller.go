package processctl

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/processctl/cgroup"
)

// Options say how processes are kept together.
type Options struct {
	Name         string // part of the cgroup's name: [a-z0-9-]
	CgroupParent string // a cgroup directory; "": below our own group
	NoCgroup     bool   // do not even try
}

// Controller starts processes and reaps them, and whatever falls to this
// program as an orphan. A program has one at a time.
type Controller struct {
	reaper *reaper
	parent *cgroup.Parent // nil at level none
	why    error          // why there is no parent
	null   *os.File

	running sync.WaitGroup
}

// New makes this program a subreaper and prepares cgroups, if there are any to
// be had; [Controller.Level] says which.
func New(o Options) (*Controller, error) {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return nil, fmt.Errorf("become a subreaper: %w", err)
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	c := &Controller{reaper: newReaper(), null: null, why: errors.New("switched off")}
	if !o.NoCgroup {
		c.parent, c.why = cgroup.Open(cgroup.Options{Dir: o.CgroupParent, Name: o.Name})
	}
	if c.parent != nil {
		if err := c.tryBirth(); err != nil {
			c.why = errors.Join(err, c.parent.Close())
			c.parent = nil
		}
	}
	return c, nil
}

// tryBirth proves that a process can be born into a group: a seccomp filter may
// refuse clone3(2). The program does not exist, so nothing is run.
func (c *Controller) tryBirth() error {
	g, err := c.parent.NewGroup()
	if err != nil {
		return err
	}
	defer g.Remove()
	attr := &syscall.ProcAttr{Sys: &syscall.SysProcAttr{}}
	(&groupTree{group: g}).place(attr.Sys)
	if _, err := syscall.ForkExec("/nonexistent/urocket", []string{"urocket"}, attr); err != syscall.ENOENT {
		return fmt.Errorf("start a process in a cgroup: %w", err)
	}
	return nil
}

// Level is what holds for the processes, with one line for the operator.
func (c *Controller) Level() (cgroup.Level, string) {
	if c.parent == nil {
		return cgroup.None, fmt.Sprintf("no cgroups (%v): a process that leaves its session is found only when urocket stops; no limits", c.why)
	}
	level, more := c.parent.Level()
	what := "every process tree is ended, measured and limited by its cgroup below " + c.parent.Dir()
	if level != cgroup.Full {
		what = "every process tree is ended and measured by its cgroup below " + c.parent.Dir() + ", without limits: " + more
	}
	return level, what
}

// Missing lists what a limit needs that this host does not give; nil: it holds.
func (c *Controller) Missing(l cgroup.Limits) []string {
	if c.parent == nil {
		return l.Controllers()
	}
	return c.parent.Missing(l)
}

// Owns says whether pid belongs to a process that was started here: it is in
// one of our groups, or descends from this program. The error wraps
// [os.ErrNotExist] when there is no such process.
func (c *Controller) Owns(pid int) (bool, error) {
	if c.parent != nil {
		if in, err := c.parent.Contains(pid); in || err != nil {
			return in, err
		}
	}
	self := os.Getpid()
	for p := pid; p > 1; {
		parent := parentOf(p)
		if parent == 0 && p == pid {
			return false, fmt.Errorf("process %d: %w", pid, os.ErrNotExist)
		}
		if parent == self {
			return true, nil
		}
		p = parent
	}
	return false, nil
}

// Where tells the place of a process now, for [Process.Holds]; "" when it has
// none that could be told.
func (c *Controller) Where(pid int) string {
	if c.parent == nil {
		return ""
	}
	place, err := cgroup.PathOf(pid)
	if err != nil {
		return ""
	}
	return place
}

// newTree makes what a process is born into, with its limits. A limit that
// cannot hold here was refused at start, or is not wanted that badly.
func (c *Controller) newTree(l cgroup.Limits) (tree, error) {
	if c.parent == nil {
		return &sessionTree{leader: leader{reaper: c.reaper}}, nil
	}
	g, err := c.parent.NewGroup()
	if err != nil {
		return nil, err
	}
	if err := g.Limit(c.parent.Possible(l)); err != nil {
		return nil, errors.Join(err, g.Remove())
	}
	return &groupTree{leader: leader{reaper: c.reaper}, group: g}, nil
}

// Close waits until every process has ended, which is for the caller to see to
// ([Process.Stop]), or until ctx is done; then it kills what is left of them
// anywhere and removes the cgroups. The error says what could not be ended.
func (c *Controller) Close(ctx context.Context) error {
	ended := make(chan struct{})
	go func() { c.running.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-ctx.Done():
	}
	c.killDescendants()
	var err error
	if c.parent != nil {
		err = c.parent.Close()
	}
	select {
	case <-ended:
	case <-time.After(lastLook + closeTime):
		return errors.Join(err, errors.New("a process does not end")) // nothing more can be done
	}
	c.reaper.close()
	return errors.Join(err, c.null.Close())
}

// closeTime bounds how long a stop waits for processes that were killed.
const closeTime = 5 * time.Second

// killDescendants ends all processes that descend from this program, wherever
// they have gone. What is forked meanwhile is found the next time.
func (c *Controller) killDescendants() {
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	end := time.NewTimer(closeTime)
	defer end.Stop()
	for {
		left := descendants(os.Getpid())
		if len(left) == 0 {
			return
		}
		for _, pid := range left {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		select {
		case <-again.C:
		case <-end.C:
			return
		}
	}
}
