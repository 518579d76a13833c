package chart

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

// wellFormed reads a drawing to its end, and counts its elements.
func wellFormed(t *testing.T, svg string) map[string]int {
	t.Helper()
	n := map[string]int{}
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return n
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, svg)
		}
		if e, ok := token.(xml.StartElement); ok {
			n[e.Name.Local]++
		}
	}
}

func TestBars(t *testing.T) {
	svg := Bars("shares <of> the limit", "%", []Bar{{Label: "a & b", Value: 80, Min: 70, Max: 90, Text: "80 %"}, {Label: "c", Value: 0}})
	n := wellFormed(t, svg)
	if n["rect"] != 3 || n["path"] != 1 {
		t.Errorf("a page, two bars and one whisker: %v", n)
	}
	if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
		t.Error("not a number in", svg)
	}
}

func TestLines(t *testing.T) {
	svg := Lines("t", "callers", "answers/s", []Line{
		{"ours", []Point{{1, 100, 90, 110}, {10, 90, 90, 90}, {100, 95, 80, 99}}},
		{"limit", []Point{{1, 200, 200, 200}, {100, 200, 200, 200}}},
	})
	n := wellFormed(t, svg)
	if n["path"] != 2 || n["circle"] != 5+2 {
		t.Errorf("two lines of five points, two names: %v", n)
	}
	for _, odd := range [][]Line{nil, {{"one", []Point{{5, 5, 5, 5}}}}, {{"none", nil}}} {
		if svg := Lines("t", "x", "y", odd); strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
			t.Errorf("not a number in %s", svg)
		}
	}
}

func TestCeiling(t *testing.T) {
	for v, want := range map[float64]float64{0: 1, 1: 1, 1.1: 1.5, 2.2: 2.5, 99: 100, 100: 100, 101: 150, 0.3: 0.3, 3800: 4000, 9000: 10000} {
		if got := ceiling(v); got < want*0.999 || got > want*1.001 {
			t.Errorf("ceiling(%v) = %v, want %v", v, got, want)
		}
	}
}

func TestShort(t *testing.T) {
	for v, want := range map[float64]string{0.5: "0.5", 7: "7", 1.25: "1.25", 12.34: "12.3", 640: "640", 60: "60", 0.05: "0.05", 1200: "1.2 k", 10000: "10 k", 1e7: "10 M"} {
		if got := Short(v); got != want {
			t.Errorf("Short(%v) = %q, want %q", v, got, want)
		}
	}
}
