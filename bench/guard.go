package main

import (
	"fmt"
	"strings"

	"github.com/urocket/urocket/bench/measure"
)

// A floor is the share of its limit, in the same run, below which a row must not
// fall. It is the only place in which one is written. Raise a floor when urocket has
// become faster; a run of `make bench BENCH=quick` says what it reaches.
type floor struct {
	row   string // the end of its name: builds may be named differently
	share float64
}

var floors = []floor{
	{" socket", 0.40},
	{" socket, no cgroup", 0.30},
}

func floorOf(row string) (share float64, ok bool) {
	for _, f := range floors {
		if strings.HasSuffix(row, f.row) {
			return f.share, true
		}
	}
	return 0, false
}

// guard is an error if a row is below its floor, or is no figure.
func guard(r *measure.Results) error {
	var low []string
	for _, row := range r.Rows {
		share, ok := floorOf(row.Name)
		if !ok || row.Gone != "" {
			continue
		}
		for _, n := range r.Conns {
			c := r.Cell(row, n)
			switch {
			case c.Err != "":
				low = append(low, fmt.Sprintf("%s, c=%d: %s", row.Name, n, c.Err))
			case c.Share.Median < share:
				low = append(low, fmt.Sprintf("%s, c=%d: %.0f %% of the limit, the floor is %.0f %%", row.Name, n, 100*c.Share.Median, 100*share))
			}
		}
	}
	if len(low) > 0 {
		return fmt.Errorf("slower than it was:\n  %s", strings.Join(low, "\n  "))
	}
	return nil
}
