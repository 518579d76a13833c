package worker

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/urocket/urocket/processctl"
)

// Options say what a pool consists of. Numbers and times that are 0 set no limit, but
// for Min, Max and BootTimeout.
type Options struct {
	// Start starts a process, as [processctl.Controller.Start].
	Start func(processctl.Spec) (*processctl.Process, error)
	// Spec makes what one worker is started with. Extra, Events, Line, Stream and
	// Timeout are the pool's.
	Spec func() processctl.Spec

	Min, Max    int
	MaxRequests int           // never exceeded, unless no other worker can be started
	MaxAge      time.Duration // from when it was ready
	MaxMemory   int64         // bytes, looked at after each request
	BootTimeout time.Duration // from the start until a worker is ready

	// Line, if set, is given the lines that workers write while they have no request.
	Line func(processctl.Line)
	// Notify is told what happens to workers. It must not block.
	Notify func(Event)
}

// Pool is the workers of one operation.
type Pool struct {
	o        Options
	idleTime time.Duration  // see idleTime
	workers  sync.WaitGroup // their goroutines

	mu      sync.Mutex
	all     map[*worker]struct{}
	idle    []*worker     // sound ones, who was busy last at the end
	old     []*worker     // due for replacement, and without a request
	waiting list.List     // of *ticket
	tried   chan struct{} // closed once a worker was ready, or could not be started

	booting, sound, replaced, parting int // sound and replaced: alive and not, or to be, replaced

	failures int         // starts that came to nothing, in a row
	failed   error       // the last one's
	told     bool        // that the pool is failing
	proved   bool        // a worker was ready once
	hopeless bool        // no start is made: see fail
	retry    *time.Timer // set while no start may be made
	trim     *time.Timer // set while an idle worker may be one too many

	retired, killed bool
	total           totals
}

// ticket is somebody who waits for a worker.
type ticket struct {
	since time.Time
	given chan *worker // one, or closed when there will be none
}

// standing is what a pool knows of a worker, guarded by its lock.
type standing struct {
	state  state
	reason Reason    // why it is due, or parts
	since  time.Time // of being idle
	born   time.Time // when it was ready

	served int
	due    int // from that request on it is to be replaced; 0: never
}

type state int

// A worker is booting, then idle or leased in turn, then parting.
const (
	booting state = iota
	idle
	leased
	parting
)

// New makes a pool and begins to start its workers.
func New(o Options) *Pool {
	p := &Pool{o: o, idleTime: idleTime, all: map[*worker]struct{}{}, tried: make(chan struct{})}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.settle()
	return p
}

// BusyError says that no worker became free in time.
type BusyError struct{ Waited time.Duration }

func (e *BusyError) Error() string {
	return fmt.Sprintf("no worker became free in %v", e.Waited)
}

// FailingError says that no worker can be started.
type FailingError struct{ Err error }

func (e *FailingError) Error() string { return "no worker can be started: " + e.Err.Error() }
func (e *FailingError) Unwrap() error { return e.Err }

// Lease is a worker that has no request and is promised one.
type Lease struct{ w *worker }

// Acquire waits for a worker, at most as long as given. The lease must be used or given
// back. The error is a [*BusyError], a [*FailingError] or ctx's.
func (p *Pool) Acquire(ctx context.Context, wait time.Duration) (Lease, error) {
	w, t, err := p.queue(wait > 0)
	if t != nil {
		w, err = p.await(ctx, t, wait)
	}
	return Lease{w}, err
}

// Try takes a worker that has nothing to do.
func (p *Pool) Try() (Lease, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.pick()
	return Lease{w}, w != nil
}

// queue takes an idle worker, or a ticket to wait for one.
func (p *Pool) queue(patient bool) (*worker, *ticket, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w := p.pick(); w != nil {
		return w, nil, nil
	}
	switch {
	case p.failing():
		p.total.outcomes[Refused]++
		return nil, nil, &FailingError{p.failed}
	case !patient:
		p.total.outcomes[Busy]++
		return nil, nil, &BusyError{}
	}
	t := &ticket{since: time.Now(), given: make(chan *worker, 1)}
	p.waiting.PushBack(t)
	p.settle()
	return nil, t, nil
}

