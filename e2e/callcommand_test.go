package e2e

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

const calledDocument = `{"openapi": "3.0.3", "info": {"title": "t", "version": "1"}, "paths": {"/pets/{id}": {"get": {
	"parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "integer"}}], "responses": {"200": {"description": "x"}}}}}}`

// called are operations that a crontab calls.
func called() ops {
	echo := keys{"cmd": sh(`printf '%s|%s|%s|' "$REQUEST_METHOD" "$CONTENT_TYPE" "$QUERY_STRING"; cat`), "channel": "stdin", "encoding": "raw", "reply": "stdout"}
	return ops{
		"get /echo": echo, "post /echo": echo, "patch /echo": echo, "head /echo": echo,
		"get /header":     {"cmd": []string{"/bin/echo", "{{header.X-A}}"}, "reply": "stdout", "stats": true},
		"get /pets/{id}":  {"cmd": "/bin/echo {{path.id}}", "reply": "stdout"},
		"get /empty":      {"cmd": sh(urocketReply() + "--status 204 </dev/null")},
		"get /moved":      {"cmd": sh("echo moved | " + urocketReply() + "--status 302 -H 'Location: /echo'")},
		"get /refused":    {"cmd": sh("echo '{\"why\":\"no\"}' | " + urocketReply() + "--status 422")},
		"get /fails":      {"cmd": sh("exit 3"), "reply": "report"},
		"get /silent":     {"cmd": sh("exit 3")},
		"get /breaks":     {"cmd": sh("echo begun; kill -9 $$"), "reply": "stdout"},
		"get /one":        {"cmd": sh(noteID + awaitMark), "env": tenv, "reply": "report", "running": 1, "queued": 0},
		"get /hangs/{id}": {"cmd": "/bin/sleep 60", "reply": "report", "ondisconnect": "kill"},
	}
}

func TestCall(t *testing.T) {
	t.Parallel()
	g := start(t, setup{doc: calledDocument, top: patient, ops: called()})
	g.write("payload.json", `{"a": 1}`, 0o644)
	for _, c := range []struct {
		args   string
		stdin  string
		code   int
		stdout string
		stderr []string
	}{
		{"/echo", "", 0, "GET|||", nil},
		{"get /echo?a=1&b=%20", "", 0, "GET||a=1&b=%20|", nil},
		{"POST /echo -d {\"a\":1}", "", 0, `POST|application/json||{"a":1}`, nil},
		{"/echo -d a=1&b", "", 0, "POST|application/x-www-form-urlencoded||a=1&b", nil},
		{"-d @payload.json patch /echo", "", 0, `PATCH|application/json||{"a": 1}`, nil},
		{"/echo -d @- -H Content-Type:text/csv", "1,2\n", 0, "POST|text/csv||1,2\n", nil},
		{"post /echo", "not asked for", 0, "POST|||", nil},
		{"post /echo --data=", "", 0, "POST|||", nil},
		{"head /echo", "", 0, "", nil},
		{"/pets/7", "", 0, "7\n", nil},
		{"/empty", "", 0, "", nil},
		{"/header --header X-A:b -v", "", 0, "b\n", []string{"> GET /header\n", "> X-A: b\n", "< HTTP/1.1 200 OK\n", "< Content-Type: text/plain", "< Urocket-Stats: wall="}},
		{"/pets/rex", "", 1, "", []string{"400 validation", "(request ", "path /id must be an integer"}},
		{"/silent", "", 1, "", []string{"502 no-answer", "exited with code 3"}},
		{"/nowhere", "", 1, "", []string{"404 not-found"}},
		{"post /pets/7", "", 1, "", []string{"405 method-not-allowed"}},
		{"/refused", "", 1, "", []string{"422 unprocessable entity", `{"why":"no"}`}},
		{"/moved", "", 1, "", []string{"302 found", "moved"}},
		{"/fails", "", 1, "", []string{"500 internal server error", `"exitcode":3`}},
		{"/breaks", "", 1, "begun\n", []string{"broke off behind 6 bytes"}},
		{"/hangs/1 --timeout 200ms", "", 1, "", []string{"has not answered in time"}},
	} {
		t.Run(c.args, func(t *testing.T) {
			t.Parallel()
			o := g.cliIn(t, c.stdin, append([]string{"call"}, strings.Fields(c.args)...)...).want(t, c.code)
			if o.stdout != c.stdout {
				t.Errorf("printed %q, want %q", o.stdout, c.stdout)
			}
			for _, w := range c.stderr {
				if !strings.Contains(o.stderr, w) {
					t.Errorf("standard error lacks %q: %s", w, o.stderr)
				}
			}
			if c.stderr == nil && o.stderr != "" {
				t.Errorf("standard error: %s", o.stderr)
			}
		})
	}
}

// A crontab and HTTP share the one place of an operation.
func TestCallSharesPlaces(t *testing.T) {
	t.Parallel()
	g := start(t, setup{top: patient, ops: called()})
	crontab := func(line string) outcome {
		cmd := exec.Command("/bin/sh", "-c", line)
		cmd.Dir, cmd.Env = "/", []string{"PATH=/usr/bin:/bin", "HOME=/", "SHELL=/bin/sh"}
		return ended(t, cmd)
	}
	line := program + " call -c " + g.path("urocket-service.yaml") + " GET /one?t=cron"
	h := g.hold(t, "GET", "/one")
	crontab(line).want(t, 75, "429 busy")
	g.release(t, h.token)
	h.answer(t).want(t, 200)
	g.awaitState(t, h.id, "ended")
	g.release(t, "cron")
	crontab(line).want(t, 0, `"exitcode":0`)

	last := g.hold(t, "GET", "/one")
	g.signal(syscall.SIGTERM)
	eventually(t, "it drains", func() bool { a, err := g.tryBack("GET", "/readyz", nil); return err == nil && a.status == 503 })
	crontab(line).want(t, 75, "503 draining")
	g.release(t, last.token)
	last.answer(t).want(t, 200)
	g.exitCode()
}

// What cannot be called is said, and is not the service's affair.
func TestCallRefused(t *testing.T) {
	t.Parallel()
	g := prepare(t, setup{})
	check(t, os.WriteFile(g.path("any.yaml"), []byte("listen: 127.0.0.1:0\nsocketpath: /tmp/x.sock\n"), 0o600))
	for _, c := range []struct {
		args  string
		code  int
		words []string
	}{
		{"/x", 1, []string{"nobody listens on " + g.addr}},
		{"-c absent.yaml /x", 2, []string{"absent.yaml"}},
		{"-c any.yaml /x", 2, []string{"--address"}},
		{"pots /x", 2, []string{"did you mean post?"}},
		{"fetch /x", 2, []string{"get, put, post"}},
		{"get x", 2, []string{"does not begin with /"}},
		{"get /x#y", 2, []string{"%23"}},
		{"get /x -H nonsense", 2, []string{"--header"}},
		{"get /x --timeout 5", 2, []string{"--timeout"}},
		{"get /x -d @nowhere", 1, []string{"nowhere"}},
		{"", 2, []string{"usage: urocket call"}},
	} {
		t.Run(c.args, func(t *testing.T) {
			g.cli(t, append([]string{"call"}, strings.Fields(c.args)...)...).want(t, c.code, c.words...)
		})
	}
}
