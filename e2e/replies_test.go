package e2e

import (
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

const strictDocument = `openapi: 3.0.3
info: {title: strict, version: "1"}
paths:
  /strict:
    get:
      parameters: [{name: t, in: query, schema: {type: string}}]
      responses:
        "200":
          description: fine
          content:
            application/json:
              schema:
                type: object
                required: [id]
                properties: {id: {type: integer}}
`

// unknownID is well formed and nobody's.
const unknownID = "0b9f3a52-7d24-4a55-9c4a-3c1a1f0e2d11"

// TestSocketAnswers has one subtest for each row of the table of replies on the
// socket: what the script is told.
func TestSocketAnswers(t *testing.T) {
	t.Parallel()
	g := start(t, setup{
		doc: strictDocument,
		top: keys{"maxbody": "1MiB"},
		ops: ops{
			"get /wait":   waiting(nil),
			"get /strict": waiting(keys{"validateout": true}),
			"get /live":   living(nil),
			"get /short":  waiting(keys{"timeout": "300ms"}),
			"get /ends":   {"cmd": sh(noteID), "env": tenv},
			"get /stdout": {"cmd": sh(noteID + awaitMark + "printf own"), "env": tenv, "reply": "stdout"},
		},
	})
	t.Run("200 ok: this is the caller's answer", func(t *testing.T) {
		t.Parallel()
		h := g.hold(t, "GET", "/wait")
		if a := g.reply(t, h.id, `{"hello":true}`).want(t, 200); strings.TrimSpace(string(a.body)) != "ok" {
			t.Errorf("the script is told %q, want ok", a.body)
		}
		h.answer(t).want(t, 200, `{"hello":true}`)
	})
	t.Run("400: a bad status", func(t *testing.T) { t.Parallel(); badStatus(t, g) })
	t.Run("400: a bad header", func(t *testing.T) { t.Parallel(); badHeader(t, g) })
	t.Run("400: no id", func(t *testing.T) {
		t.Parallel()
		if a := g.reply(t, "", "{}").want(t, 400); !strings.Contains(string(a.body), "getenv('REQUEST_ID')") {
			t.Errorf("the body does not name getenv('REQUEST_ID'): %s", a.body)
		}
	})
	t.Run("404: unknown id", func(t *testing.T) {
		t.Parallel()
		for _, path := range []string{"/urhttp/" + unknownID, "/" + unknownID, "/urhttp/something", "/urhttp/a/b", "/uri/" + unknownID} {
			g.back(t, "POST", path, "{}").want(t, 404)
		}
	})
	t.Run("409: already answered", func(t *testing.T) {
		t.Parallel()
		h := g.hold(t, "GET", "/live")
		g.reply(t, h.id, "1").want(t, 200)
		g.reply(t, h.id, "2").want(t, 409)
		h.answer(t).want(t, 200, "1")
		g.reply(t, h.id, "3").want(t, 409)
		g.release(t, h.token)
	})
	t.Run("409: this operation does not reply on the socket", func(t *testing.T) {
		t.Parallel()
		h := g.hold(t, "GET", "/stdout")
		g.reply(t, h.id, "{}").want(t, 409)
		g.release(t, h.token)
		h.answer(t).want(t, 200, "own")
	})
	goneRows(t, g)
	t.Run("413: over maxbody", func(t *testing.T) { t.Parallel(); overMaxbody(t, g) })
	t.Run("422: validateout failed", func(t *testing.T) {
		t.Parallel()
		h := g.hold(t, "GET", "/strict")
		if a := g.reply(t, h.id, `{"id":"seven"}`).want(t, 422); !strings.Contains(string(a.body), "id") {
			t.Errorf("the body does not say where: %s", a.body)
		}
		for _, bad := range []string{`{}`, `not json`, `[]`} {
			g.reply(t, h.id, bad).want(t, 422)
		}
		if !h.waits() {
			t.Error("a refused reply answered the caller")
		}
		g.reply(t, h.id, `{"id":7}`).want(t, 200)
		h.answer(t).want(t, 200, `{"id":7}`)
	})
}

// goneRows are the rows of 410: the call ended otherwise, and the body says how.
// Stopping is in TestDrain.
func goneRows(t *testing.T, g *gateway) {
	t.Run("410: timeout", func(t *testing.T) {
		t.Parallel()
		h := g.hold(t, "GET", "/short")
		h.answer(t).wantProblem(t, 504, "timeout")
		g.wantGone(t, h.id, "time")
	})
	t.Run("410: exit", func(t *testing.T) {
		t.Parallel()
		h := g.hold(t, "GET", "/ends")
		h.answer(t).wantProblem(t, 502, "no-answer")
		g.wantGone(t, h.id, "e")
	})
	t.Run("410: caller gone", func(t *testing.T) {
		t.Parallel()
		tok := token()
		w := g.dial(t).ask("GET /live?t=" + tok)
		id := g.idOf(t, tok)
		check(t, w.Close())
		g.awaitEnd(t, id, "caller-gone")
		g.wantGone(t, id, "caller")
		g.release(t, tok)
	})
}

// wantGone demands 410 and that its body tells why.
func (g *gateway) wantGone(t *testing.T, id, word string) {
	t.Helper()
	a := g.reply(t, id, "{}").want(t, 410)
	if !strings.Contains(strings.ToLower(string(a.body)), word) {
		t.Errorf("410 with %q: does not say %q", a.body, word)
	}
}

// badStatus sends statuses that are none; the request stays open for a better reply.
func badStatus(t *testing.T, g *gateway) {
	h := g.hold(t, "GET", "/wait")
	for _, status := range []string{"abc", "99", "0", "101", "199", "600", "1000", "-1", "200 OK", "2e2", "0x0c8", "200,201"} {
		if a := g.reply(t, h.id, "{}", "Urocket-Status: "+status); a.status != 400 {
			t.Fatalf("Urocket-Status %q: the script is told %d", status, a.status)
		}
	}
	if !h.waits() {
		t.Error("a refused reply answered the caller")
	}
	g.reply(t, h.id, "good").want(t, 200)
	h.answer(t).want(t, 200, "good")
}

// badHeader sends headers that cannot be set; none may reach the caller.
func badHeader(t *testing.T, g *gateway) {
	h := g.hold(t, "GET", "/wait")
	for _, header := range []string{
		"Connection: close", "Content-Length: 1", "Transfer-Encoding: chunked", "Trailer: X", "Upgrade: x", "TE: trailers",
		"Keep-Alive: 1", "Proxy-Authenticate: x", "Proxy-Anything: x", "Date: now", "Server-Timing: a", "urocket-stats: wall=1",
		"UROCKET-Any: 1", "no colon here", "Bad Name: x", ": nameless", "X(y): z", "X-A: a\x01b", "X-A: a\tb\x7f",
	} {
		w := g.dialBack(t).ask("POST /urhttp/"+h.id, "Content-Length: 2", "Urocket-Header: "+header).say("{}")
		if a := w.answer("POST"); a.status != 400 {
			t.Fatalf("Urocket-Header %q: the script is told %d %s", header, a.status, a.body)
		}
	}
	g.reply(t, h.id, "good").want(t, 200)
	a := h.answer(t).want(t, 200, "good")
	for _, name := range []string{"Server-Timing", "Urocket-Stats", "Urocket-Any", "Upgrade", "Proxy-Anything", "X-A"} {
		if a.header.Get(name) != "" {
			t.Errorf("%s: %q reached the caller", name, a.header.Get(name))
		}
	}
}

func overMaxbody(t *testing.T, g *gateway) {
	h := g.hold(t, "GET", "/wait")
	over := []byte(strings.Repeat("x", 1<<20+1))
	for _, chunked := range []bool{false, true} {
		a, err := g.sendBack(request{method: "POST", path: "/urhttp/" + h.id, body: over, chunked: chunked})
		check(t, err)
		a.want(t, 413)
	}
	if !h.waits() {
		t.Error("a refused reply answered the caller")
	}
	full := strings.Repeat("y", 1<<20)
	g.reply(t, h.id, full).want(t, 200)
	h.answer(t).want(t, 200, full)
}

// 403: with `replyfrom: process` only the request's own processes may reply, its
// daemons too; nobody else, and nobody who has ended before he could be looked up.
func TestReplyFromAStranger403(t *testing.T) {
	t.Parallel()
	g := start(t, setup{ops: ops{
		"get /own":   {"cmd": sh(noteID + awaitMark + curlReply + `-d own`), "env": tenv, "replyfrom": "process"},
		"get /child": {"cmd": sh(noteID + `setsid sh -c '` + curlReply + `-d child' & wait`), "env": tenv, "replyfrom": "process"},
	}})
	g.hold(t, "GET", "/child").answer(t).want(t, 200, "child")
	h := g.hold(t, "GET", "/own")
	if a := g.reply(t, h.id, "a stranger"); a.status != 403 || !h.waits() {
		t.Errorf("a stranger is told %d %s", a.status, a.body)
	}
	g.release(t, h.token)
	h.answer(t).want(t, 200, "own")
}

func TestReplyFromProcessNeedsCgroups(t *testing.T) {
	t.Parallel()
	g := prepare(t, setup{})
	name := g.faulty(t, fault{"", "reply: stdout", "reply: socket\n      replyfrom: process #!", nil}, fault{"", goodLine, "cgroup: off\n", nil})
	if o := g.wantRefused(t, name, true); !strings.Contains(o.text(), "cgroups") {
		t.Errorf("told %s", o.text())
	}
}

// An id is forgotten 60 s after its end.
func TestEndedCallIsForgotten404(t *testing.T) {
	t.Parallel()
	g := start(t, setup{ops: ops{"get /ends": {"cmd": sh(noteID), "env": tenv}}})
	h := g.hold(t, "GET", "/ends")
	h.answer(t).wantProblem(t, 502, "no-answer")
	g.reply(t, h.id, "{}").want(t, 410)
	time.Sleep(61 * time.Second) // urocket's own figure; nothing can be polled for here
	eventually(t, "the ended call is forgotten", func() bool { return g.reply(t, h.id, "{}").status == 404 })
	g.back(t, "GET", "/urprocs/"+h.id, "").want(t, 404)
}

// 500: urocket could not keep the reply, because the disk is full; the request
// stays open for a reply that needs none.
func TestReplyThatCannotBeKept500(t *testing.T) {
	t.Parallel()
	g := prepare(t, setup{ops: ops{"get /wait": waiting(nil), "post /echo": {"cmd": "/bin/cat", "channel": "stdin", "encoding": "raw", "reply": "stdout"}}})
	g.launch(setup{via: []string{"launch", "disk:" + g.path("tmp") + ":size=400k"}, sysProc: mayMount()})
	g.waitUp()
	h := g.hold(t, "GET", "/wait")
	big := strings.Repeat("x", 4<<20)
	g.reply(t, h.id, big).want(t, 500)
	if !h.waits() {
		t.Error("a reply that could not be kept answered the caller")
	}
	g.reply(t, h.id, "small").want(t, 200)
	h.answer(t).want(t, 200, "small")

	t.Run("and a body that cannot be kept is 500 internal", func(t *testing.T) {
		g.post(t, "/echo", big).wantProblem(t, 500, "internal")
		g.post(t, "/echo", "small").want(t, 200, "small")
		if len(g.logLines("no space left")) == 0 {
			t.Error("the log does not say which resource was short")
		}
	})
}

// mayMount gives a process mounts of its own; who is not root needs a user
// namespace for that.
func mayMount() *syscall.SysProcAttr {
	if os.Getuid() == 0 {
		return &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	}
	return &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWNS | syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
}

// awaitEnd waits until /urprocs tells how the call ended.
func (g *gateway) awaitEnd(t *testing.T, id, end string) {
	t.Helper()
	eventually(t, "the call's end is "+end, func() bool { return g.proc(t, id).end() == end })
}

// The reply's poster is told before the caller has read anything.
func TestPosterDoesNotWaitForTheCaller(t *testing.T) {
	t.Parallel()
	g := start(t, setup{ops: ops{"get /wait": waiting(nil)}})
	tok := token()
	w := g.dial(t).ask("GET /wait?t=" + tok)
	big := strings.Repeat("0123456789abcdef", 1<<19) // 8 MiB: more than the sockets' buffers
	g.reply(t, g.idOf(t, tok), big).want(t, 200)
	if a := w.answer(http.MethodGet); string(a.body) != big {
		t.Errorf("%d bytes arrive, want %d unchanged", len(a.body), len(big))
	}
}
