package main

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"text/template"

	"github.com/urocket/urocket/bench/measure"
)

//go:embed report.md.tmpl
var reportText string

// between is what is written by hand about what keeps us from the limit.
//
//go:embed between.md
var between string

var reportTemplate = template.Must(template.New("benchmarks.md").Parse(reportText))

// writeReport writes DIR/benchmarks.md, and its charts below DIR/benchmarks.
func writeReport(dir string, r *measure.Results) error {
	files := charts(r)
	text, err := report(r)
	if err != nil {
		return err
	}
	files["../benchmarks.md"] = text
	pictures := filepath.Join(dir, "benchmarks")
	if err := os.MkdirAll(pictures, 0o755); err != nil {
		return err
	}
	errs := []error{giveTo(dir, pictures)}
	for name, text := range files {
		path := filepath.Join(pictures, name)
		errs = append(errs, os.WriteFile(path, []byte(text), 0o644), giveTo(dir, path))
	}
	return errors.Join(errs...)
}

// giveTo lets a file that root has made belong to whom the directory belongs to.
func giveTo(dir, path string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	owner := info.Sys().(*syscall.Stat_t)
	return os.Chown(path, int(owner.Uid), int(owner.Gid))
}

func report(r *measure.Results) (string, error) {
	var b strings.Builder
	err := reportTemplate.Execute(&b, map[string]any{
		"Date":         r.Date,
		"Short":        short(r),
		"Disturbed":    disturbance(r),
		"Limits":       limitTable(r),
		"Ceilings":     ceilingTable(r),
		"Tables":       tables(r),
		"Faults":       list(faults(r)),
		"Growth":       growthTables(r),
		"GrowthRounds": growthRounds,
		"Between":      between,
		"Rounds":       r.Rounds,
		"Tool":         r.Tool,
		"Conns":        and(r.Conns),
		"Seconds":      r.Seconds,
		"Threshold":    fmt.Sprintf("%.0f %%", 100*disturbed),
		"Machine":      machineTable(r),
	})
	return b.String(), err
}

// save keeps what was measured, so that the report can be written again.
func save(path string, r *measure.Results) error {
	text, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, text, 0o644); err != nil {
		return err
	}
	return giveTo(filepath.Dir(path), path)
}

// rewrite writes the report of an earlier run.
func rewrite(path, dir string, write func(string, *measure.Results) error) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var r measure.Results
	if err := json.Unmarshal(text, &r); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return write(dir, &r)
}
