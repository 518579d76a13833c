package processctl

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/processctl/shim"
	"github.com/urocket/urocket/processctl/spool"
	"github.com/urocket/urocket/processctl/stack"
	"github.com/urocket/urocket/processctl/warm"
)

// StartError says that a command could not be started for a reason of its own:
// no such program or directory, not executable, no permission.
type StartError struct{ Err error }

func (e *StartError) Error() string { return "start process: " + e.Err.Error() }
func (e *StartError) Unwrap() error { return e.Err }

// ResourceError says that urocket lacks what it needs to start anything:
// descriptors, memory, processes, space.
type ResourceError struct{ Err error }

func (e *ResourceError) Error() string { return "prepare process: " + e.Err.Error() }
func (e *ResourceError) Unwrap() error { return e.Err }

// Start starts a process. The error is a [*StartError], a [*ResourceError] or
// wraps [ErrTooLong]; then nothing is left and no event is told.
func (c *Controller) Start(spec Spec) (*Process, error) {
	p := newProcess(c, spec)
	begun := time.Now()
	if err := p.prepare(c); err != nil {
		return nil, &ResourceError{err}
	}
	if err := p.fork(c, begun); err != nil {
		p.undo()
		return nil, err
	}
	p.beginReading()
	// The process has them. They may be large, and it may live for long.
	p.spec.Argv, p.spec.Env, p.spec.Stdin, p.spec.Extra, p.spec.ScratchBody = nil, nil, nil, nil, nil
	if p.driver == "" {
		p.driver = string(warm.Spawn)
	}
	c.running.Add(1)
	go func() {
		defer c.running.Done()
		stack.Grow() // for the events, whose receivers log and remember
		p.supervise()
	}()
	return p, nil
}

// beginReading begins with the streams that are read at any age: one that has a reader of
// its own, those whose lines are told as they come, and those of a process that serves one
// call after another.
func (p *Process) beginReading() {
	if p.reading = p.spec.Stream; p.reading {
		p.out[Stdout].open()
	}
	if p.spec.Line == nil && p.spec.Extra == nil {
		return
	}
	for s, o := range p.out {
		if o.f == nil {
			p.startDrain(Stream(s))
		}
	}
}

func newProcess(c *Controller, spec Spec) *Process {
	return &Process{
		spec:     spec,
		reaper:   c.reaper,
		release:  make(chan struct{}, 1),
		stop:     make(chan struct{}, 1),
		kill:     make(chan struct{}, 1),
		ended:    make(chan struct{}),
		childFDs: [3]int{-1, -1, -1},
	}
}

// owner is who the process's files belong to; nil: who we are.
func (p *Process) owner() *shim.User {
	if p.spec.Isolation == nil {
		return nil
	}
	return p.spec.Isolation.User
}

// prepare makes what the process is born into. On an error nothing is left.
func (p *Process) prepare(c *Controller) (err error) {
	defer func() {
		if err != nil {
			p.undo()
		}
	}()
	if p.claim, err = p.spec.Scratch.make(p.spec.ScratchBody, p.owner()); err != nil {
		return err
	}
	if p.takeSpare(); p.spare != nil {
		return nil
	}
	p.takeNestling()
	return p.prepareCold(c)
}

// prepareCold makes what a process is born into that is still to be started.
func (p *Process) prepareCold(c *Controller) (err error) {
	if err = p.prepareOutputs(); err != nil {
		return err
	}
	p.listen()
	if p.childFDs[0], err = stdin(p.spec.Stdin); err != nil {
		return err
	}
	return p.prepareTree(c)
}

func (p *Process) prepareOutputs() (err error) {
	for i := range p.out {
		if p.out[i], p.childFDs[i+1], err = newPipe(); err != nil {
			return err
		}
	}
	return nil
}

func (p *Process) prepareTree(c *Controller) (err error) {
	if p.nestling != nil {
		return nil // it has one
	}
	p.tree, err = c.newTree(p.spec.Limits, p.spec.Isolation)
	return err
}

// listen says what becomes of what is read.
func (p *Process) listen() {
	for i := range p.out {
		p.tails[i].max = p.spec.Tail
		p.out[i].sinks = append(p.out[i].sinks, p.tails[i].write)
		if p.spec.Line != nil {
			p.lines[i] = &lines{stream: Stream(i), emit: p.spec.Line}
			p.out[i].sinks = append(p.out[i].sinks, p.lines[i].write)
		}
	}
}

// stdin makes a descriptor from which body can be read: a pipe that is filled
// already, so that nobody has to write while the script does not read, or a
// file where the body does not fit into a pipe. -1 for no body.
func stdin(body *spool.Body) (int, error) {
	if body == nil {
		return -1, nil
	}
	if body.Size() <= pipeSize {
		if fd, err := filledPipe(body); err == nil || !errors.Is(err, unix.EAGAIN) {
			return fd, err
		}
	}
	f, err := body.Open()
	if err != nil {
		return -1, fmt.Errorf("open stdin: %w", err)
	}
	defer f.Close()
	return unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 3)
}

// smallestPipe is what the smallest of pipes holds, in bytes: a page.
const smallestPipe = 4096

// filledPipe returns the reading end of a pipe that holds body. EAGAIN: it did
// not fit, because the user is over pipe-user-pages-soft (pipe(7)).
func filledPipe(body *spool.Body) (int, error) {
	data, err := body.Bytes()
	if err != nil {
		return -1, err
	}
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		return -1, fmt.Errorf("make pipe for stdin: %w", err)
	}
	defer unix.Close(fds[1])
	if len(data) > smallestPipe {
		err = unix.SetNonblock(fds[1], true)
	}
	for err == nil && len(data) > 0 {
		var n int
		n, err = unix.Write(fds[1], data)
		data = data[max(n, 0):]
	}
	if err != nil {
		_ = unix.Close(fds[0])
		return -1, fmt.Errorf("fill pipe for stdin: %w", err)
	}
	return fds[0], nil
}

// undo gives back what prepare has made, after a start that failed.
func (p *Process) undo() {
	p.closeChildFDs()
	for _, o := range p.out {
		if o != nil {
			o.close()
		}
	}
	if p.nestling != nil {
		defer p.nest.settled()
		p.nestling.Close()
		p.nestling = nil
	}
	if p.tree != nil {
		removeUnborn(p.tree)
	}
	_ = p.removeScratch()
	p.leaveNest()
}

func (p *Process) closeChildFDs() {
	for i, fd := range p.childFDs {
		if fd > 2 {
			_ = unix.Close(fd)
		}
		p.childFDs[i] = -1
	}
}

// removeUnborn removes the tree of a start that failed. It is empty, unless a
// shim was lost before it could tell that the process was started after all; or what
// waits in it has nothing to wait for any more.
func removeUnborn(t tree) {
	insist(func() bool { gone, _, _ := t.remove(); return gone }, t.kill)
}

// insist removes what is left of a start, and kills what is in its way. It gives up
// after closeTime, counted by its tries: this program may have been stopped meanwhile.
func insist(remove func() bool, kill func()) {
	wait := firstLook
	for waited := time.Duration(0); !remove() && waited < closeTime; waited += wait {
		kill()
		<-time.After(wait)
		wait = min(2*wait, lastLook)
	}
}
