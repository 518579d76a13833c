package measure

import (
	"math"
	"strings"
	"testing"
)

func TestOf(t *testing.T) {
	for _, c := range []struct {
		figures []float64
		want    Spread
	}{
		{nil, Spread{}},
		{[]float64{3}, Spread{3, 3, 3}},
		{[]float64{4, 1}, Spread{2.5, 1, 4}},
		{[]float64{9, 1, 5, 2, 3}, Spread{3, 1, 9}},
	} {
		if got := Of(c.figures); got != c.want {
			t.Errorf("Of(%v) = %v, want %v", c.figures, got, c.want)
		}
	}
}

func TestBest(t *testing.T) {
	bad := Sample{Err: "broken", Rate: 9}
	if got := Best(bad, Sample{Rate: 2}, Sample{Rate: 5}, bad, Sample{Rate: 3}); got.Rate != 5 || got.Err != "" {
		t.Errorf("best is %+v", got)
	}
	if got := Best(bad, bad); got.Err != "broken" {
		t.Errorf("best of errors is %+v", got)
	}
}

// A machine that gets slower by half from round to round leaves the shares as they are.
func TestShareIsTakenWithinARound(t *testing.T) {
	r := Results{Conns: []int{16}}
	limit, row := Row{Name: "limit"}, Row{Name: "us", Limit: "limit"}
	for round := range 5 {
		speed := 1000 / math.Pow(2, float64(round))
		r.Add("limit", 16, Sample{Rate: speed, P50: 1})
		r.Add("us", 16, Sample{Rate: speed * 0.8, P50: 1.25})
	}
	c := r.Cell(row, 16)
	if math.Abs(c.Share.Min-0.8) > 1e-9 || math.Abs(c.Share.Max-0.8) > 1e-9 || c.Rounds != 5 {
		t.Errorf("share %+v in %d rounds", c.Share, c.Rounds)
	}
	if got := r.Cell(limit, 16).Share; got != (Spread{}) {
		t.Errorf("a limit has a share: %+v", got)
	}
	if got := r.Above(row, 16); got != (Spread{0.25, 0.25, 0.25}) {
		t.Errorf("above the limit: %+v", got)
	}
}

func TestErrorsAreNoFigures(t *testing.T) {
	var r Results
	for _, s := range []Sample{{Rate: 10}, {Err: "3 of 10 answers were not 2xx", Rate: 99}, {Rate: 20}} {
		r.Add("us", 1, s)
	}
	c := r.Cell(Row{Name: "us"}, 1)
	if c.Rounds != 2 || c.Rate.Max != 20 || !strings.HasPrefix(c.Err, "round 2: 3 of 10") {
		t.Errorf("%+v", c)
	}
}
