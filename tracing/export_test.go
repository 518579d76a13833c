//go:build otel

package tracing

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/urocket/urocket/internal/collector"
	"github.com/urocket/urocket/processctl"
	"github.com/urocket/urocket/visor"
)

const (
	traceID     = "4bf92f3577b34da6a3ce929d0e0e4736"
	sampled     = "00-" + traceID + "-00f067aa0ba902b7-01"
	unsampled   = "00-" + traceID + "-00f067aa0ba902b7-00"
	patience    = 30 * time.Second
	otlpTarget  = "OTEL_EXPORTER_OTLP_ENDPOINT="
	sendsAtOnce = "OTEL_BSP_SCHEDULE_DELAY=10"
)

func exporterTo(t *testing.T, entries ...string) Exporter {
	t.Helper()
	setEnvironment(t, entries...)
	e, err := New(options)
	if err != nil || e == nil {
		t.Fatalf("%v, %v", e, err)
	}
	return e
}

// closed is over when everything is sent, or given up when ctx is.
func closed(t *testing.T, e Exporter, ctx context.Context) error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- e.Close(ctx) }()
	select {
	case err := <-done:
		return err
	case <-time.After(patience):
		t.Fatal("it does not end")
		return nil
	}
}

// exported is the one span of a call.
func exported(t *testing.T, parent string, c Call, entries ...string) collector.Span {
	t.Helper()
	to := collector.New(t, nil)
	e := exporterTo(t, append(entries, otlpTarget+to.URL)...)
	e.Begin(parent, "a=1", c.Begun).End(c)
	if err := closed(t, e, context.Background()); err != nil {
		t.Fatal(err)
	}
	spans := to.Spans()
	if n := e.Counts(); len(spans) != 1 || n != (Counts{Exported: 1}) {
		t.Fatalf("%d spans, %+v", len(spans), n)
	}
	return spans[0]
}

var begun = time.Unix(1_700_000_000, 123_456_789)

// answered is a call that went well.
func answered() Call {
	cpu, memory, exit := 5*time.Millisecond, int64(9<<20), 0
	return Call{
		ID: "57683688", Method: "GET", Path: "/v1/pets/7", Begun: begun,
		Operation: &visor.Operation{Path: "/pets/{petId}", Method: "GET"}, Status: 200, Replied: 12 * time.Millisecond, Answered: 13 * time.Millisecond,
		Summary: &visor.Summary{
			End: visor.EndReply, Driver: "fork -> spawn: /srv/secret is gone",
			Result: processctl.Result{Usage: processctl.Usage{Start: begun.Add(time.Millisecond), Wall: time.Second}},
			Stats:  visor.Stats{Wall: time.Second, Queue: time.Millisecond, Spawn: time.Millisecond, CPU: &cpu, Memory: &memory, Exit: &exit},
		},
	}
}

func wantAttributes(t *testing.T, got, want map[string]any) {
	t.Helper()
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %v (%T), want %v", name, got[name], got[name], value)
		}
	}
}

func TestSpanOfACall(t *testing.T) {
	s := exported(t, sampled, answered())
	if s.Name != "GET /pets/{petId}" || s.Kind != "SPAN_KIND_SERVER" || s.Status != "STATUS_CODE_UNSET" ||
		s.Trace != traceID || s.Parent != "00f067aa0ba902b7" || s.ID == s.Parent || s.State != "a=1" {
		t.Errorf("%+v", s)
	}
	if !s.Start.Equal(begun) || s.End.Sub(begun) != 13*time.Millisecond {
		t.Errorf("from %v to %v", s.Start, s.End)
	}
	wantAttributes(t, s.Attributes, map[string]any{
		"http.request.method": "GET", "http.route": "/pets/{petId}", "url.path": "/v1/pets/7", "url.scheme": "http", "http.response.status_code": int64(200),
		"urocket.request_id": "57683688", "urocket.end": "reply", "urocket.driver": "fork -> spawn", "process.exit.code": int64(0), "error.type": nil,
		"urocket.queue.seconds": .001, "urocket.spawn.seconds": .001, "urocket.run.seconds": 1., "urocket.cpu.seconds": .005, "urocket.memory.bytes": int64(9 << 20),
	})
	wantAttributes(t, s.Resource, map[string]any{"service.name": "pets", "service.version": "1.2.3", "telemetry.sdk.name": "opentelemetry"})
	for name, after := range map[string]time.Duration{"spawn": time.Millisecond, "reply": 12 * time.Millisecond, "end": time.Second + time.Millisecond} {
		if at, ok := s.Events[name]; !ok || at.Sub(begun) != after {
			t.Errorf("event %s after %v", name, at.Sub(begun))
		}
	}
}

