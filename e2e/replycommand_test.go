package e2e

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/urocket/urocket/internal/notrun"
)

// urocketReply is the command in a shell script; what follows are its arguments.
func urocketReply() string { return program + " reply " }

// A script that replies with `urocket reply`.
func TestReplyCommand(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("0123456789abcdef", 1<<16)
	cases := []struct {
		name, script string
		status       int
		kind         string
		body         string
		header       string // a header that there must be, "Name: value"
	}{
		{"JSON", `echo '{"a": 1}' | ` + urocketReply(), 200, "application/json", "{\"a\": 1}\n", ""},
		{"a JSON value that is no object", `echo '"low"' | ` + urocketReply() + "-", 200, "application/json", "\"low\"\n", ""},
		{"text", `echo 'grüße {' | ` + urocketReply(), 200, "text/plain; charset=utf-8", "grüße {\n", ""},
		{"bytes", `printf 'a\377' | ` + urocketReply(), 200, "application/octet-stream", "a\xff", ""},
		{"bytes with a NUL", `printf 'a\0b' | ` + urocketReply(), 200, "application/octet-stream", "a\x00b", ""},
		{"nothing", urocketReply() + "</dev/null", 200, "", "", ""},
		{"a type", `echo '1,2' | ` + urocketReply() + "-t text/csv", 200, "text/csv", "1,2\n", ""},
		{"a type as a header", `echo '1,2' | ` + urocketReply() + "-H 'Content-Type: text/csv'", 200, "text/csv", "1,2\n", ""},
		{"status and headers", `echo '{}' | ` + urocketReply() + "--status 201 --header 'Location: /pets/7' -H 'X-A: b: c'", 201, "application/json", "{}\n", "X-A: b: c"},
		{"no body by its status", `echo '{}' | ` + urocketReply() + "--status=204", 204, "", "", ""},
		{"a file, and flags behind it", urocketReply() + "large.txt --status 202", 202, "text/plain; charset=utf-8", large, ""},
		{"a file that is piped", "cat large.txt | " + urocketReply() + "-", 200, "text/plain; charset=utf-8", large, ""},
		{"PHP", `exec php reply.php`, 201, "application/json", `{"id":7}`, "Location: /pets/7"},
	}
	o := ops{}
	for i, c := range cases {
		o["get /"+string(rune('a'+i))] = keys{"cmd": sh(c.script)}
	}
	g := start(t, setup{ops: o, files: map[string]string{
		"large.txt": large,
		"reply.php": `<?php
$out = popen('` + program + ` reply --status 201 --header "Location: /pets/7"', 'w');
fwrite($out, json_encode(['id' => 7]));
exit(pclose($out));`,
	}})
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := g.get(t, "/"+string(rune('a'+i))).want(t, c.status, c.body)
			if kind := a.header.Get("Content-Type"); kind != c.kind {
				t.Errorf("Content-Type %q, want %q", kind, c.kind)
			}
			if name, value, ok := strings.Cut(c.header, ": "); ok && a.header.Get(name) != value {
				t.Errorf("%s is %q, want %q", name, a.header.Get(name), value)
			}
		})
	}
}

