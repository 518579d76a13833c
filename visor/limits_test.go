package visor

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/urocket/urocket/processctl"
)

// enters begins a caller; the channel has his error once he is told.
func (p *places) enters(o *Operation) <-chan error {
	told := make(chan error, 1)
	go func() { told <- p.enter(context.Background(), o, nil) }()
	synctest.Wait()
	return told
}

// wantWaiting demands that a caller has not been told anything.
func wantWaiting(t *testing.T, told <-chan error, why string) {
	t.Helper()
	synctest.Wait()
	if len(told) > 0 {
		t.Errorf("told %v: %s", <-told, why)
	}
}

// wantPlace demands that a caller has a place.
func wantPlace(t *testing.T, told <-chan error, why string) {
	t.Helper()
	synctest.Wait()
	select {
	case err := <-told:
		if err != nil {
			t.Errorf("told %v: %s", err, why)
		}
	default:
		t.Error("still waiting: " + why)
	}
}

func limits(running int, operations ...*Operation) Limits {
	l := Limits{Running: running, Queued: NoLimit, QueueWait: time.Hour}
	for _, o := range operations {
		l.Operations = append(l.Operations, *o)
	}
	return l
}

// A lock is a lock whatever happens to the limits: as long as one call runs, no
// other begins, even if its operation was away for a while.
func TestLockHoldsOverNewLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lock := newOperation("/lock", 1, NoLimit)
		p := &places{}
		p.set(limits(9, lock))
		first := p.enters(lock)
		wantPlace(t, first, "nobody was there")
		p.set(limits(9, lock))
		second := p.enters(newOperation("/lock", 1, NoLimit)) // as the new edition names it
		wantWaiting(t, second, "the first one runs, and the limits were set again")
		p.set(limits(9))
		wantWaiting(t, second, "the first one runs, and the operation is not named any more")
		p.set(limits(9, lock))
		third := p.enters(lock)
		wantWaiting(t, third, "the first one runs, and the operation is back")
		p.leave(lock)
		wantPlace(t, second, "the first one has ended")
		wantWaiting(t, third, "the second one runs")
		p.leave(lock)
		wantPlace(t, third, "the second one has ended")
		p.leave(lock)
		p.wantEmpty(t, 1)
	})
}

// An old call that comes to its place only after its operation was taken away
// is counted by the limit it knows.
func TestCallOfAnOperationThatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &places{}
		p.set(limits(9))
		gone := newOperation("/gone", 1, 0)
		wantPlace(t, p.enters(gone), "nobody was there")
		if err := <-p.enters(gone); err == nil {
			t.Error("two of one")
		}
		p.set(limits(9, newOperation("/gone", 1, NoLimit))) // it comes back while the old one runs
		wantWaiting(t, p.enters(gone), "the old one runs, and may be waited for now")
		p.leave(gone)
		p.leave(gone)
		p.set(limits(9))
		p.wantEmpty(t, 0)
	})
}

func TestRaisedLimitsWakeAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &places{}
		p.set(limits(2, newOperation("/a", 1, NoLimit)))
		a := newOperation("/a", 1, NoLimit)
		var told []<-chan error
		for range 5 {
			told = append(told, p.enters(a))
		}
		wantPlace(t, told[0], "nobody was there")
		p.set(limits(2, newOperation("/a", 3, NoLimit)))
		wantPlace(t, told[1], "the operation has three places, the service two")
		wantWaiting(t, told[2], "the service has two places")
		p.set(limits(9, newOperation("/a", NoLimit, NoLimit)))
		for _, caller := range told[2:] {
			wantPlace(t, caller, "there are places for all")
		}
		for range 5 {
			p.leave(a)
		}
		p.wantEmpty(t, 1)
	})
}

// Who runs or waits already does so on, above the new limits if need be.
func TestLoweredLimitsRefuseOnlyNewcomers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newOperation("/a", 3, NoLimit)
		p := &places{}
		p.set(limits(9, a))
		var told []<-chan error
		for range 5 {
			told = append(told, p.enters(a))
		}
		lower := limits(9, newOperation("/a", 1, 1))
		lower.QueueWait = time.Minute
		p.set(lower)
		if err := <-p.enters(a); err == nil {
			t.Error("the queue is over its new limit, and one more was taken")
		}
		wantWaiting(t, told[3], "three run")
		p.leave(a)
		p.leave(a)
		wantWaiting(t, told[3], "one runs, which is all that may")
		p.leave(a)
		wantPlace(t, told[3], "nobody runs")
		time.Sleep(2 * time.Minute)
		wantWaiting(t, told[4], "he was to wait for an hour")
		p.leave(a)
		wantPlace(t, told[4], "nobody runs")
		p.leave(a)
		p.wantEmpty(t, 1)
	})
}

// A thousand sets of limits, each with an operation of its own that has callers,
// leave nothing behind.
func TestLanesGoWithTheirLastCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &places{}
		for i := range 1000 {
			o := newOperation(time.Duration(i).String(), 1, NoLimit)
			p.set(limits(9, o))
			first, second := p.enters(o), p.enters(o)
			p.set(limits(9))
			wantPlace(t, first, "nobody was there")
			p.leave(o)
			wantPlace(t, second, "the first one has ended")
			if len(p.lanes) != 1 {
				t.Fatalf("%d operations while one has a call", len(p.lanes))
			}
			p.leave(o)
		}
		p.wantEmpty(t, 0)
	})
}

// A start that fails, or even panics, gives its place back.
func TestFailedStartHoldsNoPlace(t *testing.T) {
	v := New(nil, Limits{Running: 1, Queued: 0, QueueWait: time.Hour})
	for _, fails := range []func(processctl.Spec) (process, error){
		func(processctl.Spec) (process, error) { return nil, errors.New("no process") },
		func(processctl.Spec) (process, error) { panic("a fault") },
	} {
		v.start = fails
		if _, err := v.Begin(context.Background(), &Call{ID: "id", Operation: newOperation("/x", 1, 0), Spec: specOf("")}); err == nil {
			t.Error("begun")
		}
		v.places.wantEmpty(t, 0)
		if len(v.runs) != 0 {
			t.Error("the call is still listed")
		}
		v.calls.Wait()
	}
}
