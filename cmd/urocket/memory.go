package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// The garbage collector runs again when so much more was allocated: headroom, in bytes,
// but not very much more than what has survived its last run, and not less than half of
// that. A service is small and its calls leave much behind; without headroom the
// collector would look at the same documents, routes and remembered calls many times a
// second. Where thousands wait, what has survived is theirs, and as much again, which is
// Go's way, would be a lot.
const (
	headroom   = 32 << 20
	leastPace  = 50 // percent of what has survived
	mostPace   = 400
	worthwhile = 10 // a smaller change is not made
)

// pace is what the collector runs at, in percent.
var pace = struct {
	sync.Mutex
	percent int
}{percent: 100} // as Go has it

// afterRun is found to be garbage by each run of the collector.
type afterRun struct{ _ *afterRun }

// tuneMemory gives back what the start has taken, and from now on sets the pace of the
// collector after each of its runs, unless GOGC does.
func tuneMemory() {
	debug.FreeOSMemory()
	if os.Getenv("GOGC") != "" {
		return
	}
	setPace(nil)
}

// setPace sets the pace by what has survived the last run, and has itself called after
// the next.
func setPace(*afterRun) {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	if live[0].Value.Kind() != metrics.KindUint64 {
		return
	}
	pace.Lock()
	defer pace.Unlock()
	want := paceFor(live[0].Value.Uint64())
	if change := want - pace.percent; change >= worthwhile || change <= -worthwhile {
		pace.percent = want
		debug.SetGCPercent(want)
	}
	runtime.SetFinalizer(new(afterRun), setPace)
}

func paceFor(live uint64) int {
	return int(max(leastPace, min(mostPace, 100*headroom/max(live, 1))))
}
