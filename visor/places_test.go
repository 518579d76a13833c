package visor

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func newOperation(path string, running, queued int) *Operation {
	return &Operation{Path: path, Method: "GET", Running: running, Queued: queued}
}

// wantEmpty demands that nothing is left of anybody who ran or waited, but for
// the lanes of operations that the limits name.
func (p *places) wantEmpty(t interface{ Errorf(string, ...any) }, named int) {
	if p.running != 0 || p.queued != 0 || len(p.ready) != 0 || len(p.lanes) != named {
		t.Errorf("left: %d running, %d queued, %d ready, %d operations", p.running, p.queued, len(p.ready), len(p.lanes))
	}
}

// waiters begins n callers one after the other; order tells who got a place when.
func waiters(p *places, l *Operation, n int, order chan<- int) {
	for i := range n {
		go func() {
			if p.enter(context.Background(), l, nil) == nil {
				order <- i
			}
		}()
		synctest.Wait()
	}
}

func TestFirstComeFirstServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &places{maxRunning: 4, maxQueued: NoLimit, wait: time.Hour}
		l := newOperation("/1", 1, NoLimit)
		order := make(chan int, 10)
		waiters(p, l, 10, order)
		for want := range 10 {
			synctest.Wait()
			if got := <-order; got != want {
				t.Fatalf("place %d went to caller %d", want, got)
			}
			if len(order) > 0 {
				t.Fatal("more than one runs")
			}
			p.leave(l)
		}
	})
}

func TestBusyTellsWhosePlacesAreTaken(t *testing.T) {
	full := func(serviceRunning, serviceQueued, running, queued int, wait time.Duration) error {
		p := &places{maxRunning: serviceRunning, maxQueued: serviceQueued, wait: wait}
		l := newOperation("/2", running, queued)
		if err := p.enter(context.Background(), l, nil); err != nil {
			return err
		}
		return p.enter(context.Background(), l, nil)
	}
	for name, c := range map[string]struct {
		err   func() error
		scope Scope
		late  bool
	}{
		"operation refuses at once":     {func() error { return full(9, 9, 1, 0, time.Hour) }, OperationScope, false},
		"operation without a queue":     {func() error { return full(9, 0, 1, NoLimit, time.Hour) }, OperationScope, false},
		"service refuses at once":       {func() error { return full(1, 0, NoLimit, NoLimit, time.Hour) }, ServiceScope, false},
		"no queue although service's":   {func() error { return full(1, 9, NoLimit, 0, time.Hour) }, ServiceScope, false},
		"operation, the wait is over":   {func() error { return full(9, 9, 1, 9, time.Second) }, OperationScope, true},
		"service, the wait is over":     {func() error { return full(1, 9, NoLimit, 9, time.Second) }, ServiceScope, true},
		"no waiting at all is possible": {func() error { return full(1, 9, NoLimit, 9, 0) }, ServiceScope, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var busy *BusyError
				if err := c.err(); !errors.As(err, &busy) || busy.Scope != c.scope || (busy.Waited > 0) != c.late {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

func TestOperationInWaitDoesNotBlockOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &places{maxRunning: 2, maxQueued: NoLimit, wait: time.Hour}
		one, other := newOperation("/3", 1, NoLimit), newOperation("/4", NoLimit, NoLimit)
		order := make(chan int, 10)
		waiters(p, one, 3, order)
		if err := p.enter(context.Background(), other, nil); err != nil {
			t.Fatal(err)
		}
	drain:
		for { // one runs, two wait; they end as the places come back
			select {
			case <-order:
				p.leave(one)
				synctest.Wait()
			default:
				break drain
			}
		}
		p.leave(other)
		p.wantEmpty(t, 0)
	})
}

func TestCallerWhoLeavesTheQueueHoldsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &places{maxRunning: 1, maxQueued: NoLimit, wait: time.Hour}
		l := newOperation("/5", NoLimit, NoLimit)
		if err := p.enter(context.Background(), l, nil); err != nil {
			t.Fatal(err)
		}
		gone := errors.New("gone")
		ctx, leave := context.WithCancelCause(context.Background())
		result := make(chan error, 1)
		go func() { result <- p.enter(ctx, l, nil) }()
		synctest.Wait()
		leave(gone)
		if err := <-result; !errors.Is(err, gone) {
			t.Errorf("told %v", err)
		}
		p.leave(l)
		p.wantEmpty(t, 0)
	})
}

func TestDrainRefusesWhoWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &places{maxRunning: 1, maxQueued: NoLimit, wait: time.Hour}
		l := newOperation("/6", NoLimit, NoLimit)
		_ = p.enter(context.Background(), l, nil)
		result := make(chan error, 1)
		go func() { result <- p.enter(context.Background(), l, nil) }()
		synctest.Wait()
		p.drain()
		if err := <-result; !errors.Is(err, ErrDraining) {
			t.Errorf("who waited was told %v", err)
		}
		if err := p.enter(context.Background(), l, nil); !errors.Is(err, ErrDraining) {
			t.Errorf("who came was told %v", err)
		}
	})
}

// TestPlacesUnderLoad lets callers of several operations come, wait, leave and
// run at random, and checks that no limit is passed and no place is lost.
func TestPlacesUnderLoad(t *testing.T) {
	p := &places{maxRunning: 5, maxQueued: 50, wait: 2 * time.Millisecond}
	operations := []*Operation{newOperation("/7", 1, 3), newOperation("/8", 3, NoLimit), newOperation("/9", NoLimit, 0), newOperation("/10", NoLimit, NoLimit)}
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() {
			for range 200 {
				l := operations[rand.IntN(len(operations))]
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(rand.IntN(3000))*time.Microsecond)
				if p.enter(ctx, l, nil) == nil {
					p.mu.Lock()
					if p.running > 5 || l.Running != NoLimit && p.lane(l).running > l.Running {
						t.Error("too many run")
					}
					p.mu.Unlock()
					p.leave(l)
				}
				cancel()
			}
		})
	}
	wg.Wait()
	p.wantEmpty(t, 0)
}
