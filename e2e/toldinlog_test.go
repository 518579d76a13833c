package e2e

import (
	"strings"
	"testing"
)

// The log says why a call went wrong of which its caller saw a good beginning, and
// whether something was posted for one that has no answer.
func TestWhyInTheLog(t *testing.T) {
	t.Parallel()
	g := start(t, setup{
		doc: `openapi: 3.0.3
info: {title: log, version: "1"}
paths:
  /cut: {get: {responses: {"200": {description: fine}}}}
  /refused: {get: {responses: {"200": {description: fine, content: {application/json: {schema: {type: integer}}}}}}}
`,
		ops: ops{
			"get /cut":     {"cmd": sh("echo first; exec sleep 60"), "reply": "stdout", "timeout": "700ms"},
			"get /refused": {"cmd": sh(curlReply + "-d '{}'"), "validateout": true, "timeout": "20s"},
		},
	})
	if a := g.get(t, "/cut"); a.status != 200 || a.broken == nil {
		t.Errorf("status %d, broken off: %v", a.status, a.broken)
	}
	g.get(t, "/refused").wantProblem(t, 502, "no-answer")
	for _, words := range [][]string{
		{`"path":"/cut"`, `"level":"WARN"`, `"broken_off":true`, `"stopped":"timeout"`},
		{`"path":"/refused"`, `"hint":"what was posted was refused`},
	} {
		eventually(t, "the log has "+strings.Join(words, " "), func() bool { return len(g.logLines(append(words, `"msg":"request"`)...)) == 1 })
	}
}

// Nothing is said of a payload where the document has none.
func TestDryKnowsWhatIsSent(t *testing.T) {
	t.Parallel()
	g := start(t, setup{
		doc: `openapi: 3.0.3
info: {title: sent, version: "1"}
paths:
  /none: {post: {responses: {"200": {description: fine}}}, get: {responses: {"200": {description: fine}}}}
  /body: {post: {requestBody: {content: {application/json: {}}}, responses: {"200": {description: fine}}}}
`,
		ops: ops{"post /none": {"cmd": "/bin/true"}, "get /none": {"cmd": "/bin/true"}, "post /body": {"cmd": "/bin/true"}},
	})
	o := g.cli(t, "dry", "-c", g.path("urocket-service.yaml")).want(t, 0)
	if said := o.text(); strings.Contains(said, "is not passed") || strings.Count(said, "does not reach the process") != 1 || !strings.Contains(said, "post /body: with channel cmdline") {
		t.Errorf("want one word of a payload that is lost, that of /body: %s", said)
	}
}
