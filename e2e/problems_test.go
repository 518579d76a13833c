package e2e

import (
	"os"
	"slices"
	"strings"
	"testing"
)

const petDocument = `openapi: 3.0.3
info: {title: pet, version: "1"}
paths:
  /pets:
    post:
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [name, age]
              properties:
                name: {type: string, minLength: 2}
                age: {type: integer, maximum: 150}
                tag: {enum: [a, b]}
      responses: {"200": {description: fine}}
  /loose:
    post:
      requestBody:
        required: true
        content: {application/json: {schema: {type: object, required: [name]}}}
      responses: {"200": {description: fine}}
  /pets/{id}:
    parameters:
    - {name: id, in: path, required: true, schema: {type: integer}}
    get:
      parameters:
      - {name: q, in: query, required: true, schema: {type: integer, minimum: 3}}
      - {name: X-Level, in: header, schema: {enum: [low, high]}}
      responses: {"200": {description: fine}}
    delete: {responses: {"200": {description: fine}}}
  /strict:
    get: {responses: {"200": {description: fine, content: {application/json: {schema: {type: object, required: [id]}}}}}}
`

// troubled serves an operation for each way to go wrong. Every argv, folder and
// variable holds the secret, which no caller may ever see.
func troubled(t *testing.T) *gateway {
	t.Helper()
	say := func(script, reply string, more ...any) keys {
		k := keys{"cmd": sh(script + " # " + secret), "env": []string{"MY=" + secret}, "wd": secret, "reply": reply, "stats": true}
		for i := 0; i < len(more); i += 2 {
			k[more[i].(string)] = more[i+1]
		}
		return k
	}
	fine := say("printf fine", "stdout")
	return start(t, setup{
		doc: petDocument, top: keys{"maxbody": "100KiB"},
		files: map[string]string{secret + "/keep": "", secret + "/gone": "#!/bin/sh\n", secret + "/badinterp": "#!/no/such/" + secret + "\n"},
		ops: ops{
			"get /fine":        fine,
			"post /pets":       fine,
			"post /loose":      say("printf fine", "stdout", "validatein", false),
			"get /pets/{id}":   fine,
			"post /arg":        say("printf %s \"$1\"", "stdout", "cmd", []string{"/bin/echo", secret, "{{jsonpayload}}"}, "encoding", "raw"),
			"get /dash":        say("", "stdout", "cmd", []string{"/bin/echo", secret, "{{query.v}}"}),
			"get /gone":        say("", "stdout", "cmd", []string{"./gone", secret}),
			"get /badinterp":   say("", "stdout", "cmd", []string{"./badinterp", secret}),
			"get /ends":        say("echo out-$MY; echo err-$MY >&2; exit 5", "socket"),
			"get /signal":      say("kill -9 $$", "socket"),
			"get /fails":       say("echo err-$MY >&2; exit 5", "stdout"),
			"get /cgi":         say("echo $MY", "cgi"),
			"get /strict":      say("printf '{\"x\":\"%s\"}' $MY", "stdout", "validateout", true),
			"get /late":        say("echo $MY; sleep 20", "socket", "timeout", "300ms"),
			"get /unknown/{x}": fine,
		},
	})
}

// wrong is one row of the table of what a caller gets when it goes wrong.
type wrong struct {
	row    string
	ask    request
	status int
	word   string
}

var (
	asJSON = []string{"Content-Type: application/json"}
	asRaw  = []string{"Content-Type: application/octet-stream"}
)

// posting is a POST.
func posting(path, body string, header []string) request {
	return request{method: "POST", path: path, body: []byte(body), header: header}
}

