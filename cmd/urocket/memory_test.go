package main

import "testing"

func TestPaceOfTheCollector(t *testing.T) {
	for _, c := range []struct {
		live uint64
		want int
	}{
		{0, mostPace}, {4 << 20, mostPace}, {headroom / 2, 200}, {headroom, leastPace}, {10 * headroom, leastPace},
	} {
		if got := paceFor(c.live); got != c.want {
			t.Errorf("%d bytes live: %d %%, want %d", c.live, got, c.want)
		}
	}
}