func TestStatusOfASpan(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Call)
		fault  string // "": none
	}{
		"refused":          {func(c *Call) { c.Summary, c.Status, c.Problem = nil, 400, "validation" }, ""},
		"busy":             {func(c *Call) { c.Summary, c.Status, c.Problem = nil, 503, "busy" }, "busy"},
		"timeout":          {func(c *Call) { c.Summary.End, c.Status = visor.EndTimeout, 504 }, "timeout"},
		"no answer":        {func(c *Call) { c.Summary.End, c.Status = visor.EndExit, 502 }, "exit"},
		"a good report":    {func(c *Call) { c.Summary.End = visor.EndExit }, ""},
		"the script's own": {func(c *Call) { c.Status = 503 }, "503"},
		"the caller left":  {func(c *Call) { c.Summary.End, c.Status = visor.EndCallerGone, 499 }, ""},
		"broken off":       {func(c *Call) { c.BrokenOff = true }, "broken-off"},
	} {
		t.Run(name, func(t *testing.T) {
			call := answered()
			c.change(&call)
			s := exported(t, sampled, call)
			status, fault := "STATUS_CODE_UNSET", any(nil)
			if c.fault != "" {
				status, fault = "STATUS_CODE_ERROR", c.fault
			}
			if s.Status != status || s.Attributes["error.type"] != fault {
				t.Errorf("%s, %v", s.Status, s.Attributes["error.type"])
			}
		})
	}
}

// What a caller can choose is neither in the name of a span nor able to spoil those
// that are sent with it.
func TestHostileRequest(t *testing.T) {
	long := strings.Repeat("\xff/", 16<<10)
	s := exported(t, "", Call{ID: "1", Method: "X-MADE-UP" + strings.Repeat("Y", 5000), Path: long, Begun: begun, Status: 404, Problem: "not-found"})
	if s.Name != "HTTP" || s.Parent != "" || s.Attributes["http.request.method"] != "_OTHER" || len(s.Attributes["http.request.method_original"].(string)) > 40 {
		t.Errorf("%+v", s)
	}
	if path := s.Attributes["url.path"].(string); len(path) > 1024 || !strings.HasPrefix(path, "\uFFFD/") {
		t.Errorf("path of %d bytes", len(path))
	}
}

// The service's name in the environment comes before that of the configuration.
func TestServiceName(t *testing.T) {
	s := exported(t, "", answered(), "OTEL_SERVICE_NAME=mine", "OTEL_RESOURCE_ATTRIBUTES=deployment.environment.name=try")
	wantAttributes(t, s.Resource, map[string]any{"service.name": "mine", "service.version": "1.2.3", "deployment.environment.name": "try"})
}

