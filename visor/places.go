package visor

import (
	"container/heap"
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

// NoLimit is for places and queues without one.
const NoLimit = -1

// lane is the places and the queue of one operation.
type lane struct {
	maxRunning, maxQueued int
	running               int
	waiting               list.List // of *ticket, first come first
	index                 int       // in places.ready; -1: not there
}

func (l *lane) full() bool { return l.maxRunning != NoLimit && l.running >= l.maxRunning }

// ticket is a waiting caller.
type ticket struct {
	lane *lane
	seq  uint64 // order of arrival
	elem *list.Element
	done chan struct{} // closed when the place is given, or refused with err
	err  error
}

// places gives out the places of a service: first come, first served among the
// callers whose operation has a free place.
type places struct {
	maxRunning, maxQueued int
	wait                  time.Duration

	mu       sync.Mutex
	running  int
	queued   int
	seq      uint64
	ready    readyLanes
	draining bool
}

// enter waits for a place. It returns a [*BusyError], [ErrDraining], or ctx's
// error when the caller leaves; then it holds no place.
func (p *places) enter(ctx context.Context, l *lane) error {
	t, err := p.queue(l)
	if err != nil || t == nil {
		return err
	}
	timer := time.NewTimer(p.wait)
	defer timer.Stop()
	select {
	case <-t.done:
		return t.err
	case <-timer.C:
		return p.giveUp(t, nil)
	case <-ctx.Done():
		return p.giveUp(t, context.Cause(ctx))
	}
}

// queue takes a place at once, or a ticket to wait for one.
func (p *places) queue(l *lane) (*ticket, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.draining {
		return nil, ErrDraining
	}
	// A free place with callers waiting for it does not exist: leave hands it on.
	if !l.full() && !p.full() {
		l.running++
		p.running++
		return nil, nil
	}
	if l.maxQueued != NoLimit && l.waiting.Len() >= l.maxQueued || p.maxQueued != NoLimit && p.queued >= p.maxQueued || p.wait <= 0 {
		return nil, &BusyError{Scope: p.scope(l)}
	}
	p.seq++
	t := &ticket{lane: l, seq: p.seq, done: make(chan struct{})}
	t.elem = l.waiting.PushBack(t)
	p.queued++
	p.update(l)
	return t, nil
}

func (p *places) full() bool { return p.maxRunning != NoLimit && p.running >= p.maxRunning }

// scope tells whose places a caller of l has to wait for.
func (p *places) scope(l *lane) Scope {
	if l.full() {
		return OperationScope
	}
	return ServiceScope
}

// giveUp takes t out of its queue. If its place was given meanwhile, the place
// is kept on time-out and handed back when the caller has left.
func (p *places) giveUp(t *ticket, cause error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-t.done:
		if t.err == nil && cause != nil {
			p.free(t.lane)
			return cause
		}
		return t.err
	default:
	}
	busy := &BusyError{Scope: p.scope(t.lane), Waited: p.wait}
	p.remove(t)
	if cause != nil {
		return cause
	}
	return busy
}

func (p *places) remove(t *ticket) {
	t.lane.waiting.Remove(t.elem)
	p.queued--
	p.update(t.lane)
}

// leave gives a place back, to the first caller who can use it.
func (p *places) leave(l *lane) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free(l)
}

func (p *places) free(l *lane) {
	l.running--
	p.running--
	p.update(l)
	for !p.full() && len(p.ready) > 0 {
		t := p.ready[0].waiting.Front().Value.(*ticket)
		t.lane.running++
		p.running++
		p.remove(t)
		close(t.done)
	}
}

// drain refuses everyone who waits, and whoever comes later.
func (p *places) drain(lanes []*lane) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.draining = true
	for _, l := range lanes {
		for l.waiting.Len() > 0 {
			t := l.waiting.Front().Value.(*ticket)
			t.err = ErrDraining
			p.remove(t)
			close(t.done)
		}
	}
}

// update puts l where it belongs in ready after its counts have changed.
func (p *places) update(l *lane) {
	switch usable := l.waiting.Len() > 0 && !l.full(); {
	case usable && l.index >= 0:
		heap.Fix(&p.ready, l.index)
	case usable:
		heap.Push(&p.ready, l)
	case l.index >= 0:
		heap.Remove(&p.ready, l.index)
	}
}

// readyLanes are the operations that have a free place and a waiting caller, a
// heap by the arrival of the first caller.
type readyLanes []*lane

func (r readyLanes) Len() int { return len(r) }
func (r readyLanes) Less(i, j int) bool {
	return r[i].waiting.Front().Value.(*ticket).seq < r[j].waiting.Front().Value.(*ticket).seq
}

func (r readyLanes) Swap(i, j int) {
	r[i], r[j] = r[j], r[i]
	r[i].index, r[j].index = i, j
}

func (r *readyLanes) Push(x any) {
	l := x.(*lane)
	l.index = len(*r)
	*r = append(*r, l)
}

func (r *readyLanes) Pop() any {
	old := *r
	l := old[len(old)-1]
	*r = old[:len(old)-1]
	l.index = -1
	return l
}
