package main

import (
	"testing"

	"github.com/prometheus/procfs"
)

func TestPaceOfTheCollector(t *testing.T) {
	for _, c := range []struct {
		live uint64
		want int
	}{
		{0, mostPace}, {4 << 20, mostPace}, {headroom / 2, 200}, {headroom, 100}, {2 * headroom, leastPace}, {10 * headroom, leastPace},
	} {
		if got := paceFor(c.live); got != c.want {
			t.Errorf("%d bytes live: %d %%, want %d", c.live, got, c.want)
		}
	}
}

// The program goes on without the pages that its start has needed.
func TestUnmapProgram(t *testing.T) {
	resident := func() uint64 {
		self, err := procfs.Self()
		if err != nil {
			t.Fatal(err)
		}
		status, err := self.NewStatus()
		if err != nil {
			t.Fatal(err)
		}
		return status.RssFile
	}
	before := resident()
	unmapProgram()
	if after := resident(); after >= before {
		t.Errorf("%d bytes of files before, %d after", before, after)
	}
}
