package visor

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestOccupancyCountsWhoHoldsAndWhoWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := New(nil, Limits{})
		v.SetLimits(Limits{Running: 3, Queued: 9, QueueWait: time.Hour, Operations: []Operation{
			*newOperation("/b", 1, 5), {Path: "/a", Method: "POST", Running: NoLimit, Queued: NoLimit}, *newOperation("/a", NoLimit, NoLimit),
		}})
		b, gone := newOperation("/b", 1, 5), newOperation("/gone", NoLimit, NoLimit)
		waiters(&v.places, b, 3, make(chan int, 3))
		waiters(&v.places, gone, 1, make(chan int, 1))
		want := Occupancy{Running: 2, Queued: 2, MaxRunning: 3, MaxQueued: 9, Operations: []OperationOccupancy{
			{Operation: *newOperation("/a", NoLimit, NoLimit)},
			{Operation: Operation{Path: "/a", Method: "POST", Running: NoLimit, Queued: NoLimit}},
			{Operation: *newOperation("/b", 1, 5), Holding: 1, Waiting: 2},
			{Operation: *gone, Holding: 1},
		}}
		got := v.Occupancy()
		if !slices.Equal(got.Operations, want.Operations) {
			t.Errorf("operations\n%+v, want\n%+v", got.Operations, want.Operations)
		}
		if got.Operations, want.Operations = nil, nil; got.Running != want.Running || got.Queued != want.Queued || got.MaxRunning != 3 || got.MaxQueued != 9 {
			t.Errorf("service %+v, want %+v", got, want)
		}
		v.places.leave(gone)
		if got := v.Occupancy(); got.Running != 1 || len(got.Operations) != 3 {
			t.Errorf("after the last call of an operation that nobody names any more: %+v", got)
		}
		for range 3 {
			v.places.leave(b)
			synctest.Wait()
		}
		v.places.wantEmpty(t, 3)
	})
}

func TestSummaryTellsWhyAProcessWasMadeToEnd(t *testing.T) {
	for name, c := range map[string]struct {
		call Call
		do   func(*oneCall)
		end  End
		want End
	}{
		"it ended by itself":                {Call{}, func(o *oneCall) { o.proc.exit(0) }, EndExit, EndNone},
		"the timeout":                       {Call{}, func(o *oneCall) { o.proc.timeout() }, EndTimeout, EndTimeout},
		"the timeout, after a reply":        {Call{}, func(o *oneCall) { _ = o.deliver("x"); o.proc.timeout() }, EndReply, EndTimeout},
		"the timeout, after its end":        {Call{OnExit: ExitWait}, func(o *oneCall) { o.proc.exit(0); o.proc.timeout() }, EndTimeout, EndNone},
		"the caller left":                   {Call{OnDisconnect: DisconnectKill}, func(o *oneCall) { o.leave() }, EndCallerGone, EndCallerGone},
		"the caller left, and it went on":   {Call{}, func(o *oneCall) { o.leave(); <-o.run.decided; o.proc.exit(0) }, EndCallerGone, EndNone},
		"the service stops":                 {Call{}, func(o *oneCall) { o.run.stop() }, EndDraining, EndDraining},
		"the service stops, after a reply":  {Call{}, func(o *oneCall) { _ = o.deliver("x"); o.run.stop() }, EndReply, EndDraining},
		"the service stops, after its end":  {Call{OnExit: ExitWait}, func(o *oneCall) { o.proc.exit(0); o.run.stop() }, EndDraining, EndNone},
		"the service stops, then a timeout": {Call{}, func(o *oneCall) { o.run.stop(); o.proc.timeout() }, EndDraining, EndDraining},
	} {
		t.Run(name, func(t *testing.T) {
			o := begin(t, c.call)
			defer o.leave()
			c.do(o)
			s := <-o.done
			if s.End != c.end || s.Stopped != c.want {
				t.Errorf("ended with %q, stopped for %q; want %q and %q", s.End, s.Stopped, c.end, c.want)
			}
			<-o.answers
			_ = o.visor.places.enter(context.Background(), o.run.call.Operation, func(*ticket) {}) // the place is free again
		})
	}
}
