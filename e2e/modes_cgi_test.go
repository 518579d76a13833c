package e2e

import (
	"net"
	"slices"
	"strings"
	"testing"
)

// The row `cgi` of where the answer comes from (RFC 3875).
func TestReplyCGI(t *testing.T) {
	t.Parallel()
	cgi := func(script string) keys {
		return keys{"cmd": sh(script), "reply": "cgi", "env": tenv, "script": "openapi.yaml"}
	}
	envScript := `printf 'Content-Type: text/plain\n\n'; env -0 | tr '\0\n' '\n '; echo ==; cat`
	g := start(t, setup{top: keys{"basepath": "/base"}, ops: ops{
		"get /full":        cgi(`printf 'Status: 404 Not There\r\nContent-Type: text/plain\r\nX-One: 1\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\nbody\n'`),
		"get /linefeeds":   cgi(`printf 'Content-Type: text/html\n\n<p>'`),
		"get /location":    cgi(`printf 'Location: https://example.com/x\n\n'`),
		"get /local":       cgi(`printf 'Location: /elsewhere\n\n'`),
		"get /created":     cgi(`printf 'Status: 201\nLocation: https://example.com/x\nContent-Type: text/plain\n\nmade'`),
		"post /env/{name}": cgi(envScript),
		"get /stream":      cgi(`printf 'Content-Type: text/plain\n\nfirst\n'; ` + awaitMark + `echo second`),
		"get /later":       cgi(`printf 'Content-Type: text/plain\n\npartial'; ` + awaitMark + `exit 1`),
		"get /nohead":      cgi(`echo this is no header at all`),
		"get /noblank":     cgi(`printf 'Content-Type: text/plain\n'`),
		"get /nothing":     cgi(`exit 0`),
		"get /fails":       cgi(`exit 9`),
		"get /badname":     cgi(`printf 'Content-Type: text/plain\nBad Name: x\n\nbody'`),
		"get /badstatus":   cgi(`printf 'Status: abc\nContent-Type: text/plain\n\nbody'`),
		"get /endless":     cgi(`head -c 3000000 /dev/zero | tr '\0' a`),
	}})
	t.Run("status, headers and body", func(t *testing.T) {
		t.Parallel()
		a := g.get(t, "/full").want(t, 404, "body\n")
		if a.header.Get("X-One") != "1" || a.header.Get("Status") != "" || !slices.Equal(a.header.Values("Set-Cookie"), []string{"a=1", "b=2"}) {
			t.Errorf("headers %v", a.header)
		}
		a.wantNosniff(t)
	})
	t.Run("line feeds alone", func(t *testing.T) { t.Parallel(); g.get(t, "/linefeeds").want(t, 200, "<p>") })
	for _, c := range []struct{ path, want string }{{"/location", "https://example.com/x"}, {"/local", "/elsewhere"}} {
		t.Run("a Location without Status is 302: "+c.path, func(t *testing.T) {
			t.Parallel()
			if got := g.get(t, c.path).want(t, 302).header.Get("Location"); got != c.want {
				t.Errorf("Location %q", got)
			}
		})
	}
	t.Run("a Location with Status", func(t *testing.T) { t.Parallel(); g.get(t, "/created").want(t, 201, "made") })
	t.Run("it is streamed", func(t *testing.T) { t.Parallel(); g.wantStreamed(t, "/stream") })
	t.Run("failure after the headers breaks off", func(t *testing.T) { t.Parallel(); g.wantBrokenOff(t, "/later") })
	bad := map[string]string{
		"/nohead": "bad-reply", "/noblank": "bad-reply", "/badname": "bad-reply", "/badstatus": "bad-reply",
		"/endless": "bad-reply", "/nothing": "bad-reply", "/fails": "no-answer",
	}
	for path, word := range bad {
		t.Run("502 "+path, func(t *testing.T) { t.Parallel(); g.get(t, path).wantProblem(t, 502, word) })
	}
	for host, want := range map[string]string{"HOST.example:81": "HOST.example", "host.example": "host.example", "[::1]:81": "[::1]", "[::1]": "[::1]", "": "127.0.0.1"} {
		t.Run("the server's name of Host "+host, func(t *testing.T) {
			t.Parallel()
			a := g.dial(t).say("POST /env/x HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n").answer("POST").want(t, 200)
			if !strings.Contains("\n"+string(a.body), "\nSERVER_NAME="+want+"\n") {
				t.Errorf("want SERVER_NAME=%s in\n%s", want, a.body)
			}
		})
	}
	t.Run("variables and stdin", func(t *testing.T) { t.Parallel(); cgiVariables(t, g, false) })
	t.Run("a chunked body is taken whole first", func(t *testing.T) { t.Parallel(); cgiVariables(t, g, true) })
}

func cgiVariables(t *testing.T, g *gateway, chunked bool) {
	a := g.do(t, request{
		method: "POST", path: "/base/env/a%20b%2Fc?x=b%20c&y", body: []byte("the body"), chunked: chunked,
		header: []string{"Content-Type: text/x", "X-Some-Thing: v; w", "Proxy: http://evil/", "Authorization: Basic eA==", "X_Under: 1", "Cookie: c=1"},
	}).want(t, 200)
	text, stdin, _ := strings.Cut(string(a.body), "==\n")
	if stdin != "the body" {
		t.Errorf("stdin %q", stdin)
	}
	env := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		env[name] = value
	}
	_, port, _ := net.SplitHostPort(g.addr)
	for name, want := range map[string]string{
		"GATEWAY_INTERFACE": "CGI/1.1", "SERVER_PROTOCOL": "HTTP/1.1", "REQUEST_METHOD": "POST", "QUERY_STRING": "x=b%20c&y",
		"CONTENT_LENGTH": "8", "CONTENT_TYPE": "text/x", "HTTP_X_SOME_THING": "v; w", "HTTP_COOKIE": "c=1", "REDIRECT_STATUS": "200",
		"SCRIPT_NAME": "/env/a b/c", "SCRIPT_FILENAME": g.path("openapi.yaml"), "REMOTE_ADDR": "127.0.0.1",
		"SERVER_PORT": port, "URIPATH": "/base/env/a%20b%2Fc",
	} {
		if env[name] != want {
			t.Errorf("%s=%q, want %q", name, env[name], want)
		}
	}
	for _, name := range []string{"SERVER_NAME", "SERVER_SOFTWARE", "REQUEST_ID"} {
		if env[name] == "" {
			t.Errorf("%s is missing", name)
		}
	}
	if env["PATH_INFO"] != "" {
		t.Errorf("PATH_INFO=%q, want it empty", env["PATH_INFO"])
	}
	for _, name := range []string{"HTTP_PROXY", "HTTP_AUTHORIZATION", "HTTP_X_UNDER"} {
		if v, ok := env[name]; ok {
			t.Errorf("a header became %s=%q", name, v)
		}
	}
}
