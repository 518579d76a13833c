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

func newLane(running, queued int) *lane {
	l := &lane{maxRunning: running, maxQueued: queued, index: -1}
	l.waiting.Init()
	return l
}

// waiters begins n callers one after the other; order tells who got a place when.
func waiters(p *places, l *lane, n int, order chan<- int) {
	for i := range n {
		go func() {
			if p.enter(context.Background(), l) == nil {
				order <- i
			}
		}()
		synctest.Wait()
	}
}

func TestFirstComeFirstServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &places{maxRunning: 4, maxQueued: NoLimit, wait: time.Hour}
		l := newLane(1, NoLimit)
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
		l := newLane(running, queued)
		if err := p.enter(context.Background(), l); err != nil {
			return err
		}
		return p.enter(context.Background(), l)
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
		one, other := newLane(1, NoLimit), newLane(NoLimit, NoLimit)
		order := make(chan int, 10)
		waiters(p, one, 3, order)
		if err := p.enter(context.Background(), other); err != nil {
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
		if p.running != 0 || p.queued != 0 || len(p.ready) != 0 {
			t.Errorf("left: %d running, %d queued, %d ready", p.running, p.queued, len(p.ready))
		}
	})
}

func TestCallerWhoLeavesTheQueueHoldsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &places{maxRunning: 1, maxQueued: NoLimit, wait: time.Hour}
		l := newLane(NoLimit, NoLimit)
		if err := p.enter(context.Background(), l); err != nil {
			t.Fatal(err)
		}
		gone := errors.New("gone")
		ctx, leave := context.WithCancelCause(context.Background())
		result := make(chan error, 1)
		go func() { result <- p.enter(ctx, l) }()
		synctest.Wait()
		leave(gone)
		if err := <-result; !errors.Is(err, gone) {
			t.Errorf("told %v", err)
		}
		p.leave(l)
		if p.running != 0 || p.queued != 0 || l.running != 0 {
			t.Errorf("left: %d running, %d queued", p.running, p.queued)
		}
	})
}

func TestDrainRefusesWhoWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &places{maxRunning: 1, maxQueued: NoLimit, wait: time.Hour}
		l := newLane(NoLimit, NoLimit)
		_ = p.enter(context.Background(), l)
		result := make(chan error, 1)
		go func() { result <- p.enter(context.Background(), l) }()
		synctest.Wait()
		p.drain([]*lane{l})
		if err := <-result; !errors.Is(err, ErrDraining) {
			t.Errorf("who waited was told %v", err)
		}
		if err := p.enter(context.Background(), l); !errors.Is(err, ErrDraining) {
			t.Errorf("who came was told %v", err)
		}
	})
}

// TestPlacesUnderLoad lets callers of several operations come, wait, leave and
// run at random, and checks that no limit is passed and no place is lost.
func TestPlacesUnderLoad(t *testing.T) {
	p := &places{maxRunning: 5, maxQueued: 50, wait: 2 * time.Millisecond}
	lanes := []*lane{newLane(1, 3), newLane(3, NoLimit), newLane(NoLimit, 0), newLane(NoLimit, NoLimit)}
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() {
			for range 200 {
				l := lanes[rand.IntN(len(lanes))]
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(rand.IntN(3000))*time.Microsecond)
				if p.enter(ctx, l) == nil {
					p.mu.Lock()
					if p.running > 5 || l.maxRunning != NoLimit && l.running > l.maxRunning {
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
	if p.running != 0 || p.queued != 0 || len(p.ready) != 0 {
		t.Errorf("left: %d running, %d queued, %d ready", p.running, p.queued, len(p.ready))
	}
}
