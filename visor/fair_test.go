package visor

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// kin is what the model knows of an operation.
type kin struct {
	op      *Operation
	running int
	last    int   // the start that was its last
	waiting []int // callers, first come first
	held    []int // the callers who have its places

	// behind is how often each other operation was given a place while this one
	// had a caller who could have used it, and held no more places than the other.
	behind map[*kin]int
}

func (k *kin) full() bool  { return k.op.Running != NoLimit && k.running >= k.op.Running }
func (k *kin) ready() bool { return len(k.waiting) > 0 && !k.full() }

// told is what a caller hears.
type told struct {
	caller int
	err    error
}

// fairness is a model of places, slow and simple, beside the real ones.
type fairness struct {
	t               *rapid.T
	p               *places
	kin             []*kin
	running, queued int // limits
	callers, starts int
	leave           map[int]context.CancelFunc
	told            chan told
	failed          bool
}

// fail does not end the run at once: it must not panic through synctest.
func (f *fairness) fail(format string, args ...any) {
	if !f.failed {
		f.t.Errorf(format, args...)
	}
	f.failed = true
}

// fairStep is something that happens. It is drawn before anything does: rapid
// ends a draw by a panic, which synctest does not let through.
type fairStep struct {
	what            string
	kin, who        int // taken modulo how many there are that it can happen to
	running, queued int // of new limits
}

var fairSteps = rapid.Custom(func(t *rapid.T) fairStep {
	number := rapid.IntRange(0, 11)
	return fairStep{
		what: rapid.SampledFrom([]string{"come", "come", "come", "come", "end", "end", "end", "leave", "limits"}).Draw(t, "what"),
		kin:  number.Draw(t, "kin"), who: number.Draw(t, "who"),
		running: rapid.IntRange(1, 4).Draw(t, "running"), queued: rapid.IntRange(0, 8).Draw(t, "queued"),
	}
})

// TestFairness lets callers come, leave and end in random order, under limits
// that change, and compares who is given a place and who is refused one with a
// model; and with what the package comment says comes of it.
func TestFairness(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		limit := rapid.SampledFrom([]int{1, 2, 3, NoLimit})
		f := &fairness{t: rt, p: &places{}, running: rapid.IntRange(1, 4).Draw(rt, "running"), queued: rapid.IntRange(0, 8).Draw(rt, "queued")}
		for i := range rapid.IntRange(2, 4).Draw(rt, "operations") {
			op := newOperation("/"+string(rune('a'+i)), limit.Draw(rt, "limit"), rapid.SampledFrom([]int{0, 2, NoLimit, NoLimit}).Draw(rt, "queue"))
			f.kin = append(f.kin, &kin{op: op, last: i - 10, behind: map[*kin]int{}})
		}
		steps := rapid.SliceOfN(fairSteps, 20, 100).Draw(rt, "steps")
		synctest.Test(t, func(*testing.T) { f.run(steps) })
	})
}

func (f *fairness) run(steps []fairStep) {
	f.leave, f.told = map[int]context.CancelFunc{}, make(chan told, 1000)
	f.set()
	for _, s := range steps {
		if f.failed {
			break
		}
		k := f.kin[s.kin%len(f.kin)]
		switch s.what {
		case "come":
			f.come(k)
		case "end":
			if holders := slices.DeleteFunc(slices.Clone(f.kin), func(k *kin) bool { return len(k.held) == 0 }); len(holders) > 0 {
				f.end(holders[s.kin%len(holders)])
			}
		case "leave":
			f.goAway(k, s.who)
		case "limits":
			f.running, f.queued = s.running, s.queued
			f.set()
		}
		f.check()
	}
	for _, leave := range f.leave {
		leave()
	}
	synctest.Wait()
	for _, k := range f.kin {
		for range f.p.lane(k.op).running {
			f.p.leave(k.op)
		}
	}
	f.p.wantEmpty(f.t, len(f.kin))
}

// expect demands that just these callers are told just this.
func (f *fairness) expect(step string, started, refused []int) {
	synctest.Wait()
	var gotStarted, gotRefused []int
	for len(f.told) > 0 {
		m := <-f.told
		var busy *BusyError
		switch {
		case m.err == nil:
			gotStarted = append(gotStarted, m.caller)
		case errors.As(m.err, &busy):
			gotRefused = append(gotRefused, m.caller)
		}
	}
	slices.Sort(gotStarted)
	slices.Sort(started)
	if !slices.Equal(gotStarted, started) || !slices.Equal(gotRefused, refused) {
		f.fail("%s: %v are given a place, want %v; %v are refused, want %v", step, gotStarted, started, gotRefused, refused)
	}
}

