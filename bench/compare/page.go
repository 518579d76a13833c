package main

import (
	_ "embed"
	"fmt"
	"strings"
	"text/template"
	"time"
)

// A column is what was seen of a tool.
type column struct {
	tool
	cells []string // one for each situation
}

//go:embed page.md.tmpl
var pageText string

var pageTemplate = template.Must(template.New("comparison.md").Parse(pageText))

func page(tried []column) string {
	var table, versions strings.Builder
	for i, s := range situations {
		fmt.Fprintf(&table, "\n### When %s\n\n| tool | what the caller gets, and what is left |\n| --- | --- |\n", s.title)
		for _, c := range tried {
			fmt.Fprintf(&table, "| %s | %s |\n", c.name, c.cells[i])
		}
	}
	for _, c := range tried {
		fmt.Fprintf(&versions, "| %s | %s | %s |\n", c.name, strings.ReplaceAll(c.version(), "|", "/"), c.limit)
	}
	var b strings.Builder
	if err := pageTemplate.Execute(&b, map[string]any{
		"Date": time.Now().UTC().Format(time.DateOnly), "Tables": table.String(), "Versions": versions.String(), "Patience": patience,
	}); err != nil {
		panic(err) // the template is ours
	}
	return b.String()
}
