package e2e

import (
	"strconv"
	"strings"
	"testing"
)

const typedDocument = `openapi: 3.0.3
info: {title: typed, version: "1"}
paths:
  /document:
    parameters: [{name: t, in: query, schema: {type: string}}]
    get: {responses: {"200": {description: fine, content: {application/xml: {}}}}}
  /two:
    parameters: [{name: t, in: query, schema: {type: string}}]
    get: {responses: {"200": {description: fine, content: {application/xml: {}, text/csv: {}}}}}
  /checked:
    parameters: [{name: t, in: query, schema: {type: string}}]
    get: {responses: {"200": {description: fine, content: {application/json: {schema: {type: object, required: [id]}}}}}}
  /unchecked:
    parameters: [{name: t, in: query, schema: {type: string}}]
    get: {responses: {"200": {description: fine, content: {application/json: {schema: {type: object, required: [id]}}}}}}
`

// The row `stdout` of where the answer comes from.
func TestReplyStdout(t *testing.T) {
	t.Parallel()
	out := func(script string, more ...string) keys {
		k := keys{"cmd": sh(script), "reply": "stdout", "env": tenv}
		for i := 0; i < len(more); i += 2 {
			k[more[i]] = more[i+1]
		}
		return k
	}
	g := start(t, setup{doc: typedDocument, ops: ops{
		"get /configured":   out("printf 'a\\nb'; echo noise >&2", "contenttype", "text/csv"),
		"get /document":     out("printf '<x/>'"),
		"get /two":          out("printf '<x/>'"),
		"get /guess":        out("printf '<html>'"),
		"get /none":         out("exit 0"),
		"get /binary":       out("printf '\\377\\000\\200\\r\\n'"),
		"get /big":          out("head -c 8388608 /dev/zero"),
		"get /closes":       out("printf x; exec >&-; sleep 0.2"),
		"get /stream":       out("echo first; " + awaitMark + "echo second"),
		"get /fails":        out("echo oops >&2; exit 7"),
		"get /killed":       out("kill -9 $$"),
		"get /fails-later":  out("printf partial; " + awaitMark + "exit 7"),
		"get /killed-later": out("printf partial; " + awaitMark + "kill -9 $$"),
		"get /late":         out("printf partial; sleep 20", "timeout", "500ms"),
		"get /stays":        {"cmd": "@HELPER@ daemon ids/{{query.t}}", "reply": "stdout"},
		"get /checked":      {"cmd": sh("printf '{\"no\":1}'"), "reply": "stdout", "validateout": true},
		"get /unchecked":    {"cmd": sh("printf '{\"no\":1}'"), "reply": "stdout"},
	}})
	plain := []struct{ path, body, ctype string }{
		{"/configured", "a\nb", "text/csv"},
		{"/document", "<x/>", "application/xml"},
		{"/two", "<x/>", "text/plain; charset=utf-8"},
		{"/guess", "<html>", "text/plain; charset=utf-8"},
		{"/none", "", ""},
		{"/binary", "\xff\x00\x80\r\n", ""},
		{"/big", strings.Repeat("\x00", 8<<20), ""},
		{"/closes", "x", ""},
		{"/unchecked", `{"no":1}`, "application/json"},
	}
	for _, c := range plain {
		t.Run("body and type "+c.path, func(t *testing.T) {
			t.Parallel()
			a := g.get(t, c.path).want(t, 200, c.body)
			if got := a.header.Get("Content-Type"); c.ctype != "" && got != c.ctype {
				t.Errorf("Content-Type %q, want %q", got, c.ctype)
			}
			a.wantNosniff(t)
		})
	}
	t.Run("it is streamed", func(t *testing.T) { t.Parallel(); g.wantStreamed(t, "/stream") })
	t.Run("a non-zero exit before the first byte is 502", func(t *testing.T) {
		t.Parallel()
		if p := g.get(t, "/fails").wantProblem(t, 502, "no-answer"); p.ExitCode == nil || *p.ExitCode != 7 {
			t.Errorf("exitcode %v", p.ExitCode)
		}
	})
	t.Run("death by signal before the first byte is 502", func(t *testing.T) {
		t.Parallel()
		if p := g.get(t, "/killed").wantProblem(t, 502, "no-answer"); p.Signal == nil || *p.Signal != "SIGKILL" {
			t.Errorf("signal %v", p.Signal)
		}
	})
	for _, path := range []string{"/fails-later", "/killed-later", "/late"} {
		t.Run("failure after the first byte breaks off: "+path, func(t *testing.T) { t.Parallel(); g.wantBrokenOff(t, path) })
	}
	t.Run("a daemon that holds stdout does not hold the answer", func(t *testing.T) {
		t.Parallel()
		tok := token()
		g.get(t, "/stays?t="+tok).want(t, 200, "")
		g.wantDead(t, tok)
	})
	t.Run("validateout holds the answer back", func(t *testing.T) {
		t.Parallel()
		g.get(t, "/checked").wantProblem(t, 502, "bad-reply")
	})
}

// wantStreamed reads the script's first line while the script has yet to end.
func (g *gateway) wantStreamed(t *testing.T, path string) {
	t.Helper()
	tok := token()
	w := g.dial(t).ask("GET "+path+"?t="+tok, "Connection: close")
	w.untilSeen("first")
	g.release(t, tok)
	w.untilSeen("second")
	if _, err := w.rest(); err != nil {
		t.Errorf("no clean end: %v", err)
	}
}

// wantBrokenOff demands that an answer which began does not end as if it were
// whole: no last chunk in HTTP/1.1, a reset in HTTP/1.0.
func (g *gateway) wantBrokenOff(t *testing.T, path string) {
	t.Helper()
	for _, version := range []string{"1.1", "1.0"} {
		tok := token()
		w := g.dial(t).say("GET ", path, "?t=", tok, " HTTP/", version, "\r\nHost: x\r\n\r\n")
		w.untilSeen("partial")
		g.release(t, tok)
		text, err := w.rest()
		if version == "1.1" && strings.Contains(text, "0\r\n\r\n") {
			t.Errorf("HTTP/1.1: the last chunk came: %q", text)
		}
		if version == "1.0" && err == nil {
			t.Errorf("HTTP/1.0: a clean end after %q", text)
		}
	}
}

// wantDead waits until the process whose pid stands in ids/tok has ended. Where
// no groups can be made it may live until the program stops, after which the
// harness looks.
func (g *gateway) wantDead(t *testing.T, tok string) {
	t.Helper()
	g.idOf(t, tok)
	pid := atoi(t, g.path("ids", tok))
	if cgroupsWork() {
		eventually(t, "process "+strconv.Itoa(pid)+" has ended", func() bool { return !alive(pid) })
	}
}