// What the socket has against a reply is printed, and the exit code is 1.
func TestReplyCommandRefused(t *testing.T) {
	t.Parallel()
	// The script's own answer is what the command has printed.
	tell := func(command string) []string {
		return sh(command + `>said 2>&1; echo "$?" >>said; ` + urocketReply() + "said")
	}
	g := start(t, setup{
		top: keys{"maxbody": 100_000},
		doc: `{"openapi": "3.0.3", "info": {"title": "t", "version": "1"}, "paths": {"/checked": {"get": {"responses": {"200": {"description": "x",
			"content": {"application/json": {"schema": {"type": "object", "required": ["id"]}}, "text/plain": {"schema": {"type": "string"}}}}}}}}}`,
		ops: ops{
			"get /header":  {"cmd": tell(urocketReply() + "-H 'Connection: x' ")},
			"get /large":   {"cmd": tell("head -c 200000 /dev/zero | " + urocketReply())},
			"get /checked": {"cmd": tell("echo '{}' | " + urocketReply()), "validateout": true},
			"get /stdout":  {"cmd": sh("echo '{}' | " + urocketReply() + "2>&1; echo $?"), "reply": "stdout"},
			"get /wait":    waiting(nil),
			"get /own":     waiting(keys{"replyfrom": "process"}),
			"get /inside":  {"cmd": sh("echo '{}' | setsid -w " + urocketReply()), "replyfrom": "process"},
		},
	})
	for path, words := range map[string][]string{
		"/header": {"400", "Connection", "cannot be set", "\n1\n"}, "/large": {"413", "100000", "\n1\n"},
		"/checked": {"422", "id", "\n1\n"}, "/stdout": {"409", "does not reply on the socket", "\n1\n"},
	} {
		t.Run(path, func(t *testing.T) {
			a := g.get(t, path).want(t, 200)
			for _, w := range append(words, "urocket refused the reply") {
				if !strings.Contains(string(a.body), w) {
					t.Errorf("said %q, which lacks %q", a.body, w)
				}
			}
		})
	}
	t.Run("by hand, and twice", func(t *testing.T) {
		h := g.hold(t, "GET", "/wait")
		g.cliIn(t, `{"by":"hand"}`, "reply", "--id", h.id, "--socket", g.sock).want(t, 0)
		h.answer(t).want(t, 200, `{"by":"hand"}`)
		g.cliIn(t, `{}`, "reply", "--id", h.id, "--socket", g.sock).want(t, 1, "409", "already answered")
	})
	t.Run("an unknown id", func(t *testing.T) {
		g.cli(t, "reply", "--id", unknownID, "--socket", g.sock).want(t, 1, "404", "REQUEST_ID")
		g.cli(t, "reply", "--id", "../urprocs", "--socket", g.sock).want(t, 1, "404")
	})
	t.Run("replyfrom: process", func(t *testing.T) {
		h := g.hold(t, "GET", "/own")
		g.cli(t, "reply", "--id", h.id, "--socket", g.sock).want(t, 1, "403")
		g.reply(t, h.id, "{}").want(t, 403)
		g.get(t, "/inside").want(t, 200, "{}\n")
	})
}

// Nobody is there to take the reply, or it is none.
func TestReplyCommandAlone(t *testing.T) {
	t.Parallel()
	g := prepare(t, setup{})
	stale, err := net.Listen("unix", g.path("stale"))
	check(t, err)
	stale.(*net.UnixListener).SetUnlinkOnClose(false)
	check(t, stale.Close())
	check(t, os.WriteFile(g.path("file"), nil, 0o600))
	for name, word := range map[string]string{"absent": "no urocket serves it", "stale": "has ended", "file": "file"} {
		t.Run(name, func(t *testing.T) {
			g.cli(t, "reply", "--id", "x", "--socket", g.path(name)).want(t, 1, word, g.path(name))
		})
	}
	t.Run("a file that is not there", func(t *testing.T) {
		g.cli(t, "reply", "--id", "x", "--socket", "s", "nowhere.json").want(t, 1, "nowhere.json")
	})
	for name, args := range map[string][]string{
		"no request": {}, "no socket": {"--id", "x"}, "status": {"--id", "x", "--socket", "s", "--status", "99"},
		"status in words": {"--id", "x", "--socket", "s", "--status", "created"},
		"header":          {"--header", "Location"}, "header with a line break": {"-H", "A: b\r\nC: d"}, "two files": {"a", "b"},
	} {
		t.Run(name, func(t *testing.T) {
			if o := g.cli(t, append([]string{"reply"}, args...)...).want(t, 2, "usage: urocket reply"); o.stdout != "" {
				t.Errorf("printed %q", o.stdout)
			}
		})
	}
	t.Run("no request, in words", func(t *testing.T) { g.cli(t, "reply").want(t, 2, "REQUEST_ID is not set", "--id") })
	t.Run("a socket that one may not connect to", func(t *testing.T) {
		asOther(t, g, "reply", "--id", "x", "--socket", g.privateSocket(t)).want(t, 1, "may not connect", "mode 0600")
	})
}

// privateSocket is one that only its owner may connect to.
func (g *gateway) privateSocket(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("unix", g.path("private"))
	check(t, err)
	t.Cleanup(func() { _ = l.Close() })
	check(t, os.Chmod(g.path("private"), 0o600))
	return g.path("private")
}

// asOther runs the program as a user who is nobody here.
func asOther(t *testing.T, g *gateway, args ...string) outcome {
	t.Helper()
	if os.Getuid() != 0 {
		notrun.Here(t, "only root can become another user")
	}
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Env = "/", g.environment()
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	return ended(t, cmd)
}
