package e2e

import (
	"encoding/json"
	"maps"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/urocket/urocket/internal/collector"
)

const (
	callersTraceID = "4bf92f3577b34da6a3ce929d0e0e4736"
	callersSpanID  = "00f067aa0ba902b7"
)

// The program as it is built with the tag otel, which that under test is not.
func TestTracesAreExported(t *testing.T) {
	t.Parallel()
	with := filepath.Join(t.TempDir(), "urocket")
	build := exec.Command("go", "build", "-race", "-tags", "otel", "-o", with, "github.com/urocket/urocket/cmd/urocket")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, test := range map[string]func(t *testing.T, with string){
		"spans": exportsSpans, "workers": tracesWorkers, "no endpoint": exportsNothing, "a collector that hangs": hangingCollector, "a wrong endpoint": wrongEndpoint,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, with)
		})
	}
}

// tracing is a service of that program which sends to a collector, soon.
func tracing(with, url string, s setup) setup {
	s.program = with
	s.environ = append(s.environ, "OTEL_EXPORTER_OTLP_ENDPOINT="+url, "OTEL_BSP_SCHEDULE_DELAY=50")
	return s
}

// spanOf waits for the span of a request, by its id or path.
func spanOf(t *testing.T, c *collector.Collector, attribute, value string) (found collector.Span) {
	t.Helper()
	eventually(t, "there is a span with "+attribute+" "+value, func() bool {
		for _, s := range c.Spans() {
			if s.Attributes[attribute] == value {
				found = s
				return true
			}
		}
		return false
	})
	return found
}

func exportsSpans(t *testing.T, with string) {
	c := collector.New(t, nil)
	g := start(t, tracing(with, c.URL, setup{ops: ops{
		"get /seen/{x}": probing("logstdout", true),
		"get /cgi":      {"cmd": sh(`printf 'Content-Type: text/plain\n\n'; env`), "reply": "cgi"},
		"get /slow":     {"cmd": "sleep 60", "timeout": 200},
		"get /failing":  {"cmd": sh("exit 3"), "reply": "stdout"},
		"get /killed":   {"cmd": sh(curlReply + "-d '{}' >/dev/null; kill -9 $$")},
	}}))
	g.wantChild(t, c)
	g.wantOwnTrace(t, c)
	unrecorded := g.wantUnrecorded(t)
	g.wantShown(t, c)
	g.wantFaults(t, c)
	eventually(t, "the metrics have counted the spans", func() bool {
		return strings.Contains(string(g.back(t, "GET", "/metrics", "").body), `urocket_spans_total{outcome="exported"} 8`)
	})
	if slices.ContainsFunc(c.Spans(), func(s collector.Span) bool { return s.Attributes["urocket.request_id"] == unrecorded }) {
		t.Error("a span that was not to be recorded")
	}
	// What is not sent yet is sent at the stop.
	before := len(c.Spans())
	g.get(t, "/cgi").want(t, 200)
	g.finish()
	if n := len(c.Spans()) - before; n != 1 {
		t.Errorf("%d spans of the last request", n)
	}
}

// wantChild: a child of the caller's span, in the script's environment and in the log.
func (g *gateway) wantChild(t *testing.T, c *collector.Collector) {
	t.Helper()
	env := g.see(t, request{path: "/seen/a%20b?secret=7", header: []string{"Traceparent: " + traceparent, "Tracestate: a=1, b=2", "Tracestate: c=3"}}).env(t)
	s := spanOf(t, c, "urocket.request_id", env["REQUEST_ID"])
	if s.Trace != callersTraceID || s.Parent != callersSpanID || s.ID == callersSpanID || s.Name != "GET /seen/{x}" || s.Kind != "SPAN_KIND_SERVER" || s.State != "a=1,b=2,c=3" {
		t.Errorf("%+v", s)
	}
	if env["TRACEPARENT"] != "00-"+s.Trace+"-"+s.ID+"-01" || env["TRACESTATE"] != "a=1,b=2,c=3" {
		t.Errorf("TRACEPARENT=%q TRACESTATE=%q", env["TRACEPARENT"], env["TRACESTATE"])
	}
	for name := range env {
		if strings.HasPrefix(name, "OTEL_") {
			t.Errorf("%s reaches the script", name)
		}
	}
	g.wantTracedLog(t, env["REQUEST_ID"], s)
	wantDescribed(t, s)
	if s.Resource["service.name"] != g.name {
		t.Errorf("service.name %v", s.Resource["service.name"])
	}
}

// wantTracedLog demands the ids of the span in each line about the call.
func (g *gateway) wantTracedLog(t *testing.T, id string, s collector.Span) {
	t.Helper()
	eventually(t, "the request is logged", func() bool { return len(g.logLines(`"msg":"request"`, s.ID)) == 1 })
	for _, line := range g.logLines(id) {
		var event map[string]any
		check(t, json.Unmarshal([]byte(line), &event))
		if event["trace_id"] != s.Trace || event["span_id"] != s.ID {
			t.Errorf("logged: %s", line)
		}
	}
}