// What the process is given is a child of the caller's span, in the caller's trace; who
// is not to be recorded is not, and the process is told so.
func TestContextOfASpan(t *testing.T) {
	to := collector.New(t, nil)
	for name, c := range map[string]struct {
		parent, state string
		sampler       string
		trace         string // "": a new one
		flags         string
		passed        string // tracestate
		sent          int
	}{
		"sampled":               {sampled, "a=1,b=2", "", traceID, "01", "a=1,b=2", 1},
		"not sampled":           {unsampled, "a=1", "", traceID, "00", "a=1", 0},
		"a random trace id":     {sampled[:53] + "03", "", "", traceID, "03", "", 1},
		"flags of tomorrow":     {sampled[:53] + "fd", "", "", traceID, "01", "", 1},
		"a version of tomorrow": {"cc" + sampled[2:] + "-more", "", "", traceID, "01", "", 1},
		"none":                  {"", "", "", "", "01", "", 1},
		"none, sampled out":     {"", "", "parentbased_always_off", "", "00", "", 0},
		"sampled whatever said": {unsampled, "", "always_on", traceID, "01", "", 1},
		"no tracestate":         {sampled, "a=1,a=2,\x00", "", traceID, "01", "", 1},
		"nonsense":              {"00-" + strings.Repeat("z", 60), "", "", "", "01", "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			before := len(to.Spans())
			e := exporterTo(t, otlpTarget+to.URL, "OTEL_TRACES_SAMPLER="+c.sampler)
			s := e.Begin(c.parent, c.state, begun)
			got := s.Traceparent()
			if len(got) != 55 || got[:3] != "00-" || got[53:] != c.flags || strings.Contains(got, "00f067aa0ba902b7") || c.trace != "" && got[3:35] != c.trace {
				t.Errorf("traceparent %s", got)
			}
			if s.Tracestate() != c.passed {
				t.Errorf("tracestate %q", s.Tracestate())
			}
			s.End(answered())
			if err := closed(t, e, context.Background()); err != nil {
				t.Error(err)
			}
			if n := len(to.Spans()) - before; n != c.sent {
				t.Errorf("%d spans sent", n)
			}
		})
	}
}

// While a collector does not answer, what there is no room for is dropped and counted,
// nobody waits, and Close gives up what is left when it is told to.
func TestCollectorHangs(t *testing.T) {
	asked, over := make(chan struct{}, 100), make(chan struct{})
	to := collector.New(t, func(_ http.ResponseWriter, r *http.Request) bool {
		asked <- struct{}{}
		<-over
		return false
	})
	defer close(over)
	e := exporterTo(t, otlpTarget+to.URL, sendsAtOnce, "OTEL_BSP_MAX_QUEUE_SIZE=4", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE=2", "OTEL_EXPORTER_OTLP_TIMEOUT=120000", "OTEL_BSP_EXPORT_TIMEOUT=120000")
	for range 20 {
		e.Begin(sampled, "", begun).End(answered())
	}
	if n := e.Counts(); n != (Counts{Dropped: 16}) {
		t.Errorf("%+v", n)
	}
	select {
	case <-asked:
	case <-time.After(patience):
		t.Fatal("nothing is sent")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if err := closed(t, e, ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if n := e.Counts(); n != (Counts{Failed: 4, Dropped: 16}) {
		t.Errorf("%+v", n)
	}
	e.Begin(sampled, "", begun).End(answered()) // too late, and no matter
}

// A collector that is not there, or refuses, costs spans and nothing else.
func TestCollectorRefuses(t *testing.T) {
	refusing := collector.New(t, func(w http.ResponseWriter, _ *http.Request) bool {
		http.Error(w, strings.Repeat("no\x1b", 1000), http.StatusForbidden)
		return false
	})
	for name, url := range map[string]string{"refuses": refusing.URL, "away": "http://127.0.0.1:1"} {
		t.Run(name, func(t *testing.T) {
			e := exporterTo(t, otlpTarget+url)
			for range 3 {
				e.Begin(sampled, "", begun).End(answered())
			}
			if err := closed(t, e, context.Background()); err != nil {
				t.Error(err)
			}
			if n := e.Counts(); n != (Counts{Failed: 3}) {
				t.Errorf("%+v", n)
			}
		})
	}
}

// What the SDK would only complain of keeps urocket from starting.
func TestRefusedBySDK(t *testing.T) {
	for _, entry := range []string{"OTEL_TRACES_SAMPLER=sometimes", "OTEL_TRACES_SAMPLER_ARG=seven"} {
		setEnvironment(t, otlpTarget+"http://127.0.0.1:1", "OTEL_TRACES_SAMPLER=traceidratio", entry)
		var wrong *SettingError
		if _, err := New(options); !errors.As(err, &wrong) {
			t.Errorf("%s: %v", entry, err)
		}
	}
}

func BenchmarkSpan(b *testing.B) {
	b.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
	e, err := New(options)
	if err != nil {
		b.Fatal(err)
	}
	c := answered()
	b.ReportAllocs()
	for b.Loop() {
		s := e.Begin(sampled, "a=1", begun)
		_ = s.Traceparent()
		s.End(c)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = e.Close(ctx)
}
