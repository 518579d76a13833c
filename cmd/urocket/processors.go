package main

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/processctl/vfork"
)

// governor sets on how many threads at a time Go runs (GOMAXPROCS), unless the
// environment says it. Two things want different numbers:
//
//   - A thread that starts a program waits in the kernel until that is executed
//     (vfork(2)), from a disk that is slow perhaps, and counts as running all the while.
//     So there are twice as many as processors while programs are started.
//   - A request of a worker is a few short steps of different goroutines. Where several
//     threads may run, each step wakes another one up, which costs more than the step. So
//     there is one else, and more only where urocket itself has enough to do for that one
//     all the time, and processors have nothing to do: those that the workers and the
//     callers use would not get anything done sooner. More that have not had more
//     requests answered are taken back.
//
// A system call that blocks keeps nobody waiting for long: the runtime gives the thread's
// turn to another one, after 10 ms at worst.
//
// A change stops everything for some ten microseconds, and waits for the garbage collector,
// and for whoever starts a program. So there are few changes, and no fewer threads as long
// as a start is under way. It looks at the load only while there is some: an idle urocket
// is not woken up.
type governor struct {
	processors int
	set        func(int)
	measure    func() usedUp

	requests atomic.Int64
	watching atomic.Bool // the timer runs
	timer    *time.Timer

	mu     sync.Mutex
	now    int       // threads
	starts int       // under way
	last   time.Time // that a start has begun, or was over
	before usedUp
	calm   int // how often in a row fewer threads would have done
	trial  trial
}

// trial is what was before there were more threads.
type trial struct {
	threads int // 0: none is under way
	rate    float64
	looks   int       // since then
	next    time.Time // not before that
}

const (
	lookEvery = 250 * time.Millisecond
	// calmLooks so often in a row it must look as if fewer would do.
	calmLooks = 4
	// startsLast is how long after a start the next one is expected.
	startsLast = time.Second
	// A trial takes so many looks. One that has come to nothing is not repeated for long.
	trialLooks = 2
	trialPause = 30 * time.Second
	// few requests a second say nothing about whether more are answered.
	few = 200
	// nothing is the part of a processor below which urocket counts as idle.
	nothing = 0.02
)

// usedUp is what was used until now, in seconds of processor time.
type usedUp struct {
	at        time.Time
	own, idle float64 // of this program; of the machine's processors
	requests  int64
}

// govern begins with the threads for starts, and says what has the governor look at the
// load: each request is to call it.
func govern() (asked func()) {
	if os.Getenv("GOMAXPROCS") != "" {
		return func() {}
	}
	g := newGovernor(runtime.GOMAXPROCS(0), func(n int) { runtime.GOMAXPROCS(n) }, readLoad)
	vfork.Watch(g.starting, g.started)
	return g.asked
}

func newGovernor(processors int, set func(int), measure func() usedUp) *governor {
	g := &governor{processors: processors, set: set, measure: measure, now: 2 * processors, last: time.Now()}
	g.set(g.now)
	g.timer = time.AfterFunc(time.Hour, g.look)
	g.watch()
	return g
}

// asked counts a request, and has the load looked at.
func (g *governor) asked() {
	g.requests.Add(1)
	g.watch()
}

func (g *governor) watch() {
	if g.watching.Load() || !g.watching.CompareAndSwap(false, true) {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.before = g.read()
	g.timer.Reset(lookEvery)
}

// starting is told before a thread waits for a program; then there are threads enough.
func (g *governor) starting() {
	g.mu.Lock()
	g.starts++
	g.last = time.Now()
	g.change(2 * g.processors)
	g.mu.Unlock()
	g.watch()
}

// started is told when it has waited.
func (g *governor) started() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.starts--
	g.last = time.Now()
}

func (g *governor) change(threads int) {
	if threads == g.now {
		return
	}
	g.now, g.calm, g.trial.threads = threads, 0, 0
	g.set(threads)
}

func (g *governor) read() usedUp {
	r := g.measure()
	r.requests = g.requests.Load()
	return r
}

// look sets the number for the load since the last look.
func (g *governor) look() {
	g.mu.Lock()
	defer g.mu.Unlock()
	r, b := g.read(), g.before
	g.before = r
	if g.starts > 0 || r.at.Sub(g.last) < startsLast {
		g.timer.Reset(startsLast)
		return
	}
	period := r.at.Sub(b.at).Seconds()
	own := (r.own - b.own) / period
	if g.now > g.processors { // no start is to be expected; much of what was used was for waking
		g.change(min(g.processors, max(1, int(own/2))))
	} else {
		g.adjust(r.at, own, (r.idle-b.idle)/period, float64(r.requests-b.requests)/period)
	}
	if g.now == 1 && own < nothing {
		g.watching.Store(false) // the next request or start sets it
		return
	}
	g.timer.Reset(lookEvery)
}

// adjust sets the number where no starts are to be expected. So many processors were
// used by urocket, so many by nobody, and so many requests a second were answered.
func (g *governor) adjust(at time.Time, own, idle, rate float64) {
	if t := &g.trial; t.threads > 0 {
		if t.looks++; t.looks < trialLooks {
			return
		}
		if rate > few && rate < 1.1*t.rate {
			t.next = at.Add(trialPause)
			g.change(t.threads)
			return
		}
		t.threads = 0
	}
	switch want := threadsFor(g.now, g.processors, own, idle); {
	case want > g.now && !at.Before(g.trial.next):
		before := g.now
		g.change(want)
		g.trial.threads, g.trial.rate, g.trial.looks = before, rate, 0
	case want >= g.now:
		g.calm = 0
	default:
		if g.calm++; g.calm >= calmLooks {
			g.change(want)
		}
	}
}

// threadsFor is how many threads there should be in place of now, when so many processors
// were used by urocket, and so many by nobody.
func threadsFor(now, processors int, own, idle float64) int {
	enough := max(1, int(own/0.7)+1)
	switch {
	case own > 0.9*float64(now) && idle >= 0.5:
		return min(processors, now+max(1, int(idle)), 2*now)
	case enough < now:
		return enough
	case now > 1 && own < float64(now)-0.7 && idle < 0.1: // others want the processors that waking costs
		return now - 1
	}
	return now
}

// readLoad reads what was used. What cannot be read is as if it was not idle.
func readLoad() (r usedUp) {
	var own unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &own) // has no reason to fail
	r.own = float64(own.Utime.Nano()+own.Stime.Nano()) / 1e9
	if text, err := os.ReadFile("/proc/uptime"); err == nil {
		if _, idle, ok := strings.Cut(strings.TrimSpace(string(text)), " "); ok {
			r.idle, _ = strconv.ParseFloat(idle, 64)
		}
	}
	r.at = time.Now()
	return r
}
