package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/urocket/urocket/bench/measure"
)

// sampled are results of two rounds with a row of each kind.
func sampled() *measure.Results {
	r := &measure.Results{
		Date: "2026-01-02", Rounds: 2, Seconds: 2, Tool: "wrk -t1", Conns: []int{1, 16, 64}, Idle: 14.5,
		Rows: []measure.Row{
			{Name: "limit: post", Group: "limit", Note: "vfork"},
			{Name: "ceiling: post", Group: "ceiling", Limit: "limit: post"},
			{Name: "urocket socket", Group: "urocket", Limit: "limit: post"},
			{Name: "lighttpd", Group: "peer", Limit: "limit: post"},
			{Name: "broken", Group: "peer", Limit: "limit: post"},
			{Name: "absent", Group: "peer", Gone: "it is not installed"},
			{Name: "hello", Group: "hello"},
		},
		Machine: []measure.Fact{{Name: "kernel", Value: "Linux 1"}},
	}
	for round := range 2 {
		for _, n := range r.Conns {
			r.Add("ceiling: post", n, measure.Sample{Rate: float64(1800 + round), P50: 1, P99: 9, CPU: 500})
			for i, name := range []string{"limit: post", "urocket socket", "lighttpd", "hello"} {
				r.Add(name, n, measure.Sample{Rate: float64(2000 - 500*i + round), P50: float64(1 + i), P99: float64(10 - i), CPU: 500})
			}
			r.Add("broken", n, measure.Sample{Err: "1 of 2 answers were not 2xx"})
		}
	}
	for _, name := range []string{"waiting", "routes", "payload", "connections"} {
		c := measure.Curve{Name: name, X: "things"}
		for _, x := range []float64{1, 1000} {
			c.Points = append(c.Points, measure.Point{X: x, PerCaller: []float64{18000}, Samples: []measure.Sample{{Rate: 900, RSS: 20}, {Rate: 1100, RSS: 22}}})
		}
		r.Growth = append(r.Growth, c)
	}
	return r
}

func TestReport(t *testing.T) {
	r := sampled()
	text, err := report(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"measured on 2026-01-02", "| urocket socket | 1500 (1500–1501) | 75 % (75–75) | 2.00 | 9.0 | 500 |  | 0 % |",
		"| broken | error |", "| absent | not there |", "- broken, c=16: error: round 1: 1 of 2 answers", "- absent: not there: it is not installed",
		"| `ceiling: post`, of its limit | 90 % (90–90) | 90", "| urocket socket, of `ceiling: post` | 83 % (83–83) | 83", "| urocket socket, 16 connections, of `ceiling: post` | 83 %",
		"18.0 (18.0–18.0) kB, of 1000", "| best peer by share, 64 connections | 50 %, lighttpd |", "14.5 MiB", "1, 16 and 64 connections", "| kernel | Linux 1 |",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in the report", want)
		}
	}
	for _, odd := range []string{"NaN", "Inf", "%!", "<no value>", "\n\n\n"} {
		if strings.Contains(text, odd) {
			t.Errorf("%q is in the report", odd)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

// A run of some rows only has no ceilings, and no chapter of them.
func TestReportWithoutCeilings(t *testing.T) {
	r := sampled()
	r.Rows = slices.DeleteFunc(r.Rows, func(row measure.Row) bool { return row.Group == "ceiling" })
	delete(r.Samples, "ceiling: post")
	text, err := report(r)
	if err != nil || strings.Contains(text, "What the ceiling is") || strings.Contains(text, "\n\n\n") {
		t.Errorf("%v\n%s", err, text)
	}
}

// Every chart that the report shows is drawn.
func TestChartsAreThere(t *testing.T) {
	r := sampled()
	text, err := report(r)
	if err != nil {
		t.Fatal(err)
	}
	drawn := charts(r)
	shown := regexp.MustCompile(`\(benchmarks/([^)]+)\)`).FindAllStringSubmatch(text, -1)
	if len(shown) < 7 {
		t.Errorf("only %d charts are shown", len(shown))
	}
	for _, m := range shown {
		if drawn[m[1]] == "" {
			t.Errorf("%s is not drawn", m[1])
		}
	}
	for name, svg := range drawn {
		if !strings.HasPrefix(svg, "<svg ") || strings.Contains(svg, "NaN") {
			t.Errorf("%s: %s", name, svg)
		}
	}
}

func TestWriteReport(t *testing.T) {
	dir := t.TempDir()
	r := sampled()
	if err := save(dir+"/bench.json", r); err != nil {
		t.Fatal(err)
	}
	if err := rewrite(dir+"/bench.json", dir, writeReport); err != nil {
		t.Fatal(err)
	}
}
