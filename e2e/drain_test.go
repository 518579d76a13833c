package e2e

import (
	"syscall"
	"testing"
)

// SIGTERM: running calls may end, new ones are refused, and at the end of
// `drain` what remains gets 503 and is killed. Exit code 0 all the same.
func TestDrain(t *testing.T) {
	t.Parallel()
	admin := freeAddress(t)
	g := start(t, setup{
		top: keys{"drain": "4s", "admin": admin, "running": 4},
		ops: ops{
			"get /live":     living(keys{"timeout": "1m"}),
			"get /queue":    living(keys{"timeout": "1m", "running": 1}),
			"get /stubborn": living(keys{"cmd": sh(noteID + "exec @HELPER@ stubborn ids/$T.pid"), "timeout": "1m", "grace": "2s"}),
		},
	})
	ends := g.hold(t, "GET", "/live")
	first := g.hold(t, "GET", "/queue")
	queued := g.begin(t, "GET", "/queue")
	eventually(t, "one is queued", func() bool { return g.queuedNow(t, "/queue") == 1 })
	remains := g.hold(t, "GET", "/stubborn")
	eventually(t, "it ignores SIGTERM", func() bool { return exists(g.path("ids", remains.token+".pid")) })

	g.signal(syscall.SIGTERM)
	eventually(t, "/readyz says no", func() bool { return g.back(t, "GET", "/readyz", "").status == 503 })
	if got := curl(t, "-o", "/dev/null", "-w", "%{http_code}", "http://"+admin+"/readyz"); got != "503" {
		t.Errorf("admin's /readyz: %s", got)
	}
	g.back(t, "GET", "/healthz", "").want(t, 200)
	a := g.get(t, "/live?t=new")
	a.wantProblem(t, 503, "draining")
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	g.awaitMetrics(t, exposed{
		"urocket_draining": 1, "urocket_places_used": 3,
		series("urocket_calls_refused_total", labelsOf("GET /live", "type=draining")...):  1,
		series("urocket_calls_refused_total", labelsOf("GET /queue", "type=draining")...): 1,
	})
	g.reply(t, ends.id, "in time").want(t, 200)
	g.release(t, ends.token)
	ends.answer(t).want(t, 200, "in time")

	// From here on drain is over.
	remains.answer(t).wantProblem(t, 503, "draining")
	if g.hasEnded() || !alive(atoi(t, g.path("ids", remains.token+".pid"))) {
		t.Error("the answer waited for the grace")
	}
	g.wantGone(t, remains.id, "stopping")
	first.answer(t).wantProblem(t, 503, "draining")
	queued.answer(t).wantProblem(t, 503, "draining")
	if exists(g.path("ids", queued.token)) {
		t.Error("a queued call was started")
	}
	if code := g.exitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// Nothing runs: the program ends without waiting for anything.
func TestStopAtRest(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			g := start(t, setup{top: keys{"drain": "10m"}, ops: ops{"get /x": {"cmd": "/bin/echo x", "reply": "stdout"}}})
			w := g.dial(t).ask("GET /x")
			w.answer("GET").want(t, 200) // the connection stays open, idle
			g.signal(sig)
			if code := g.exitCode(); code != 0 {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

// A second signal stops now: exit code 1, and nothing is left all the same.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	for _, sigs := range [][2]syscall.Signal{{syscall.SIGTERM, syscall.SIGTERM}, {syscall.SIGINT, syscall.SIGTERM}, {syscall.SIGTERM, syscall.SIGINT}} {
		t.Run(sigs[0].String()+", "+sigs[1].String(), func(t *testing.T) {
			t.Parallel()
			g := start(t, setup{top: keys{"drain": "10m"}, ops: ops{"get /stubborn": {
				"cmd": sh("@HELPER@ daemon ids/$T; exec @HELPER@ stubborn ids/$T.main"), "env": tenv, "timeout": "10m", "grace": "10m", "tmpdir": "own",
			}}})
			g.wantCode = 1
			h := g.begin(t, "GET", "/stubborn")
			eventually(t, "the script and its daemon run", func() bool { return exists(g.path("ids", h.token+".main")) })
			g.signal(sigs[0])
			eventually(t, "it drains", func() bool { return g.back(t, "GET", "/readyz", "").status == 503 })
			g.signal(sigs[1])
			if code := g.exitCode(); code != 1 {
				t.Errorf("exit code %d, want 1", code)
			}
			if exists(g.sock) {
				t.Error("the socket is left")
			}
		})
	}
}