func (f *fairness) set() {
	l := Limits{Running: f.running, Queued: f.queued, QueueWait: time.Hour}
	for _, k := range f.kin {
		l.Operations = append(l.Operations, *k.op)
	}
	f.p.set(l)
	f.expect("limits", f.give(), nil)
}

func (f *fairness) total() (running, waiting int) {
	for _, k := range f.kin {
		running, waiting = running+k.running, waiting+len(k.waiting)
	}
	return running, waiting
}

// start is the model's: who had to stand back is counted.
func (f *fairness) start(k *kin, caller int) {
	for _, other := range f.kin {
		if other != k && other.ready() && k.running >= other.running {
			if other.behind[k]++; other.behind[k] > 1 {
				f.fail("%s is given a second place before the first caller of %s, and holds %d, the other %d", k.op.Path, other.op.Path, k.running, other.running)
			}
		}
	}
	clear(k.behind)
	f.starts++
	k.last = f.starts
	k.running++
	k.held = append(k.held, caller)
}

// give hands out what is free and names who has got it.
func (f *fairness) give() (started []int) {
	for {
		running, _ := f.total()
		var next *kin
		for _, k := range f.kin {
			if k.ready() && (next == nil || k.running < next.running || k.running == next.running && k.last < next.last) {
				next = k
			}
		}
		if next == nil || running >= f.running {
			return started
		}
		caller := next.waiting[0]
		f.start(next, caller)
		next.waiting = next.waiting[1:]
		started = append(started, caller)
	}
}

func (f *fairness) come(k *kin) {
	f.callers++
	caller := f.callers
	ctx, cancel := context.WithCancel(context.Background())
	f.leave[caller] = cancel
	go func() { f.told <- told{caller, f.p.enter(ctx, k.op, nil)} }()
	running, waiting := f.total()
	switch {
	case !k.full() && running < f.running:
		f.start(k, caller)
		f.expect("come", []int{caller}, nil)
	case k.op.Queued != NoLimit && len(k.waiting) >= k.op.Queued:
		f.expect("come to a full queue of the operation", nil, []int{caller})
	case waiting < f.queued:
		k.waiting = append(k.waiting, caller)
		f.expect("come to the queue", nil, nil)
	default:
		f.expect("come to a full queue", nil, []int{caller})
	}
}

func (f *fairness) end(k *kin) {
	k.held = k.held[1:]
	k.running--
	f.p.leave(k.op)
	f.expect("end", f.give(), nil)
}

func (f *fairness) goAway(k *kin, who int) {
	if len(k.waiting) == 0 {
		return
	}
	i := who % len(k.waiting)
	f.leave[k.waiting[i]]()
	k.waiting = slices.Delete(k.waiting, i, i+1)
	if i == 0 {
		clear(k.behind) // another is at the head now
	}
	f.expect("leave", nil, nil)
}

// check compares the counts, and looks for a place that is free while somebody
// could use it.
func (f *fairness) check() {
	running, waiting := f.total()
	if f.p.running != running || f.p.queued != waiting {
		f.fail("%d run and %d wait, want %d and %d", f.p.running, f.p.queued, running, waiting)
	}
	for _, k := range f.kin {
		if k.ready() && running < f.running {
			f.fail("a place is free, and a caller of %s waits for it", k.op.Path)
		}
	}
}

// A flood of callers of one operation, with calls of any length, delays a caller
// of another by one start.
func TestFloodOfOneOperation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &places{maxRunning: 2, maxQueued: 102, wait: time.Hour}
		flood, other := newOperation("/flood", NoLimit, NoLimit), newOperation("/other", NoLimit, NoLimit)
		order := make(chan int, 1000)
		waiters(p, flood, 102, order) // two run, a hundred wait
		for range 2 {
			<-order
		}
		told := p.enters(other)
		wantWaiting(t, told, "there are two places")
		p.leave(flood)
		wantPlace(t, told, "the flood holds a place, the other none")
		if len(order) != 0 {
			t.Error("the flood was given the place")
		}
		second := p.enters(other)
		p.leave(flood)
		wantWaiting(t, second, "the flood holds no place")
		p.leave(flood)
		p.leave(flood)
		wantWaiting(t, second, "the flood holds no place")
		p.leave(other)
		wantPlace(t, second, "the other holds no place")
		p.drain()
	})
}
