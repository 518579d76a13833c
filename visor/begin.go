package visor

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/urocket/urocket/processctl"
)

func newRun(v *Visor, c *Call) *Run {
	return &Run{visor: v, call: c, arrived: time.Now()}
}

// beginPaced starts the process when it is its turn.
func (r *Run) beginPaced(ctx context.Context) error {
	if err := r.visor.pace.enter(ctx); err != nil {
		return err
	}
	r.young.Store(true)
	time.AfterFunc(youth, r.grow) // a start may take long too
	err := r.begin(r.start)
	if err != nil {
		r.grow()
	}
	return err
}

// begin starts the process. The lock is held meanwhile: whatever the process
// does at once, its events and replies come after proc is set. A fault of ours is
// an error like others, so that it does not cost a place: a lock that is never
// given back sticks.
func (r *Run) begin(start func() (process, error)) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("start process: a fault of urocket itself: %v\n%s", fault, debug.Stack())
		}
	}()
	r.starts.Store(int64(time.Since(epoch)))
	r.mu.Lock()
	defer r.started()
	switch {
	case r.visor.stopped():
		return ErrDraining // stop has looked at this call, or waits for the lock
	case r.wanted.Load() != 0:
		return ErrTerminated
	}
	r.queued = time.Since(r.arrived)
	r.decided, r.exited = make(chan struct{}), make(chan struct{})
	proc, err := start()
	if err != nil {
		return err
	}
	r.proc = proc
	r.call.Spec, r.call.Request = nil, nil // they may hold a large payload
	return nil
}

func (r *Run) start() (process, error) {
	spec, err := r.call.Spec()
	if err != nil {
		return nil, err
	}
	spec.Stream = r.call.Mode.Streamed()
	spec.Events = processctl.Events{Exited: r.onExited, TimedOut: r.onTimedOut, Ended: r.onEnded}
	return r.visor.start(spec)
}

// started lets go of the lock. Who wanted the call ended meanwhile has left it to this.
func (r *Run) started() {
	r.starts.Store(0)
	if r.proc != nil && r.wanted.Load() != 0 {
		r.endProcess()
	}
	r.mu.Unlock()
}
