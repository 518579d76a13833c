package processctl

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"syscall"
	"time"

	"github.com/urocket/urocket/processctl/family"
	"github.com/urocket/urocket/processctl/shim"
	"github.com/urocket/urocket/processctl/vfork"
	"github.com/urocket/urocket/processctl/warm"
)

// birth is a process that was started.
type birth struct {
	pid    int
	exit   <-chan family.Death
	signal func(syscall.Signal) // to the process alone or, by a shim that collects, to its family
	child  *shim.Child          // nil: started by this program itself
}

// fork starts the process.
func (p *Process) fork(c *Controller, begun time.Time) error {
	b, err := p.bear(c)
	if err != nil {
		return p.forkError(err)
	}
	p.pid, p.exit, p.spawn = b.pid, b.exit, time.Since(begun)
	p.tree.born(b)
	p.closeChildFDs()
	return nil
}

// begin begins the process's time, and returns its environment.
func (p *Process) begin() []string {
	p.start = time.Now()
	env := p.spec.Env
	if p.spec.Timeout > 0 && p.spec.DeadlineEnv != "" {
		at := p.start.Add(p.spec.Timeout).UnixMilli()
		env = append(env[:len(env):len(env)], p.spec.DeadlineEnv+"="+strconv.FormatInt(at, 10))
	}
	return env
}

// bear has the process born in the way that is wanted, or else in the ordinary one.
func (p *Process) bear(c *Controller) (birth, error) {
	switch w := p.spec.Warm; {
	case w == nil:
		p.driver = string(warm.Spawn)
	case p.spare != nil:
		b, err := p.bearSpare()
		if err == nil || errors.Is(err, warm.ErrUncertain) {
			return b, err
		}
		p.driver = w.instead(err)
		if err := p.prepareCold(c); err != nil {
			return birth{}, &ResourceError{err}
		}
	case w.keeper != nil:
		b, err := p.bearWarm(c)
		if err == nil || errors.Is(err, warm.ErrUncertain) || p.tree == nil {
			return b, err
		}
		p.driver = w.instead(err)
	case p.driver == "": // else it says why there was no spare
		p.driver = w.String()
	}
	return p.bearCold(c, p.begin())
}

// bearCold has the process started by whoever is to be its parent.
func (p *Process) bearCold(c *Controller, env []string) (birth, error) {
	if p.childFDs[0] < 0 {
		p.childFDs[0] = int(c.null.Fd())
		defer func() { p.childFDs[0] = -1 }()
	}
	switch t := p.tree.(type) {
	case *familyTree:
		b, err := p.bearByShim(c, t.worker, env, -1)
		t.child = b.child
		return b, err
	case *groupTree:
		if p.spec.Isolation == nil || p.spec.Isolation.Empty() {
			return p.bearHere(c, env, t.group.FD())
		}
		crew := c.crew(p.spec.Isolation)
		w, err := crew.acquire()
		if err != nil {
			return birth{}, &ResourceError{err}
		}
		t.release = func() { crew.release(w) }
		return p.bearByShim(c, w, env, t.group.FD())
	}
	panic("unknown kind of tree")
}

// bearHere forks from this program.
func (p *Process) bearHere(c *Controller, env []string, group int) (birth, error) {
	pid, err := vfork.Start(&vfork.Command{Path: p.spec.Path, Argv: p.spec.Argv, Env: env, Dir: p.spec.Dir, Files: p.childFDs, Extra: p.spec.extra(), Cgroup: group})
	if err != nil {
		return birth{}, err
	}
	return c.reaper.birth(pid, p.start), nil
}

// birth is that of a child of this program itself.
func (r *reaper) birth(pid int, since time.Time) birth {
	exit := r.claim(pid, since)
	return birth{pid: pid, exit: exit, signal: func(sig syscall.Signal) { r.signal(pid, exit, sig) }}
}

// bearByShim has a shim fork.
func (p *Process) bearByShim(c *Controller, w *worker, env []string, group int) (birth, error) {
	ctx, cancel := context.WithTimeout(context.Background(), shimTime)
	defer cancel()
	defer vfork.Waiting()() // the shim waits, and no thread of ours; on few threads such starts are slower all the same
	defer c.keepAwake(w)()
	child, err := w.Start(ctx, shim.Command{
		Path: p.spec.Path, Argv: p.spec.Argv, Env: env, Dir: p.spec.Dir,
		Stdin: p.childFDs[0], Stdout: p.childFDs[1], Stderr: p.childFDs[2], Extra: p.spec.extra(), Cgroup: group,
	})
	if errors.Is(err, shim.ErrLost) {
		w.Close() // whatever it was doing, it ends
		return birth{child: child}, &ResourceError{fmt.Errorf("have a shim start it: %w", err)}
	}
	if err != nil {
		if group < 0 && isShort(err) {
			w.Close() // the next one may have what this one lacks: limits are inherited
		}
		return birth{}, err
	}
	return birth{pid: child.PID, exit: child.Exit, child: child, signal: func(sig syscall.Signal) {
		child.Signal(sig)
		c.reaper.signal(child.PID, child.Exit, sig)     // it is ours if the shim was lost
		c.reaper.signal(w.pid, w.exit, syscall.SIGCONT) // a script that is who we are may have stopped it
	}}, nil
}
