package visor

import (
	"container/list"
	"context"
	"runtime"
	"sync"
	"time"
)

// youth is how long a process counts as young. Most short scripts are over by then;
// one that sleeps or waits for somebody keeps nobody from starting.
const youth = 10 * time.Millisecond

// pace lets so many processes be young at a time, [processctl.Controller.Abreast] for each
// processor, and others start in the order in which they came.
type pace struct {
	max int

	mu      sync.Mutex
	young   int
	waiting list.List // of chan struct{}, closed when it is its turn
}

func newPace(each int) *pace { return &pace{max: each * runtime.NumCPU()} }

// enter waits for its turn, or until ctx is done. Without an error, leave must be
// called once.
func (p *pace) enter(ctx context.Context) error {
	p.mu.Lock()
	if p.young < p.max {
		p.young++
		p.mu.Unlock()
		return nil
	}
	turn := make(chan struct{})
	e := p.waiting.PushBack(turn)
	p.mu.Unlock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-turn: // at the same moment
		p.next()
	default:
		p.waiting.Remove(e)
	}
	return ctx.Err()
}

// leave says that a process is young no more.
func (p *pace) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next()
}

// next gives what has become free to who waits longest. The lock is held.
func (p *pace) next() {
	first := p.waiting.Front()
	if first == nil {
		p.young--
		return
	}
	p.waiting.Remove(first)
	close(first.Value.(chan struct{}))
}

// grow says once that the run's process is young no more.
func (r *Run) grow() {
	if r.young.CompareAndSwap(true, false) {
		r.visor.pace.leave()
	}
}
