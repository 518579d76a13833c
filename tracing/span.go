//go:build otel

package tracing

import (
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/urocket/urocket/visor"
)

// span is a [Span].
type span struct{ trace.Span }

// callersContext is what the caller's headers say. They are checked where they came
// in; what the SDK cannot make anything of is none.
func callersContext(traceparent, tracestate string) trace.SpanContext {
	if len(traceparent) < 55 {
		return trace.SpanContext{}
	}
	c := trace.SpanContextConfig{Remote: true}
	var errs [3]error
	var flags uint64
	c.TraceID, errs[0] = trace.TraceIDFromHex(traceparent[3:35])
	c.SpanID, errs[1] = trace.SpanIDFromHex(traceparent[36:52])
	flags, errs[2] = strconv.ParseUint(traceparent[53:55], 16, 8)
	for _, err := range errs {
		if err != nil {
			return trace.SpanContext{}
		}
	}
	c.TraceFlags = trace.TraceFlags(flags) & knownFlags
	c.TraceState, _ = trace.ParseTraceState(tracestate)
	return trace.NewSpanContext(c)
}

// knownFlags are sampled, and that the trace id is random: what version 00 knows, in
// level 2. Others are to be cleared.
const knownFlags = trace.FlagsSampled | 2

// Traceparent implements [Span].
func (s span) Traceparent() string {
	c := s.SpanContext()
	return "00-" + c.TraceID().String() + "-" + c.SpanID().String() + "-" + (c.TraceFlags() & knownFlags).String()
}

// Tracestate implements [Span].
func (s span) Tracestate() string { return s.SpanContext().TraceState().String() }

// End implements [Span].
func (s span) End(c Call) {
	if !s.IsRecording() {
		return
	}
	s.SetName(c.name())
	s.SetAttributes(c.attributes()...)
	s.events(&c)
	if fault := c.fault(); fault != "" {
		s.SetAttributes(semconv.ErrorTypeKey.String(fault))
		s.SetStatus(codes.Error, "")
	}
	s.Span.End(trace.WithTimestamp(c.Begun.Add(c.Answered)))
}

// methods are those that a span's name may begin with, by the semantic conventions for
// HTTP; any other could be made up by a caller.
const methods = " CONNECT DELETE GET HEAD OPTIONS PATCH POST PUT QUERY TRACE "

func (c *Call) knownMethod() bool {
	return !strings.Contains(c.Method, " ") && strings.Contains(methods, " "+c.Method+" ")
}

func (c *Call) name() string {
	switch {
	case c.Operation != nil:
		return c.Operation.Method + " " + c.Operation.Path
	case c.knownMethod():
		return c.Method
	}
	return "HTTP"
}

// attributes are the request's and the answer's, as the conventions name them, and how
// the call went.
func (c *Call) attributes() []attribute.KeyValue {
	list := make([]attribute.KeyValue, 0, 20)
	list = append(list, attribute.String("urocket.request_id", c.ID), semconv.URLPath(clip(c.Path, 256)), semconv.HTTPResponseStatusCode(c.Status))
	if c.knownMethod() {
		list = append(list, semconv.HTTPRequestMethodKey.String(c.Method))
	} else {
		list = append(list, semconv.HTTPRequestMethodOther, semconv.HTTPRequestMethodOriginal(clip(c.Method, 32)))
	}
	scheme := "http"
	if c.TLS {
		scheme = "https"
	}
	list = append(list, semconv.URLScheme(scheme))
	if c.Operation != nil {
		list = append(list, semconv.HTTPRoute(c.Operation.Path))
	}
	if c.Problem != "" {
		list = append(list, attribute.String("urocket.problem", c.Problem))
	}
	if c.BrokenOff {
		list = append(list, attribute.Bool("urocket.broken_off", true))
	}
	if c.Summary != nil {
		list = processAttributes(list, c.Summary)
	}
	return list
}

// processAttributes adds what is known of the process, in seconds and bytes.
func processAttributes(list []attribute.KeyValue, s *visor.Summary) []attribute.KeyValue {
	seconds := func(name string, d *time.Duration) {
		if d != nil {
			list = append(list, attribute.Float64("urocket."+name+".seconds", d.Seconds()))
		}
	}
	bytes := func(name string, n *int64) {
		if n != nil {
			list = append(list, attribute.Int64("urocket."+name+".bytes", *n))
		}
	}
	f := &s.Stats
	driver, _, _ := strings.Cut(s.Driver, ":")
	list = append(list, attribute.String("urocket.end", s.End.String()), attribute.String("urocket.driver", clip(driver, 64)))
	seconds("queue", &f.Queue)
	seconds("spawn", &f.Spawn)
	seconds("run", &f.Wall)
	seconds("utime", f.UTime)
	seconds("stime", f.STime)
	seconds("cpu", f.CPU)
	bytes("memory", f.Memory)
	bytes("maxrss", f.MaxRSS)
	switch {
	case f.Signal != 0:
		list = append(list, attribute.String("urocket.signal", visor.SignalName(f.Signal)))
	case f.Exit != nil:
		list = append(list, semconv.ProcessExitCode(*f.Exit))
	}
	if s.Stopped != visor.EndNone {
		list = append(list, attribute.String("urocket.stopped", s.Stopped.String()))
	}
	if f.OOM {
		list = append(list, attribute.Bool("urocket.oom", true))
	}
	if strays := s.Result.Strays.String(); strays != "" {
		list = append(list, attribute.String("urocket.strays", strays))
	}
	return list
}

// events marks when the process was there, when the answer began, and when the process
// had ended, which may be long after the answer.
func (s span) events(c *Call) {
	if c.Summary != nil {
		if u := c.Summary.Result.Usage; !u.Start.IsZero() {
			s.AddEvent("spawn", trace.WithTimestamp(u.Start))
			defer s.AddEvent("end", trace.WithTimestamp(u.Start.Add(u.Wall)))
		}
	}
	if c.Replied > 0 {
		s.AddEvent("reply", trace.WithTimestamp(c.Begun.Add(c.Replied)))
	}
}

// fault is what the request failed of, in a word, as error.type wants it; "": it has
// not. That a caller has asked for what there is not, or has gone, is no fault here.
func (c *Call) fault() string {
	switch {
	case c.BrokenOff:
		return "broken-off"
	case c.Status < 500:
		return ""
	case c.Problem != "":
		return c.Problem
	case c.Summary != nil && c.Summary.End != visor.EndReply:
		return c.Summary.End.String()
	}
	return strconv.Itoa(c.Status)
}

// clip bounds what a caller or a collector has sent, in bytes, and has it valid.
func clip(s string, most int) string {
	if len(s) > most {
		s = s[:most] + "…"
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
