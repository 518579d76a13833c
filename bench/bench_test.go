package main

import (
	"slices"
	"testing"
)

func TestInterleaveHasEachRowOnce(t *testing.T) {
	for n := range 40 {
		for k := range n + 1 {
			var seen []int
			for place := range n {
				seen = append(seen, interleave(place, k, n))
			}
			slices.Sort(seen)
			for i, row := range seen {
				if row != i {
					t.Fatalf("%d of %d rows: the rows are %v", k, n, seen)
				}
			}
		}
	}
}

func TestInterleaveSpreadsTheFirst(t *testing.T) {
	var got []int
	for place := range 8 {
		got = append(got, interleave(place, 2, 8))
	}
	if want := []int{0, 2, 3, 4, 1, 5, 6, 7}; !slices.Equal(got, want) {
		t.Errorf("rows %v, want %v", got, want)
	}
}

func TestParseLimit(t *testing.T) {
	s, n := parseLimit("rate=2706.7 n=2712 p50us=594 p99us=3500 err=0\n")
	if s.Rate != 2706.7 || n != 2712 || s.P50 != 0.594 || s.P99 != 3.5 || s.Err != "" {
		t.Errorf("%+v, %v", s, n)
	}
	for _, bad := range []string{"", "rate=10 n=10 p50us=1 p99us=1 err=1"} {
		if s, _ := parseLimit(bad); s.Err == "" {
			t.Errorf("%q: no error", bad)
		}
	}
}

func TestParseBinaries(t *testing.T) {
	got := parseBinaries("old=/a,new=/b")
	if want := []binary{{"old", "/a"}, {"new", "/b"}}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := parseBinaries("bin/urocket"); !slices.Equal(got, []binary{{"urocket", "bin/urocket"}}) {
		t.Errorf("%v", got)
	}
}
