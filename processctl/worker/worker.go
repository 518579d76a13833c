package worker

import (
	"bufio"
	"errors"
	"fmt"
	"time"

	"github.com/urocket/urocket/processctl"
)

// worker is one process of a pool. Its goroutine, live, starts it, reads what it sends
// from its start to its end, and ends it. Requests are written by who brings them.
type worker struct {
	pool *Pool
	link *link
	proc *processctl.Process

	in     *bufio.Reader
	header []byte // what the last frame's was read into
	grace  time.Duration

	last  *Job // that the worker is being ended for
	ended chan processctl.Result

	standing // the pool's
}

// live is the life of a worker.
func (w *worker) live() {
	defer w.pool.workers.Done()
	end := ending{polite: true, reason: ReasonRetired}
	if err := w.boot(); err != nil {
		end = ending{reason: ReasonBoot, err: err}
	} else if w.pool.ready(w) {
		end = w.work()
	}
	w.pool.leaving(w, end)
	result := w.end(end.polite)
	if w.last != nil {
		w.last.finish()
		w.last.events.Ended(w.last.result(result))
	}
	w.pool.gone(w)
}

// ending is why a worker ends. polite: it has done no wrong, and is told to go;
// otherwise it is made to.
type ending struct {
	polite bool
	reason Reason
	err    error // the fault, if it was the worker's
}

// boot starts the process and waits until it says that it is ready.
func (w *worker) boot() error {
	l, theirs, err := newLink()
	if err != nil {
		return &processctl.ResourceError{Err: err}
	}
	w.link, w.in = l, bufio.NewReaderSize(l, readBuffer)
	begun := time.Now()
	spec := w.pool.o.Spec()
	w.grace = spec.Grace
	spec.Extra, spec.Timeout, spec.Stream = theirs, 0, false
	if w.pool.o.Line != nil {
		spec.Line = w.line
	}
	spec.Events = processctl.Events{Exited: l.exit, Ended: func(r processctl.Result) { w.ended <- r }}
	proc, err := w.pool.o.Start(spec)
	_ = theirs.Close()
	if err != nil {
		return err
	}
	proc.Release() // whatever it leaves behind when it ends has nobody to work for
	w.pool.started(w, proc)
	l.boot(begun.Add(w.pool.o.BootTimeout))
	if err = w.greet(); err == nil {
		proc.CaughtUp(caughtUp) // what it has said by now is no request's
	}
	l.ready()
	return err
}

// greet reads the frame that says that the worker is ready.
func (w *worker) greet() error {
	header, body, err := readFrame(w.in, w.header, 0)
	w.header = header
	switch {
	case err == nil && w.in.Buffered() > 0:
		return broken("it sent more than that it is ready")
	case err == nil:
		return greeting(header, body)
	case errorIs[*BrokenError](err), errors.Is(err, errStopped):
		return err
	case errors.Is(err, errTimeout):
		return fmt.Errorf("it was not ready in %v", w.pool.o.BootTimeout)
	}
	switch r := w.link.awaitExit(); {
	case r == nil:
	case r.Exit == 0 && r.Signal == 0:
		return errDone
	default:
		return fmt.Errorf("it %s before it was ready", describe(r))
	}
	return broken("it closed descriptor 3 before it was ready")
}

// errDone is what a program ends with that is no worker: it has done what it does.
var errDone = errors.New("it exited with code 0 before it was ready")

func describe(r *processctl.Result) string {
	if r.Signal != 0 {
		return fmt.Sprintf("was ended by signal %d (%v)", r.Signal, r.Signal)
	}
	return fmt.Sprintf("exited with code %d", r.Exit)
}

func errorIs[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}

// line passes a line of output on to whom it concerns.
func (w *worker) line(l processctl.Line) {
	if j := w.link.current(); j != nil && j.request.Line != nil {
		j.request.Line(l)
		return
	}
	w.pool.o.Line(l)
}

// work reads one frame after another until the worker is to end.
func (w *worker) work() ending {
	defer w.pool.age(w)()
	for {
		_, err := w.in.Peek(prefixSize)
		if err == nil {
			if j := w.link.current(); j != nil {
				if end, over := w.hear(j); over {
					return end
				}
				continue
			}
			err = broken("it sent something that nobody had asked for")
		}
		if j := w.link.leave(); j != nil {
			return w.drop(j, err)
		}
		return w.idleEnd(err)
	}
}

// idleEnd is why a worker without a job ends.
func (w *worker) idleEnd(err error) ending {
	switch {
	case errors.Is(err, errDismissed), errors.Is(err, errStopped):
		return ending{polite: true, reason: w.pool.reason(w)}
	case errorIs[*BrokenError](err):
		return ending{reason: ReasonProtocol, err: err}
	}
	if r := w.link.awaitExit(); r != nil {
		return ending{reason: ReasonCrash, err: errors.New("it " + describe(r))}
	}
	return ending{reason: ReasonProtocol, err: broken("it closed descriptor 3")}
}

// end ends the process and waits until nothing is left of it.
func (w *worker) end(polite bool) processctl.Result {
	if w.link == nil {
		return processctl.Result{}
	}
	defer w.link.close()
	if w.proc == nil {
		return processctl.Result{}
	}
	if polite {
		w.link.close() // the end of its input tells a worker to go
		patience := time.NewTimer(w.grace)
		defer patience.Stop()
		select {
		case r := <-w.ended:
			return r
		case <-patience.C:
		}
	}
	w.proc.Stop()
	return <-w.ended
}
