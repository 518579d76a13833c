// Package chart draws what was measured, as SVG that needs nothing beside it: it is
// read by a browser that shows a light or a dark page, and by people in a diff.
package chart

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// style has a colour for each class of bar or line, on light pages and on dark ones.
const style = `<style>
text{font:13px system-ui,sans-serif;fill:#24292f}
.title{font-size:15px;font-weight:600}.small{font-size:11px;fill:#57606a}
.page{fill:#ffffff}.grid{stroke:#d8dee4}.axis{stroke:#57606a}.whisker{stroke:#24292f;stroke-width:1.5}
.f0{fill:#0969da}.f1{fill:#8c959f}.f2{fill:#bf8700}.s0{stroke:#0969da}.s1{stroke:#bf8700}.s2{stroke:#1a7f37}
.line{fill:none;stroke-width:2}
@media (prefers-color-scheme:dark){text{fill:#e6edf3}.small{fill:#9198a1}.page{fill:#0d1117}.grid{stroke:#30363d}
.axis{stroke:#9198a1}.whisker{stroke:#e6edf3}.f0{fill:#4493f8}.f1{fill:#656c76}.f2{fill:#d29922}.s0{stroke:#4493f8}.s1{stroke:#d29922}.s2{stroke:#3fb950}}
</style>
`

const width = 760

// begin opens a drawing. What it shows is its title and, for those who cannot see
// it, its label.
func begin(title string, height int) *strings.Builder {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="%s">`+"\n",
		width, height, width, height, escape(title))
	b.WriteString(style)
	fmt.Fprintf(&b, `<rect class="page" width="%d" height="%d"/>`+"\n", width, height)
	fmt.Fprintf(&b, `<text class="title" x="16" y="24">%s</text>`+"\n", escape(title))
	return &b
}

func end(b *strings.Builder) string { return b.String() + "</svg>\n" }

func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(s)
}

// ceiling is a round number at or above v, for the end of an axis that has
// five parts.
func ceiling(v float64) float64 {
	if v <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 1.5, 2, 2.5, 3, 4, 5, 7.5, 10} {
		if m*power >= v*(1-1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// Short writes a number as a person would: 1.2 k, 10 M; three digits at most.
func Short(v float64) string {
	for _, unit := range []struct {
		of   float64
		name string
	}{{1e6, " M"}, {1e3, " k"}} {
		if v >= unit.of {
			return digits(v/unit.of) + unit.name
		}
	}
	return digits(v)
}

func digits(v float64) string {
	places := 2
	switch {
	case v >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 10:
		places = 1
	}
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(v, 'f', places, 64), "0"), ".")
}
