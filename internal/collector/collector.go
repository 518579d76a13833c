// Package collector is a collector of OpenTelemetry for tests: it takes spans by OTLP
// over HTTP, in protobuf, as any of them would be sent in earnest.
package collector

import (
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Span is one that was sent.
type Span struct {
	Name                     string
	Trace, ID, Parent, State string // ids in hexadecimal
	Kind, Status             string // as of the protocol: SPAN_KIND_SERVER, STATUS_CODE_ERROR
	Start, End               time.Time
	Attributes, Resource     map[string]any
	Events                   map[string]time.Time
}

// Collector is a server on loopback until the end of the test.
type Collector struct {
	URL string

	t     *testing.T
	mu    sync.Mutex
	asked int
	spans []Span
}

// New starts a collector. hold, if set, is asked first, and may answer itself; then it
// returns false.
func New(t *testing.T, hold func(w http.ResponseWriter, r *http.Request) bool) *Collector {
	t.Helper()
	c := &Collector{t: t}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		c.asked++
		c.mu.Unlock()
		if hold == nil || hold(w, r) {
			c.take(w, r)
		}
	}))
	s.Config.SetKeepAlivesEnabled(false) // who counts descriptors is not to find a connection
	s.Start()
	t.Cleanup(s.Close)
	c.URL = s.URL
	return c
}

// take takes spans in.
func (c *Collector) take(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var data trace.TracesData // on the wire the same as a request to export
	if err == nil {
		err = proto.Unmarshal(body, &data)
	}
	if err != nil || r.Method != http.MethodPost || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" {
		c.t.Errorf("%s %s, %s: %v", r.Method, r.URL, r.Header.Get("Content-Type"), err)
		http.Error(w, "no spans", http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, of := range data.ResourceSpans {
		for _, scope := range of.ScopeSpans {
			for _, s := range scope.Spans {
				c.spans = append(c.spans, read(s, of.Resource.GetAttributes()))
			}
		}
	}
}

func read(s *trace.Span, resource []*common.KeyValue) Span {
	events := map[string]time.Time{}
	for _, e := range s.Events {
		events[e.Name] = time.Unix(0, int64(e.TimeUnixNano))
	}
	return Span{
		Name: s.Name, Trace: hex.EncodeToString(s.TraceId), ID: hex.EncodeToString(s.SpanId), Parent: hex.EncodeToString(s.ParentSpanId), State: s.TraceState,
		Kind: s.Kind.String(), Status: s.Status.GetCode().String(),
		Start: time.Unix(0, int64(s.StartTimeUnixNano)), End: time.Unix(0, int64(s.EndTimeUnixNano)),
		Attributes: values(s.Attributes), Resource: values(resource), Events: events,
	}
}

// values are attributes of simple types.
func values(list []*common.KeyValue) map[string]any {
	all := map[string]any{}
	for _, kv := range list {
		switch v := kv.Value.GetValue().(type) {
		case *common.AnyValue_StringValue:
			all[kv.Key] = v.StringValue
		case *common.AnyValue_IntValue:
			all[kv.Key] = v.IntValue
		case *common.AnyValue_DoubleValue:
			all[kv.Key] = v.DoubleValue
		case *common.AnyValue_BoolValue:
			all[kv.Key] = v.BoolValue
		}
	}
	return all
}

// Spans are those that have come until now.
func (c *Collector) Spans() []Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.spans)
}

// Asked is how many requests have come until now.
func (c *Collector) Asked() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked
}
