package visor

import (
	"context"
	"errors"
	"time"

	"github.com/urocket/urocket/processctl"
	"github.com/urocket/urocket/processctl/worker"
)

// beginLeased hands the call to a worker of its pool. Who has a place waits for one as
// long as he might have waited for the place.
func (r *Run) beginLeased(ctx context.Context) error {
	for {
		lease, ok := r.call.Pool.Try()
		if !ok {
			var err error
			if lease, err = r.lease(ctx); err != nil {
				return err
			}
		}
		if err := r.beginOn(lease); !errors.Is(err, worker.ErrGone) {
			return err
		} // another one has taken, or takes, its place
	}
}

// beginOn hands the call to a worker.
func (r *Run) beginOn(lease worker.Lease) error {
	used := false
	err := r.begin(func() (process, error) {
		used = true
		job, err := lease.Begin(r.call.Request, worker.Events{
			Answered: r.onAnswered, Exited: r.onDied, TimedOut: r.onTimedOut, Ended: r.onLeft,
		})
		if err != nil {
			return nil, err
		}
		return job, nil
	})
	if !used {
		lease.Return()
	}
	return err
}

// lease waits for a worker; not any more once the service is stopping.
func (r *Run) lease(ctx context.Context) (worker.Lease, error) {
	waits, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(r.visor.drained, func() { cancel(ErrDraining) })()
	lease, err := r.call.Pool.Acquire(waits, r.visor.places.patience()-time.Since(r.arrived))
	var busy *worker.BusyError
	if errors.As(err, &busy) {
		err = &BusyError{Scope: OperationScope, Waited: busy.Waited}
	}
	return lease, err
}

// onAnswered takes a worker's answer, or what it sent in its place.
func (r *Run) onAnswered(a *worker.Answer, err error) {
	reply := &Reply{Fault: err}
	if err == nil {
		reply.Status, reply.Body = a.Status, a.Body
		reply.Header = make([]Field, len(a.Header))
		for i, f := range a.Header {
			reply.Header[i] = Field(f)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.end == EndNone:
		r.reply = reply
		r.decide(EndReply)
	case reply.Body != nil:
		_ = reply.Body.Close() // nobody waits for it any more
	}
}

// onDied takes the end of a worker that had not answered. There is no reply that could
// still arrive.
func (r *Run) onDied(result processctl.Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.proc == nil || r.result != nil {
		return
	}
	r.result = &result
	close(r.exited)
	r.decide(exitEnd(r.result))
}

// onLeft takes the end of the worker's part. One that was stopped, because an operator
// wanted it, has told of nothing else: its caller gets what its death gives.
func (r *Run) onLeft(result processctl.Result) {
	r.mu.Lock()
	waits := r.end == EndNone
	r.mu.Unlock()
	if waits {
		r.onDied(result)
	}
	r.onEnded(result)
}
