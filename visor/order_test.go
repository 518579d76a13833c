package visor

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/urocket/urocket/processctl"
	"github.com/urocket/urocket/processctl/spool"
)

// fakeProcess stands for a process whose life the test decides.
type fakeProcess struct {
	events processctl.Events

	mu       sync.Mutex
	released bool
	stopped  bool
	exited   bool
	ended    bool
}

func (f *fakeProcess) PID() int           { return 4711 }
func (f *fakeProcess) Driver() string     { return "spawn" }
func (f *fakeProcess) Started() time.Time { return time.Now() }
func (f *fakeProcess) Release()           { f.mu.Lock(); f.released = true; f.mu.Unlock(); go f.settle() }

func (f *fakeProcess) Stop()               { f.mu.Lock(); f.stopped = true; f.mu.Unlock(); go f.exit(15) }
func (f *fakeProcess) Kill()               { f.Stop() }
func (f *fakeProcess) Holds(p string) bool { return p == "here" }
func (f *fakeProcess) SamplePeak()         {}

func (f *fakeProcess) Usage() (processctl.Usage, bool)             { return processctl.Usage{}, false }
func (f *fakeProcess) Tail(processctl.Stream, int) ([]byte, int64) { return nil, 0 }
func (f *fakeProcess) Stdout() processctl.Output                   { panic("not streamed") }

// exit ends the process, once.
func (f *fakeProcess) exit(code int) {
	f.mu.Lock()
	first := !f.exited
	f.exited = true
	f.mu.Unlock()
	if first {
		f.events.Exited(processctl.Result{Exit: code})
	}
	f.settle()
}

// settle ends the group once the process is gone and nobody needs it, as
// processctl promises.
func (f *fakeProcess) settle() {
	f.mu.Lock()
	over := f.exited && (f.released || f.stopped) && !f.ended
	f.ended = f.ended || over
	f.mu.Unlock()
	if over {
		f.events.Ended(processctl.Result{})
	}
}

func (f *fakeProcess) timeout() {
	f.mu.Lock()
	ended := f.ended
	f.mu.Unlock()
	if !ended {
		f.events.TimedOut()
		f.Stop()
	}
}

// oneCall begins a call of a fake process; its answer comes to the channel.
type oneCall struct {
	run     *Run
	visor   *Visor
	proc    *fakeProcess
	leave   context.CancelFunc
	answers chan Answer
	done    chan Summary
}

// specOf makes the spec of a program.
func specOf(path string) func() (processctl.Spec, error) {
	return func() (processctl.Spec, error) { return processctl.Spec{Path: path}, nil }
}

func begin(t interface{ Fatal(...any) }, c Call) *oneCall {
	o := &oneCall{proc: &fakeProcess{}, answers: make(chan Answer, 2), done: make(chan Summary, 2)}
	o.visor = New(nil, Limits{Running: 1, Queued: NoLimit, QueueWait: time.Hour})
	o.visor.start = func(s processctl.Spec) (process, error) {
		o.proc.events = s.Events
		return o.proc, nil
	}
	c.ID, c.Operation, c.Spec, c.Done = "id", newOperation("/x", NoLimit, NoLimit), specOf("x"), func(s Summary) { o.done <- s }
	ctx, leave := context.WithCancel(context.Background())
	o.leave = leave
	run, err := o.visor.Begin(ctx, &c)
	if err != nil {
		t.Fatal(err)
	}
	o.run = run
	go func() {
		a := run.Wait()
		o.answers <- a
		run.Close()
	}()
	return o
}

func (o *oneCall) deliver(body string) error {
	d, err := o.visor.Deliver("id", "here")
	if err != nil {
		return err
	}
	defer d.Abort()
	return d.Commit(&Reply{Status: 200, Body: spool.FromBytes([]byte(body))})
}

// model is what the end has to be, event by event.
type model struct {
	onExit     OnExit
	end        End
	exited     bool
	lingered   bool
	killed     bool // by an operator
	deliveries int
}

func (m *model) decide(e End) {
	if m.end == EndNone {
		m.end = e
	}
}

func (m *model) look() {
	if m.exited && m.lingered && (m.deliveries == 0 && m.onExit != ExitWait || m.killed) {
		m.decide(EndExit)
	}
}

