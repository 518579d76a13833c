package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// What callers make up names no series: whatever is asked for, there are as many as
// before.
func TestMetricsHaveNoSeriesForWhatCallersSend(t *testing.T) {
	t.Parallel()
	g := start(t, setup{doc: meteredDocument, ops: ops{
		"get /out/{x}":   {"cmd": []string{"/bin/echo", "{{path.x}}"}, "reply": "stdout"},
		"post /pets/{n}": {"cmd": "/bin/echo", "reply": "stdout"},
	}})
	g.get(t, "/out/x").want(t, 200)
	tok, before := token(), g.metrics(t)
	const each = 30
	for i := range each {
		for _, r := range []request{
			{path: fmt.Sprintf("/%s/%d", tok, i)},
			{path: fmt.Sprintf("/out/%s%d%%22%%7D%%0A", tok, i)},
			{path: fmt.Sprintf("/%%22%s%%22,method=%d%%7D%%201%%0A", tok, i)},
			{method: "POST", path: fmt.Sprintf("/pets/%s%d", tok, i), body: []byte("{}"), header: withType(nil)},
			{method: fmt.Sprintf("M%d-%s", i, tok), path: "/out/x"},
			{path: "/out/x?" + tok, header: []string{"X-Request-Id: " + tok, "Traceparent: " + tok}},
		} {
			if _, err := g.try(r); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := endedSeries("GET /out/{x}", "200", "reply", 2*each)
	maps.Copy(want, refusals("POST /pets/{n}", "400", "validation", each))
	maps.Copy(want, refusals(unmatchedOp, "404", "not-found", 2*each))
	maps.Copy(want, refusals(unmatchedOp, "405", "method-not-allowed", each))
	g.awaitGrown(t, before, want)
	for name := range g.metrics(t) {
		if strings.Contains(name, tok) {
			t.Errorf("a caller has made %s", name)
		} else if _, ok := before[name]; !ok && strings.HasPrefix(name, "urocket_") {
			t.Errorf("%s was not there", name)
		}
	}
}

// Who holds places and who waits is told as it is; limits of an operation where it
// has its own.
func TestMetricsTellWhoHoldsPlaces(t *testing.T) {
	t.Parallel()
	admin := freeAddress(t)
	g := start(t, setup{top: keys{"admin": admin, "running": 7, "queued": 40}, ops: ops{
		"get /one":  living(keys{"running": 1, "queued": 5, "onexit": "report"}),
		"get /free": living(keys{"onexit": "report"}),
	}})
	h := g.hold(t, "GET", "/one")
	waits := g.begin(t, "GET", "/one")
	other := g.hold(t, "GET", "/free")
	want := exposed{
		"urocket_places_used": 2, "urocket_places_max": 7, "urocket_queue_max": 40, "urocket_draining": 0,
		series("urocket_calls_in_flight", labelsOf("GET /one")...): 1, series("urocket_calls_queued", labelsOf("GET /one")...): 1,
		series("urocket_calls_in_flight", labelsOf("GET /free")...): 1, series("urocket_calls_queued", labelsOf("GET /free")...): 0,
		series("urocket_operation_places_max", labelsOf("GET /one")...): 1, series("urocket_operation_queue_max", labelsOf("GET /one")...): 5,
	}
	g.awaitMetrics(t, want)
	a, err := request{path: "/metrics"}.send("tcp", admin)
	check(t, err)
	e := exposedBy(t, a.want(t, 200))
	e.wantAll(t, want)
	if _, ok := e[series("urocket_operation_places_max", labelsOf("GET /free")...)]; ok {
		t.Error("an operation without a running of its own has a limit")
	}
	for _, name := range []string{"process_open_fds", "go_goroutines"} {
		if e[name] <= 0 {
			t.Errorf("%s is %v", name, e[name])
		}
	}
	g.release(t, h.token)
	h.answer(t).want(t, 200)
	g.release(t, waits.token)
	waits.answer(t).want(t, 200)
	g.release(t, other.token)
	other.answer(t).want(t, 200)
	g.awaitMetrics(t, exposed{"urocket_places_used": 0, series("urocket_calls_queued", labelsOf("GET /one")...): 0})
}

// awaitMetrics waits until each of want has its value.
func (g *gateway) awaitMetrics(t *testing.T, want exposed) {
	t.Helper()
	var e exposed
	if !holds(func() bool { e = g.metrics(t); return len(e.unlike(want)) == 0 }) {
		e.wantAll(t, want)
	}
}

func (e exposed) wantAll(t *testing.T, want exposed) {
	t.Helper()
	for _, name := range e.unlike(want) {
		t.Errorf("%s is %v, want %v", name, e[name], want[name])
	}
}

// unlike are the names of want that are missing or have another value.
func (e exposed) unlike(want exposed) (names []string) {
	for name, value := range want {
		if got, ok := e[name]; !ok || got != value {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// A reload adds the series of new operations, with zero, and drops no count, not of
// an operation that is gone either. One that is refused is told.
func TestMetricsOverReloads(t *testing.T) {
	t.Parallel()
	g := start(t, setup{ops: ops{"get /old": says("old"), "get /kept": says("kept")}})
	const at = "urocket_config_last_reload_success_timestamp_seconds"
	for range 2 {
		g.get(t, "/old").want(t, 200)
		g.get(t, "/kept").want(t, 200)
	}
	g.awaitMetrics(t, exposed{calls("GET /old", "200", "reply"): 2, calls("GET /kept", "200", "reply"): 2})
	first := g.metrics(t)
	g.reload(t, setup{ops: ops{"get /kept": says("kept"), "get /new/{x}": says("new", "running", 2)}}, reloadedLine)
	g.get(t, "/kept").want(t, 200)
	g.get(t, "/old").wantProblem(t, 404, "not-found")
	g.awaitMetrics(t, exposed{
		calls("GET /old", "200", "reply"): 2, calls("GET /kept", "200", "reply"): 3,
		calls("GET /new/{x}", "200", "reply"): 0, calls("GET /new/{x}", "504", "timeout"): 0, calls(unmatchedOp, "404", "none"): 1,
		series("urocket_calls_in_flight", labelsOf("GET /new/{x}")...):            0,
		series("urocket_run_duration_seconds_count", labelsOf("GET /new/{x}")...): 0,
		series("urocket_operation_places_max", labelsOf("GET /new/{x}")...):       2,
		series("urocket_config_loads_total", "result=success"):                    2, "urocket_config_last_reload_successful": 1,
	})
	second := g.metrics(t)
	if second[at] <= first[at] || first[at] <= 0 {
		t.Errorf("the time of the last good reload goes from %v to %v", first[at], second[at])
	}
	for name, value := range first {
		if strings.Contains(name, "_total{") && second[name] < value {
			t.Errorf("%s falls from %v to %v", name, value, second[name])
		}
	}
	if _, ok := second[series("urocket_calls_in_flight", labelsOf("GET /old")...)]; ok {
		t.Error("an operation that is gone has calls in flight")
	}
	g.reload(t, setup{ops: ops{"get /kept": says("kept", "onexit", "nonsense")}}, refusedLine)
	g.awaitMetrics(t, exposed{"urocket_config_last_reload_successful": 0, series("urocket_config_loads_total", "result=refused"): 1, at: second[at]})
	g.reload(t, setup{ops: ops{"get /old": says("old")}}, reloadedLine)
	g.get(t, "/old").want(t, 200)
	g.awaitMetrics(t, exposed{"urocket_config_last_reload_successful": 1, calls("GET /old", "200", "reply"): 3})
}

// What processes use is told with cgroups and without, as far as it is known.
func TestMetricsOfProcesses(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"auto", "off"} {
		t.Run("cgroup "+mode, func(t *testing.T) {
			t.Parallel()
			g := start(t, setup{top: keys{"cgroup": mode}, ops: ops{
				"get /busy": {"cmd": sh("i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo done"), "reply": "stdout"},
			}})
			g.get(t, "/busy").want(t, 200, "done\n")
			cpu := series("urocket_process_cpu_seconds_total", labelsOf("GET /busy")...)
			eventually(t, "the processor time is told", func() bool { return g.metrics(t)[cpu] > 0 })
			e := g.metrics(t)
			spawn, run := labelsOf("GET /busy"), labelsOf("GET /busy")
			if n := e[series("urocket_spawn_duration_seconds_sum", spawn...)]; n <= 0 || n > patience.Seconds() {
				t.Errorf("it took %v s to start", n)
			}
			if n := e[series("urocket_run_duration_seconds_sum", run...)]; n < e[cpu]/2 {
				t.Errorf("it has run for %v s, and used the processor for %v s", n, e[cpu])
			}
			all, ok := e["urocket_cgroup_cpu_seconds_total"]
			if level := g.metricLevel(t, e); ok != (level != "none") || ok && all < e[cpu]*0.9 || mode == "off" && level != "none" {
				t.Errorf("level %s: all calls have used %v s (%v), this one %v s", level, all, ok, e[cpu])
			}
		})
	}
}

// metricLevel is what urocket_service_info says of the level.
func (g *gateway) metricLevel(t *testing.T, e exposed) string {
	t.Helper()
	for _, level := range []string{"none", "track", "full"} {
		if e[series("urocket_service_info", "service="+g.name, "cgroup="+level)] == 1 {
			return level
		}
	}
	t.Error("urocket_service_info names no level of this service")
	return ""
}