var wrongs = []wrong{
	{"400 validation: validatein failed", posting("/pets", `{"name":"x"}`, asJSON), 400, "validation"},
	{"400 validation: a path parameter", request{path: "/pets/abc?q=5"}, 400, "validation"},
	{"400 validation: a query parameter", request{path: "/pets/7?q=2"}, 400, "validation"},
	{"400 validation: a query parameter is missing", request{path: "/pets/7"}, 400, "validation"},
	{"400 validation: a header", request{path: "/pets/7?q=5", header: []string{"X-Level: deep"}}, 400, "validation"},
	{"400 not-json: not JSON where it must be", posting("/loose", "{nope", asJSON), 400, "not-json"},
	{"400 not-json: trailing text", posting("/pets", `{"name":"xy","age":3} trailing`, asJSON), 400, "not-json"},
	{"400 bad-request: NUL", posting("/arg", "a\x00b", asRaw), 400, "bad-request"},
	{"400 bad-request: an option-like value", request{path: "/dash?v=-rf"}, 400, "bad-request"},
	{"404 not-found", request{path: "/nowhere"}, 404, "not-found"},
	{"405 method-not-allowed + Allow", request{method: "PUT", path: "/pets/7"}, 405, "method-not-allowed"},
	{"413 too-large: body over maxbody", posting("/loose", `"`+strings.Repeat("x", 101<<10)+`"`, asJSON), 413, "too-large"},
	{"413 too-large: body over maxbody, chunked", request{method: "POST", path: "/loose", body: []byte(`"` + strings.Repeat("x", 101<<10) + `"`), chunked: true, header: asJSON}, 413, "too-large"},
	{"414 too-large: URI over 32 KiB", request{path: "/fine?" + strings.Repeat("x", 33<<10)}, 414, "too-large"},
	{"431 too-large: headers over 64 KiB", request{path: "/fine", header: []string{"X-Long: " + strings.Repeat("x", 65<<10)}}, 431, "too-large"},
	{"414 comes before 431", request{path: "/fine?" + strings.Repeat("x", 33<<10), header: []string{"X-Long: " + strings.Repeat("x", 65<<10)}}, 414, "too-large"},
	{"415 media-type: one that the operation does not declare", posting("/pets", `{"name":"xy","age":3}`, []string{"Content-Type: application/xml"}), 415, "media-type"},
	{"500 start-failed: the command is gone", request{path: "/gone"}, 500, "start-failed"},
	{"500 start-failed: its interpreter is missing", request{path: "/badinterp"}, 500, "start-failed"},
	{"501 no-callback", request{method: "DELETE", path: "/pets/7"}, 501, "no-callback"},
	{"502 no-answer: exit code", request{path: "/ends"}, 502, "no-answer"},
	{"502 no-answer: signal", request{path: "/signal"}, 502, "no-answer"},
	{"502 no-answer: stdout", request{path: "/fails"}, 502, "no-answer"},
	{"502 bad-reply: bad CGI headers", request{path: "/cgi"}, 502, "bad-reply"},
	{"502 bad-reply: validateout failed", request{path: "/strict"}, 502, "bad-reply"},
	{"504 timeout", request{path: "/late"}, 504, "timeout"},
}

// The rows 429, 503, 408 and 499 have tests of their own: TestPlaces, TestDrain,
// TestSlowCallers and TestHalfClosedCaller499; 500 internal is in
// TestReplyThatCannotBeKept500; 401 and 403 are in TestSecurityAsTheDocumentStatesIt.
func TestWhatACallerGetsWhenItGoesWrong(t *testing.T) {
	t.Parallel()
	g := troubled(t)
	check(t, os.Remove(g.path(secret, "gone")))
	for _, w := range wrongs {
		t.Run(w.row, func(t *testing.T) {
			t.Parallel()
			a := g.do(t, w.ask)
			p := a.wantProblem(t, w.status, w.word)
			wantNoLeak(t, g, a)
			if w.word == "validation" && len(p.Errors) == 0 {
				t.Errorf("no errors: %s", a.body)
			}
			if allow := sortedList(a.header.Get("Allow")); w.status == 405 && (!slices.Contains(allow, "GET") || slices.Contains(allow, "PUT")) {
				t.Errorf("Allow: %q", allow)
			}
			if ran := w.status == 502 || w.status == 504; ran == (a.header.Get("Urocket-Stats") == "") {
				t.Errorf("urocket-stats: %q", a.header.Get("Urocket-Stats"))
			}
		})
	}
}

// wantNoLeak looks for whatever of the server must not be told.
func wantNoLeak(t *testing.T, g *gateway, a answer) {
	t.Helper()
	text := string(a.body)
	for name, values := range a.header {
		text += "\n" + name + ": " + strings.Join(values, ", ")
	}
	for _, bad := range []string{secret, g.dir, "/bin/", "goroutine", ".go:", "runtime.", "e2e-helper"} {
		if strings.Contains(text, bad) {
			t.Errorf("the answer tells %q: %s", bad, text)
		}
	}
}

// sortedList reads a comma-separated header.
func sortedList(header string) []string {
	list := strings.Split(strings.ReplaceAll(header, " ", ""), ",")
	slices.Sort(list)
	return list
}

