package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/urocket/urocket/bench/measure"
)

// table writes rows of cells; the first is the head. All columns but the first are
// figures.
func table(rows [][]string) string {
	var b strings.Builder
	for i, row := range rows {
		b.WriteString("| " + strings.Join(row, " | ") + " |\n")
		if i == 0 {
			b.WriteString("| ---" + strings.Repeat(" | ---:", len(row)-1) + " |\n")
		}
	}
	return b.String()
}

func list(items []string) string {
	if len(items) == 0 {
		return ""
	}
	return "- " + strings.Join(items, "\n- ") + "\n"
}

// and lists numbers as a sentence does.
func and(numbers []int) string {
	words := make([]string, len(numbers))
	for i, n := range numbers {
		words[i] = fmt.Sprint(n)
	}
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

func limitTable(r *measure.Results) string {
	rows := [][]string{{"limit", "for each child"}}
	for _, row := range r.Rows {
		if row.Group == "limit" {
			rows = append(rows, []string{row.Name, row.Note})
		}
	}
	return strings.ReplaceAll(table(rows), "---:", "---")
}

// tables are those of the rows, one for each number of connections.
func tables(r *measure.Results) string {
	var b strings.Builder
	for _, n := range r.Conns {
		rows := [][]string{{connections(n), "answers/s", "of its limit", "p50 ms", "p99 ms", "cpu µs", "MiB", "others"}}
		for _, row := range r.Rows {
			rows = append(rows, cells(r, row, n))
		}
		fmt.Fprintf(&b, "%s\n", table(rows))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func cells(r *measure.Results, row measure.Row, n int) []string {
	c := r.Cell(row, n)
	switch {
	case row.Gone != "":
		return []string{row.Name, "not there", "", "", "", "", "", ""}
	case c.Err != "":
		return []string{row.Name, "error", "", "", "", "", "", ""}
	}
	return []string{
		row.Name, spread("%.0f", 1, c.Rate), spread("%.0f %%", 100, c.Share), fmt.Sprintf("%.2f", c.P50.Median), fmt.Sprintf("%.1f", c.P99.Median),
		positive("%.0f", c.CPU.Median), positive("%.0f", c.RSS.Median), fmt.Sprintf("%.0f %%", 100*c.Foreign.Max),
	}
}

// spread writes a median, and the smallest and largest in brackets.
func spread(format string, times float64, s measure.Spread) string {
	if s == (measure.Spread{}) {
		return ""
	}
	return fmt.Sprintf(format+" ("+strings.TrimSuffix(format, " %%")+"–"+strings.TrimSuffix(format, " %%")+")", times*s.Median, times*s.Min, times*s.Max)
}

func positive(format string, v float64) string {
	if v <= 0 {
		return ""
	}
	return fmt.Sprintf(format, v)
}

// short is the table of what matters most.
func short(r *measure.Results) string {
	rows := [][]string{{"", "reached"}}
	add := func(what, figure string) {
		if figure != "" {
			rows = append(rows, []string{what, figure})
		}
	}
	for _, row := range r.Rows {
		if row.Group != "urocket" || row.Gone != "" || !strings.Contains(row.Name, " socket") {
			continue
		}
		for _, n := range r.Conns {
			if n > 1 {
				add(fmt.Sprintf("%s, %d connections, of `%s`", row.Name, n, row.Limit), spread("%.0f %%", 100, r.Cell(row, n).Share))
				ceiling := ceilings[row.Limit]
				add(fmt.Sprintf("%s, %d connections, of `%s`", row.Name, n, ceiling), spread("%.0f %%", 100, r.Share(row.Name, ceiling, n)))
				add(fmt.Sprintf("`%s`, %d connections, of `%s`", ceiling, n, row.Limit), spread("%.0f %%", 100, r.Share(ceiling, row.Limit, n)))
			}
		}
		if slices.Contains(r.Conns, 1) {
			add(row.Name+", 1 connection: p50 above the limit's", spread("%.2f", 1, r.Above(row, 1))+" ms")
		}
	}
	for _, n := range r.Conns[len(r.Conns)-1:] {
		add(fmt.Sprintf("best peer by share, %d connections", n), best(r, n, func(c measure.Cell) float64 { return c.Share.Median }, "%.0f %%", 100))
		add(fmt.Sprintf("best peer by answers/s, %d connections", n), best(r, n, func(c measure.Cell) float64 { return c.Rate.Median }, "%.0f", 1))
		add(fmt.Sprintf("best peer by p99, %d connections", n), best(r, n, func(c measure.Cell) float64 { return -c.P99.Median }, "%.0f ms", -1))
		for _, row := range r.Rows {
			if row.Group == "urocket" {
				add(fmt.Sprintf("%s, p99, %d connections", row.Name, n), positive("%.0f ms", r.Cell(row, n).P99.Median))
			}
		}
	}
	add("a caller that waits for a place holds", held(r))
	add("resident, serving the example, nobody calls", positive("%.1f MiB", r.Idle))
	return table(rows)
}

// best names the peer with the largest figure.
func best(r *measure.Results, n int, of func(measure.Cell) float64, format string, times float64) string {
	var name string
	var most float64
	for _, row := range r.Rows {
		c := r.Cell(row, n)
		if row.Group != "peer" || c.Rounds == 0 || c.Err != "" {
			continue
		}
		if v := of(c); name == "" || v > most {
			name, most = row.Name, v
		}
	}
	if name == "" {
		return ""
	}
	return fmt.Sprintf(format, times*most) + ", " + name
}

// held is what a waiting caller holds, where there are most of them.
func held(r *measure.Results) string {
	for _, c := range r.Growth {
		if c.Name == "waiting" && len(c.Points) > 0 {
			last := c.Points[len(c.Points)-1]
			if s := measure.Of(last.PerCaller); s.Median > 0 {
				return spread("%.1f", 1.0/1000, s) + fmt.Sprintf(" kB, of %.0f", last.X)
			}
		}
	}
	return ""
}

// disturbance says how much of the processors went to others.
func disturbance(r *measure.Results) string {
	var all []float64
	for _, row := range r.Rows {
		for _, n := range r.Conns {
			for _, s := range r.Of(row.Name, n) {
				if s.Err == "" {
					all = append(all, s.Foreign)
				}
			}
		}
	}
	s := measure.Of(all)
	text := fmt.Sprintf("Other work on the machine had %.0f %% of the processors' time in half of the runs, and %.0f %% at most", 100*s.Median, 100*s.Max)
	if s.Median > disturbed {
		text += ": too much for figures to be compared with those of another run"
	}
	return text + "."
}

func machineTable(r *measure.Results) string {
	rows := [][]string{{"the machine", ""}}
	for _, f := range r.Machine {
		rows = append(rows, []string{f.Name, cmp.Or(f.Value, "unknown")})
	}
	return strings.ReplaceAll(table(rows), "---:", "---")
}
