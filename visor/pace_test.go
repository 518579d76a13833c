package visor

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/urocket/urocket/processctl"
)

// No more processes are young at a time than there may be; the others start in
// their order, as those end or grow up, and nobody is forgotten.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := New(nil, Limits{Running: NoLimit, Queued: NoLimit, QueueWait: time.Hour})
		v.pace.max = 3
		var mu sync.Mutex
		var started []*fakeProcess
		v.start = func(s processctl.Spec) (process, error) {
			mu.Lock()
			defer mu.Unlock()
			f := &fakeProcess{events: s.Events}
			started = append(started, f)
			return f, nil
		}
		for n := range 10 {
			ctx, leave := context.WithCancel(context.Background())
			if n == 4 {
				time.AfterFunc(time.Millisecond, leave)
			}
			go func() {
				defer leave()
				run, err := v.Begin(ctx, &Call{ID: string(rune('a' + n)), Operation: newOperation("/x", NoLimit, NoLimit), Mode: ReplyReport, Spec: specOf("")})
				if (err != nil) != (n == 4) {
					t.Errorf("call %d: %v", n, err)
				}
				if err == nil {
					run.Wait()
					run.Close()
				}
			}()
			synctest.Wait()
		}
		want := func(n int, when string) {
			t.Helper()
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			if len(started) != n {
				t.Errorf("%d processes have started %s, want %d", len(started), when, n)
			}
		}
		exit := func(n int) {
			mu.Lock()
			f := started[n]
			mu.Unlock()
			f.exit(0)
		}
		want(3, "at first")
		time.Sleep(2 * time.Millisecond)
		want(3, "when one who waited has left")
		exit(1)
		want(4, "when one has ended")
		time.Sleep(youth)
		want(7, "when the others have grown up")
		time.Sleep(youth)
		want(9, "when those have grown up")
		for n := range 9 {
			exit(n)
		}
		v.calls.Wait()
		time.Sleep(youth)
		synctest.Wait()
		v.pace.mu.Lock()
		defer v.pace.mu.Unlock()
		if v.pace.young != 0 || v.pace.waiting.Len() != 0 {
			t.Errorf("%d count as young, %d wait", v.pace.young, v.pace.waiting.Len())
		}
	})
}

// A start that fails takes nobody's turn away.
func TestFailedStartIsNotYoung(t *testing.T) {
	v := New(nil, Limits{Running: NoLimit, Queued: NoLimit, QueueWait: time.Hour})
	v.start = func(processctl.Spec) (process, error) { return nil, context.Canceled }
	if _, err := v.Begin(context.Background(), &Call{ID: "a", Operation: newOperation("/x", NoLimit, NoLimit), Spec: specOf("")}); err == nil {
		t.Error("it was told well")
	}
	if v.pace.young != 0 {
		t.Errorf("%d count as young", v.pace.young)
	}
}

// A start that hangs keeps others waiting no longer than a process that has started.
func TestHangingStartHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := New(nil, Limits{Running: NoLimit, Queued: NoLimit, QueueWait: time.Hour})
		v.pace.max = 1
		hangs, started := make(chan struct{}), make(chan struct{})
		v.start = func(s processctl.Spec) (process, error) {
			if s.Path == "hangs" {
				<-hangs
			} else {
				close(started)
			}
			return nil, context.Canceled
		}
		begin := func(path string) {
			if _, err := v.Begin(context.Background(), &Call{ID: path, Operation: newOperation("/"+path, NoLimit, NoLimit), Spec: specOf(path)}); err == nil {
				t.Error("it was told well")
			}
		}
		go begin("hangs")
		synctest.Wait()
		go begin("starts")
		time.Sleep(2 * youth)
		select {
		case <-started:
		default:
			t.Error("the other one has not started")
		}
		close(hangs)
		v.calls.Wait()
		if v.pace.young != 0 {
			t.Errorf("%d count as young", v.pace.young)
		}
	})
}
