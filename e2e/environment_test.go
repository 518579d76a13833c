package e2e

import (
	"os/user"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// see calls an operation whose command is the helper's probe.
func (g *gateway) see(t *testing.T, r request) sight {
	t.Helper()
	var s sight
	g.do(t, r).want(t, 200).decode(t, &s)
	return s
}

// env is the environment as a map. A name that is there twice is a failure.
func (s sight) env(t *testing.T) map[string]string {
	t.Helper()
	env := map[string]string{}
	for _, e := range s.Environ {
		name, value, ok := strings.Cut(string(e), "=")
		if _, twice := env[name]; twice || !ok {
			t.Errorf("environment entry %q: twice, or without =", e)
		}
		env[name] = value
	}
	return env
}

const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

// probing is an operation that shows what it was given.
func probing(more ...any) keys {
	k := keys{"cmd": "@HELPER@ probe", "reply": "stdout", "contenttype": "application/json"}
	for i := 0; i < len(more); i += 2 {
		k[more[i].(string)] = more[i+1]
	}
	return k
}

// Nothing but what is listed here is inherited.
func TestEnvironmentIsExactlyThis(t *testing.T) {
	t.Parallel()
	g := start(t, setup{
		environ: []string{"DATABASE_URL=db", "APP_ONE=1", "APP_TWO=2", "APPLE=no", "LC_TIME=C", "UROCKET_EVIL=1", "REQUEST_ID=evil", "LD_PRELOAD_NOT=1"},
		ops: ops{
			"post /plain/{x}": probing(),
			"post /pass":      probing("passenv", []string{"DATABASE_URL", "APP_*", "NOT_THERE"}),
			"get /none":       probing("timeout", "none"),
		},
	})
	me, err := user.Current()
	check(t, err)
	before := time.Now()
	env := g.see(t, request{
		method: "POST", path: "/plain/a%20b?q=1%202&q=3", body: []byte(`{"a":1}`),
		header: []string{"Content-Type: application/json; charset=utf-8", "Traceparent: " + traceparent, "X-Request-Id: mine", "Proxy: http://evil"},
	}).env(t)
	if !uuidPattern.MatchString(env["REQUEST_ID"]) {
		t.Errorf("REQUEST_ID=%q", env["REQUEST_ID"])
	}
	deadline, err := strconv.ParseInt(env["UROCKET_DEADLINE"], 10, 64)
	if at := time.UnixMilli(deadline); err != nil || at.Before(before.Add(19*time.Second)) || at.After(time.Now().Add(21*time.Second)) {
		t.Errorf("UROCKET_DEADLINE=%q with a timeout of 20s", env["UROCKET_DEADLINE"])
	}
	if shell := env["SHELL"]; !strings.HasPrefix(shell, "/") {
		t.Errorf("SHELL=%q", shell)
	}
	want := map[string]string{
		"URIPATH": "/plain/a%20b", "REQUEST_METHOD": "POST", "QUERY_STRING": "q=1%202&q=3", "UROCKET_SOCKET": g.sock,
		"TRACEPARENT": traceparent, "HOME": me.HomeDir, "USER": me.Username, "LOGNAME": me.Username,
		"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "LC_TIME": "C", "TZ": "UTC",
		"TMPDIR": g.path("tmp"),
	}
	for name, value := range want {
		if env[name] != value {
			t.Errorf("%s=%q, want %q", name, env[name], value)
		}
	}
	if ct := env["CONTENT_TYPE"]; !strings.HasPrefix(ct, "application/json") {
		t.Errorf("CONTENT_TYPE=%q", ct)
	}
	for name := range env {
		if _, ok := want[name]; !ok && !slices.Contains([]string{"REQUEST_ID", "UROCKET_DEADLINE", "CONTENT_TYPE", "SHELL"}, name) {
			t.Errorf("%s=%q is inherited", name, env[name])
		}
	}

	passed := g.see(t, request{method: "POST", path: "/pass", body: []byte("{}")}).env(t)
	for name, value := range map[string]string{"DATABASE_URL": "db", "APP_ONE": "1", "APP_TWO": "2"} {
		if passed[name] != value {
			t.Errorf("passenv: %s=%q, want %q", name, passed[name], value)
		}
	}
	for _, name := range []string{"APPLE", "NOT_THERE", "GATEWAY_SECRET", "TRACEPARENT"} {
		if v, ok := passed[name]; ok {
			t.Errorf("%s=%q is inherited", name, v)
		}
	}
	if v, ok := g.see(t, request{path: "/none"}).env(t)["UROCKET_DEADLINE"]; ok {
		t.Errorf("UROCKET_DEADLINE=%q with timeout: none", v)
	}
}

// TRACEPARENT is passed on only if it is valid by W3C.
func TestTraceparent(t *testing.T) {
	t.Parallel()
	g := start(t, setup{ops: ops{"get /": probing()}})
	for value, valid := range map[string]bool{
		traceparent:                                        true,
		strings.ToUpper(traceparent):                       false,
		traceparent[:len(traceparent)-1]:                   false,
		"ff" + traceparent[2:]:                             false,
		"00-" + strings.Repeat("0", 32) + traceparent[35:]: false,
		traceparent + "-extra":                             false,
		traceparent + "; rm -rf":                           false,
	} {
		got, ok := g.see(t, request{path: "/", header: []string{"Traceparent: " + value}}).env(t)["TRACEPARENT"]
		if ok != valid || valid && got != value {
			t.Errorf("traceparent %q becomes %q, %v", value, got, ok)
		}
	}
}

// A later source replaces an earlier one, and a name has one value.
func TestEnvironmentOrder(t *testing.T) {
	t.Parallel()
	g := start(t, setup{
		environ: []string{"OVER=passed", "ONLY=passed", "UROCKET_EVIL=1"},
		ops: ops{"get /{x}": probing(
			"passenv", []string{"OVER", "ONLY", "HOME", "U*"},
			"env", []string{"OVER=second", "PATH=/nowhere", "URIPATH=mine", "EMPTY=", "A={{path.x}}", "B=x={{path.x}}=y", "LITERAL={{{{x"},
		)},
	})
	env := g.see(t, request{path: "/%22%20$HOME"}).env(t)
	for name, value := range map[string]string{
		"OVER": "second", "ONLY": "passed", "HOME": "/gateway-home", "PATH": "/nowhere", "URIPATH": "mine", "EMPTY": "",
		"A": `" $HOME`, "B": `x=" $HOME=y`, "LITERAL": "{{x", "UROCKET_SOCKET": g.sock,
	} {
		if got, ok := env[name]; !ok || got != value {
			t.Errorf("%s=%q, want %q", name, got, value)
		}
	}
	if v, ok := env["UROCKET_EVIL"]; ok {
		t.Errorf("UROCKET_EVIL=%q is passed on", v)
	}
}

// Every placeholder of the request, in argv.
func TestPlaceholders(t *testing.T) {
	t.Parallel()
	g := start(t, setup{ops: ops{"post /p/{a}/{b}": {
		"cmd": []string{
			"@HELPER@", "probe", "{{requestid}}", "{{method}}", "{{uripath}}", "{{path.a}}", "{{path.b}}", "{{query.q}}", "{{query.none}}",
			"{{header.X-Thing}}", "{{header.X-None}}", "{{ jsonpayload }}", "pre{{path.a}}mid{{path.b}}post", "{{{{path.a}}",
		},
		"reply": "stdout",
	}}})
	s := g.see(t, request{
		method: "POST", path: "/p/one%2Ftwo/caf%C3%A9?q=first&q=second", body: []byte(`{"k": "v"}`),
		header: append([]string{"X-Thing: thing one", "X-Thing: thing two"}, asJSON...),
	})
	var got []string
	for _, a := range s.Args {
		got = append(got, string(a))
	}
	want := []string{
		s.env(t)["REQUEST_ID"], "POST", "/p/one%2Ftwo/caf%C3%A9", "one/two", "café", "first", "",
		"thing one", "", `{"k": "v"}`, "preone/twomidcafépost", "{{path.a}}",
	}
	if !slices.Equal(got, want) {
		t.Errorf("argv\n%q, want\n%q", got, want)
	}
}
