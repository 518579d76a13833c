package chart

import "fmt"

// A Bar is a figure with the smallest and the largest of its rounds. Class is its
// colour: 0 for ours, 1 for others, 2 for what both are held against.
type Bar struct {
	Label           string
	Value, Min, Max float64
	Class           int
	Text            string // written at its end
}

// Bars draws bars from left to right, one below the other. Unit is written at the axis.
func Bars(title, unit string, bars []Bar) string {
	const left, right, top, step, thick = 210, 120, 44, 26, 16
	height := top + step*len(bars) + 40
	b := begin(title, height)
	most := 0.0
	for _, bar := range bars {
		most = max(most, bar.Max, bar.Value)
	}
	most = ceiling(most)
	x := func(v float64) float64 { return left + v/most*(width-left-right) }
	for i := range 6 {
		v := most * float64(i) / 5
		fmt.Fprintf(b, `<line class="grid" x1="%.1f" y1="%d" x2="%.1f" y2="%d"/>`+"\n", x(v), top-6, x(v), height-34)
		fmt.Fprintf(b, `<text class="small" x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n", x(v), height-18, Short(v))
	}
	fmt.Fprintf(b, `<text class="small" x="%d" y="%d" text-anchor="end">%s</text>`+"\n", width-12, height-4, escape(unit))
	for i, bar := range bars {
		y := top + step*i
		middle := float64(y) + thick/2
		fmt.Fprintf(b, `<text x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n", left-8, middle+4.5, escape(bar.Label))
		fmt.Fprintf(b, `<rect class="f%d" x="%d" y="%d" width="%.1f" height="%d" rx="2"/>`+"\n", bar.Class, left, y, x(bar.Value)-left, thick)
		if bar.Max > bar.Min {
			fmt.Fprintf(b, `<path class="whisker" d="M%.1f %.1fH%.1fM%.1f %.1fv8M%.1f %.1fv8"/>`+"\n",
				x(bar.Min), middle, x(bar.Max), x(bar.Min), middle-4, x(bar.Max), middle-4)
		}
		fmt.Fprintf(b, `<text x="%.1f" y="%.1f">%s</text>`+"\n", x(max(bar.Value, bar.Max))+6, middle+4.5, escape(bar.Text))
	}
	return end(b)
}
