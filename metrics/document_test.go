package metrics

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table of docs/metrics.md")

const (
	file  = "../docs/metrics.md"
	begin = "<!-- table: go test ./metrics -update -->\n"
	end   = "<!-- end of the table -->\n"
)

// The document has a row for each metric, with what the metric says of itself.
func TestDocument(t *testing.T) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	old, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s lacks %q or %q", file, begin, end)
	}
	want := table(scrape(t, wholeSet()))
	if *update {
		if err := os.WriteFile(file, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if old != want {
		t.Errorf("%s differs from the metrics: go test ./metrics -update", file)
	}
}

// Names, units and help of a metric keep to what Prometheus recommends.
func TestNames(t *testing.T) {
	e := scrape(t, wholeSet())
	for name := range e.kind {
		if !strings.HasPrefix(name, "urocket_") {
			continue
		}
		if (e.kind[name] == "counter") != strings.HasSuffix(name, "_total") {
			t.Errorf("%s is a %s", name, e.kind[name])
		}
		if h := e.help[name]; !strings.HasSuffix(h, ".") || strings.Contains(h, "|") {
			t.Errorf("%s: help %q", name, h)
		}
	}
}

func table(e exposed) string {
	var b strings.Builder
	b.WriteString("| metric | type | labels | unit | |\n| --- | --- | --- | --- | --- |\n")
	names := slices.Collect(maps.Keys(e.kind))
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(chapter(a), chapter(b)), cmp.Compare(a, b))
	})
	for _, name := range names {
		if strings.HasPrefix(name, "urocket_") {
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", name, e.kind[name], e.labels(name), unit(name), e.help[name])
		}
	}
	return b.String()
}

// chapter puts together what belongs together.
func chapter(name string) int {
	for i, parts := range [][]string{
		{"urocket_calls_"},
		{"_duration_", "urocket_process_", "urocket_processes_", "fallbacks_"},
		{"answers_", "kills_", "oom_", "strays_", "pids_", "leftovers_", "replies_"},
		{"places_", "queue_"},
		{"pool_"},
	} {
		if slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(name, p) }) {
			return i
		}
	}
	return math.MaxInt // of the service
}

var labelName = regexp.MustCompile(`([a-z]+)="`)

// labels are those of the first series of a metric; "le" is every histogram's.
func (e exposed) labels(name string) string {
	var found []string
	for series := range e.series {
		base, labels, _ := strings.Cut(series, "{")
		if base != name && base != name+"_count" {
			continue
		}
		for _, m := range labelName.FindAllStringSubmatch(labels, -1) {
			if !slices.Contains(found, "`"+m[1]+"`") {
				found = append(found, "`"+m[1]+"`")
			}
		}
	}
	slices.SortFunc(found, func(a, b string) int { return cmp.Compare(rank(a), rank(b)) })
	return strings.Join(found, " ")
}

// rank orders labels as one reads them.
func rank(label string) string {
	for i, first := range []string{"`path`", "`method`", "`driver`", "`status`"} {
		if label == first {
			return string(rune('0' + i))
		}
	}
	return label
}

func unit(name string) string {
	name = strings.TrimSuffix(name, "_total")
	switch {
	case strings.HasSuffix(name, "_seconds"):
		return "seconds"
	case strings.HasSuffix(name, "_bytes"):
		return "bytes"
	}
	return ""
}
