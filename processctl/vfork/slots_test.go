package vfork

import (
	"runtime"
	"testing"
)

// Children that take long to begin leave a thread that runs Go for everything else.
func TestOneProcessorIsLeft(t *testing.T) {
	for procs, want := range map[int]int{1: 1, 2: 1, 4: 3, 64: mostParallel} {
		before := runtime.GOMAXPROCS(procs)
		if got := parallel(); got != want {
			t.Errorf("%d children may begin at a time on %d processors, want %d", got, procs, want)
		}
		runtime.GOMAXPROCS(before)
	}
}
