package processctl

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/urocket/urocket/processctl/cgroup"
	"github.com/urocket/urocket/processctl/shim"
	"github.com/urocket/urocket/processctl/warm"
)

// Warm says how the processes of an operation can come to be sooner than by a start. It
// is not changed once it is kept ([Controller.KeepWarm]).
type Warm struct {
	warm.Program
	Why       error          // the Kind is not as was wanted
	Args      int            // how many words of a command stand before the script's arguments
	Isolation *shim.Settings // that of the processes
	Limits    cgroup.Limits  // those of the processes
	Stdin     bool           // the processes have something on stdin
	Running   int            // how many there can be at once; 0: any number

	// Log is told what the operator should know: what PHP says when no process is
	// concerned, why it was started again.
	Log func(string)

	nest   *nest        // set by [Controller.KeepWarm]: this one,
	keeper *warm.Keeper // and whose it is,
	spares *spares      // or these
}

// kept is what is kept for an operation.
type kept interface{ Close() }

// hearth is all that a controller keeps warm.
type hearth struct {
	leaving chan struct{} // closed when nothing is kept any more
	boots   chan struct{} // has room for those that are starting

	warming sync.Mutex              // held while it changes what is kept
	kept    map[string]kept         // by [Warm.key]
	asked   map[string]warm.Program // by [Warm.asks]: their PHPs have said what they can do
	cooling sync.WaitGroup          // over what is not to be kept any more

	preludes preludes
	tmpDir   string
}

func newHearth(tmpDir string) hearth {
	return hearth{leaving: make(chan struct{}), boots: make(chan struct{}, max(2, runtime.NumCPU())), asked: map[string]warm.Program{}, tmpDir: tmpDir}
}

// key tells those apart that cannot share what is kept for them.
func (w *Warm) key() string {
	key, err := json.Marshal([]any{w.Program, w.settings().Args(), w.Limits, w.Stdin, w.Running})
	if err != nil {
		panic(err) // plain values
	}
	return string(key)
}

// String is the driver that was wanted, and if it is another, which and why.
func (w *Warm) String() string {
	if w.Why == nil {
		return string(w.Kind)
	}
	return fmt.Sprintf("%s -> %s: %v", warm.Fork, w.Kind, w.Why)
}

// call is what the process is told, besides its environment.
func (p *Process) call(env []string) warm.Call {
	w := p.spec.Warm
	return warm.Call{Dir: p.spec.Dir, Script: w.Script, Words: p.spec.Argv, Args: w.Args, Env: env}
}

// instead is the driver of a process that could not come to be in that way.
func (w *Warm) instead(why error) string {
	return fmt.Sprintf("%s -> %s: %v", warm.Fork, warm.Spawn, why)
}

// Probe finds out whether and how the processes of w can come to be as is wanted, and
// sets its Kind and Why. It runs PHP, for some ten milliseconds, unless the same was
// asked before.
func (c *Controller) Probe(w *Warm) {
	wanted := w.Kind
	if err := c.ask(w); err != nil {
		w.Kind, w.Why = warm.Spawn, err
		return
	}
	if wanted != warm.Fork {
		return
	}
	if c.parent == nil {
		w.Why = errors.New("there are no cgroups, and a forked process would have nobody else to keep its descendants together")
	} else if err := w.Forks(); err != nil {
		w.Why = fmt.Errorf("php cannot fork for us: %w", err)
	}
	switch err := w.Waits(); {
	case w.Why == nil:
	case err == nil:
		w.Kind = warm.Spare
	default:
		w.Kind, w.Why = warm.Spawn, fmt.Errorf("%w, nor wait: %w", w.Why, err)
	}
}

// ask asks PHP what it can do. Operations of the same PHP, options and environment share
// the answer.
func (c *Controller) ask(w *Warm) error {
	key := w.asks()
	c.hearth.warming.Lock()
	defer c.hearth.warming.Unlock()
	if w.Learn(c.hearth.asked[key]) {
		return nil
	}
	if err := w.Program.Probe(c.runner(w, nil)); err != nil {
		return err
	}
	c.hearth.asked[key] = w.Program
	return nil
}

