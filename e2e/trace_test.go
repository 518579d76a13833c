package e2e

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
)

// The trace id of a caller's traceparent is in every line of the log that is about
// his call. Without one, or with one that is not valid, there is none.
func TestTraceIDInTheLog(t *testing.T) {
	t.Parallel()
	g := start(t, setup{doc: meteredDocument, ops: ops{
		"get /said":      {"cmd": sh("echo line; " + curlReply + "-d '{}' >/dev/null"), "logstdout": true},
		"post /pets/{n}": {"cmd": "/bin/echo", "reply": "stdout"},
	}})
	g.get(t, "/said", "Traceparent: "+traceparent).want(t, 200)
	g.post(t, "/pets/one", "{}", "Traceparent: "+traceparent).wantProblem(t, 400, "validation")
	g.get(t, "/said").want(t, 200)
	g.get(t, "/said", "Traceparent: "+strings.ToUpper(traceparent)).want(t, 200)
	g.get(t, "/said", "Traceparent: "+traceparent, "Traceparent: "+traceparent).want(t, 200)
	done := func() int { return len(g.logLines(`"msg":"request"`)) }
	eventually(t, "all requests are logged", func() bool { return done() == 5 })
	traced := map[string]int{}
	for _, line := range g.logLines("trace_id") {
		var event map[string]any
		check(t, json.Unmarshal([]byte(line), &event))
		if event["trace_id"] != "4bf92f3577b34da6a3ce929d0e0e4736" {
			t.Errorf("trace_id %v", event["trace_id"])
		}
		what, _, _ := strings.Cut(event["msg"].(string), " ::")
		traced[what]++
	}
	if want := map[string]int{"I stored the reqid": 1, "output": 1, "request": 2}; !maps.Equal(traced, want) {
		t.Errorf("lines with a trace id: %v, want %v", traced, want)
	}
}
