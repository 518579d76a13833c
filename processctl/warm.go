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
	Running   int            // how many there can be at once; 0: any number

	// Log is told what the operator should know: what PHP says when no process is
	// concerned, why it was started again.
	Log func(string)

	keeper *warm.Keeper // set by [Controller.KeepWarm]: one of the two
	spares *spares
}

// kept is what is kept for an operation.
type kept interface{ Close() }

// key tells those apart that cannot share what is kept for them.
func (w *Warm) key() string {
	var settings shim.Settings
	if w.Isolation != nil {
		settings = *w.Isolation
	}
	key, err := json.Marshal([]any{w.Program, settings.Args(), w.Limits, w.Stdin, w.Running})
	if err != nil {
		panic(err) // plain values
	}
	return string(key)
}

// instead is the driver of a process that could not be born as was wanted.
func (w *Warm) instead(why error) string {
	return fmt.Sprintf("%s -> %s: %v", w.Kind, warm.Spawn, why)
}

// Probe finds out whether and how the processes of w can come to be as is wanted, and
// sets its Kind. It runs PHP, for some ten milliseconds. The error says why they can
// not, or, with a Kind other than wanted, why that one it is.
func (c *Controller) Probe(w *Warm) error {
	if err := w.Program.Probe(c.runner(w, nil)); err != nil {
		w.Kind = warm.Spawn
		return err
	}
	if w.Kind != warm.Fork {
		return nil
	}
	if c.parent == nil {
		w.Kind = warm.Spare
		return errors.New("without cgroups a forked process would have nobody to keep its descendants together")
	}
	if err := w.Forks(); err != nil {
		w.Kind = warm.Spare
		return fmt.Errorf("php cannot fork for us: %w", err)
	}
	return nil
}

// KeepWarm keeps warm what is listed, from now on and until the next call of
// KeepWarm, and nothing else. It does not wait for anything.
func (c *Controller) KeepWarm(list []*Warm) error {
	c.warming.Lock()
	defer c.warming.Unlock()
	keep := map[string]kept{}
	for _, w := range list {
		key := w.key()
		k := keep[key]
		if k == nil {
			k = c.kept[key]
		}
		if k == nil {
			var err error
			if k, err = c.keep(w); err != nil {
				return err
			}
		}
		keep[key] = k
		w.keeper, _ = k.(*warm.Keeper)
		w.spares, _ = k.(*spares)
	}
	for key, k := range c.kept {
		if keep[key] == nil {
			c.cooling.Go(k.Close)
		}
	}
	c.kept = keep
	return nil
}

func (c *Controller) keep(w *Warm) (kept, error) {
	dir, err := c.preludeDir()
	if err != nil {
		return nil, err
	}
	own := *w
	own.Prelude = dir
	if w.Kind == warm.Spare {
		return c.keepSpares(own), nil
	}
	return warm.Keep(c.warmHost(&own), own.Program, w.Log), nil
}

// closeWarm ends all that is kept warm.
func (c *Controller) closeWarm() error {
	err := c.KeepWarm(nil)
	c.cooling.Wait()
	return errors.Join(err, c.removePreludes())
}

// bearWarm has the process forked by a PHP that has done its start-up. On an error but
// [warm.ErrUncertain] no line of its script has run.
func (p *Process) bearWarm(null int) (birth, error) {
	w := p.spec.Warm
	t, ok := p.tree.(*groupTree)
	if !ok {
		return birth{}, errors.New("there are no cgroups")
	}
	if p.spec.Path != w.PHP {
		return birth{}, errElsewhere
	}
	in := p.childFDs[0]
	if in < 0 {
		in = null
	}
	env := p.begin()
	pid, err := w.keeper.Fork(&warm.Request{
		Dir: p.spec.Dir, Argv: p.spec.Argv[w.Words:], Env: env,
		Stdin: in, Stdout: p.childFDs[1], Stderr: p.childFDs[2], Cgroup: t.group.FD(),
		Stillborn: t.group.Deserted, Kill: t.group.Kill,
	})
	if err != nil {
		return birth{}, err
	}
	p.driver = string(warm.Fork)
	return p.reaper.birth(pid, p.start), nil
}

var errElsewhere = errors.New("PATH leads to another php by now")

// oneLine is text for the operator in one line.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
