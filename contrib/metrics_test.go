package contrib_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// metricName is one of urocket's, as it stands in queries, in manifests and in prose.
var metricName = regexp.MustCompile(`\burocket_[a-z][a-z_]*[a-z]\b`)

// noMetrics are functions of urocket.php.
var noMetrics = map[string]bool{"urocket_reply": true, "urocket_payload": true}

// Every metric that the alerts, their tests, the dashboard, the manifests and the
// documentation name stands in the table of docs/metrics.md, which is made of what
// /metrics has. The test of e2e asks a urocket that runs; this one knows of Kubernetes too.
func TestMetricsThatAreNamedAreThere(t *testing.T) {
	text, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "<!-- table")
	known := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(urocket_[a-z_]+)` \\| (\\w+) ").FindAllStringSubmatch(table, -1) {
		known[row[1]] = true
		if row[2] == "histogram" {
			known[row[1]+"_bucket"], known[row[1]+"_sum"], known[row[1]+"_count"] = true, true, true
		}
	}
	named := map[string]int{}
	for _, root := range []string{"prometheus", "grafana", "../deploy", "../docs"} {
		err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return err
			}
			text, err := os.ReadFile(file)
			for _, name := range metricName.FindAllString(string(text), -1) {
				named[root]++
				if !known[name] && !noMetrics[name] {
					t.Errorf("%s: there is no %s", file, name)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if named[root] == 0 {
			t.Errorf("%s names no metric", root)
		}
	}
}
