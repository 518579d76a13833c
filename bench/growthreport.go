package main

import (
	"fmt"
	"strings"

	"github.com/urocket/urocket/bench/chart"
	"github.com/urocket/urocket/bench/measure"
)

// A picture is a chart of a curve.
type picture struct {
	name, title, unit string
	of                func(measure.Point) measure.Spread
}

// pictures are the charts of a curve, the first of them of what it is about.
func pictures(c measure.Curve) []picture {
	rate := picture{c.Name, "Answers per second against " + c.X, "answers/s", func(p measure.Point) measure.Spread { return p.Cell().Rate }}
	switch c.Name {
	case "waiting":
		memory := func(p measure.Point) measure.Spread { return p.Cell().RSS }
		return []picture{rate, {"memory", "Resident memory against " + c.X, "MiB", memory}}
	case "payload":
		return []picture{rate, {"throughput", "Payload taken in against " + c.X, "MB/s", throughput}}
	case "connections":
		slow := func(p measure.Point) measure.Spread { return p.Cell().P99 }
		return []picture{rate, {"latency", "The slowest answers (p99) against " + c.X, "ms", slow}}
	}
	return []picture{rate}
}

func throughput(p measure.Point) measure.Spread {
	r := p.Cell().Rate
	mb := p.X / 1e6
	return measure.Spread{Median: r.Median * mb, Min: r.Min * mb, Max: r.Max * mb}
}

func (p picture) draw(c measure.Curve) string {
	var l chart.Line
	for _, at := range c.Points {
		if s := p.of(at); s.Max > 0 {
			l.Points = append(l.Points, chart.Point{X: at.X, Value: s.Median, Min: s.Min, Max: s.Max})
		}
	}
	return chart.Lines(p.title, c.X, p.unit, []chart.Line{l})
}

// growthTables are the curves as tables, each with its charts.
func growthTables(r *measure.Results) string {
	var b strings.Builder
	for _, c := range r.Growth {
		rows := [][]string{{c.X, "answers/s", "of the first", "p50 ms", "p99 ms", "cpu µs", "MiB", "others"}}
		if c.Name == "waiting" {
			rows[0] = append(rows[0], "kB a caller")
		}
		if c.Name == "payload" {
			rows[0][0] += "; 4 connections"
			rows[0] = append(rows[0], "MB/s")
		}
		for _, p := range c.Points {
			rows = append(rows, growthRow(c, p))
		}
		fmt.Fprintf(&b, "%s\n", table(rows))
		for _, p := range pictures(c) {
			fmt.Fprintf(&b, "![%s](benchmarks/%s.svg)\n\n", p.title, p.name)
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func growthRow(c measure.Curve, p measure.Point) []string {
	cell, first := p.Cell(), c.Points[0].Cell()
	row := []string{fmt.Sprintf("%.0f", p.X)}
	if cell.Rounds == 0 {
		return append(row, "error: "+cell.Err)
	}
	ratio := ""
	if first.Rate.Median > 0 {
		ratio = fmt.Sprintf("%.0f %%", 100*cell.Rate.Median/first.Rate.Median)
	}
	row = append(row, spread("%.0f", 1, cell.Rate), ratio, fmt.Sprintf("%.2f", cell.P50.Median), fmt.Sprintf("%.1f", cell.P99.Median),
		fmt.Sprintf("%.0f", cell.CPU.Median), fmt.Sprintf("%.0f", cell.RSS.Median), fmt.Sprintf("%.0f %%", 100*cell.Foreign.Max))
	switch c.Name {
	case "waiting":
		held := ""
		if p.X >= 100 { // of fewer, what else changes is more than they hold
			held = spread("%.1f", 1.0/1000, measure.Of(p.PerCaller))
		}
		row = append(row, held)
	case "payload":
		row = append(row, fmt.Sprintf("%.0f", throughput(p).Median))
	}
	return row
}
