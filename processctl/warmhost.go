package processctl

import (
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
	"github.com/urocket/urocket/processctl/warm"
)

// warmHost starts what package warm keeps for w.
func (c *Controller) warmHost(w *Warm) warm.Host {
	return warm.Host{
		Start: func(cmd warm.Command) (*warm.Child, error) { return c.startWarm(w, cmd) },
		Group: func() (warm.Group, func(), error) {
			g, err := c.parent.NewGroup()
			if err != nil {
				return nil, nil, err
			}
			return g, func() { removeGroup(g) }, nil
		},
		Run:   func(argv []string, stop <-chan struct{}) (string, error) { return c.runner(w, stop)(argv) },
		Null:  int(c.null.Fd()),
		Boots: c.hearth.boots,
	}
}

// What a probe may take, and print.
const (
	probeTime = 10 * time.Second
	probeTail = 64 << 10
)

// runner runs PHP as the processes of w are run, and returns what it has printed; not
// for longer than until stop is closed.
func (c *Controller) runner(w *Warm, stop <-chan struct{}) func(argv []string) (string, error) {
	return func(argv []string) (string, error) {
		ended := make(chan Result, 1)
		p, err := c.Start(Spec{
			Path: w.PHP, Argv: argv, Env: w.Env, Dir: w.Dir, Isolation: w.Isolation, Timeout: probeTime, Tail: probeTail,
			Events: Events{Ended: func(r Result) { ended <- r }},
		})
		if err != nil {
			return "", err
		}
		p.Release()
		select {
		case <-stop:
			p.Kill()
		case <-c.hearth.leaving:
			p.Kill()
		case <-p.Ended():
		}
		r := <-ended
		out, _ := p.Tail(Stdout, probeTail)
		if r.Exit != 0 || r.Signal != 0 {
			said, _ := p.Tail(Stderr, LineLimit)
			return "", fmt.Errorf("it ended with %s: %s", ending(r), oneLine(string(said)))
		}
		return string(out), nil
	}
}

func ending(r Result) string {
	if r.Signal != 0 {
		return r.Signal.String()
	}
	return fmt.Sprintf("exit code %d", r.Exit)
}

// removeGroup removes a group, and kills what is in it. What the kernel does not let
// die is left for [Controller.Close] to tell of.
func removeGroup(g *cgroup.Group) {
	insist(func() bool { return !errors.Is(g.Remove(), cgroup.ErrBusy) }, g.Kill)
}

// warmChild is a PHP that is kept warm.
type warmChild struct {
	group *cgroup.Group
	out   *pipe // its stdout and stderr
	stdin [2]int
	pid   int
	exit  chan family.Death

	mu   sync.Mutex
	last string // line that it wrote
}

// startWarm starts a PHP in a group of its own, without limits: only what we have
// written runs in it. What it writes is logged.
func (c *Controller) startWarm(w *Warm, cmd warm.Command) (_ *warm.Child, err error) {
	if err := c.checkPreludes(); err != nil {
		return nil, err
	}
	p := &warmChild{stdin: [2]int{-1, -1}}
	writer := -1
	defer func() {
		closeAll(writer, p.stdin[0])
		if err != nil {
			p.discard()
		}
	}()
	if p.group, err = c.parent.NewGroup(); err != nil {
		return nil, err
	}
	if p.out, writer, err = newPipe(); err != nil {
		return nil, err
	}
	p.out.open()
	said := &lines{emit: func(l Line) { p.say(w, string(l.Text)) }}
	p.out.sinks = append(p.out.sinks, said.write)
	stdin := int(c.null.Fd())
	if w.Stdin { // PHP looks at the kind of its stdin when it starts
		if err = unix.Pipe2(p.stdin[:], unix.O_CLOEXEC); err != nil {
			return nil, err
		}
		stdin = p.stdin[0]
	}
	if err = c.forkWarm(w, cmd, p, stdin, writer); err != nil {
		return nil, err
	}
	gone := make(chan struct{})
	go func() {
		defer c.watching.Done()
		defer close(gone)
		p.attend(said)
	}()
	return &warm.Child{PID: p.pid, Gone: gone, Kill: func() { p.kill(c) }, Said: p.words}, nil
}

func closeAll(fds ...int) {
	for _, fd := range fds {
		if fd >= 0 {
			_ = unix.Close(fd)
		}
	}
}

// forkWarm starts the process: by itself, or, to be given settings, by way of this
// program, which takes them on and becomes PHP.
func (c *Controller) forkWarm(w *Warm, cmd warm.Command, p *warmChild, stdin, writer int) error {
	path, argv := cmd.Path, cmd.Argv
	if w.Isolation != nil && !w.Isolation.Empty() {
		path, argv = shim.Exec(w.Isolation, cmd.Path, cmd.Argv)
	}
	c.births.RLock()
	defer c.births.RUnlock()
	select {
	case <-c.closing:
		return errors.New("urocket is stopping")
	default:
	}
	begun := time.Now()
	defer vfork.Waiting()()
	pid, err := syscall.ForkExec(path, argv, &syscall.ProcAttr{
		Dir: cmd.Dir, Env: cmd.Env,
		Files: []uintptr{uintptr(stdin), uintptr(writer), uintptr(writer), cmd.Conn.Fd()},
		Sys:   &syscall.SysProcAttr{Setsid: true, UseCgroupFD: true, CgroupFD: p.group.FD()},
	})
	if err != nil {
		return os.NewSyscallError("start "+cmd.Path, err)
	}
	p.pid, p.exit = pid, c.reaper.claim(pid, begun)
	c.watching.Add(1)
	return nil
}

// attend reads what a PHP writes and waits for its end, and that of all in its group.
func (p *warmChild) attend(said *lines) {
	var reading sync.WaitGroup
	reading.Go(func() {
		p.out.drain()
		said.flush(false)
	})
	<-p.exit
	p.out.settle() // a child that does not come to begin may have its other end
	p.out.stop()
	reading.Wait()
	p.discard()
}

func (p *warmChild) discard() {
	closeAll(p.stdin[1])
	if p.out != nil {
		p.out.close()
	}
	if p.group != nil {
		removeGroup(p.group)
	}
}

func (p *warmChild) kill(c *Controller) {
	p.group.Kill()
	c.reaper.signal(p.pid, p.exit, syscall.SIGKILL)
}

func (p *warmChild) say(w *Warm, line string) {
	if line = oneLine(line); line == "" {
		return
	}
	p.mu.Lock()
	p.last = line
	p.mu.Unlock()
	w.Log("the warm PHP says: " + line)
}

func (p *warmChild) words() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}
