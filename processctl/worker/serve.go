package worker

import (
	"errors"
	"time"

	"github.com/urocket/urocket/processctl"
	"github.com/urocket/urocket/processctl/spool"
)

const (
	// readBuffer holds most answers whole, in bytes.
	readBuffer = 4 << 10
	// caughtUp is how long the lines that a worker has written before its answer may
	// take to be read before the answer is passed on.
	caughtUp = 20 * time.Millisecond
)

// hear reads what the worker sends while it has a job; over: the worker is to end.
func (w *worker) hear(j *Job) (end ending, over bool) {
	a, bye, err := w.read(j)
	if a != nil || errorIs[*FailedError](err) || errorIs[*unkept](err) {
		if w.sent(j) {
			return w.answered(j, a, bye, err)
		}
		if a != nil {
			_ = a.Body.Close()
		}
		err = broken("it answered before it had read its request")
	}
	w.link.leave()
	return w.drop(j, err), true
}

// unkept says that an answer was read and could not be kept.
type unkept struct{ cause *spool.StorageError }

func (e *unkept) Error() string { return e.cause.Error() }
func (e *unkept) Unwrap() error { return e.cause }

// read reads one frame and judges it.
func (w *worker) read(j *Job) (a *Answer, bye bool, err error) {
	header, body, err := readFrame(w.in, w.header, j.request.MaxAnswer)
	w.header = header
	var storage *spool.StorageError
	switch {
	case errors.As(err, &storage):
		return nil, false, &unkept{storage}
	case err != nil:
		return nil, false, err
	}
	a, bye, err = answer(header, body, j.request.ID)
	if err != nil {
		_ = body.Close()
	}
	return a, bye, err
}

// sent waits until the request was written; a worker that has read it need not be waited
// for long.
func (w *worker) sent(j *Job) bool {
	if j.sent == nil {
		return true
	}
	late := time.NewTimer(reapTime)
	defer late.Stop()
	select {
	case err := <-j.sent:
		j.sent = nil
		return err == nil
	case <-late.C:
		return false
	}
}

// answered passes on what a worker has sent whole, and makes the worker free first:
// who is told has the next request ready.
func (w *worker) answered(j *Job, a *Answer, bye bool, err error) (end ending, over bool) {
	w.proc.CaughtUp(caughtUp)
	j.finish()
	outcome := Answered
	switch {
	case errorIs[*FailedError](err):
		outcome = Failed
	case err != nil:
		outcome = Unkept
	}
	memory := w.memory()
	usable := w.link.finish()
	w.pool.count(outcome, j.final.usage.Wall)
	switch {
	case !usable:
		end, over = ending{reason: ReasonStopped}, true
		if r := w.link.result(); r != nil {
			end = ending{reason: ReasonCrash, err: errors.New("it " + describe(r))}
		}
	case w.in.Buffered() > 0:
		end, over = ending{reason: ReasonProtocol, err: broken("it sent more than an answer")}, true
	case bye:
		end, over = ending{polite: true, reason: ReasonBye}, true
	default:
		end.polite = true
		end.reason, over = w.pool.free(w, memory)
	}
	if over {
		w.link.leave()
	}
	j.events.Answered(a, err)
	j.events.Ended(processctl.Result{Usage: j.final.usage})
	return end, over
}

// memory is what the worker uses, if anybody wants to know.
func (w *worker) memory() int64 {
	if w.pool.o.MaxMemory == 0 {
		return 0
	}
	return w.proc.Memory()
}

// drop tells why a request has no answer. Nobody reads from the worker any more, so that
// what it may send yet reaches nobody.
func (w *worker) drop(j *Job, err error) ending {
	w.last = j
	if unsent := w.giveUp(j); unsent != nil {
		err = unsent
	}
	switch {
	case errors.Is(err, errStopped):
		w.pool.count(Stopped, 0)
		return ending{reason: ReasonStopped}
	case errors.Is(err, errTimeout):
		w.pool.count(TimedOut, time.Since(j.begun))
		j.events.TimedOut()
		return ending{reason: ReasonTimeout}
	case errorIs[*BrokenError](err):
		w.pool.count(Broken, 0)
		j.finish()
		j.events.Answered(nil, err)
		return ending{reason: ReasonProtocol, err: err}
	case errorIs[*spool.StorageError](err):
		w.pool.count(Unkept, 0)
		j.finish()
		j.events.Answered(nil, err)
		return ending{reason: ReasonStopped}
	}
	r := w.link.awaitExit()
	if r == nil {
		return w.drop(j, broken("it closed descriptor 3 in place of an answer"))
	}
	j.finish()
	w.pool.count(Crashed, 0)
	j.events.Exited(j.result(*r))
	return ending{reason: ReasonCrash, err: errors.New("it " + describe(r))}
}

// giveUp ends the writing of a request that is still being written; the error is that of
// the request, if it could not be read back.
func (w *worker) giveUp(j *Job) error {
	if j.sent == nil {
		return nil
	}
	w.link.stop()
	err := <-j.sent
	j.sent = nil
	if errorIs[*spool.StorageError](err) {
		return err
	}
	return nil
}
