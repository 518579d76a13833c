package visor

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/urocket/urocket/processctl"
)

// Who waits for his place is refused, and takes none.
func TestTerminateInTheQueue(t *testing.T) {
	o := begin(t, Call{Mode: ReplyReport})
	refused := make(chan error, 1)
	go func() {
		_, err := o.visor.Begin(context.Background(), &Call{ID: "waits", Operation: newOperation("/x", NoLimit, NoLimit), Spec: specOf("")})
		refused <- err
	}()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		if s, ok := o.visor.Snapshot("waits"); ok && s.State == "queued" && time.Now().Before(deadline) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("it does not wait")
		}
	}
	if err := o.visor.Terminate("waits", false); err != nil {
		t.Fatal(err)
	}
	if err := <-refused; !errors.Is(err, ErrTerminated) {
		t.Errorf("refused with %v", err)
	}
	if err := o.visor.Terminate("waits", false); !errors.Is(err, ErrUnknown) {
		t.Errorf("terminated again: %v", err)
	}
	if err := o.visor.Terminate("id", true); err != nil {
		t.Error(err)
	}
	if a := <-o.answers; a.End != EndExit || a.Result.Exit != 15 {
		t.Errorf("%+v", a)
	}
	<-o.done
	o.visor.calls.Wait()
	var gone *GoneError
	if err := o.visor.Terminate("id", false); !errors.As(err, &gone) || gone.End != EndExit {
		t.Errorf("terminated after its end: %v", err)
	}
	if o.visor.places.running != 0 || o.visor.places.queued != 0 {
		t.Error("a place is taken")
	}
}

// A process whose start hangs keeps nobody from looking at what runs. It can be ended:
// as soon as it is there.
func TestWhileAStartHangs(t *testing.T) {
	v := New(nil, Limits{Running: NoLimit, Queued: NoLimit, QueueWait: time.Hour})
	proc := &fakeProcess{}
	hanging, goOn := make(chan struct{}), make(chan struct{})
	v.start = func(s processctl.Spec) (process, error) {
		close(hanging)
		<-goOn
		proc.events = s.Events
		return proc, nil
	}
	began := make(chan *Run, 1)
	go func() {
		run, err := v.Begin(context.Background(), &Call{ID: "id", Operation: newOperation("/h", NoLimit, NoLimit), Spec: specOf("")})
		if err != nil {
			t.Error(err)
		}
		began <- run
	}()
	<-hanging
	if s, ok := v.Snapshot("id"); !ok || s.State != "queued" {
		t.Errorf("%+v", s)
	}
	if all := v.Snapshots(); len(all) != 1 {
		t.Errorf("%d calls", len(all))
	}
	if err := v.Terminate("id", false); err != nil {
		t.Error(err)
	}
	close(goOn)
	run := <-began
	if a := run.Wait(); a.End != EndExit || a.Result.Exit != 15 {
		t.Errorf("%+v", a)
	}
	run.Close()
	v.calls.Wait()
}

// Terminate is heard whenever it comes: the call is refused, or its process ended.
func TestTerminateAtAnyTime(t *testing.T) {
	for i := range 500 {
		mode := ReplyReport
		if i%50 == 0 {
			mode = ReplySocket // its end lingers
		}
		v := New(nil, Limits{Running: 1, Queued: NoLimit, QueueWait: time.Hour})
		v.start = func(s processctl.Spec) (process, error) { return &fakeProcess{events: s.Events}, nil }
		told := make(chan error, 1)
		go func() {
			for deadline := time.Now().Add(20 * time.Second); ; {
				err := v.Terminate("id", i%2 == 0)
				if err == nil || time.Now().After(deadline) {
					told <- err
					return
				}
			}
		}()
		run, err := v.Begin(context.Background(), &Call{ID: "id", Mode: mode, Operation: newOperation("/x", NoLimit, NoLimit), Spec: specOf("")})
		switch {
		case errors.Is(err, ErrTerminated):
		case err != nil:
			t.Fatal(err)
		default:
			if a := run.Wait(); a.End != EndExit {
				t.Fatalf("ended with %v", a.End)
			}
			run.Close()
		}
		if err := <-told; err != nil {
			t.Fatal(err)
		}
		v.calls.Wait()
	}
}
