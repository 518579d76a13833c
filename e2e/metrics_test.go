package e2e

import (
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// exposed is an answer of /metrics: the value of each series, as it is written there.
type exposed map[string]float64

// metrics asks on the socket.
func (g *gateway) metrics(t *testing.T) exposed {
	t.Helper()
	return exposedBy(t, g.back(t, "GET", "/metrics", "").want(t, 200))
}

func exposedBy(t *testing.T, a answer) exposed {
	t.Helper()
	if kind := a.header.Get("Content-Type"); !strings.HasPrefix(kind, "text/plain; version=0.0.4") {
		t.Errorf("Content-Type %q", kind)
	}
	a.wantNosniff(t)
	e := exposed{}
	for line := range strings.Lines(string(a.body)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		at := strings.LastIndexByte(line, ' ')
		value, err := strconv.ParseFloat(strings.TrimSpace(line[at+1:]), 64)
		check(t, err)
		e[line[:at]] = value
	}
	return e
}

// series writes the name of one; labels are "name=value".
func series(name string, labels ...string) string {
	slices.Sort(labels)
	for i, l := range labels {
		key, value, _ := strings.Cut(l, "=")
		labels[i] = key + `="` + value + `"`
	}
	return name + "{" + strings.Join(labels, ",") + "}"
}

// calls is the series of the calls of "METHOD /path" with a status and an end.
func calls(op, status, end string) string {
	return series("urocket_calls_total", labelsOf(op, "status="+status, "end="+end)...)
}

func labelsOf(op string, more ...string) []string {
	method, path, _ := strings.Cut(op, " ")
	return append(more, "method="+method, "path="+path)
}

// counted are the families that the next tests hold to the last one.
var counted = []string{
	"urocket_calls_total{", "urocket_calls_refused_total{", "urocket_kills_total{", "urocket_oom_total{", "urocket_strays_total{",
	"urocket_replies_total{", "urocket_leftovers_total{", "urocket_answers_broken_off_total{", "urocket_pids_refused_total{",
	"urocket_run_duration_seconds_count{", "urocket_answer_duration_seconds_count{", "urocket_log_lines_dropped_total", "urocket_config_loads_total{",
}

// grown are the changes of what is counted.
func (e exposed) grown(before exposed) map[string]float64 {
	diff := map[string]float64{}
	for name, value := range e {
		known := slices.ContainsFunc(counted, func(family string) bool { return strings.HasPrefix(name, family) })
		if known && value != before[name] {
			diff[name] = value - before[name]
		}
	}
	return diff
}

// awaitGrown waits until just this has been counted since before: a call is when its
// process is gone, which its caller does not wait for.
func (g *gateway) awaitGrown(t *testing.T, before exposed, want map[string]float64) {
	t.Helper()
	var got map[string]float64
	if holds(func() bool { got = g.metrics(t).grown(before); return maps.Equal(got, want) }) {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got[name] != want[name] {
			t.Errorf("%s has grown by %v, want %v", name, got[name], want[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[name]; !ok {
			t.Errorf("%s has grown by %v", name, got[name])
		}
	}
}

// endedSeries are the series of n calls whose process was started.
func endedSeries(op, status, end string, n float64) map[string]float64 {
	return map[string]float64{
		calls(op, status, end): n,
		series("urocket_run_duration_seconds_count", labelsOf(op)...):    n,
		series("urocket_answer_duration_seconds_count", labelsOf(op)...): n,
	}
}

// refusals are those of n requests that no process was started for.
func refusals(op, status, kind string, n float64) map[string]float64 {
	return map[string]float64{
		calls(op, status, "none"): n,
		series("urocket_calls_refused_total", labelsOf(op, "type="+kind)...): n,
	}
}

const unmatchedOp = "unmatched unmatched"

var metered = ops{
	"get /reply":     {"cmd": sh(curlReply + `-d '{}'`)},
	"post /created":  {"cmd": sh(curlReply + `-H "Urocket-Status: 201" -d '{}'`), "replyfrom": "anyone"},
	"get /twice":     {"cmd": sh(curlReply + `-d '{}'; ` + curlReply + `-d '{}'`)},
	"get /late":      {"cmd": sh(noteID + "sleep 30"), "env": tenv, "timeout": 300},
	"get /exit":      {"cmd": sh("exit 3")},
	"get /out/{x}":   {"cmd": []string{"/bin/echo", "{{path.x}}"}, "reply": "stdout"},
	"get /half":      {"cmd": sh("echo begun; exit 3"), "reply": "stdout"},
	"get /report":    {"cmd": sh("exit 1"), "reply": "report"},
	"get /vanish":    {"cmd": "@DIR@/vanish", "reply": "stdout"},
	"get /stray":     {"cmd": sh("sleep 600 & echo done"), "reply": "stdout"},
	"get /leave":     living(keys{"ondisconnect": "kill"}),
	"get /lock":      living(keys{"running": 1, "queued": 0}),
	"post /pets/{n}": {"cmd": "/bin/echo", "reply": "stdout"},
}

const meteredDocument = `{"openapi": "3.0.3", "info": {"title": "e2e", "version": "1"}, "paths": {
	"/pets/{n}": {"parameters": [{"name": "n", "in": "path", "required": true, "schema": {"type": "integer"}}],
		"post": {"responses": {"200": {"description": "fine"}}}},
	"/later": {"get": {"responses": {"200": {"description": "fine"}}}}}}`

// Each end of a call, and each refusal, is counted once and where it belongs.
func TestMetricsCountEachEnd(t *testing.T) {
	t.Parallel()
	g := start(t, setup{doc: meteredDocument, ops: metered, files: map[string]string{"vanish": "#!/bin/sh\n"}})
	before := g.metrics(t)
	want := map[string]float64{}
	expect := func(all ...map[string]float64) {
		for _, more := range all {
			for name, n := range more {
				want[name] += n
			}
		}
	}
	one := func(name string, labels ...string) map[string]float64 {
		return map[string]float64{series(name, labels...): 1}
	}
	for range 3 {
		g.get(t, "/reply").want(t, 200)
	}
	g.post(t, "/created", "{}").want(t, 201)
	g.get(t, "/twice").want(t, 200)
	expect(endedSeries("GET /reply", "200", "reply", 3), endedSeries("POST /created", "201", "reply", 1), endedSeries("GET /twice", "200", "reply", 1))
	expect(map[string]float64{series("urocket_replies_total", "status=200"): 5}, one("urocket_replies_total", "status=409"))

	late := g.hold(t, "GET", "/late")
	late.answer(t).wantProblem(t, 504, "timeout")
	g.reply(t, late.id, "{}").want(t, 410)
	g.reply(t, "nobody", "{}").want(t, 404)
	expect(endedSeries("GET /late", "504", "timeout", 1), one("urocket_kills_total", labelsOf("GET /late", "reason=timeout")...),
		one("urocket_replies_total", "status=410"), one("urocket_replies_total", "status=404"))

	g.get(t, "/exit").wantProblem(t, 502, "no-answer")
	g.get(t, "/out/1").want(t, 200, "1\n")
	g.get(t, "/out/2").want(t, 200, "2\n")
	g.get(t, "/report").want(t, 500)
	g.get(t, "/stray").want(t, 200, "done\n")
	if a := g.get(t, "/half"); a.status != 200 || a.broken == nil {
		t.Errorf("a stream that ends badly: %d, broken off: %v", a.status, a.broken)
	}
	expect(endedSeries("GET /exit", "502", "exit", 1), endedSeries("GET /out/{x}", "200", "reply", 2), endedSeries("GET /report", "500", "exit", 1),
		endedSeries("GET /stray", "200", "reply", 1), one("urocket_strays_total", labelsOf("GET /stray", "fate=terminated")...),
		endedSeries("GET /half", "200", "reply", 1), one("urocket_answers_broken_off_total", labelsOf("GET /half")...))

	tok := token()
	w := g.dial(t).ask("GET /leave?t=" + tok)
	g.idOf(t, tok)
	check(t, w.Close())
	expect(endedSeries("GET /leave", "499", "caller-gone", 1), one("urocket_kills_total", labelsOf("GET /leave", "reason=caller-gone")...))

	h := g.hold(t, "GET", "/lock")
	g.get(t, "/lock?t=x").wantBusy(t, 429)
	g.release(t, h.token)
	h.answer(t).wantProblem(t, 502, "no-answer")
	expect(refusals("GET /lock", "429", "busy", 1), endedSeries("GET /lock", "502", "exit", 1))

	check(t, os.Remove(g.path("vanish")))
	g.get(t, "/vanish").wantProblem(t, 500, "start-failed")
	expect(refusals("GET /vanish", "500", "start-failed", 1))

	g.post(t, "/pets/one", "{}").wantProblem(t, 400, "validation")
	g.post(t, "/pets/1", "{").wantProblem(t, 400, "not-json")
	g.post(t, "/reply", "{}").wantProblem(t, 405, "method-not-allowed")
	g.get(t, "/nothing").wantProblem(t, 404, "not-found")
	g.get(t, "/later").wantProblem(t, 501, "no-callback")
	g.do(t, request{method: "OPTIONS", path: "/reply"}).want(t, 204)
	expect(refusals("POST /pets/{n}", "400", "validation", 1), refusals("POST /pets/{n}", "400", "not-json", 1),
		refusals(unmatchedOp, "405", "method-not-allowed", 1), refusals(unmatchedOp, "404", "not-found", 1),
		refusals(unmatchedOp, "501", "no-callback", 1), map[string]float64{calls(unmatchedOp, "204", "none"): 1})
	g.awaitGrown(t, before, want)
}
