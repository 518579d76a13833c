package processctl

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/urocket/urocket/processctl/cgroup"
	"github.com/urocket/urocket/processctl/shim"
	"github.com/urocket/urocket/processctl/warm"
)

// Warm says how the processes of an operation can come to be sooner than by a start.
type Warm struct {
	warm.Program
	Words     int            // of the command before the script
	Isolation *shim.Settings // that of the processes
	Limits    cgroup.Limits  // those of the processes
	Stdin     bool           // the processes have something on stdin

	// Log is told what the operator should know: what PHP says when no process is
	// concerned, why it was started again.
	Log func(string)

	keeper *warm.Keeper // set by [Controller.KeepWarm]
}

// key tells those apart that cannot share what is kept for them.
func (w *Warm) key() string {
	var settings shim.Settings
	if w.Isolation != nil {
		settings = *w.Isolation
	}
	key, err := json.Marshal([]any{w.Program, settings.Args(), w.Limits, w.Stdin})
	if err != nil {
		panic(err) // plain values
	}
	return string(key)
}

// instead is the driver of a process that could not be born as was wanted.
func (w *Warm) instead(why error) string {
	return fmt.Sprintf("%s -> %s: %v", w.Kind, warm.Spawn, why)
}

// KeepWarm keeps warm what is listed, from now on and until the next call of
// KeepWarm, and nothing else. It does not wait for anything.
func (c *Controller) KeepWarm(list []*Warm) error {
	keep := map[string]*warm.Keeper{}
	for _, w := range list {
		key := w.key()
		if keep[key] == nil {
			c.mu.Lock()
			keep[key] = c.keepers[key]
			c.mu.Unlock()
		}
		if keep[key] == nil {
			prelude, err := c.prelude(w.Kind)
			if err != nil {
				return err
			}
			p := w.Program
			p.Prelude = prelude
			keep[key] = warm.Keep(c.warmHost(w), p, w.Log)
		}
		w.keeper = keep[key]
	}
	c.mu.Lock()
	old := c.keepers
	c.keepers = keep
	c.mu.Unlock()
	for key, k := range old {
		if keep[key] != k {
			c.watching.Go(k.Close)
		}
	}
	return nil
}

// closeWarm ends all that is kept warm.
func (c *Controller) closeWarm() error {
	err := c.KeepWarm(nil)
	return errors.Join(err, c.removePreludes())
}

// bearWarm has the process forked by a PHP that has done its start-up. On an error but
// [warm.ErrUncertain] no line of its script has run.
func (p *Process) bearWarm(_ *Controller) (birth, error) {
	w := p.spec.Warm
	t, ok := p.tree.(*groupTree)
	switch {
	case !ok || w.keeper == nil:
		return birth{}, errors.New("nothing is kept warm")
	case p.spec.Path != w.PHP:
		return birth{}, errors.New("PATH leads to another php by now")
	}
	env := p.begin()
	pid, err := w.keeper.Fork(&warm.Request{
		Dir: p.spec.Dir, Argv: p.spec.Argv[w.Words:], Env: env,
		Stdin: p.childFDs[0], Stdout: p.childFDs[1], Stderr: p.childFDs[2], Cgroup: t.group.FD(),
		Stillborn: t.group.Deserted, Kill: t.group.Kill,
	})
	if err != nil {
		return birth{}, err
	}
	p.driver = string(warm.Fork)
	return p.reaper.birth(pid, p.start), nil
}

// oneLine is text for the operator in one line.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
