package e2e

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

// What the HTTP parser refuses before there is a request is a bare answer, and
// the connection closes.
func TestParserErrorsAreBare(t *testing.T) {
	t.Parallel()
	g := start(t, setup{ops: ops{"get /fine": {"cmd": "/bin/echo fine", "reply": "stdout"}, "post /in": {"cmd": "/bin/cat", "channel": "stdin", "encoding": "raw", "reply": "stdout"}}})
	for name, c := range map[string]struct{ send, status string }{
		"malformed line":              {"GET\r\n\r\n", "400"},
		"malformed header":            {"GET /fine HTTP/1.1\r\nHost: x\r\nbroken header\r\n\r\n", "400"},
		"malformed escape":            {"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
		"no Host":                     {"GET /fine HTTP/1.1\r\n\r\n", "400"},
		"two lengths":                 {"POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "400"},
		"unknown transfer coding":     {"POST /in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", "501"},
		"unknown Expect":              {"POST /in HTTP/1.1\r\nHost: x\r\nExpect: the-moon\r\nContent-Length: 1\r\n\r\na", "417"},
		"unknown version":             {"GET /fine HTTP/7.1\r\nHost: x\r\n\r\n", "505"},
		"headers over 1 MiB":          {"GET /fine HTTP/1.1\r\nHost: x\r\nX-Long: " + strings.Repeat("x", 1100<<10) + "\r\n\r\n", "431"},
		"a TLS greeting":              {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "400"},
		"length and transfer coding":  {"POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked, identity\r\n\r\nabc", "501"},
		"a header name with a blank":  {"GET /fine HTTP/1.1\r\nHost: x\r\nA B: c\r\n\r\n", "400"},
		"a control character in head": {"GET /fine HTTP/1.1\r\nHost: x\r\nA: b\x00c\r\n\r\n", "400"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := g.dial(t).say(c.send)
			w.untilSeen("HTTP/1.")
			text := w.untilSeen("\r\n")
			if !strings.HasPrefix(text[2:], c.status+" ") {
				t.Errorf("told %q, want %s", text, c.status)
			}
			_, _ = w.rest() // returns only once the connection has ended
		})
	}
}

func TestHeadAndOptions(t *testing.T) {
	t.Parallel()
	g := start(t, setup{ops: ops{
		"get /only-get":   {"cmd": sh("touch marks/started"), "reply": "stdout"},
		"put /only-get":   {"cmd": "/bin/true", "reply": "stdout"},
		"head /head":      {"cmd": "/bin/echo body", "reply": "stdout"},
		"options /option": {"cmd": "/bin/echo mapped", "reply": "stdout"},
	}})
	a := g.do(t, request{method: "HEAD", path: "/only-get"}).want(t, 405, "")
	a.wantNosniff(t)
	a = g.do(t, request{method: "OPTIONS", path: "/only-get"}).want(t, 204, "")
	if allow := sortedList(a.header.Get("Allow")); !slices.Contains(allow, "GET") || !slices.Contains(allow, "PUT") {
		t.Errorf("Allow: %v", allow)
	}
	a.wantNosniff(t)
	if exists(g.path("marks", "started")) {
		t.Error("HEAD or OPTIONS started a process")
	}
	g.do(t, request{method: "HEAD", path: "/head"}).want(t, 200, "").wantNosniff(t)
	g.do(t, request{method: "OPTIONS", path: "/option"}).want(t, 200, "mapped\n")
	g.do(t, request{method: "HEAD", path: "/nowhere"}).want(t, 404, "")
	g.do(t, request{method: "OPTIONS", path: "/nowhere"}).want(t, 404)
}

// After each kind of answer the connection either says that it closes, or the
// next request on it is answered as if nothing had been.
func TestConnectionAfterEachAnswer(t *testing.T) {
	t.Parallel()
	g := troubled(t)
	asks := slices.Clone(wrongs)
	asks = append(asks, wrong{"200", request{path: "/fine"}, 200, ""}, wrong{"HEAD", request{method: "HEAD", path: "/fine"}, 405, ""},
		wrong{"OPTIONS", request{method: "OPTIONS", path: "/fine"}, 204, ""})
	for _, c := range asks {
		if c.ask.chunked {
			continue
		}
		t.Run(c.row, func(t *testing.T) {
			t.Parallel()
			method := c.ask.method
			if method == "" {
				method = "GET"
			}
			header := slices.Clone(c.ask.header)
			if c.ask.body != nil {
				header = append(header, "Content-Length: "+strconv.Itoa(len(c.ask.body)))
			}
			w := g.dial(t).ask(method+" "+c.ask.path, header...).say(string(c.ask.body))
			a := w.answer(method)
			if a.status != c.status && c.row != "500 start-failed: the command is gone" {
				t.Fatalf("status %d, want %d", a.status, c.status)
			}
			if a.header.Get("Connection") == "close" {
				_, _ = w.rest()
				return
			}
			w.ask("GET /fine").answer("GET").want(t, 200, "fine")
		})
	}
}

func TestPipelinedRequests(t *testing.T) {
	t.Parallel()
	g := start(t, setup{ops: ops{"get /n/{n}": {"cmd": "/bin/echo {{path.n}}", "reply": "stdout"}}})
	w := g.dial(t)
	for i := range 5 {
		w.ask("GET /n/" + strconv.Itoa(i))
	}
	for i := range 5 {
		w.answer("GET").want(t, 200, strconv.Itoa(i)+"\n")
	}
}

// Expect: 100-continue is answered before the body is sent; a request that is
// refused anyway is refused without it.
func TestExpectContinue(t *testing.T) {
	t.Parallel()
	g := start(t, setup{top: keys{"maxbody": "1MiB"}, ops: ops{"post /in": {"cmd": "/bin/cat", "channel": "stdin", "encoding": "raw", "reply": "stdout"}}})
	w := g.dial(t).ask("POST /in", "Content-Length: 5", "Expect: 100-continue")
	w.untilSeen("HTTP/1.1 100 Continue\r\n\r\n")
	w.say("hello").answer("POST").want(t, 200, "hello")

	w = g.dial(t).ask("POST /in", "Content-Length: 50000000", "Expect: 100-continue")
	w.answer("POST").wantProblem(t, 413, "too-large")
	w = g.dial(t).ask("POST /nowhere", "Content-Length: 5", "Expect: 100-continue")
	w.answer("POST").wantProblem(t, 404, "not-found")
}

// HTTP/1.0 callers get plain bodies, and no trailer.
func TestHTTP10(t *testing.T) {
	t.Parallel()
	g := start(t, setup{ops: ops{"get /out": {"cmd": "/bin/echo out", "reply": "stdout", "stats": true}}})
	text, err := g.dial(t).say("GET /out HTTP/1.0\r\n\r\n").rest()
	if err != nil || !strings.HasPrefix(text, "HTTP/1.0 200") || !strings.HasSuffix(text, "\r\n\r\nout\n") {
		t.Errorf("%q, %v", text, err)
	}
	if strings.Contains(text, "Transfer-Encoding") {
		t.Errorf("chunked to HTTP/1.0: %q", text)
	}
}

func TestHostilePaths(t *testing.T) {
	t.Parallel()
	g := start(t, setup{ops: ops{"get /files/{name}": {"cmd": "/bin/echo {{path.name}}", "reply": "stdout"}}})
	for _, path := range []string{
		"/%22%3Cscript%3E", "/%0d%0aX-Injected:%201", "/..%2f..%2fetc%2fpasswd", "/" + strings.Repeat("a", 3000), "/%e2%80%ae", "/%ff%fe",
		"//files/x", "/files//x", "/files/../files/x", "/./files/x", "/files/x/", "/Files/x", "*", "http://other/files",
	} {
		a := g.dial(t).ask("GET " + path).answer("GET")
		if a.status != 400 {
			a.wantProblem(t, 404, "not-found")
		}
		if a.header.Get("X-Injected") != "" || a.header.Get("Location") != "" {
			t.Errorf("%s: headers %v", path, a.header)
		}
	}
	for path, want := range map[string]string{
		"/files/a%2Fb": "a/b", "/files/..%2f..%2fetc": "../../etc", "/files/a%20b": "a b", "/files/%24%28id%29": "$(id)", "/files/a+b": "a+b",
		"http://other.host/files/x": "x", "/files/100%25": "100%", "/files/a%252Fb": "a%2Fb", "/files/x;y=1": "x;y=1",
	} {
		g.dial(t).ask("GET "+path).answer("GET").want(t, 200, want+"\n")
	}
}