// TestAnyOrder drives one call through terminal events in random order, with
// time passing in between, and compares each step with the model.
func TestAnyOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		onExit := rapid.SampledFrom([]OnExit{ExitFail, ExitReport, ExitWait}).Draw(rt, "onexit")
		gone := rapid.SampledFrom([]OnDisconnect{DisconnectContinue, DisconnectKill}).Draw(rt, "ondisconnect")
		steps := rapid.SliceOfN(rapid.SampledFrom([]string{
			"announce", "announce", "commit", "commit", "abort", "reply", "exit", "timeout", "leave", "stop", "kill", "wait", "wait",
		}), 1, 12).Draw(rt, "steps")
		synctest.Test(t, func(*testing.T) { anyOrder(rt, onExit, gone, steps) })
	})
}

func anyOrder(t *rapid.T, onExit OnExit, gone OnDisconnect, steps []string) {
	o := begin(t, Call{Mode: ReplySocket, OnExit: onExit, OnDisconnect: gone})
	m := &model{onExit: onExit}
	var under []*Delivery
	for i, step := range steps {
		o.step(t, m, step, strconv.Itoa(i), &under)
		synctest.Wait()
		o.proc.mu.Lock()
		m.exited = m.exited || o.proc.exited
		o.proc.mu.Unlock()
		select {
		case <-o.run.decided:
			if m.end == EndNone {
				t.Errorf("step %d %s: decided, but the model is open", i, step)
			}
		default:
			if m.end != EndNone {
				t.Errorf("step %d %s: open, but the model has ended with %v", i, step, m.end)
			}
		}
	}
	for _, d := range under {
		d.Abort()
	}
	m.deliveries = 0
	if m.killed { // its process has ended, so there is no timeout to come
		time.Sleep(2 * Linger)
		m.lingered = m.exited
	}
	m.look()
	o.proc.timeout() // every call ends
	m.decide(EndTimeout)
	o.proc.exit(0)
	synctest.Wait()
	o.check(t, m)
}

// step does one event to the call and to the model.
func (o *oneCall) step(t *rapid.T, m *model, step, body string, under *[]*Delivery) {
	switch step {
	case "announce":
		d, err := o.visor.Deliver("id", "here")
		if (err == nil) != (m.end == EndNone) {
			t.Errorf("announced: %v, model %v", err, m.end)
		}
		if err == nil {
			*under = append(*under, d)
			m.deliveries++
		}
	case "commit", "abort":
		if len(*under) == 0 {
			return
		}
		d := (*under)[0]
		*under = (*under)[1:]
		if step == "commit" {
			err := d.Commit(&Reply{Body: spool.FromBytes([]byte(body))})
			if (err == nil) != (m.end == EndNone) {
				t.Errorf("committed: %v, model %v", err, m.end)
			}
			m.decide(EndReply)
		}
		d.Abort()
		m.deliveries--
	case "reply":
		if err := o.deliver(body); (err == nil) != (m.end == EndNone) {
			t.Errorf("replied: %v, model %v", err, m.end)
		}
		m.decide(EndReply)
	case "exit":
		o.proc.exit(3)
		m.exited = true
	case "timeout":
		o.proc.timeout()
		if !m.killed { // then nothing is left to run out of time
			m.decide(EndTimeout)
		}
	case "leave":
		o.leave()
		m.decide(EndCallerGone)
	case "stop":
		o.run.stop()
		m.decide(EndDraining)
	case "kill":
		if err := o.visor.Terminate("id", false); err != nil {
			if m.end == EndNone {
				t.Errorf("terminated: %v, model %v", err, m.end)
			}
			return
		}
		m.killed = true
		m.lingered = m.lingered || m.exited // then it waits for nobody
	case "wait":
		time.Sleep(2 * Linger)
		m.lingered = m.lingered || m.exited
	}
	m.look()
}

// check looks at what is left of a call whose process is gone.
func (o *oneCall) check(t *rapid.T, m *model) {
	a := <-o.answers
	if a.End != m.end {
		t.Errorf("answered with %v, want %v", a.End, m.end)
	}
	if (a.End == EndReply) != (a.Reply != nil) || (a.End == EndExit) != (a.Result != nil) {
		t.Errorf("answer %+v", a)
	}
	if s := <-o.done; s.End != m.end {
		t.Errorf("summary %v, want %v", s.End, m.end)
	}
	if len(o.answers) > 0 || len(o.done) > 0 {
		t.Error("answered twice")
	}
	if len(o.visor.all()) > 0 || o.visor.places.running != 0 || len(o.visor.places.lanes) != 0 {
		t.Error("the call is over, but is still listed or holds its place")
	}
	err := o.deliver("late")
	var late *GoneError
	if m.end == EndReply && !errors.Is(err, ErrAnswered) || m.end != EndReply && (!errors.As(err, &late) || late.End != m.end) {
		t.Errorf("a late reply is told %v after %v", err, m.end)
	}
	snap, ok := o.visor.Snapshot("id")
	if !ok || snap.State != "ended" || snap.End != m.end {
		t.Errorf("record %+v", snap)
	}
}

