package e2e

import (
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// kindDocument demands answers of one type.
func kindDocument(kind string) string {
	return `{"openapi": "3.0.3", "info": {"title": "e2e", "version": "1"}, "paths": {"/wait": {"get": {
		"parameters": [{"name": "t", "in": "query", "schema": {"type": "string"}}], "responses": {"200":
		{"description": "fine", "content": {"application/json": {"schema": {"type": "` + kind + `"}}}}}}}}}`
}

// A call that runs ends by the configuration it began with: its document and its
// maxbody judge the reply, its rules say what its end means, even if the operation
// is not there any more.
func TestCallsFinishOnTheirOwnConfiguration(t *testing.T) {
	t.Parallel()
	g := start(t, setup{doc: kindDocument("integer"), ops: ops{
		"get /wait": waiting(keys{"validateout": true}), "get /ends": living(keys{"onexit": "report"}), "get /gone": waiting(nil),
	}})
	old, gone, ends := g.hold(t, "GET", "/wait"), g.hold(t, "GET", "/gone"), g.hold(t, "GET", "/ends")
	g.reload(t, setup{doc: kindDocument("string"), top: keys{"maxbody": "10"}, ops: ops{
		"get /wait": waiting(keys{"validateout": true}), "get /ends": living(nil),
	}}, reloadedLine)
	next, nextEnds := g.hold(t, "GET", "/wait"), g.hold(t, "GET", "/ends")

	g.reply(t, old.id, `"word"`).want(t, 422)
	g.reply(t, next.id, `7`).want(t, 422)
	g.reply(t, next.id, `"longer than ten bytes"`).want(t, 413)
	g.reply(t, old.id, strings.Repeat("7", 100)).want(t, 200)
	g.reply(t, next.id, `"word"`).want(t, 200)
	g.reply(t, gone.id, strings.Repeat("7", 100)).want(t, 200)
	old.answer(t).want(t, 200, strings.Repeat("7", 100))
	next.answer(t).want(t, 200, `"word"`)
	gone.answer(t).want(t, 200)
	g.release(t, ends.token)
	g.release(t, nextEnds.token)
	ends.answer(t).want(t, 200)
	nextEnds.answer(t).wantProblem(t, 502, "no-answer")
	g.get(t, "/gone").wantProblem(t, 404, "not-found")
}

// A request whose body is still on its way when the configuration changes is
// served by the one it came to.
func TestRequestIsServedByTheConfigurationItCameTo(t *testing.T) {
	t.Parallel()
	edition := func(word string) setup {
		return setup{top: keys{"maxbody": map[string]string{"old": "1MiB", "new": "2"}[word]}, ops: ops{
			"post /x": {"cmd": sh("cat; echo $W"), "env": []string{"W=" + word}, "channel": "stdin", "reply": "stdout"},
		}}
	}
	g := start(t, edition("old"))
	w := g.dial(t).ask("POST /x", "Content-Length: 7", "Expect: 100-continue")
	if resp := w.response("POST"); resp.StatusCode != 100 { // its body is being read
		t.Fatalf("status %d", resp.StatusCode)
	}
	g.reload(t, edition("new"), reloadedLine)
	w.say(`["old"]`)
	w.answer("POST").want(t, 200, `["old"]old`+"\n")
	// The same connection, the next request.
	w.ask("POST /x", "Content-Length: 2").say(`{}`)
	w.answer("POST").want(t, 200, "{}new\n")
}

// running: 1 is a lock, and stays one: who holds it is counted after a reload, and
// after one that takes the operation away for a while.
func TestLockHoldsOverReloads(t *testing.T) {
	t.Parallel()
	with := setup{ops: ops{"get /lock": living(keys{"running": 1})}}
	g := start(t, with)
	first := g.hold(t, "GET", "/lock")
	g.reload(t, with, reloadedLine)
	second := g.begin(t, "GET", "/lock")
	eventually(t, "it is queued", func() bool { return g.queuedNow(t, "/lock") == 1 })
	g.reload(t, setup{}, reloadedLine)
	g.get(t, "/lock").wantProblem(t, 404, "not-found")
	g.reload(t, with, reloadedLine)
	third := g.begin(t, "GET", "/lock")
	eventually(t, "both are queued", func() bool { return g.queuedNow(t, "/lock") == 2 })

	for _, h := range []*held{first, second, third} {
		h.id = g.idOf(t, h.token)
		for _, later := range []*held{first, second, third} {
			if later != h && later.id == "" && exists(g.path("ids", later.token)) {
				t.Error("two hold the lock")
			}
		}
		g.reply(t, h.id, "1").want(t, 200)
		g.release(t, h.token)
		h.answer(t).want(t, 200, "1")
	}
}

// Raised limits wake who waits, whether they are an operation's or the service's;
// the caller of an operation that is gone gets its answer.
func TestReloadWakesWhoWaits(t *testing.T) {
	t.Parallel()
	g := start(t, setup{top: keys{"running": 2}, ops: ops{
		"get /one": living(keys{"running": 1}), "get /gone": living(keys{"running": 1}),
	}})
	calls := []*held{g.hold(t, "GET", "/one"), g.hold(t, "GET", "/gone")}
	calls = append(calls, g.begin(t, "GET", "/one"), g.begin(t, "GET", "/gone"))
	eventually(t, "two are queued", func() bool { return g.queuedNow(t, "/one")+g.queuedNow(t, "/gone") == 2 })
	g.reload(t, setup{top: keys{"running": 3}, ops: ops{"get /one": living(keys{"running": 5})}}, reloadedLine)
	calls[2].id = g.idOf(t, calls[2].token)
	if n := g.queuedNow(t, "/gone"); n != 1 {
		t.Errorf("%d wait for the operation that is gone, want 1: its one place is taken", n)
	}
	g.reply(t, calls[1].id, "1").want(t, 200)
	g.release(t, calls[1].token)
	calls[3].id = g.idOf(t, calls[3].token)
	for _, h := range []*held{calls[0], calls[2], calls[3]} {
		g.reply(t, h.id, "1").want(t, 200)
		g.release(t, h.token)
	}
	for _, h := range calls {
		h.answer(t).want(t, 200, "1")
	}
}

// Lowered limits end nobody; the next one waits until there is room.
func TestReloadThatLowersLimits(t *testing.T) {
	t.Parallel()
	edition := func(running int, top keys) setup {
		return setup{top: top, ops: ops{"get /x": living(keys{"running": running, "queued": running})}}
	}
	g := start(t, edition(3, nil))
	calls := []*held{g.hold(t, "GET", "/x"), g.hold(t, "GET", "/x"), g.hold(t, "GET", "/x")}
	g.reload(t, edition(1, keys{"queuewait": "200ms"}), reloadedLine)
	g.get(t, "/x?t=late").wantBusy(t, 429) // after 200 ms in the queue
	for _, h := range calls {
		if !h.waits() || g.proc(t, h.id).State != "running" {
			t.Error("a call was ended by the reload")
		}
		g.reply(t, h.id, "1").want(t, 200)
		g.release(t, h.token)
		h.answer(t).want(t, 200, "1")
	}
}

// replyfrom: process can be turned on while urocket runs. A connection from
// before that is nobody's process; one from now on is looked up.
func TestReloadTurnsReplyFromOn(t *testing.T) {
	t.Parallel()
	edition := func(rule string) setup {
		return setup{ops: ops{"get /own": {"cmd": sh(noteID + awaitMark + curlReply + `-d own`), "env": tenv, "replyfrom": rule}}}
	}
	g := start(t, edition("anyone"))
	before := g.dialBack(t)
	before.ask("GET /healthz")
	before.answer("GET").want(t, 200)
	old := g.hold(t, "GET", "/own")
	g.reload(t, edition("process"), reloadedLine)
	own := g.hold(t, "GET", "/own")
	before.ask("POST /urhttp/"+own.id, "Content-Length: 1").say("1")
	before.answer("POST").want(t, 403)
	g.reply(t, own.id, "a stranger").want(t, 403)
	g.reply(t, old.id, "anyone").want(t, 200)
	old.answer(t).want(t, 200, "anyone")

	g.reload(t, edition("anyone"), reloadedLine)
	g.reply(t, own.id, "a stranger still").want(t, 403)
	g.release(t, own.token)
	own.answer(t).want(t, 200, "own")
	g.release(t, old.token)
}

// The drain of the newest configuration counts.
func TestReloadOfDrain(t *testing.T) {
	t.Parallel()
	edition := func(drain string) setup {
		return setup{top: keys{"drain": drain}, ops: ops{"get /live": living(keys{"timeout": "10m"})}}
	}
	g := start(t, edition("10m"))
	h := g.hold(t, "GET", "/live")
	g.reload(t, edition("100ms"), reloadedLine)
	g.signal(syscall.SIGTERM)
	h.answer(t).wantProblem(t, 503, "draining")
	if code := g.exitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// A hundred operations come and go, each with a call, and nothing of them stays.
func TestReloadsLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	edition := func(n int) setup {
		return setup{ops: ops{fmt.Sprintf("get /x%d", n): waiting(keys{"running": 1})}}
	}
	g := start(t, edition(0))
	for n := range 100 {
		h := g.hold(t, "GET", fmt.Sprintf("/x%d", n))
		g.reload(t, edition(n+1), reloadedLine)
		g.reply(t, h.id, "1").want(t, 200)
		h.answer(t).want(t, 200)
	}
	g.wantIdle(t)
}

// Processes that get settings of their own are started by one that has them
// (user, umask, rlimits). Those of old configurations go, when their last call does.
func TestReloadsEndWhatStartsProcesses(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"auto", "off"} {
		t.Run("cgroup: "+mode, func(t *testing.T) {
			t.Parallel()
			edition := func(n int) setup {
				op := waiting(keys{"umask": fmt.Sprintf("%04o", n), "cmd": sh(noteID + "umask >marks/$T")})
				return setup{top: keys{"cgroup": mode}, ops: ops{"get /x": op}}
			}
			g := start(t, edition(0o100))
			var calls []*held
			for n := range 20 {
				h := g.hold(t, "GET", "/x")
				calls = append(calls, h)
				eventually(t, "it tells its umask", func() bool { return len(readFile(g.path("marks", h.token))) > 0 })
				if got := atoi(t, g.path("marks", h.token)); strconv.Itoa(got) != fmt.Sprintf("%o", 0o100+n) {
					t.Errorf("umask %d", got)
				}
				g.reload(t, edition(0o100+n+1), reloadedLine)
			}
			bad := edition(0o77)
			bad.top["port"], bad.top["listen"] = 1, nil // tried, and refused
			g.reload(t, bad, refusedLine)
			for _, h := range calls {
				g.reply(t, h.id, "1").want(t, 200)
				h.answer(t).want(t, 200)
			}
			eventually(t, "at most one is left for each of the settings in force", func() bool { return len(childrenOf(g.pid())) <= 2 })
		})
	}
}

// childrenOf lists the processes whose parent is pid.
func childrenOf(pid int) []int {
	var list []int
	for _, p := range allPIDs() {
		_, rest, _ := strings.Cut(string(readFile(fmt.Sprintf("/proc/%d/stat", p))), ") ")
		if f := strings.Fields(rest); len(f) > 1 && f[1] == strconv.Itoa(pid) {
			list = append(list, p)
		}
	}
	return list
}