// await waits with a ticket.
func (p *Pool) await(ctx context.Context, t *ticket, wait time.Duration) (*worker, error) {
	late := time.NewTimer(wait)
	defer late.Stop()
	var err error
	select {
	case w, ok := <-t.given:
		if ok {
			return w, nil
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.total.outcomes[Refused]++
		return nil, &FailingError{p.failed}
	case <-late.C:
		err = &BusyError{Waited: time.Since(t.since)}
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if errorIs[*BusyError](err) {
		p.total.outcomes[Busy]++
	}
	for e := p.waiting.Front(); e != nil; e = e.Next() {
		if e.Value == t {
			p.waiting.Remove(e)
			return nil, err
		}
	}
	if w, ok := <-t.given; ok { // at the same moment
		return w, nil
	}
	return nil, err
}

// Return gives a worker back that was asked nothing.
func (l Lease) Return() { l.w.pool.put(l.w) }

// ErrGone says that the worker has ended, and has had nothing of the request.
var ErrGone = errors.New("the worker has ended")

// directSize is how large a frame may be to be written at once, in bytes: what a socket
// holds from which all was read.
const directSize = 64 << 10

// Begin hands the request over. What it comes to is told by the events; the request's
// body is closed once it was sent. The error is [ErrGone], or that of the body; then
// nothing is told, and nothing was closed.
func (l Lease) Begin(r *Request, e Events) (*Job, error) {
	w := l.w
	j := &Job{worker: w, request: r, events: e, begun: time.Now()}
	j.begin()
	frame, whole, err := r.frame(j.begun)
	if err != nil {
		l.Return()
		return nil, err
	}
	direct := whole && len(frame) <= directSize
	if !direct {
		j.sent = make(chan error, 1)
	}
	w.pool.handed(w)
	if !w.link.begin(j) {
		return nil, ErrGone
	}
	if !direct {
		go j.write(frame, whole)
		return j, nil
	}
	n, err := w.link.offer(frame)
	switch {
	case n == len(frame):
	case n == 0 && err != nil && w.link.withdraw(j):
		return nil, ErrGone
	default:
		w.link.fail(j, broken("it has not read what it was sent before"))
	}
	_ = r.Body.Close()
	return j, nil
}

// pick takes a worker that can be asked, the one that was asked last before others: it
// is warm, and those that are too many stay idle. One that has had all the requests that
// it may have serves on only while no other can be started.
func (p *Pool) pick() *worker {
	if n := len(p.idle); n > 0 {
		w := p.idle[n-1]
		p.idle = p.idle[:n-1]
		w.state = leased
		return w
	}
	for i, w := range p.old {
		if p.o.MaxRequests == 0 || w.served < p.o.MaxRequests || p.failures > 0 {
			p.old = append(p.old[:i], p.old[i+1:]...)
			w.state = leased
			return w
		}
	}
	return nil
}

// list puts a worker among the idle, or gives it to who waits longest.
func (p *Pool) list(w *worker) {
	w.state, w.since = idle, time.Now()
	if w.reason == ReasonNone {
		p.idle = append(p.idle, w)
	} else {
		p.old = append(p.old, w)
	}
	p.give()
	p.trimLater()
}

// give hands the idle to those who wait.
func (p *Pool) give() {
	for e := p.waiting.Front(); e != nil; e = p.waiting.Front() {
		w := p.pick()
		if w == nil {
			return
		}
		p.waiting.Remove(e)
		e.Value.(*ticket).given <- w
	}
}

// take takes a worker out of the idle; false: it is not among them.
func (p *Pool) take(w *worker) bool {
	for _, list := range []*[]*worker{&p.idle, &p.old} {
		for i, other := range *list {
			if other == w {
				*list = append((*list)[:i], (*list)[i+1:]...)
				return true
			}
		}
	}
	return false
}

// threshold picks from which request on a worker is to be replaced, so that not all of
// them are at the same time: one of the last tenth.
func (o *Options) threshold() int {
	if o.MaxRequests == 0 {
		return 0
	}
	return o.MaxRequests - rand.IntN(o.MaxRequests/10+1)
}

var errBooting = errors.New("its workers are being started")
