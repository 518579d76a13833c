package frontserv

import (
	"log/slog"
	"net/http"
	"strings"
)

// A caller who takes part in a trace says so with a traceparent header (W3C Trace
// Context). It is handed on to the script as it is, and its trace id stands in each
// line of the log that is about the call. A caller who sends none is given none:
// nobody would have a record of the trace that an invented id claims, and the
// request id finds all that is ours. So it is with one that is not valid.

// traceparent is the caller's; "" if there is none, or not just one that is valid.
func traceparent(h http.Header) string {
	if v := h["Traceparent"]; len(v) == 1 && validTraceparent(v[0]) {
		return v[0]
	}
	return ""
}

// addTrace adds the trace id to the attributes of a log line.
func (x *exchange) addTrace(attrs []slog.Attr) []slog.Attr {
	if x.parent == "" {
		return attrs
	}
	return append(attrs, slog.String("trace_id", x.parent[traceStart:traceEnd]))
}

// Where the trace id stands in every version of the header.
const traceStart, traceEnd = 3, 35

// validTraceparent checks the header by W3C Trace Context, section 3.2: version,
// trace id, parent id and flags in lower-case hexadecimal; neither id all zero,
// version not ff, and nothing behind the flags in version 00.
func validTraceparent(s string) bool {
	if len(s) < 55 || len(s) > 55 && (s[:2] == "00" || s[55] != '-') || len(s) > 512 {
		return false
	}
	parts := []string{s[:2], s[traceStart:traceEnd], s[36:52], s[53:55]}
	for _, p := range parts {
		if strings.Trim(p, "0123456789abcdef") != "" {
			return false
		}
	}
	return s[2] == '-' && s[35] == '-' && s[52] == '-' && parts[0] != "ff" &&
		strings.Trim(parts[1], "0") != "" && strings.Trim(parts[2], "0") != ""
}
