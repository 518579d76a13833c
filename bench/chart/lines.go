package chart

import (
	"fmt"
	"math"
	"strings"
)

// A Line is a series of points, with the smallest and the largest figure at each.
// Its class is its place in the chart.
type Line struct {
	Name   string
	Points []Point
}

// A Point is a figure at X. X must be above 0: its axis has a power of ten, or of two,
// where another would have a number.
type Point struct{ X, Value, Min, Max float64 }

// Lines draws lines over a logarithmic axis, from 0 upwards. Three at most.
func Lines(title, xName, unit string, lines []Line) string {
	const left, right, top, bottom, height = 70, 30, 56, 56, 320
	b := begin(title, height)
	low, high, most := math.Inf(1), 0.0, 0.0
	for _, l := range lines {
		for _, p := range l.Points {
			low, high, most = min(low, p.X), max(high, p.X), max(most, p.Max, p.Value)
		}
	}
	most = ceiling(most)
	span := max(math.Log(high/low), 1e-9)
	x := func(v float64) float64 { return left + 14 + math.Log(v/low)/span*(width-left-right-28) }
	y := func(v float64) float64 { return height - bottom - v/most*(height-top-bottom) }
	for i := range 6 {
		v := most * float64(i) / 5
		fmt.Fprintf(b, `<line class="grid" x1="%d" y1="%.1f" x2="%d" y2="%.1f"/>`+"\n", left, y(v), width-right, y(v))
		fmt.Fprintf(b, `<text class="small" x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n", left-8, y(v)+4, Short(v))
	}
	fmt.Fprintf(b, `<text class="small" x="%d" y="%d">%s</text>`+"\n", 16, top-12, escape(unit))
	fmt.Fprintf(b, `<text class="small" x="%d" y="%d" text-anchor="middle">%s</text>`+"\n", (left+width-right)/2, height-14, escape(xName))
	if len(lines) > 0 {
		for _, p := range lines[0].Points {
			fmt.Fprintf(b, `<text class="small" x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n", x(p.X), height-bottom+18, Short(p.X))
		}
	}
	for i, l := range lines {
		series(b, i, l, x, y)
		if len(lines) > 1 {
			fmt.Fprintf(b, `<circle class="f%d" cx="%d" cy="%d" r="5"/><text class="small" x="%d" y="%d">%s</text>`+"\n",
				i, width/2+i*150, top-16, width/2+i*150+10, top-12, escape(l.Name))
		}
	}
	return end(b)
}

func series(b *strings.Builder, class int, l Line, x, y func(float64) float64) {
	var path strings.Builder
	for i, p := range l.Points {
		move := "L"
		if i == 0 {
			move = "M"
		}
		fmt.Fprintf(&path, "%s%.1f %.1f", move, x(p.X), y(p.Value))
	}
	fmt.Fprintf(b, `<path class="line s%d" d="%s"/>`+"\n", class, path.String())
	for _, p := range l.Points {
		if p.Max > p.Min {
			fmt.Fprintf(b, `<line class="whisker" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`+"\n", x(p.X), y(p.Min), x(p.X), y(p.Max))
		}
		fmt.Fprintf(b, `<circle class="f%d" cx="%.1f" cy="%.1f" r="4"><title>%s: %s</title></circle>`+"\n", class, x(p.X), y(p.Value), Short(p.X), Short(p.Value))
	}
}
