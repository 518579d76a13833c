package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/urocket/urocket/internal/notrun"
)

const (
	alertsFile    = "../contrib/prometheus/alerts.yaml"
	dashboardFile = "../contrib/grafana/urocket.json"
)

// prometheus is a real one that watches a gateway.
type prometheus struct {
	url string
	log *os.File
}

// watch starts Prometheus with our alerts. It is ended with the test.
func watch(t *testing.T, admin string) *prometheus {
	t.Helper()
	program, err := exec.LookPath("prometheus")
	if err != nil {
		notrun.Here(t, "there is no Prometheus; Debian has it in its package prometheus")
	}
	dir := t.TempDir()
	alerts, err := filepath.Abs(alertsFile)
	check(t, err)
	file := filepath.Join(dir, "prometheus.yml")
	check(t, os.WriteFile(file, fmt.Appendf(nil, "global: {scrape_interval: 500ms, evaluation_interval: 500ms}\nrule_files: [%q]\n"+
		"scrape_configs:\n- job_name: urocket\n  static_configs: [{targets: [%q]}]\n", alerts, admin), 0o644))
	log, err := os.Create(filepath.Join(dir, "log"))
	check(t, err)
	address := freeAddress(t)
	p := &prometheus{url: "http://" + address, log: log}
	cmd := exec.Command(program, "--config.file="+file, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address)
	cmd.Stdout, cmd.Stderr = log, log
	check(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			text, _ := os.ReadFile(log.Name())
			t.Logf("log of Prometheus:\n%s", tail(string(text), 3000))
		}
		_ = log.Close()
	})
	return p
}

// get asks the HTTP API; false: it does not answer yet.
func (p *prometheus) get(path string, into any) bool {
	client := http.Client{Timeout: patience}
	resp, err := client.Get(p.url + path)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return err == nil && resp.StatusCode == http.StatusOK && json.Unmarshal(text, &struct{ Data any }{into}) == nil
}

// sample is one series of an answer.
type sample struct{ Metric map[string]string }

func (p *prometheus) ask(query string) []sample {
	var data struct{ Result []sample }
	if !p.get("/api/v1/query?query="+url.QueryEscape(query), &data) {
		return nil
	}
	return data.Result
}

// dashboardQueries are those of the dashboard's panels, by title, with everything in
// place of its variables.
func dashboardQueries(t *testing.T) map[string][]string {
	t.Helper()
	var d struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	check(t, json.Unmarshal(readFile(dashboardFile), &d))
	fill := strings.NewReplacer("$__rate_interval", "1m", "$job", ".*", "$instance", ".*", "$path", ".*", "$method", ".*")
	queries := map[string][]string{}
	for _, p := range d.Panels {
		for _, q := range p.Targets {
			queries[p.Title] = append(queries[p.Title], fill.Replace(q.Expr))
		}
	}
	return queries
}

// wanting are metrics that are only there where the kernel gives us its controllers.
var wanting = []string{"urocket_cgroup_memory_bytes", "urocket_cgroup_tasks"}

func isWanting(query string) bool {
	for _, name := range wanting {
		if strings.Contains(query, name) {
			return true
		}
	}
	return false
}

// A real Prometheus reads what urocket tells; what each panel of the dashboard asks
// has an answer, before anything has happened even; each alert can be computed, and
// one that has a reason is on.
func TestPrometheus(t *testing.T) {
	t.Parallel()
	admin := freeAddress(t)
	operations, files := working(t)
	operations["get /out"], operations["get /fail"] = says("out", "running", 2), keys{"cmd": sh("exit 1")}
	g := start(t, setup{top: keys{"admin": admin}, ops: operations, files: files})
	p := watch(t, admin)
	eventually(t, "Prometheus has asked twice", func() bool { return len(p.ask("count_over_time(urocket_build_info[1m]) > 1")) == 1 })
	for title, queries := range dashboardQueries(t) {
		for _, q := range queries {
			if !isWanting(q) && !holds(func() bool { return len(p.ask(q)) > 0 }) {
				t.Errorf("panel %q is empty: %s", title, q)
			}
		}
	}
	var rules struct {
		Groups []struct {
			Rules []struct{ Name, Health, LastError string }
		}
	}
	eventually(t, "the alerts are computed", func() bool {
		return p.get("/api/v1/rules", &rules) && len(rules.Groups) == 1 && rules.Groups[0].Rules[len(rules.Groups[0].Rules)-1].Health != "unknown"
	})
	for _, r := range rules.Groups[0].Rules {
		if r.Health != "ok" {
			t.Errorf("%s: %s %s", r.Name, r.Health, r.LastError)
		}
	}
	if on := p.ask("ALERTS"); len(on) > 0 {
		t.Errorf("alerts without a reason: %v", on)
	}
	g.get(t, "/fail").wantProblem(t, 502, "no-answer")
	eventually(t, "a call that failed is seen", func() bool {
		return len(p.ask(`urocket_calls_total{path="/fail",status="502",end="exit"} == 1`)) == 1
	})
	g.reload(t, setup{top: keys{"admin": admin}, ops: ops{"get /out": says("out", "onexit", "nonsense")}}, refusedLine)
	eventually(t, "the alert of a configuration that was refused is on", func() bool {
		return len(p.ask(`ALERTS{alertname="UrocketConfigurationRefused",job="urocket"}`)) == 1
	})
	var alerts struct {
		Alerts []struct{ Annotations map[string]string }
	}
	if !p.get("/api/v1/alerts", &alerts) || len(alerts.Alerts) != 1 || alerts.Alerts[0].Annotations["summary"] != admin+": the configuration was not taken; the old one is served on" {
		t.Errorf("alerts: %+v", alerts)
	}
}

// metricNames are the names of metrics, in queries and in what is said of them.
var metricNames = regexp.MustCompile(`\b(?:urocket|process|go)_[a-z_]+\b`)

// Every metric that the dashboard and the alerts ask for is one that urocket tells,
// and what it tells passes Prometheus' own check.
func TestMetricsThatAreAskedForAreTold(t *testing.T) {
	t.Parallel()
	operations, files := working(t)
	operations["get /out"] = says("out", "running", 2, "queued", 3)
	g := start(t, setup{ops: operations, files: files})
	g.get(t, "/out").want(t, 200)
	told := g.back(t, "GET", "/metrics", "").want(t, 200).body
	document := string(readFile("../docs/metrics.md"))
	asked := string(readFile(alertsFile))
	for _, queries := range dashboardQueries(t) {
		asked += strings.Join(queries, "\n")
	}
	names := map[string]bool{}
	for _, name := range metricNames.FindAllString(asked, -1) {
		names[name] = true
	}
	if len(names) < 20 {
		t.Errorf("only %d metrics are asked for", len(names))
	}
	for name := range names {
		is := regexp.MustCompile(`(?m)^(# TYPE )?` + name + `[ {]`).Match(told)
		if !is && !(isWanting(name) && strings.Contains(document, "`"+name+"`")) {
			t.Errorf("nobody tells %s", name)
		}
	}
	if _, err := exec.LookPath("promtool"); err != nil {
		notrun.Here(t, "there is no promtool; Debian has it in its package prometheus")
	}
	cmd := exec.Command("promtool", "check", "metrics")
	cmd.Stdin = bytes.NewReader(told)
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}
