package main

import (
	"context"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/urocket/urocket/bench/measure"
	"github.com/urocket/urocket/internal/notrun"
)

// The servers that are part of the benchmark are this program, started again.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "serve" {
		fail(serve(os.Args[2:]))
		return
	}
	os.Exit(m.Run())
}

// One round of a limit and of a peer that is always there, as short as it goes: each is a
// figure, and nothing is left.
func TestOneRound(t *testing.T) {
	if _, err := exec.LookPath("gcc"); err != nil {
		notrun.Here(t, "no C compiler")
	}
	b, err := newBench(options{only: regexp.MustCompile("net/http/cgi"), rounds: 1, duration: 200 * time.Millisecond, conns: []int{1}})
	if err != nil {
		t.Fatal(err)
	}
	err = b.rounds(context.Background())
	if err := b.close(); err != nil {
		t.Error(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(b.results.Rows) != 2 {
		t.Fatalf("rows: %+v", b.results.Rows)
	}
	for _, row := range b.results.Rows {
		c := b.results.Cell(row, 1)
		if c.Err != "" || c.Rate.Median <= 0 || c.Rounds != 1 || row.Limit != "" && c.Share.Median <= 0 {
			t.Errorf("%s: %+v", row.Name, c)
		}
	}
	for _, dir := range []string{b.work, b.ground.dir} {
		if _, err := os.Stat(dir); dir != "" && err == nil {
			t.Errorf("%s is left", dir)
		}
	}
}

func TestGuard(t *testing.T) {
	row := measure.Row{Name: "new socket", Group: "urocket", Limit: "limit"}
	for share, ok := range map[float64]bool{0.95: true, 0.1: false} {
		r := measure.Results{Rows: []measure.Row{row}, Conns: []int{16}}
		r.Add("limit", 16, measure.Sample{Rate: 1000})
		r.Add(row.Name, 16, measure.Sample{Rate: 1000 * share})
		if err := guard(&r); (err == nil) != ok {
			t.Errorf("a share of %v: %v", share, err)
		}
	}
	r := measure.Results{Rows: []measure.Row{row}, Conns: []int{16}}
	r.Add(row.Name, 16, measure.Sample{Err: "3 of 10 answers were not 2xx"})
	if guard(&r) == nil {
		t.Error("an error is no failure")
	}
}

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
