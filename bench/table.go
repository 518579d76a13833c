package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/urocket/urocket/bench/measure"
)

// progress tells on stderr what a row came to in a round.
func progress(row measure.Row, conns []int, samples map[int]measure.Sample) {
	var b strings.Builder
	fmt.Fprintf(&b, "  %-32s", row.Name)
	if row.Gone != "" {
		fmt.Fprintf(&b, " not there: %s", row.Gone)
	}
	for _, n := range conns {
		s, ok := samples[n]
		switch {
		case !ok:
		case s.Err != "":
			fmt.Fprintf(&b, "  c=%d: %s", n, s.Err)
		default:
			fmt.Fprintf(&b, "  c=%d: %.0f/s (others %.0f %%)", n, s.Rate, 100*s.Foreign)
		}
	}
	fmt.Fprintln(os.Stderr, b.String())
}

// printTable writes a table for people at a terminal.
func printTable(w io.Writer, r *measure.Results) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, n := range r.Conns {
		fmt.Fprintf(t, "\nc=%d\tanswers/s\tmin..max\tof its limit\tmin..max\tp50 ms\tp99 ms\tcpu µs\tMiB\tothers\t\n", n)
		for _, row := range r.Rows {
			line(t, r, row, n)
		}
	}
	_ = t.Flush()
	for _, f := range faults(r) {
		fmt.Fprintln(w, f)
	}
}

// faults says of each row that has no figure why.
func faults(r *measure.Results) (of []string) {
	for _, row := range r.Rows {
		if row.Gone != "" {
			of = append(of, fmt.Sprintf("%s: not there: %s", row.Name, row.Gone))
			continue
		}
		for _, n := range r.Conns {
			if c := r.Cell(row, n); c.Err != "" {
				of = append(of, fmt.Sprintf("%s, c=%d: error: %s", row.Name, n, c.Err))
			}
		}
	}
	return of
}

func line(w io.Writer, r *measure.Results, row measure.Row, n int) {
	c := r.Cell(row, n)
	switch {
	case row.Gone != "":
		fmt.Fprintf(w, "%s\tnot there\t\n", row.Name)
		return
	case c.Err != "":
		fmt.Fprintf(w, "%s\terror\t\n", row.Name)
		return
	case c.Rounds == 0:
		return
	}
	share, shares := "", ""
	if c.Share.Median > 0 {
		share = fmt.Sprintf("%.0f %%", 100*c.Share.Median)
		shares = fmt.Sprintf("%.0f..%.0f", 100*c.Share.Min, 100*c.Share.Max)
	}
	fmt.Fprintf(w, "%s\t%.0f\t%.0f..%.0f\t%s\t%s\t%.2f\t%.1f\t%s\t%s\t%.0f %%\t\n", row.Name, c.Rate.Median, c.Rate.Min, c.Rate.Max,
		share, shares, c.P50.Median, c.P99.Median, positive("%.0f", c.CPU.Median), positive("%.0f", c.RSS.Median), 100*c.Foreign.Max)
}

// printGrowth writes the curves for people at a terminal.
func printGrowth(w io.Writer, r *measure.Results) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, c := range r.Growth {
		fmt.Fprintf(t, "\n%s\tanswers/s\tmin..max\tp50 ms\tp99 ms\tcpu µs\tMiB\tKiB/caller\tothers\t\n", c.Name)
		for _, p := range c.Points {
			cell := p.Cell()
			if cell.Err != "" {
				fmt.Fprintf(t, "%.0f\t%s\n", p.X, cell.Err)
				continue
			}
			fmt.Fprintf(t, "%.0f\t%.0f\t%.0f..%.0f\t%.2f\t%.1f\t%.0f\t%.0f\t%.1f\t%.0f %%\t\n", p.X, cell.Rate.Median, cell.Rate.Min, cell.Rate.Max,
				cell.P50.Median, cell.P99.Median, cell.CPU.Median, cell.RSS.Median, measure.Of(p.PerCaller).Median/1024, 100*cell.Foreign.Max)
		}
	}
	_ = t.Flush()
	if r.Idle > 0 {
		fmt.Fprintf(w, "\nthe example, idle: %.1f MiB\n", r.Idle)
	}
}
