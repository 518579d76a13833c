package main

import (
	"fmt"
	"strings"

	"github.com/urocket/urocket/bench/measure"
)

// ceilingTable holds the ceilings against their limits, and urocket against the ceilings. It
// is empty if no ceiling was measured.
func ceilingTable(r *measure.Results) string {
	head := []string{""}
	for _, n := range r.Conns {
		head = append(head, connections(n))
	}
	rows := [][]string{head}
	add := func(what, name, of string) {
		line, any := []string{what}, false
		for _, n := range r.Conns {
			share := spread("%.0f %%", 100, r.Share(name, of, n))
			line, any = append(line, share), any || share != ""
		}
		if any {
			rows = append(rows, line)
		}
	}
	for _, ceiling := range r.Rows {
		if ceiling.Group != "ceiling" {
			continue
		}
		add(fmt.Sprintf("`%s`, of its limit", ceiling.Name), ceiling.Name, ceiling.Limit)
		for _, row := range r.Rows {
			if row.Group == "urocket" && row.Limit == ceiling.Limit {
				add(fmt.Sprintf("%s, of `%s`", row.Name, ceiling.Name), row.Name, ceiling.Name)
			}
		}
	}
	if len(rows) == 1 {
		return ""
	}
	return strings.TrimSuffix(table(rows), "\n")
}

func connections(n int) string {
	if n == 1 {
		return "1 connection"
	}
	return fmt.Sprintf("%d connections", n)
}
