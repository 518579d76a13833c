package e2e

import (
	"testing"
)

const onTerm = `trap 'touch marks/$T.term; exit 0' TERM; `

// The caller goes away after the start.
func TestCallerGoesAway(t *testing.T) {
	t.Parallel()
	g := start(t, setup{ops: ops{
		"get /continue":    living(keys{"cmd": sh(onTerm + noteID + awaitMark + "touch marks/$T.done")}),
		"get /kill":        living(keys{"cmd": sh(onTerm + noteID + awaitMark + "touch marks/$T.done"), "ondisconnect": "kill"}),
		"get /stream":      living(keys{"cmd": sh(noteID + "echo begun; " + awaitMark + "head -c 5000000 /dev/zero; touch marks/$T.done"), "reply": "stdout"}),
		"get /stream-kill": living(keys{"cmd": sh(onTerm + noteID + "echo begun; " + awaitMark + "touch marks/$T.done"), "reply": "stdout", "ondisconnect": "kill"}),
		"get /next":        {"cmd": "/bin/echo next", "reply": "stdout"},
	}})
	leave := func(t *testing.T, path string) (tok, id string) {
		t.Helper()
		tok = token()
		w := g.dial(t).ask("GET " + path + "?t=" + tok)
		id = g.idOf(t, tok)
		if path != "/continue" && path != "/kill" {
			w.untilSeen("begun")
		}
		check(t, w.Close())
		return tok, id
	}
	for _, path := range []string{"/continue", "/stream"} {
		t.Run("continue: the process goes on to its end "+path, func(t *testing.T) {
			t.Parallel()
			tok, id := leave(t, path)
			if path == "/continue" {
				g.awaitEnd(t, id, "caller-gone")
			}
			g.release(t, tok)
			eventually(t, "the script reaches its end", func() bool { return exists(g.path("marks", tok+".done")) })
			g.awaitState(t, id, "ended")
			if exists(g.path("marks", tok+".term")) {
				t.Error("the script got a SIGTERM")
			}
		})
	}
	for _, path := range []string{"/kill", "/stream-kill"} {
		t.Run("kill: the process gets SIGTERM "+path, func(t *testing.T) {
			t.Parallel()
			tok, id := leave(t, path)
			eventually(t, "the script gets SIGTERM", func() bool { return exists(g.path("marks", tok+".term")) })
			p := g.awaitState(t, id, "ended")
			if path == "/kill" && p.end() != "caller-gone" { // a stream had its answer with the first byte
				t.Errorf("end %q", p.end())
			}
		})
	}
	t.Run("nothing is wrong afterwards", func(t *testing.T) { t.Parallel(); g.get(t, "/next").want(t, 200, "next\n") })
}

// 499 caller-gone: closing the sending side cannot be told from leaving.
func TestHalfClosedCaller499(t *testing.T) {
	t.Parallel()
	g := start(t, setup{ops: ops{"get /continue": living(nil), "get /kill": living(keys{"ondisconnect": "kill"})}})
	for _, path := range []string{"/continue", "/kill"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			tok := token()
			w := g.dial(t).ask("GET " + path + "?t=" + tok)
			id := g.idOf(t, tok)
			w.closeWrite()
			w.answer("GET").wantProblem(t, 499, "caller-gone")
			g.awaitEnd(t, id, "caller-gone")
			g.release(t, tok)
		})
	}
}

// A caller that leaves while it still sends its body starts nothing.
func TestCallerLeavesWithinTheBody(t *testing.T) {
	t.Parallel()
	g := start(t, setup{ops: ops{
		"post /in":  {"cmd": sh("cat >marks/started"), "channel": "stdin", "encoding": "raw", "reply": "stdout"},
		"get /next": {"cmd": "/bin/echo next", "reply": "stdout"},
	}})
	for _, head := range []string{"Content-Length: 100000\r\n\r\nhalf", "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"} {
		check(t, g.dial(t).say("POST /in HTTP/1.1\r\nHost: x\r\n", head).Close())
	}
	g.get(t, "/next").want(t, 200)
	if exists(g.path("marks", "started")) {
		t.Error("half a body started a process")
	}
}
