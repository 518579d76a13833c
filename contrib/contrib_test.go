// Package contrib_test checks what is here for others: the dashboard and the alerts.
// That what they ask for is there is checked against a urocket that runs, in e2e.
package contrib_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/urocket/urocket/internal/notrun"
)

// dashboard is what Grafana needs of one, as its dashboard schema has it.
type dashboard struct {
	UID, Title    string
	ID            *int
	SchemaVersion int
	Templating    struct{ List []variable }
	Annotations   struct {
		List []struct {
			Name, Expr string
			Datasource source
		}
	}
	Panels []panel
}

type source struct{ Type, UID string }

type variable struct {
	Name, Type string
	Query      string
	Datasource source
}

type panel struct {
	ID                       int
	Type, Title, Description string
	GridPos                  struct{ X, Y, W, H int }
	Datasource               source
	FieldConfig              struct{ Defaults struct{ Unit string } }
	Targets                  []struct {
		RefID, Expr string
		Datasource  source
	}
}

const dashboardFile = "grafana/urocket.json"

func readDashboard(t *testing.T) (d dashboard) {
	t.Helper()
	text, err := os.ReadFile(dashboardFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// Grafana takes the dashboard as it is: nothing in it belongs to somebody's own Grafana.
func TestDashboardCanBeImported(t *testing.T) {
	d := readDashboard(t)
	if d.UID != "urocket" || d.Title == "" || d.ID != nil || d.SchemaVersion < 36 {
		t.Errorf("uid %q, title %q, id %v, schemaVersion %d", d.UID, d.Title, d.ID, d.SchemaVersion)
	}
	want := source{"prometheus", "${datasource}"}
	ids := map[int]bool{}
	for _, p := range d.Panels {
		if ids[p.ID] || p.ID == 0 || p.Title == "" {
			t.Errorf("panel %d %q: its id is not its own, or it has no title", p.ID, p.Title)
		}
		ids[p.ID] = true
		if p.Type == "row" {
			continue
		}
		if p.Datasource != want || p.Description == "" || p.FieldConfig.Defaults.Unit == "" || len(p.Targets) == 0 {
			t.Errorf("panel %q: data source %v, description %q, unit %q, %d queries", p.Title, p.Datasource, p.Description, p.FieldConfig.Defaults.Unit, len(p.Targets))
		}
		refs := map[string]bool{}
		for _, q := range p.Targets {
			if refs[q.RefID] || q.RefID == "" || q.Datasource != want {
				t.Errorf("panel %q, query %q: data source %v, or its name is not its own", p.Title, q.RefID, q.Datasource)
			}
			refs[q.RefID] = true
		}
	}
	for _, v := range d.Templating.List {
		if v.Type == "query" && v.Datasource != want {
			t.Errorf("variable %q: data source %v", v.Name, v.Datasource)
		}
	}
}

// No two panels lie on each other, and each lies in the grid, which is 24 wide.
func TestDashboardIsLaidOut(t *testing.T) {
	taken := map[[2]int]string{}
	for _, p := range readDashboard(t).Panels {
		g := p.GridPos
		if g.X < 0 || g.Y < 0 || g.W < 1 || g.H < 1 || g.X+g.W > 24 {
			t.Errorf("panel %q lies at %+v", p.Title, g)
		}
		for x := g.X; x < g.X+g.W; x++ {
			for y := g.Y; y < g.Y+g.H; y++ {
				if other, ok := taken[[2]int{x, y}]; ok {
					t.Fatalf("panels %q and %q lie on each other", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
	}
}

// promtool runs the real one.
func promtool(t *testing.T, dir string, args ...string) {
	t.Helper()
	if _, err := exec.LookPath("promtool"); err != nil {
		notrun.Here(t, "there is no promtool; Debian has it in its package prometheus")
	}
	cmd := exec.Command("promtool", args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("promtool %q: %v\n%s", args, err, out)
	}
}

func TestAlerts(t *testing.T) {
	promtool(t, "prometheus", "check", "rules", "--lint-fatal", "alerts.yaml")
	promtool(t, "prometheus", "test", "rules", "alerts_test.yaml")
}

// Each alert has a test in which it fires.
func TestEachAlertIsTested(t *testing.T) {
	rules, err := os.ReadFile("prometheus/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	tests, err := os.ReadFile("prometheus/alerts_test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for line := range strings.Lines(string(rules)) {
		name, ok := strings.CutPrefix(strings.TrimSpace(line), "- alert: ")
		if !ok {
			continue
		}
		found++
		if !strings.Contains(string(tests), `alertname="`+name+`"`) {
			t.Errorf("%s fires in no test", name)
		}
	}
	if found == 0 {
		t.Error("there are no alerts")
	}
}

// What the dashboard asks is PromQL, with something in place of Grafana's variables.
func TestDashboardAsksPromQL(t *testing.T) {
	d := readDashboard(t)
	fill := strings.NewReplacer("$__rate_interval", "1m", "$job", ".*", "$instance", ".*", "$path", ".*", "$method", ".*")
	var rules strings.Builder
	rules.WriteString("groups:\n- name: dashboard\n  rules:\n")
	var asked []string
	for _, p := range d.Panels {
		for _, q := range p.Targets {
			asked = append(asked, q.Expr)
		}
	}
	for _, a := range d.Annotations.List {
		if a.Expr != "" {
			asked = append(asked, a.Expr)
		}
	}
	for i, expr := range asked {
		filled := fill.Replace(expr)
		if strings.Contains(filled, "$") {
			t.Errorf("there is no such variable: %s", filled)
		}
		text, err := json.Marshal(filled)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&rules, "  - record: asked:%d\n    expr: %s\n", i, text)
	}
	if len(asked) < 20 || !slices.ContainsFunc(asked, func(e string) bool { return strings.Contains(e, "$__rate_interval") }) {
		t.Errorf("%d queries", len(asked))
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "rules.yaml"), []byte(rules.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	promtool(t, dir, "check", "rules", "rules.yaml")
}
