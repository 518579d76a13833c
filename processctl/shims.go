package processctl

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/urocket/urocket/processctl/family"
	"github.com/urocket/urocket/processctl/shim"
)

const (
	// shimTime bounds how long a shim may take to be ready, or to start a command.
	shimTime = 30 * time.Second

	// idleShims is how many shims without a command are kept for the next ones. A
	// start of one costs ten times what a command costs it.
	idleShims = 64

	// restingShims are left of them after trimTime.
	restingShims = 16
	trimTime     = 30 * time.Second
)

// crew is the shims of equal settings. With cgroups one shim starts all its
// processes; without, each process has a shim for itself while it lives.
type crew struct {
	controller *Controller
	settings   shim.Settings

	mu     sync.Mutex
	idle   []*worker // at most one, in use all the time, where the settings do not collect
	users  int       // who have a shim
	trims  *time.Timer
	closed bool
}

// worker is a shim process.
type worker struct {
	*shim.Conn
	pid   int
	start uint64 // see [family.Member]
	exit  chan family.Death
}

// lost says whether the shim has ended.
func (w *worker) lost() bool {
	select {
	case <-w.Lost():
		return true
	default:
		return false
	}
}

// Try proves that processes can be given settings here, before one is started
// with them ([Spec.Isolation]). The error is a [*shim.RefusedError] where one
// cannot be had.
func (c *Controller) Try(s *shim.Settings) error { return c.crew(s).try() }

// crew is the shims that give settings to processes; nil settings give nothing.
func (c *Controller) crew(s *shim.Settings) *crew {
	var settings shim.Settings
	if s != nil {
		settings = *s
	}
	settings.Collect = c.parent == nil
	key := strings.Join(settings.Args(), " ")
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.crews[key] == nil {
		c.crews[key] = &crew{controller: c, settings: settings}
	}
	return c.crews[key]
}

// try proves that a process can be started with the settings. A shim that is
// killed by somebody else meanwhile proves nothing; the next one does.
func (c *crew) try() error {
	err := c.tryOne()
	if errors.Is(err, shim.ErrLost) {
		err = c.tryOne()
	}
	return err
}

// tryOne has one shim start a program that does not exist, so nothing is run.
func (c *crew) tryOne() error {
	w, err := c.acquire()
	if err != nil {
		return err
	}
	defer c.release(w)
	ctx, cancel := context.WithTimeout(context.Background(), shimTime)
	defer cancel()
	null := int(c.controller.null.Fd())
	_, err = w.Start(ctx, shim.Command{
		Path: "/nonexistent/urocket", Argv: []string{"urocket"}, Dir: "/",
		Stdin: null, Stdout: null, Stderr: null, Cgroup: -1,
	})
	switch {
	case errors.Is(err, syscall.ENOENT):
		return nil
	case errors.Is(err, shim.ErrLost):
		w.Close() // so that nobody is given it again
	case errors.Is(err, syscall.EPERM) && c.settings.User != nil:
		u := c.settings.User
		return &shim.RefusedError{Setting: "uid", Reason: fmt.Sprintf("become uid %d and gid %d: %v: only root may (or who has CAP_SETUID and CAP_SETGID)", u.UID, u.GID, err)}
	}
	return fmt.Errorf("start a process: %w", err)
}

// acquire takes a shim: one for all where groups keep processes together, else
// one that nobody else has.
func (c *crew) acquire() (*worker, error) {
	c.mu.Lock()
	c.users++ // before there is one, so that it is not ended at once
	c.mu.Unlock()
	w, err := c.find()
	if err != nil {
		c.mu.Lock()
		c.users--
		c.mu.Unlock()
	}
	return w, err
}

func (c *crew) find() (*worker, error) {
	c.mu.Lock()
	for len(c.idle) > 0 {
		w := c.idle[len(c.idle)-1]
		if w.lost() || c.settings.Collect {
			c.idle = c.idle[:len(c.idle)-1]
		}
		if !w.lost() {
			c.mu.Unlock()
			return w, nil
		}
	}
	if c.settings.Collect {
		c.mu.Unlock() // others need not wait for this one to start
		return c.startShim()
	}
	defer c.mu.Unlock()
	w, err := c.startShim()
	if err == nil {
		c.idle = append(c.idle, w)
	}
	return w, err
}

// prod has a shim go on that was stopped, or ends it.
func (c *crew) prod(w *worker, end bool) {
	sig := syscall.SIGCONT
	if end {
		sig = syscall.SIGKILL
	}
	c.controller.reaper.signal(w.pid, w.exit, sig)
}

// watch waits until a shim has ended, and takes over what it has left behind: it
// was killed by somebody else.
func (c *crew) watch(w *worker) {
	<-w.Lost()
	w.Close()
	ctl := c.controller
	late := time.NewTimer(closeTime)
	defer late.Stop()
	select {
	case <-w.exit:
	case <-late.C: // stopped, perhaps
		ctl.reaper.signal(w.pid, w.exit, syscall.SIGKILL)
		<-w.exit
	}
	orphans := w.Orphans()
	for _, child := range orphans {
		if !child.Told && child.PID > 0 {
			ctl.reaper.adopt(child.PID, child.Since, child.Exit)
		}
	}
	if c.settings.Collect && len(orphans) > 0 {
		ctl.endStrays(w.start, orphans)
	}
	for _, child := range orphans {
		close(child.Empty)
	}
}

// endStrays kills what has fallen to this program because its shim was lost: its
// children that nobody knows and that are younger than the shim. What is below
// them falls to this program next. That none is seen proves little, for one may
// have forked the next and ended while they were looked for; but then it has ended
// as a child of ours.
func (c *Controller) endStrays(since uint64, orphans []*shim.Child) {
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for {
		count, found := c.reaper.countStrangers(), false
		for _, child := range orphans {
			found = c.reaper.signal(child.PID, child.Exit, syscall.SIGKILL) || found
		}
		c.births.Lock()
		for _, m := range family.Near() {
			if m.Start >= since && !c.reaper.knows(m.PID) {
				m.Signal(syscall.SIGKILL)
				found = true
			}
		}
		c.births.Unlock()
		if !found && c.reaper.settled(count) {
			return
		}
		select {
		case <-again.C:
		case <-c.closing:
			return // which looks everywhere
		}
	}
}
