package main

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/urocket/urocket/bench/chart"
	"github.com/urocket/urocket/bench/measure"
)

// charts are the drawings of a report, by file name.
func charts(r *measure.Results) map[string]string {
	of := map[string]string{}
	for _, n := range r.Conns {
		if n == 1 {
			continue
		}
		of[fmt.Sprintf("share-%d.svg", n)] = shares(r, n)
		of[fmt.Sprintf("p99-%d.svg", n)] = slowest(r, n)
	}
	for _, c := range r.Growth {
		for _, p := range pictures(c) {
			of[p.name+".svg"] = p.draw(c)
		}
	}
	return of
}

// shares draws the share of the limit of each row, ours first, the best first.
func shares(r *measure.Results, n int) string {
	bars := barsOf(r, n, func(c measure.Cell) measure.Spread { return scale(c.Share, 100) }, func(c measure.Cell) string {
		return fmt.Sprintf("%.0f %%, %.0f/s", 100*c.Share.Median, c.Rate.Median)
	})
	slices.SortStableFunc(bars, func(a, b chart.Bar) int {
		return cmp.Or(cmp.Compare(a.Class, b.Class), cmp.Compare(b.Value, a.Value))
	})
	return chart.Bars(fmt.Sprintf("Share of the limit in answers per second, %d connections", n), "% of the limit", bars)
}

// slowest draws the p99 of each row, the best first.
func slowest(r *measure.Results, n int) string {
	bars := barsOf(r, n, func(c measure.Cell) measure.Spread { return c.P99 }, func(c measure.Cell) string {
		return fmt.Sprintf("%.0f ms", c.P99.Median)
	})
	slices.SortStableFunc(bars, func(a, b chart.Bar) int {
		return cmp.Or(cmp.Compare(a.Class, b.Class), cmp.Compare(a.Value, b.Value))
	})
	return chart.Bars(fmt.Sprintf("One answer in a hundred takes longer (p99), %d connections", n), "ms", bars)
}

// barsOf makes bars of urocket's rows and the peers'.
func barsOf(r *measure.Results, n int, of func(measure.Cell) measure.Spread, text func(measure.Cell) string) (bars []chart.Bar) {
	for _, row := range r.Rows {
		c := r.Cell(row, n)
		if c.Err != "" || c.Rounds == 0 || row.Group != "urocket" && row.Group != "peer" {
			continue
		}
		class := 0
		if row.Group == "peer" {
			class = 1
		}
		s := of(c)
		bars = append(bars, chart.Bar{Label: row.Name, Value: s.Median, Min: s.Min, Max: s.Max, Class: class, Text: text(c)})
	}
	return bars
}

func scale(s measure.Spread, by float64) measure.Spread {
	return measure.Spread{Median: s.Median * by, Min: s.Min * by, Max: s.Max * by}
}
