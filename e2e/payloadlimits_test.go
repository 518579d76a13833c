package e2e

import (
	"strings"
	"testing"
)

// What is too long for an argument is refused before anything is started, and
// the caller's message names the way out.
func TestArgumentLimits(t *testing.T) {
	t.Parallel()
	sum := []string{"/bin/sh", "-c", "touch marks/started; echo $#", "sh"}
	for range 60 {
		sum = append(sum, "{{jsonpayload}}")
	}
	g := start(t, setup{ops: ops{
		"post /arg":    {"cmd": []string{"/bin/sh", "-c", `touch marks/started; echo ${#1}`, "sh", "{{jsonpayload}}"}, "encoding": "raw", "reply": "stdout"},
		"post /env":    {"cmd": sh(`touch marks/started; echo ${#P}`), "env": []string{"P={{jsonpayload}}"}, "encoding": "raw", "reply": "stdout"},
		"post /prefix": {"cmd": []string{"/bin/sh", "-c", `touch marks/started; echo ${#1}`, "sh", "--x={{jsonpayload}}"}, "encoding": "raw", "reply": "stdout"},
		"post /sum":    {"cmd": sum, "encoding": "raw", "reply": "stdout"},
		"post /stdin":  {"cmd": "/usr/bin/wc -c", "channel": "stdin", "encoding": "raw", "reply": "stdout"},
	}})
	const most = 131071 // bytes of one argument or of NAME=value
	for name, c := range map[string]struct {
		path string
		n    int
	}{
		"an argument":          {"/arg", most + 1},
		"an argument's rest":   {"/prefix", most + 1 - len("--x=")},
		"a variable":           {"/env", most + 1 - len("P=")},
		"200 KB":               {"/arg", 200 << 10},
		"all of them together": {"/sum", 120000},
	} {
		t.Run("413 "+name, func(t *testing.T) {
			t.Parallel()
			p := g.post(t, c.path, strings.Repeat("x", c.n), asRaw...).wantProblem(t, 413, "too-large")
			if !strings.Contains(p.Detail, "channel: stdin") {
				t.Errorf("detail %q does not name channel: stdin", p.Detail)
			}
		})
	}
	t.Run("nothing was started", func(t *testing.T) {
		g.post(t, "/arg", strings.Repeat("x", most+1), asRaw...).want(t, 413)
		if exists(g.path("marks", "started")) {
			t.Error("a refused call was started")
		}
	})
}

// The longest that fits does fit; and stdin takes what arguments cannot.
func TestLongestArguments(t *testing.T) {
	t.Parallel()
	g := start(t, setup{ops: ops{
		"post /arg":   {"cmd": []string{"/bin/sh", "-c", `echo ${#1}`, "sh", "{{jsonpayload}}"}, "encoding": "raw", "reply": "stdout"},
		"post /env":   {"cmd": sh(`echo ${#P}`), "env": []string{"P={{jsonpayload}}"}, "encoding": "raw", "reply": "stdout"},
		"post /shell": {"cmd": sh(`printf %s {{jsonpayload}} | wc -c`), "encoding": "raw", "reply": "stdout"},
		"post /stdin": {"cmd": "/usr/bin/wc -c", "channel": "stdin", "encoding": "raw", "reply": "stdout"},
		"post /never": {"cmd": sh(curlReply + "-d 1 >/dev/null"), "channel": "stdin", "encoding": "raw"},
	}})
	g.post(t, "/arg", strings.Repeat("x", 131071), asRaw...).want(t, 200, "131071\n")
	g.post(t, "/env", strings.Repeat("x", 131069), asRaw...).want(t, 200, "131069\n")
	g.post(t, "/shell", strings.Repeat("x", 131000), asRaw...).want(t, 200, "131000\n")
	g.post(t, "/shell", strings.Repeat("x", 131072), asRaw...).wantProblem(t, 413, "too-large")
	big := strings.Repeat("0123456789", 1_000_000)
	g.post(t, "/stdin", big, asRaw...).want(t, 200, "10000000\n")
	g.do(t, request{method: "POST", path: "/stdin", body: []byte(big), chunked: true, header: asRaw}).want(t, 200, "10000000\n")
	g.post(t, "/never", big, asRaw...).want(t, 200, "1")
}

// A body over maxbody is refused by its length before it is sent, and without
// one as soon as it is too long.
func TestMaxbody(t *testing.T) {
	t.Parallel()
	g := start(t, setup{top: keys{"maxbody": "1MiB"}, ops: ops{"post /in": {"cmd": "/usr/bin/wc -c", "channel": "stdin", "encoding": "raw", "reply": "stdout"}}})
	g.post(t, "/in", strings.Repeat("x", 1<<20), asRaw...).want(t, 200, "1048576\n")
	g.do(t, request{method: "POST", path: "/in", body: []byte(strings.Repeat("x", 1<<20)), chunked: true, header: asRaw}).want(t, 200, "1048576\n")
	t.Run("by its length", func(t *testing.T) {
		t.Parallel()
		g.dial(t).ask("POST /in", "Content-Length: 1048577").answer("POST").wantProblem(t, 413, "too-large")
	})
	t.Run("chunked, without its end", func(t *testing.T) {
		t.Parallel()
		w := g.dial(t).ask("POST /in", "Transfer-Encoding: chunked")
		w.say("100001\r\n", strings.Repeat("x", 0x100001), "\r\n")
		w.answer("POST").wantProblem(t, 413, "too-large")
	})
}