// Every error of a body is told, with where it is and without the value.
func TestValidationErrors(t *testing.T) {
	t.Parallel()
	g := troubled(t)
	p := g.post(t, "/pets", `{"name":"x","age":200,"tag":"`+secret+`"}`)
	errs := p.wantProblem(t, 400, "validation").Errors
	wantNoLeak(t, g, p)
	for _, field := range []string{"name", "age", "tag"} {
		i := slices.IndexFunc(errs, func(e struct{ In, Pointer, Detail string }) bool { return e.Pointer == "/"+field })
		if i < 0 || errs[i].In != "body" || errs[i].Detail == "" {
			t.Errorf("no error at /%s: %+v", field, errs)
		}
	}
	errs = g.get(t, "/pets/abc?q=2").wantProblem(t, 400, "validation").Errors
	if in := errs[0].In + " " + errs[len(errs)-1].In; len(errs) != 2 || !strings.Contains(in, "path") || !strings.Contains(in, "query") {
		t.Errorf("errors of two parameters: %+v", errs)
	}
	g.post(t, "/pets", `{"name":"xy","age":3}`).want(t, 200, "fine")
	g.get(t, "/pets/7?q=3", "X-Level: low").want(t, 200, "fine")
	g.post(t, "/loose", `{"any":1}`).want(t, 200, "fine")
	g.get(t, "/unknown/-x").want(t, 200, "fine")
	g.post(t, "/pets", "").wantProblem(t, 400, "validation")
}

// The caller is told nothing; the log says why it could not start.
func TestLogSaysWhyItCouldNotStart(t *testing.T) {
	t.Parallel()
	g := start(t, setup{
		files: map[string]string{"gone": "#!/bin/sh\n", "plain": "#!/bin/sh\n"},
		ops:   ops{"get /gone": {"cmd": "./gone"}, "get /plain": {"cmd": "./plain"}},
	})
	check(t, os.Remove(g.path("gone")))
	check(t, os.Chmod(g.path("plain"), 0o644))
	for path, why := range map[string]string{"/gone": "no such file", "/plain": "permission denied"} {
		id := g.get(t, path).wantProblem(t, 500, "start-failed").RequestID
		eventually(t, "the log says "+why, func() bool { return len(g.logLines(id, why)) > 0 })
	}
}

// A program that is not there is told at once: nobody waits for a place for it.
func TestNobodyWaitsForAProgramThatIsNotThere(t *testing.T) {
	t.Parallel()
	g := start(t, setup{
		top:   keys{"running": 1, "queuewait": "60s"},
		files: map[string]string{"gone": "#!/bin/sh\n"},
		ops:   ops{"get /gone": {"cmd": "./gone"}, "get /held": living(nil)},
	})
	check(t, os.Remove(g.path("gone")))
	h := g.hold(t, "GET", "/held")
	g.get(t, "/gone").wantProblem(t, 500, "start-failed") // the only place is taken
	g.reply(t, h.id, "1").want(t, 200)
	g.release(t, h.token)
	h.answer(t).want(t, 200)
}

// Two errors are two requests, and a caller's X-Request-Id is never ours.
func TestRequestIDs(t *testing.T) {
	t.Parallel()
	g := start(t, setup{ops: ops{"get /id": {"cmd": "/usr/bin/printenv REQUEST_ID", "reply": "stdout"}}})
	long := strings.Repeat("y", 128)
	for sent, echoed := range map[string]string{
		"abc-123": "abc-123", "<script>\"'": "<script>\"'", long: long, unknownID: unknownID,
		long + "y": "", "two words": "", "caf\xe9": "", "": "",
	} {
		a := g.get(t, "/id", "X-Request-Id: "+sent).want(t, 200)
		if got := a.header.Get("X-Request-Id"); got != echoed {
			t.Errorf("X-Request-Id %q is echoed as %q, want %q", sent, got, echoed)
		}
		if id := strings.TrimSpace(string(a.body)); !uuidPattern.MatchString(id) || id == sent {
			t.Errorf("REQUEST_ID %q", id)
		}
		b := g.get(t, "/nowhere", "X-Request-Id: "+sent)
		if got := b.header.Get("X-Request-Id"); got != echoed {
			t.Errorf("on an error, X-Request-Id %q is echoed as %q, want %q", sent, got, echoed)
		}
		if b.wantProblem(t, 404, "not-found").RequestID == sent {
			t.Error("request_id is the caller's")
		}
	}
	eventually(t, "the log has the caller's id", func() bool { return len(g.logLines("abc-123")) > 0 })
}
