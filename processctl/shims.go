package processctl

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/urocket/urocket/processctl/family"
	"github.com/urocket/urocket/processctl/shim"
)

const (
	// shimTime bounds how long a shim may take to be ready, or to start a command.
	shimTime = 30 * time.Second

	// idleShims is how many shims without a command are kept for the next ones.
	idleShims = 16
)

// Isolation is what a process is given beyond fork and exec, by the shims that
// hold it. With cgroups one shim starts all processes of an isolation; without,
// each process has a shim for itself while it lives.
type Isolation struct {
	controller *Controller
	settings   shim.Settings

	mu     sync.Mutex
	idle   []*worker // at most one, in use all the time, where the settings do not collect
	closed bool
}

// worker is a shim process.
type worker struct {
	*shim.Conn
	pid   int
	start uint64 // see [family.Member]
	exit  <-chan family.Death
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

// user is who the processes run as; nil: who we are.
func (i *Isolation) user() *shim.User {
	if i == nil {
		return nil
	}
	return i.settings.User
}

// Isolate makes an isolation, or finds the one with equal settings, and tries it.
// The error is a [*shim.RefusedError] where a setting cannot be had here.
func (c *Controller) Isolate(s shim.Settings) (*Isolation, error) {
	s.Collect = c.parent == nil
	key := fmt.Sprint(s.Args())
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := c.isolations[key]; i != nil {
		return i, nil
	}
	i := &Isolation{controller: c, settings: s}
	if err := i.try(); err != nil {
		i.close()
		return nil, err
	}
	c.isolations[key] = i
	return i, nil
}

// try proves that a process can be started with the settings. The program does
// not exist, so nothing is run.
func (i *Isolation) try() error {
	w, err := i.acquire()
	if err != nil {
		return err
	}
	defer i.release(w)
	ctx, cancel := context.WithTimeout(context.Background(), shimTime)
	defer cancel()
	null := int(i.controller.null.Fd())
	_, err = w.Start(ctx, shim.Command{
		Path: "/nonexistent/urocket", Argv: []string{"urocket"}, Dir: "/",
		Stdin: null, Stdout: null, Stderr: null, Cgroup: -1,
	})
	switch {
	case errors.Is(err, syscall.ENOENT):
		return nil
	case errors.Is(err, syscall.EPERM) && i.settings.User != nil:
		u := i.settings.User
		return &shim.RefusedError{Setting: "uid", Reason: fmt.Sprintf("become uid %d and gid %d: %v: only root may (or who has CAP_SETUID and CAP_SETGID)", u.UID, u.GID, err)}
	}
	return fmt.Errorf("start a process: %w", err)
}

// acquire takes a shim: one for all where groups keep processes together, else
// one that nobody else has.
func (i *Isolation) acquire() (*worker, error) {
	i.mu.Lock()
	for len(i.idle) > 0 {
		w := i.idle[len(i.idle)-1]
		if w.lost() || i.settings.Collect {
			i.idle = i.idle[:len(i.idle)-1]
		}
		if !w.lost() {
			i.mu.Unlock()
			return w, nil
		}
	}
	if i.settings.Collect {
		i.mu.Unlock() // others need not wait for this one to start
		return i.startShim()
	}
	defer i.mu.Unlock()
	w, err := i.startShim()
	if err == nil {
		i.idle = append(i.idle, w)
	}
	return w, err
}

// release gives a shim back that has nothing left to do.
func (i *Isolation) release(w *worker) {
	if !i.settings.Collect {
		return // it is everybody's
	}
	i.mu.Lock()
	keep := !i.closed && !w.lost() && len(i.idle) < idleShims
	if keep {
		i.idle = append(i.idle, w)
	}
	i.mu.Unlock()
	if !keep {
		w.Close()
	}
}

// close ends the shims that are not in use, and the others when they are given
// back.
func (i *Isolation) close() {
	i.mu.Lock()
	idle := i.idle
	i.idle, i.closed = nil, true
	i.mu.Unlock()
	for _, w := range idle {
		w.Close()
	}
}

// startShim starts a shim and waits until it is ready.
func (i *Isolation) startShim() (*worker, error) {
	ours, shims, err := shim.Pair()
	if err != nil {
		return nil, err
	}
	c := i.controller
	c.births.RLock()
	begun := time.Now()
	pid, err := syscall.ForkExec("/proc/self/exe", i.settings.Args(), &syscall.ProcAttr{
		Dir: "/", Files: []uintptr{c.null.Fd(), c.null.Fd(), os.Stderr.Fd(), shims.Fd()},
		Sys: &syscall.SysProcAttr{Setsid: true},
	})
	var exit <-chan family.Death
	if err == nil {
		exit = c.reaper.claim(pid, begun)
	}
	c.births.RUnlock()
	_ = shims.Close()
	if err != nil {
		_ = ours.Close()
		return nil, fmt.Errorf("start a shim: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), shimTime)
	defer cancel()
	conn, err := shim.Dial(ctx, ours)
	if err != nil {
		c.reaper.signal(pid, pid, syscall.SIGKILL)
		<-exit
		return nil, err
	}
	w := &worker{Conn: conn, pid: pid, start: family.Start(pid), exit: exit}
	c.watching.Go(func() { i.watch(w) })
	return w, nil
}

// prod has a shim go on that was stopped, or ends it.
func (i *Isolation) prod(w *worker, end bool) {
	sig := syscall.SIGCONT
	if end {
		sig = syscall.SIGKILL
	}
	i.controller.reaper.signal(w.pid, w.pid, sig)
}

// watch waits until a shim has ended, and takes over what it has left behind: it
// was killed by somebody else.
func (i *Isolation) watch(w *worker) {
	<-w.Lost()
	w.Close()
	c := i.controller
	late := time.NewTimer(closeTime)
	defer late.Stop()
	select {
	case <-w.exit:
	case <-late.C: // stopped, perhaps
		c.reaper.signal(w.pid, w.pid, syscall.SIGKILL)
		<-w.exit
	}
	orphans := w.Orphans()
	for _, child := range orphans {
		if !child.Told && child.PID > 0 {
			c.reaper.adopt(child.PID, child.Exit)
		}
	}
	if i.settings.Collect && len(orphans) > 0 {
		c.endStrays(w.start, orphans)
	}
	for _, child := range orphans {
		close(child.Empty)
	}
}

// endStrays kills what has fallen to this program because its shim was lost: its
// children that nobody knows and that are younger than the shim. What is below
// them falls to this program next.
func (c *Controller) endStrays(since uint64, orphans []*shim.Child) {
	again := time.NewTicker(firstLook)
	defer again.Stop()
	for {
		found := false
		for _, child := range orphans {
			found = c.reaper.signal(child.PID, child.PID, syscall.SIGKILL) || found
		}
		c.births.Lock()
		for _, m := range family.Below(os.Getpid()) {
			if m.Near && m.Start >= since && !c.reaper.knows(m.PID) {
				m.Signal(syscall.SIGKILL)
				found = true
			}
		}
		c.births.Unlock()
		if !found {
			return
		}
		select {
		case <-again.C:
			again.Reset(lastLook)
		case <-c.closing:
			return // which looks everywhere
		}
	}
}