// TestAllAtOnce lets every terminal event and twenty replies race: one answer,
// and exactly the reply that was told so.
func TestAllAtOnce(t *testing.T) {
	for i := range 300 {
		o := begin(t, Call{Mode: ReplySocket, OnDisconnect: DisconnectKill})
		var wg sync.WaitGroup
		told := make(chan string, 20)
		for n := range 20 {
			wg.Go(func() {
				if body := strconv.Itoa(n); o.deliver(body) == nil {
					told <- body
				}
			})
		}
		wg.Go(func() { o.proc.exit(0) })
		wg.Go(o.proc.timeout)
		if i%2 == 0 {
			wg.Go(o.leave)
		}
		wg.Wait()
		a := <-o.answers
		<-o.done
		o.leave()
		o.visor.calls.Wait()
		if len(o.done) > 0 || o.visor.places.running != 0 {
			t.Fatal("the call was over twice")
		}
		if (a.End == EndReply) != (len(told) == 1) || len(told) > 1 {
			t.Fatalf("ended with %v, and %d replies were told ok", a.End, len(told))
		}
		if a.End == EndReply {
			if got, _ := a.Reply.Body.Bytes(); string(got) != <-told {
				t.Fatal("another reply was delivered than the one that was told ok")
			}
		}
	}
}

// TestClosedAndEndedAtOnce lets the answer and the end of the process meet: the
// call is over once.
func TestClosedAndEndedAtOnce(t *testing.T) {
	for range 2000 {
		o := begin(t, Call{Mode: ReplyReport})
		o.proc.exit(0)
		<-o.answers
		<-o.done
		o.visor.calls.Wait()
		if len(o.done) > 0 {
			t.Fatal("the call was over twice")
		}
	}
}

func TestOnlyItsOwnProcessMayReply(t *testing.T) {
	o := begin(t, Call{Mode: ReplySocket, OwnOnly: true})
	for _, place := range []string{"", "elsewhere"} {
		if _, err := o.visor.Deliver("id", place); !errors.Is(err, ErrForeign) {
			t.Errorf("a reply from %q: %v", place, err)
		}
	}
	if err := o.deliver("mine"); err != nil {
		t.Error(err)
	}
	o.proc.exit(0)
	if a := <-o.answers; a.End != EndReply {
		t.Errorf("ended with %v", a.End)
	}
	<-o.done
}

// TestDrainStopsWhileAStartHangs: a process that does not get started keeps no other
// from being stopped.
func TestDrainStopsWhileAStartHangs(t *testing.T) {
	v := New(nil, Limits{Running: NoLimit, Queued: NoLimit, QueueWait: time.Hour})
	runs := &fakeProcess{}
	hanging, goOn := make(chan struct{}), make(chan struct{})
	v.start = func(s processctl.Spec) (process, error) {
		if s.Path == "hangs" {
			close(hanging)
			<-goOn
			return nil, errors.New("it was no good")
		}
		runs.events = s.Events
		return runs, nil
	}
	hung := make(chan error, 1)
	go func() {
		_, err := v.Begin(context.Background(), &Call{ID: "hangs", Operation: newOperation("/h", NoLimit, NoLimit), Spec: specOf("hangs")})
		hung <- err
	}()
	<-hanging
	run, err := v.Begin(context.Background(), &Call{ID: "runs", Operation: newOperation("/r", NoLimit, NoLimit), Spec: specOf("")})
	if err != nil {
		t.Fatal(err)
	}
	ctx, over := context.WithCancel(context.Background())
	over()
	drained := make(chan struct{})
	go func() { v.Drain(ctx, make(chan struct{})); close(drained) }()
	if a := run.Wait(); a.End != EndDraining {
		t.Errorf("ended with %v", a.End)
	}
	run.Close()
	close(goOn)
	if err := <-hung; err == nil {
		t.Error("a start that failed was told well")
	}
	<-drained
}
