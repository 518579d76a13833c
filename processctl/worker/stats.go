package worker

import (
	"context"
	"time"

	"github.com/urocket/urocket/processctl"
)

// Reason says why a worker has ended.
type Reason int

// Reasons. Only those from ReasonTimeout on are a fault of the worker.
const (
	ReasonNone     Reason = iota
	ReasonRequests        // it has had MaxRequests, or nearly
	ReasonAge             // it was MaxAge old, or nearly
	ReasonMemory          // it used more than MaxMemory
	ReasonBye             // it has asked for it
	ReasonIdle            // there was nothing to do
	ReasonRetired         // its pool is no longer wanted
	ReasonStopped         // the caller has left, or the service stops
	ReasonTimeout         // a request has taken too long
	ReasonCrash           // it has ended by itself
	ReasonProtocol        // it has sent what no worker sends
	ReasonBoot            // it was never ready
	reasons
)

func (r Reason) String() string {
	return [...]string{"", "requests", "age", "memory", "bye", "idle", "retired", "stopped", "timeout", "crash", "protocol", "boot"}[r]
}

// Outcome is what became of a request.
type Outcome int

// Outcomes. Busy and Refused requests were never handed over: no worker was free in
// time, or none could be started.
const (
	Answered Outcome = iota
	Failed           // the handler has reported an error
	TimedOut
	Crashed // the worker has ended
	Broken  // it has sent something else than an answer
	Stopped // the caller has left, or the service stops
	Unkept  // the answer, or the request's body, could not be kept here
	Busy
	Refused
	outcomes
)

func (o Outcome) String() string {
	return [...]string{"answered", "failed", "timeout", "crash", "protocol", "stopped", "storage", "busy", "refused"}[o]
}

// Stats are the figures of a pool.
type Stats struct {
	Min, Max                     int
	Alive, Busy, Booting, Ending int
	Failing                      error // why no worker can be started; nil: it can

	Waiting     int           // callers who wait for a worker
	LongestWait time.Duration // how long the first of them has waited

	Outcomes map[Outcome]int64 // of all requests until now
	Ends     map[Reason]int64  // of all workers until now

	// Executed and Time are the number of requests that were answered, failed or took
	// too long, and the time that they took; Under counts them by Bounds, the last of
	// which is open.
	Executed int64
	Time     time.Duration
	Under    []int64
}

// Bounds are the upper ends of what [Stats].Under counts.
var Bounds = []time.Duration{
	time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond,
	500 * time.Millisecond, time.Second, 5 * time.Second, 10 * time.Second,
}

// totals are what is counted.
type totals struct {
	outcomes [outcomes]int64
	reasons  [reasons]int64
	executed int64
	time     time.Duration
	under    [10]int64
}

// count counts a request; took is 0 for one that says nothing of how long requests take.
func (p *Pool) count(o Outcome, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.total.outcomes[o]++
	if took == 0 {
		return
	}
	p.total.executed++
	p.total.time += took
	i := 0
	for i < len(Bounds) && took > Bounds[i] {
		i++
	}
	p.total.under[i]++
}

// Stats tells the figures of now.
func (p *Pool) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := Stats{
		Min: p.o.Min, Max: p.o.Max, Alive: p.sound + p.replaced, Busy: p.busy(), Booting: p.booting, Ending: p.parting,
		Waiting: p.waiting.Len(), Outcomes: map[Outcome]int64{}, Ends: map[Reason]int64{},
		Executed: p.total.executed, Time: p.total.time, Under: append([]int64(nil), p.total.under[:]...),
	}
	if p.failing() {
		s.Failing = p.failed
	}
	if first := p.waiting.Front(); first != nil {
		s.LongestWait = time.Since(first.Value.(*ticket).since)
	}
	for o := range outcomes {
		s.Outcomes[o] = p.total.outcomes[o]
	}
	for r := ReasonNone + 1; r < reasons; r++ {
		s.Ends[r] = p.total.reasons[r]
	}
	return s
}

// Await waits until the first worker is ready, or could not be started; the error says
// why. A pool that need not have any is not waited for.
func (p *Pool) Await(ctx context.Context) error {
	if p.o.Min == 0 {
		return nil
	}
	select {
	case <-p.tried:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return p.Ready()
}

// Ready says why requests would not be served soon: the first worker is still being
// started, or there is none and the last start came to nothing. nil: they would.
func (p *Pool) Ready() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.sound+p.replaced > 0:
		return nil
	case p.failures > 0:
		return &FailingError{p.failed}
	case p.o.Min > 0 && !p.hasBeenTried():
		return errBooting
	}
	return nil
}

// EventKind says what has happened to a worker.
type EventKind int

// Kinds of events. Failing and Recovered are about the pool: from Failing on callers are
// refused at once.
const (
	Ready EventKind = iota
	BootFailed
	Ended
	Failing
	Recovered
)

// Event is something that has happened to a worker.
type Event struct {
	Kind     EventKind
	PID      int    // 0: it was never started
	Reason   Reason // of Ended
	Err      error  // what was wrong with it; nil: nothing
	Output   []byte // the last that it wrote to stderr, else to stdout, if something was wrong
	Failures int    // starts in a row that came to nothing
	GivenUp  bool   // of Failing: none is made before [Pool.Revive]
}

// lastOutput is the end of what a worker wrote.
func lastOutput(proc *processctl.Process) []byte {
	const size = 500
	text, n := proc.Tail(processctl.Stderr, size)
	if n == 0 {
		text, _ = proc.Tail(processctl.Stdout, size)
	}
	return text
}
