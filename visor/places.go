package visor

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"time"
)

// Scope says whose places are taken.
type Scope int

// The operation's own places, or those of the whole service.
const (
	OperationScope Scope = iota
	ServiceScope
)

func (s Scope) String() string { return [...]string{"operation", "service"}[s] }

// BusyError says that no place was free: the queue was full, or the wait for a
// place too long.
type BusyError struct {
	Scope  Scope
	Waited time.Duration // 0: the queue was full
}

func (e *BusyError) Error() string {
	if e.Waited > 0 {
		return "no place of the " + e.Scope.String() + " became free in " + e.Waited.String()
	}
	return "all places and the queue of the " + e.Scope.String() + " are taken"
}

// ErrDraining says that the service is stopping and starts nothing any more.
var ErrDraining = errors.New("the service is stopping")

// Limits bound the calls of a visor. [NoLimit] is understood for every number.
type Limits struct {
	Running    int           // processes at once, all operations together
	Queued     int           // callers waiting for a place
	QueueWait  time.Duration // how long a caller waits for a place; 0: not at all
	Operations []Operation
}

// ticket is a waiting caller.
type ticket struct {
	lane *lane
	elem *list.Element
	wait time.Duration
	done chan struct{} // closed when the place is given, or refused with err
	err  error
}

// told says whether the place was given or refused.
func (t *ticket) told() bool {
	select {
	case <-t.done:
		return true
	default:
		return false
	}
}

// places gives out the places of a service, as the package comment says.
type places struct {
	mu                    sync.Mutex
	maxRunning, maxQueued int
	wait                  time.Duration
	lanes                 map[laneKey]*lane
	running               int
	queued                int
	turn                  uint64 // counts the places that were given, and the lanes
	ready                 readyLanes
	draining              bool
}

// set changes the limits. Who runs or waits stays, if need be above them, and
// waits as long as was said to him; a place that there is now is given at once.
func (p *places) set(limits Limits) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.maxRunning, p.maxQueued, p.wait = limits.Running, limits.Queued, limits.QueueWait
	for _, l := range p.lanes {
		l.named = false
	}
	for i := range limits.Operations {
		o := &limits.Operations[i]
		l := p.lane(o)
		l.named, l.maxRunning, l.maxQueued = true, o.Running, o.Queued
	}
	for _, l := range p.lanes {
		p.update(l)
	}
	p.give()
}

// enter waits for a place. It returns a [*BusyError], [ErrDraining], or ctx's
// error when the caller leaves; then it holds no place. waits is told of the ticket of
// a caller who has to wait; nil: nobody wants to know.
func (p *places) enter(ctx context.Context, o *Operation, waits func(*ticket)) error {
	t, err := p.queue(o)
	if err != nil || t == nil {
		return err
	}
	if waits != nil {
		waits(t)
	}
	timer := time.AfterFunc(t.wait, func() { p.expire(t) })
	defer timer.Stop()
	select {
	case <-t.done:
	case <-ctx.Done():
	}
	if ctx.Err() != nil { // also with a place that was given at the same time
		p.giveUp(t)
		return context.Cause(ctx)
	}
	return t.err
}

// queue takes a place at once, or a ticket to wait for one.
func (p *places) queue(o *Operation) (*ticket, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.draining {
		return nil, ErrDraining
	}
	l := p.lane(o)
	defer p.update(l)
	// A free place with callers waiting for it does not exist: give hands it on.
	if !l.full() && !p.full() {
		p.take(l)
		return nil, nil
	}
	if p.wait <= 0 || l.maxQueued != NoLimit && l.waiting.Len() >= l.maxQueued || p.maxQueued != NoLimit && p.queued >= p.maxQueued {
		return nil, &BusyError{Scope: p.scope(l)}
	}
	t := &ticket{lane: l, wait: p.wait, done: make(chan struct{})}
	t.elem = l.waiting.PushBack(t)
	p.queued++
	return t, nil
}

// waits is how many callers wait for a place of an operation.
func (p *places) waits(o *Operation) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l := p.lanes[o.key()]; l != nil {
		return l.waiting.Len()
	}
	return 0
}

// patience is how long a caller may wait.
func (p *places) patience() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.wait
}

func (p *places) busy(o *Operation) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.lanes[o.key()]
	return p.full() || l != nil && l.full()
}

func (p *places) full() bool { return p.maxRunning != NoLimit && p.running >= p.maxRunning }

// scope tells whose places a caller of l has to wait for.
func (p *places) scope(l *lane) Scope {
	if l.full() {
		return OperationScope
	}
	return ServiceScope
}

// expire refuses a caller who has waited long enough.
func (p *places) expire(t *ticket) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !t.told() {
		p.refuse(t, &BusyError{Scope: p.scope(t.lane), Waited: t.wait})
	}
}

// giveUp takes a caller who has left out of his queue, or his place back.
func (p *places) giveUp(t *ticket) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case !t.told():
		p.refuse(t, context.Canceled) // to nobody, but it is not to expire any more
	case t.err == nil:
		p.free(t.lane)
	}
}

func (p *places) remove(t *ticket) {
	t.lane.waiting.Remove(t.elem)
	p.queued--
	p.update(t.lane)
}

// leave gives a place back.
func (p *places) leave(o *Operation) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free(p.lane(o))
}

func (p *places) free(l *lane) {
	l.running--
	p.running--
	p.update(l)
	p.give()
}

// take counts a place of l as taken.
func (p *places) take(l *lane) {
	p.turn++
	l.turn = p.turn
	l.running++
	p.running++
}

// give hands out the places that are free.
func (p *places) give() {
	for !p.full() && len(p.ready) > 0 {
		t := p.ready[0].waiting.Front().Value.(*ticket)
		p.take(t.lane)
		p.remove(t)
		close(t.done)
	}
}

// refuse tells a caller who waits that he is not to have a place.
func (p *places) refuse(t *ticket, err error) {
	t.err = err
	p.remove(t)
	close(t.done)
}

// drain refuses everyone who waits, and whoever comes later.
func (p *places) drain() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.draining = true
	for _, l := range p.lanes {
		for l.waiting.Len() > 0 {
			p.refuse(l.waiting.Front().Value.(*ticket), ErrDraining)
		}
	}
}