// asks tells those apart whose PHP may not be the same.
func (w *Warm) asks() string {
	return fmt.Sprintf("%q %q %q %q %q", w.PHP, w.Options, w.Dir, w.Env, w.settings().Args())
}

// uid is the user that the processes run as.
func (w *Warm) uid() int {
	if s := w.settings(); s.User != nil {
		return s.User.UID
	}
	return os.Geteuid()
}

func (w *Warm) settings() (s shim.Settings) {
	if w.Isolation != nil {
		s = *w.Isolation
	}
	return s
}

// KeepWarm keeps warm what is listed, from now on and until the next call of
// KeepWarm, and nothing else. It does not wait for anything.
func (c *Controller) KeepWarm(list []*Warm) error {
	c.hearth.warming.Lock()
	defer c.hearth.warming.Unlock()
	keep := map[string]kept{}
	for _, w := range list {
		if w.Kind == warm.Spawn {
			continue
		}
		key := w.key()
		k := keep[key]
		if k == nil {
			k = c.hearth.kept[key]
		}
		if k == nil {
			var err error
			if k, err = c.keep(w); err != nil {
				return err
			}
		}
		keep[key] = k
		if w.nest, _ = k.(*nest); w.nest != nil {
			w.keeper = w.nest.Keeper
		}
		w.spares, _ = k.(*spares)
	}
	for key, k := range c.hearth.kept {
		if keep[key] == nil {
			c.hearth.cooling.Go(k.Close)
		}
	}
	c.hearth.kept = keep
	c.hearth.asked = map[string]warm.Program{} // of other configurations, by and by
	for _, w := range list {
		c.hearth.asked[w.asks()] = w.Program
	}
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
	return c.newNest(own), nil
}

// closeWarm ends all that is kept warm.
func (c *Controller) closeWarm() error {
	close(c.hearth.leaving)
	err := c.KeepWarm(nil)
	cold := make(chan struct{})
	go func() { c.hearth.cooling.Wait(); close(cold) }()
	select {
	case <-cold:
	case <-time.After(closeTime): // it is killed with the rest
	}
	return errors.Join(err, c.removePreludes())
}

// bearWarm has the process forked by a PHP that has done its start-up, or has one that
// was forked by it already run the script. On an error but [warm.ErrUncertain] no line of
// that has run.
func (p *Process) bearWarm(c *Controller) (birth, error) {
	w := p.spec.Warm
	if p.spec.Path != w.PHP {
		return birth{}, errElsewhere
	}
	b, err := p.hatch(c)
	if b.pid == 0 && !errors.Is(err, warm.ErrUncertain) && p.tree != nil {
		b, err = p.forkNow(c)
	}
	if err == nil {
		p.driver = string(warm.Fork)
	}
	return b, err
}

// forkNow has the process forked.
func (p *Process) forkNow(c *Controller) (birth, error) {
	t, ok := p.tree.(*groupTree)
	if !ok {
		return birth{}, errors.New("there are no cgroups")
	}
	pid, err := p.spec.Warm.keeper.Fork(func() *warm.Request { return p.request(c, t) })
	if err != nil {
		return birth{}, err
	}
	return c.reaper.forkedInto(t, pid, p.start)
}

// request is what a forked process is told. Its time begins.
func (p *Process) request(c *Controller, t *groupTree) *warm.Request {
	in := p.childFDs[0]
	if in < 0 {
		in = int(c.null.Fd())
	}
	return &warm.Request{Call: p.call(p.begin()), Stdin: in, Stdout: p.childFDs[1], Stderr: p.childFDs[2], Group: t.group}
}

// suspect tells who has borne the process that it has crashed.
func (p *Process) suspect(sig syscall.Signal) {
	if p.driver != string(warm.Fork) {
		return
	}
	switch sig {
	case syscall.SIGSEGV, syscall.SIGBUS, syscall.SIGILL, syscall.SIGABRT:
		p.spec.Warm.keeper.Suspect()
	}
}

var errElsewhere = errors.New("PATH leads to another php by now")

// oneLine is text for the operator in one line.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