// wantDescribed demands what a span says of a request for /seen/{x}.
func wantDescribed(t *testing.T, s collector.Span) {
	t.Helper()
	for name, value := range map[string]any{
		"http.request.method": "GET", "http.route": "/seen/{x}", "url.path": "/seen/a%20b", "url.scheme": "http", "http.response.status_code": int64(200),
		"urocket.end": "reply", "process.exit.code": int64(0), "urocket.driver": "spawn",
	} {
		if s.Attributes[name] != value {
			t.Errorf("%s is %v, want %v", name, s.Attributes[name], value)
		}
	}
	for _, name := range []string{"spawn", "reply", "end"} {
		if at, ok := s.Events[name]; !ok || at.Before(s.Start) || at.After(time.Now()) {
			t.Errorf("event %s at %v, of a span from %v to %v", name, at, s.Start, s.End)
		}
	}
}

// wantOwnTrace: without a caller's, and with one that is not valid, a trace of its own.
func (g *gateway) wantOwnTrace(t *testing.T, c *collector.Collector) {
	t.Helper()
	for _, header := range [][]string{nil, {"Traceparent: " + traceparent + "-extra", "Tracestate: a=1"}} {
		env := g.see(t, request{path: "/seen/y", header: header}).env(t)
		s := spanOf(t, c, "urocket.request_id", env["REQUEST_ID"])
		if s.Parent != "" || s.Trace == callersTraceID || env["TRACEPARENT"] != "00-"+s.Trace+"-"+s.ID+"-01" || env["TRACESTATE"] != "" {
			t.Errorf("%+v, TRACEPARENT=%q TRACESTATE=%q", s, env["TRACEPARENT"], env["TRACESTATE"])
		}
	}
}

// wantUnrecorded: of a caller whose trace is not recorded the request is not either, and
// the script is told so. It returns the request's id.
func (g *gateway) wantUnrecorded(t *testing.T) string {
	t.Helper()
	env := g.see(t, request{path: "/seen/z", header: []string{"Traceparent: " + traceparent[:53] + "00"}}).env(t)
	if got := env["TRACEPARENT"]; !strings.HasPrefix(got, "00-"+callersTraceID+"-") || !strings.HasSuffix(got, "-00") {
		t.Errorf("TRACEPARENT=%q", got)
	}
	return env["REQUEST_ID"]
}

// wantShown: what a script takes for headers says the same.
func (g *gateway) wantShown(t *testing.T, c *collector.Collector) {
	t.Helper()
	body := string(g.get(t, "/cgi", "Traceparent: "+traceparent, "Tracestate: bad").want(t, 200).body)
	s := spanOf(t, c, "http.route", "/cgi")
	for _, name := range []string{"HTTP_TRACEPARENT", "TRACEPARENT"} {
		if !slices.Contains(strings.Split(body, "\n"), name+"=00-"+callersTraceID+"-"+s.ID+"-01") {
			t.Errorf("no such %s:\n%s", name, body)
		}
	}
	if strings.Contains(body, "TRACESTATE") {
		t.Errorf("a bad tracestate reaches the script:\n%s", body)
	}
}

// wantFaults: how a call failed.
func (g *gateway) wantFaults(t *testing.T, c *collector.Collector) {
	t.Helper()
	g.get(t, "/slow").want(t, 504)
	g.get(t, "/failing").want(t, 502)
	g.get(t, "/killed").want(t, 200)
	g.get(t, "/nowhere/"+strings.Repeat("x", 1000)).want(t, 404)
	for at, want := range map[string][]any{
		"/slow":    {"STATUS_CODE_ERROR", "timeout", int64(504), "timeout"},
		"/failing": {"STATUS_CODE_ERROR", "exit", int64(502), "exit"},
		"/killed":  {"STATUS_CODE_UNSET", nil, int64(200), "reply"},
	} {
		s := spanOf(t, c, "http.route", at)
		if got := []any{s.Status, s.Attributes["error.type"], s.Attributes["http.response.status_code"], s.Attributes["urocket.end"]}; !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", at, got, want)
		}
	}
	if s := spanOf(t, c, "urocket.problem", "not-found"); s.Name != "GET" || s.Status != "STATUS_CODE_UNSET" || len(s.Attributes["url.path"].(string)) > 300 {
		t.Errorf("%+v", s)
	}
}

