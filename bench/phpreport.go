package main

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/urocket/urocket/bench/chart"
	"github.com/urocket/urocket/bench/measure"
)

//go:embed php.md.tmpl
var phpText string

var phpTemplate = template.Must(template.New("benchmarks-php.md").Parse(phpText))

// writePHPReport writes DIR/benchmarks-php.md, and its charts below DIR/benchmarks.
func writePHPReport(dir string, r *measure.Results) error {
	var b strings.Builder
	err := phpTemplate.Execute(&b, map[string]any{
		"Date": r.Date, "Short": phpShort(r), "Tables": phpTables(r), "Faults": list(faults(r)), "Disturbed": disturbance(r),
		"Rounds": r.Rounds, "Conns": and(r.Conns), "Seconds": r.Seconds, "Tool": r.Tool, "Machine": machineTable(r), "Pool": pool, "Pause": pause,
	})
	if err != nil {
		return err
	}
	pictures := filepath.Join(dir, "benchmarks")
	if err := os.MkdirAll(pictures, 0o755); err != nil {
		return err
	}
	files := phpCharts(r)
	files["../benchmarks-php.md"] = b.String()
	errs := []error{giveTo(dir, pictures)}
	for name, text := range files {
		path := filepath.Join(pictures, name)
		errs = append(errs, os.WriteFile(path, []byte(text), 0o644), giveTo(dir, path))
	}
	return errors.Join(errs...)
}

// quotients are those of two rows' figures, round by round.
func quotients(r *measure.Results, above, below string, n int, of func(measure.Sample) float64) measure.Spread {
	var q []float64
	others := r.Of(below, n)
	for i, s := range r.Of(above, n) {
		if i < len(others) && s.Err == "" && others[i].Err == "" && of(others[i]) > 0 {
			q = append(q, of(s)/of(others[i]))
		}
	}
	return measure.Of(q)
}

// phpShort is the table of how much sooner and how much more.
func phpShort(r *measure.Results) string {
	rows := [][]string{{"", "median (smallest–largest round)"}}
	add := func(what, above, below string, n int, of func(measure.Sample) float64) {
		if s := quotients(r, above, below, n, of); s.Median > 0 {
			rows = append(rows, []string{what, spread("%.1f", 1, s) + " times"})
		}
	}
	p50 := func(s measure.Sample) float64 { return s.P50 }
	alone := func(s measure.Sample) float64 { return s.Alone }
	rate := func(s measure.Sample) float64 { return s.Rate }
	most := r.Conns[len(r.Conns)-1]
	for _, s := range phpScripts {
		spawn := "urocket spawn: " + s.name
		for _, d := range []string{"spare", "fork", "fork + extension"} {
			row := "urocket " + d + ": " + s.name
			add(fmt.Sprintf("%s: %s answers sooner than spawn, a call by itself", s.name, d), spawn, row, 1, alone)
			add(fmt.Sprintf("%s: %s answers sooner than spawn, one call after the other", s.name, d), spawn, row, 1, p50)
			add(fmt.Sprintf("%s: %s carries as many requests as spawn, %d connections", s.name, d, most), row, spawn, most, rate)
		}
		if s.web {
			add(fmt.Sprintf("%s: worker carries as many requests as php-fpm, %d connections", s.name, most), "urocket worker: "+s.name, "nginx + php-fpm: "+s.name, most, rate)
		}
	}
	return table(rows)
}

// phpTables are one for each script and number of connections.
func phpTables(r *measure.Results) string {
	var b strings.Builder
	for _, s := range phpScripts {
		fmt.Fprintf(&b, "### %s: %s\n\n", s.name, s.note)
		for _, n := range r.Conns {
			head := []string{connections(n), "answers/s", "of `php` in a loop", "p50 ms", "p99 ms", "cpu µs", "MiB", "others"}
			if n == 1 {
				head = append(head, "by itself ms")
			}
			rows := [][]string{head}
			for _, row := range r.Rows {
				if strings.HasSuffix(row.Name, ": "+s.name) {
					cut := cells(r, row, n)
					cut[0] = strings.TrimSuffix(row.Name, ": "+s.name)
					if n == 1 {
						cut = append(cut, aloneCell(r, row))
					}
					rows = append(rows, cut)
				}
			}
			fmt.Fprintf(&b, "%s\n", table(rows))
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// aloneCell is how long calls take by themselves.
func aloneCell(r *measure.Results, row measure.Row) string {
	var times []float64
	for _, s := range r.Of(row.Name, 1) {
		if s.Err == "" && s.Alone > 0 {
			times = append(times, s.Alone)
		}
	}
	if len(times) == 0 {
		return ""
	}
	return spread("%.2f", 1, measure.Of(times))
}

// phpCharts are one for each script: those that start something for each request, and
// apart from them the pools, which are another order of magnitude.
func phpCharts(r *measure.Results) map[string]string {
	of := map[string]string{}
	most := r.Conns[len(r.Conns)-1]
	for _, s := range phpScripts {
		var bars []chart.Bar
		for _, row := range r.Rows {
			name, ours := strings.CutSuffix(row.Name, ": "+s.name)
			c := r.Cell(row, most)
			if !ours || c.Rounds == 0 || c.Err != "" || strings.Contains(name, "worker") || strings.Contains(name, "fpm") {
				continue
			}
			class := map[string]int{"urocket": 0, "peer": 1, "limit": 2}[row.Group]
			bars = append(bars, chart.Bar{Label: name, Value: c.Rate.Median, Min: c.Rate.Min, Max: c.Rate.Max, Class: class, Text: fmt.Sprintf("%.0f/s", c.Rate.Median)})
		}
		of["php-"+s.name+".svg"] = chart.Bars(fmt.Sprintf("Answers per second, %s, %d connections", s.name, most), "answers/s", bars)
	}
	return of
}
