package e2e

import (
	"strings"
	"testing"
)

// The log says by itself why a script failed, and what has become of what it left
// behind.
func TestLogOfAFailure(t *testing.T) {
	t.Parallel()
	g := start(t, setup{
		ops: ops{
			"get /fails":     {"cmd": sh(`echo lost >&2; printf 'cannot open \377 \033[31mledger\n' >&2; exit 3`)},
			"get /prints":    {"cmd": sh(`echo no such month; exit 4`)},
			"get /streams":   {"cmd": sh(`echo the answer; exit 4`), "reply": "stdout"},
			"get /own":       {"cmd": sh(`printf 'Status: 500\r\n\r\nsecret'; exit 4`), "reply": "cgi"},
			"get /no-head":   {"cmd": sh(`echo Fatal: no ledger; exit 4`), "reply": "cgi"},
			"get /long":      {"cmd": sh(`head -c 100000 /dev/zero | tr '\0' x; printf end; exit 5`)},
			"get /hung":      {"cmd": sh(`echo waiting for the ledger >&2; sleep 1000`), "timeout": "5s"},
			"get /told":      {"cmd": sh(`echo told >&2; exit 6`), "logstdout": true},
			"get /well":      {"cmd": sh(`echo fine >&2`), "reply": "report"},
			"get /leaves":    {"cmd": sh(`setsid sleep 1000 >/dev/null 2>&1 & exit 0`), "reply": "report"},
			"get /stubborn":  {"cmd": sh(`@HELPER@ daemon ids/$T; exit 0`), "env": tenv, "reply": "report"},
			"get /group":     {"cmd": sh(`sh -c 'sleep 0.1' | cat; exit 0`), "reply": "report"},
			"get /hung-tree": {"cmd": sh(`@HELPER@ daemon ids/$T; sleep 1000`), "env": tenv, "timeout": "5s", "grace": "200ms"},
		},
	})
	for path, want := range map[string]struct {
		status int
		has    string
		not    string
	}{
		"/fails":     {502, `"last_output":"lost\ncannot open \ufffd \u001b[31mledger"`, "strays"},
		"/prints":    {502, `"last_output":"no such month"`, "strays"},
		"/streams":   {200, `"exit":4,"stdout":11,"stderr":0`, "last_output"},
		"/own":       {500, `"level":"WARN"`, "last_output"},
		"/no-head":   {502, `"last_output":"Fatal: no ledger"`, "strays"},
		"/long":      {502, `"last_output":"` + strings.Repeat("x", 497) + `end"`, "strays"},
		"/hung":      {504, `"last_output":"waiting for the ledger"`, "hint"},
		"/told":      {502, `"exit":6`, "last_output"},
		"/well":      {200, `"exit":0`, "last_output"},
		"/leaves":    {200, `"strays":"terminated"`, "last_output"},
		"/stubborn":  {200, `"strays":"killed"`, "last_output"},
		"/group":     {200, `"exit":0`, "strays"},
		"/hung-tree": {504, `"strays":"killed"`, "hint"},
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			g.get(t, path+"?t="+token())
			var lines []string
			eventually(t, "the request is logged", func() bool {
				lines = g.logLines(`"msg":"request"`, `"path":"`+path+`"`)
				return len(lines) == 1
			})
			if !strings.Contains(lines[0], want.has) || strings.Contains(lines[0], want.not) {
				t.Errorf("want %s and no %s: %s", want.has, want.not, lines[0])
			}
		})
	}
}

// A start that failed says what would be right.
func TestLogOfAFailedStart(t *testing.T) {
	t.Parallel()
	g := start(t, setup{
		files: map[string]string{
			"bare.sh":  "echo hello\n",
			"crlf.sh":  "#!/bin/sh\r\necho hello\r\n",
			"other.sh": "#!/usr/bin/no-such-shell -e\necho hello\n",
		},
		ops: ops{
			"get /bare": {"cmd": "./bare.sh"}, "get /crlf": {"cmd": "./crlf.sh"}, "get /other": {"cmd": "./other.sh"},
		},
	})
	for path, want := range map[string]string{
		"/bare":  "bare.sh has no #! line",
		"/crlf":  "ends in a carriage return",
		"/other": `names \"/usr/bin/no-such-shell\", which is not there`,
	} {
		g.get(t, path).wantProblem(t, 500, "start-failed")
		eventually(t, "the request is logged", func() bool { return len(g.logLines(`"path":"`+path+`"`, want)) == 1 })
		eventually(t, "it was said at start", func() bool { return len(g.logLines(`"level":"WARN"`, want)) == 1 })
	}
}

// A query is read as forms are: pairs are parted by & alone, and nothing is left
// out.
func TestQueryIsWhole(t *testing.T) {
	t.Parallel()
	g := start(t, setup{
		doc: `{"openapi": "3.0.3", "info": {"title": "q", "version": "1"}, "paths": {"/known": {"get": {
			"parameters": [{"name": "q", "in": "query", "required": true, "schema": {"type": "string"}}],
			"responses": {"200": {"description": "ok"}}}}}}`,
		ops: ops{
			"get /known": {"cmd": []string{"printf", "%s", "[{{query.q}}]"}, "reply": "stdout"},
			"get /free":  {"cmd": []string{"printf", "%s", "[{{query.q}}]"}, "reply": "stdout"},
		},
	})
	for _, path := range []string{"/known", "/free"} {
		for query, want := range map[string]string{
			"q=a;b": "[a;b]", "q=100%&x=1": "[100%]", "q=%zz%41": "[%zzA]", "q=a+b%2": "[a b%2]", "x;q=1&q=2": "[2]",
		} {
			if a := g.get(t, path+"?"+query); a.status != 200 || string(a.body) != want {
				t.Errorf("%s?%s: %d %s, want %s", path, query, a.status, a.body, want)
			}
		}
	}
}