func tracesWorkers(t *testing.T, with string) {
	c := collector.New(t, nil)
	s := tracing(with, c.URL, oddSetup(t, nil, nil))
	g := start(t, s).staffed(t)
	var head struct {
		Env     map[string]string
		Headers map[string][]string
	}
	g.get(t, "/head", "Traceparent: "+traceparent, "Tracestate: a=1").want(t, 200).decode(t, &head)
	got := spanOf(t, c, "urocket.driver", "worker")
	want := "00-" + callersTraceID + "-" + got.ID + "-01"
	if head.Env["TRACEPARENT"] != want || head.Env["TRACESTATE"] != "a=1" || !slices.Equal(head.Headers["traceparent"], []string{want}) || got.Parent != callersSpanID {
		t.Errorf("%+v; span %+v", head, got)
	}
}

// Nobody is asked, and the script is given what the caller has sent.
func exportsNothing(t *testing.T, with string) {
	g := start(t, setup{program: with, environ: []string{"OTEL_SERVICE_NAME=x", "OTEL_TRACES_EXPORTER=otlp"}, ops: ops{"get /": probing()}})
	env := g.see(t, request{path: "/", header: []string{"Traceparent: " + traceparent}}).env(t)
	if env["TRACEPARENT"] != traceparent {
		t.Errorf("TRACEPARENT=%q", env["TRACEPARENT"])
	}
	if v, ok := g.see(t, request{path: "/"}).env(t)["TRACEPARENT"]; ok {
		t.Errorf("TRACEPARENT=%q of nobody", v)
	}
	if strings.Contains(g.log(), "traces") || strings.Contains(string(g.back(t, "GET", "/metrics", "").body), "urocket_spans_total") {
		t.Error("something is exported")
	}
}

// Callers are answered, and the stop is clean, while a collector keeps everybody waiting.
func hangingCollector(t *testing.T, with string) {
	over := make(chan struct{})
	c := collector.New(t, func(http.ResponseWriter, *http.Request) bool { <-over; return false })
	defer close(over)
	s := tracing(with, c.URL, setup{ops: ops{"get /": probing()}})
	s.environ = append(s.environ, "OTEL_BSP_MAX_QUEUE_SIZE=4", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE=2", "OTEL_EXPORTER_OTLP_TIMEOUT=120000", "OTEL_BSP_EXPORT_TIMEOUT=120000")
	g := start(t, s)
	for range 12 {
		g.get(t, "/").want(t, 200)
	}
	eventually(t, "spans are dropped", func() bool {
		return strings.Contains(string(g.back(t, "GET", "/metrics", "").body), `urocket_spans_total{outcome="dropped"} 8`)
	})
	g.idle++ // the connection to the collector
	g.finish()
	if lines := g.logLines("not everything stopped cleanly", "send the last spans"); len(lines) != 1 {
		t.Errorf("the log says %q", lines)
	}
}

func wrongEndpoint(t *testing.T, with string) {
	g := prepare(t, setup{ops: ops{"get /": probing()}})
	for _, command := range []string{"run", "dry"} {
		cmd := exec.Command(with, command, "-c", g.path("urocket-service.yaml"))
		cmd.Env = append(g.environment(), "OTEL_EXPORTER_OTLP_ENDPOINT=collector:4318")
		ended(t, cmd).want(t, 2, "OTEL_EXPORTER_OTLP_ENDPOINT: ", "http://127.0.0.1:4318")
	}
}

// A program without the tag does not start where traces are asked of it, unless the
// variable is there for the scripts.
func TestTracesAskedWithoutTheTag(t *testing.T) {
	t.Parallel()
	const asks = "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1"
	g := prepare(t, setup{ops: ops{"get /": probing()}})
	for _, command := range []string{"run", "dry"} {
		cmd := exec.Command(program, command, "-c", g.path("urocket-service.yaml"))
		cmd.Env = append(g.environment(), asks)
		ended(t, cmd).want(t, 2, "OTEL_EXPORTER_OTLP_ENDPOINT: ", "make build TAGS=otel")
	}
	for name, s := range map[string]setup{
		"disabled":  {environ: []string{asks, "OTEL_SDK_DISABLED=true"}},
		"passed on": {environ: []string{asks}, top: keys{"defaults": keys{"passenv": []string{"OTEL_EXPORTER_*"}, "timeout": "20s"}}},
	} {
		s := s
		t.Run(name, func(t *testing.T) {
			s.ops = ops{"get /": probing()}
			g := start(t, s)
			env := g.see(t, request{path: "/", header: []string{"Traceparent: " + traceparent, "Tracestate: a=1 ,b=2"}}).env(t)
			want := map[string]string{"TRACEPARENT": traceparent, "TRACESTATE": "a=1,b=2"}
			if name == "passed on" {
				want["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:1"
			}
			maps.DeleteFunc(env, func(name, _ string) bool {
				return !strings.HasPrefix(name, "TRACE") && !strings.HasPrefix(name, "OTEL")
			})
			if !maps.Equal(env, want) {
				t.Errorf("%v, want %v", env, want)
			}
			if warned := len(g.logLines("TAGS=otel")) == 1; warned != (name == "passed on") {
				t.Errorf("warned: %v", warned)
			}
		})
	}
}
