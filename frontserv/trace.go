package frontserv

import (
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// A caller who takes part in a trace says so with traceparent and tracestate (W3C
// Trace Context, level 2). Where nobody keeps a record of requests here, both are
// handed on to the script as they are: an id of ours would be one that no record has,
// and what the script records would hang below nothing. For the same reason a caller
// who sends none, or one that is not valid, is given none: the request id finds all
// that is ours.
//
// Where somebody does ([Server.Trace]), a request is a span of its own: the script is
// given that one's id, as it is by a caller who has sent none, and it also stands in
// the headers that a script sees, as with any stage of HTTP that takes part.

// TraceContext is a place in a trace, as it is written in headers. The zero value is
// none.
type TraceContext struct {
	Parent string // traceparent
	State  string // tracestate, "" without Parent
}

// Span is what is recorded of one request.
type Span struct {
	Context TraceContext  // what the request's process is given, valid
	End     func(Outcome) // told once, as [Server.Observe] is
}

// Trace has begin called for each request when its head has come, with the caller's
// context and that time. Both it and End are called from many goroutines and must not
// block; End must not keep the summary. It is to be set before the server serves.
func (s *Server) Trace(begin func(caller TraceContext, at time.Time) Span) { s.trace = begin }

// joinTrace finds the request's place in a trace.
func (x *exchange) joinTrace() {
	x.joined = callersTrace(x.r.Header)
	if x.trace != nil {
		x.span = x.trace(x.joined, x.begun)
		x.joined = x.span.Context
	}
}

// replaceTrace puts the span's context in place of the caller's, for whatever shows
// headers to a script.
func (x *exchange) replaceTrace() {
	if x.span.End == nil {
		return
	}
	x.r.Header["Traceparent"] = []string{x.joined.Parent}
	delete(x.r.Header, "Tracestate")
	if x.joined.State != "" {
		x.r.Header["Tracestate"] = []string{x.joined.State}
	}
}

// traceVariables has set told what a process is given of the trace.
func (x *exchange) traceVariables(set func(name, value string)) {
	if x.joined.Parent != "" {
		set("TRACEPARENT", x.joined.Parent)
	}
	if x.joined.State != "" {
		set("TRACESTATE", x.joined.State)
	}
}

// addTrace adds the trace id, and the id of a span of ours, to the attributes of a
// log line.
func (x *exchange) addTrace(attrs []slog.Attr) []slog.Attr {
	if x.joined.Parent == "" {
		return attrs
	}
	attrs = append(attrs, slog.String("trace_id", x.joined.Parent[traceStart:traceEnd]))
	if x.span.End != nil {
		attrs = append(attrs, slog.String("span_id", x.joined.Parent[spanStart:spanEnd]))
	}
	return attrs
}

// callersTrace is what the headers say. Without just one traceparent that is valid
// there is none; a tracestate that is not valid is left out alone.
func callersTrace(h http.Header) TraceContext {
	v := h["Traceparent"]
	if len(v) != 1 || !validTraceparent(v[0]) {
		return TraceContext{}
	}
	c := TraceContext{Parent: v[0]}
	if states := h["Tracestate"]; len(states) > 0 {
		c.State, _ = tracestate(states)
	}
	return c
}

// Where the ids stand in every version of traceparent.
const (
	traceStart, traceEnd = 3, 35
	spanStart, spanEnd   = 36, 52
)

// validTraceparent checks the header by section 3.2: version, trace id, parent id and
// flags in lower-case hexadecimal; neither id all zero, version not ff, and nothing
// behind the flags in version 00. What later versions may have there is printable.
func validTraceparent(s string) bool {
	if len(s) < 55 || len(s) > 55 && (s[:2] == "00" || s[55] != '-') || len(s) > 512 {
		return false
	}
	parts := []string{s[:2], s[traceStart:traceEnd], s[spanStart:spanEnd], s[53:55]}
	for _, p := range parts {
		if strings.Trim(p, "0123456789abcdef") != "" {
			return false
		}
	}
	if strings.IndexFunc(s[55:], func(c rune) bool { return c <= ' ' || c > '~' }) >= 0 {
		return false
	}
	return s[2] == '-' && s[35] == '-' && s[52] == '-' && parts[0] != "ff" &&
		strings.Trim(parts[1], "0") != "" && strings.Trim(parts[2], "0") != ""
}

// Limits of tracestate (section 3.3). Of its length in all the recommendation says that
// 512 characters have to be passed on: what is kept of each request is to have an end.
const (
	maxStates     = 32
	maxStateKey   = 256
	maxStateValue = 256
	maxState      = 4096
)

// tracestate joins the lines of the header to one list without blanks around its
// members, up to the last that there is room for: the first ones are the latest. False:
// a member is not valid, or there are too many.
func tracestate(lines []string) (string, bool) {
	var list strings.Builder
	n, full := 0, false
	for _, line := range lines {
		for member := range strings.SplitSeq(line, ",") {
			member = strings.Trim(member, " \t")
			if member == "" { // which section 3.3.1.1 allows
				continue
			}
			if n++; n > maxStates || !validState(member) {
				return "", false
			}
			if full = full || list.Len()+1+len(member) > maxState; full {
				continue
			}
			if list.Len() > 0 {
				list.WriteByte(',')
			}
			list.WriteString(member)
		}
	}
	return list.String(), true
}

// validState checks a member, key=value.
func validState(member string) bool {
	key, value, ok := strings.Cut(member, "=")
	if !ok || key == "" || len(key) > maxStateKey || value == "" || len(value) > maxStateValue {
		return false
	}
	const first = "abcdefghijklmnopqrstuvwxyz0123456789"
	return strings.IndexByte(first, key[0]) >= 0 && strings.Trim(key, first+"_-*/@") == "" &&
		strings.IndexFunc(value, func(c rune) bool { return c < ' ' || c > '~' || c == '=' }) < 0
}
