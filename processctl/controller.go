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
	"github.com/urocket/urocket/processctl/family"
	"github.com/urocket/urocket/processctl/shim"
	"github.com/urocket/urocket/processctl/vfork"
)

// Options say how processes are kept together.
type Options struct {
	Name         string // part of the cgroup's name: [a-z0-9-]
	CgroupParent string // a cgroup directory; "": below our own group
	NoCgroup     bool   // do not even try
	TmpDir       string // where what a warm PHP begins with is put; "": /tmp

	// Warn, if set, is told what the operator should know while processes run:
	// somebody meddles with the cgroups, or there are too many dead ones.
	Warn func(string)
}

// Controller starts processes and reaps them, and whatever falls to this
// program as an orphan. A program has one at a time.
type Controller struct {
	reaper *reaper
	parent *cgroup.Parent // nil at level none
	why    error          // why there is no parent
	null   *os.File

	running  sync.WaitGroup
	watching sync.WaitGroup // over shims
	births   sync.RWMutex   // read while a child is made that is not known yet
	closing  chan struct{}

	hearth hearth

	mu    sync.Mutex
	crews map[string]*crew
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
	vfork.Prepare()
	c := &Controller{
		reaper: newReaper(), null: null, why: errors.New("switched off"),
		closing: make(chan struct{}), crews: map[string]*crew{}, hearth: newHearth(o.TmpDir),
	}
	if !o.NoCgroup {
		c.parent, c.why = cgroup.Open(cgroup.Options{Dir: o.CgroupParent, Name: o.Name, Warn: o.Warn})
	}
	if c.parent != nil {
		if err := c.tryBirth(); err != nil {
			c.why = errors.Join(err, c.parent.Close())
			c.parent = nil
		}
	}
	if c.parent == nil {
		if err := c.Try(nil); err != nil {
			return nil, errors.Join(fmt.Errorf("keep processes together without cgroups: %w", err), c.Close(canceled()))
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
	attr := &syscall.ProcAttr{Sys: &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: g.FD()}}
	defer vfork.Waiting()()
	switch _, err := syscall.ForkExec("/nonexistent/urocket", []string{"urocket"}, attr); err {
	case syscall.ENOENT:
		return nil
	case syscall.ENOSYS:
		return fmt.Errorf("start a process in a cgroup: %w (seccomp refuses clone3: a container's profile, or systemd's RestrictNamespaces=)", err)
	default:
		return fmt.Errorf("start a process in a cgroup: %w", err)
	}
}

// Level is what holds for the processes, with one line for the operator.
func (c *Controller) Level() (cgroup.Level, string) {
	if c.parent == nil {
		return cgroup.None, fmt.Sprintf("no cgroups (%v): every process tree is ended by a process of its own that orphans fall to; no limits but nofile, fsize and core", c.why)
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

// TryLimits proves that limits which are not [Controller.Missing] can be set: the
// error is a [*cgroup.LimitError] where the kernel has refused one.
func (c *Controller) TryLimits(l cgroup.Limits) error {
	if c.parent == nil || len(l.Controllers()) == 0 {
		return nil
	}
	return c.parent.Try(l)
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
	for range ownsTries {
		owned, known := descends(pid)
		if known {
			return owned, nil
		}
		if family.Start(pid) == 0 {
			return false, fmt.Errorf("process %d: %w", pid, os.ErrNotExist)
		}
	}
	return true, nil // its ancestors end as fast as they are looked at
}

const ownsTries = 10

// descends says whether pid is below this program. An ancestor that ends while it
// is looked at leaves its children to another: then nothing is known.
func descends(pid int) (yes, known bool) {
	self := os.Getpid()
	for p := pid; p > 1; {
		parent := family.Parent(p)
		switch parent {
		case self:
			return true, true
		case 0:
			// Who has no parent is init, or the first of a container that was entered
			// from outside; but then it lives.
			return false, family.Start(p) != 0 && family.Parent(p) == 0
		}
		p = parent
	}
	return false, true
}

// Where tells the place of a process now, for [Process.Holds]; "" when it has
// none that could be told.
func (c *Controller) Where(pid int) (string, error) {
	if c.parent == nil {
		return "", nil
	}
	return cgroup.PathOf(pid)
}

// newTree makes what a process is born into, with its limits. A limit that
// cannot hold here was refused at start, or is not wanted that badly.
func (c *Controller) newTree(l cgroup.Limits, s *shim.Settings) (tree, error) {
	if c.parent == nil {
		crew := c.crew(s)
		w, err := crew.acquire()
		if err != nil {
			return nil, err
		}
		return &familyTree{crew: crew, worker: w}, nil
	}
	g, err := c.parent.NewGroup()
	if err != nil {
		return nil, err
	}
	if err := g.Limit(c.parent.Possible(l)); err != nil {
		return nil, errors.Join(err, g.Remove())
	}
	return &groupTree{group: g}, nil
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
	err := c.closeWarm()
	c.births.Lock() // who starts a shim now is late
	close(c.closing)
	c.births.Unlock()
	c.mu.Lock()
	for _, i := range c.crews {
		i.close()
	}
	c.mu.Unlock()
	c.killDescendants()
	if c.parent != nil {
		err = errors.Join(err, c.parent.Close())
	}
	select {
	case <-ended:
	case <-time.After(lastLook + closeTime):
		return errors.Join(err, errors.New("a process does not end")) // nothing more can be done
	}
	c.watching.Wait()
	c.reaper.close()
	return errors.Join(err, c.null.Close())
}

func everyDescendant() []family.Member { return family.Below(os.Getpid()) }

// closeTime bounds how long a stop waits for processes that were killed.
const closeTime = 5 * time.Second

// killDescendants ends all processes that descend from this program, wherever
// they have gone, until the kernel says that there is no child any more. What is
// forked while they are looked for is found the next time.
func (c *Controller) killDescendants() {
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	end := time.NewTimer(closeTime)
	defer end.Stop()
	for {
		for _, look := range []func() []family.Member{family.Near, everyDescendant} {
			for _, m := range look() {
				m.Signal(syscall.SIGKILL)
			}
		}
		if _, err := family.Peek(unix.WNOHANG); err == unix.ECHILD {
			return
		}
		select {
		case <-again.C:
		case <-end.C:
			return
		}
	}
}

// canceled is a context that is over: for closing what nothing was started with.
func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
