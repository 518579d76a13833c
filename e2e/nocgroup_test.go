package e2e

import (
	"strings"
	"syscall"
	"testing"
)

// bare is a gateway without cgroups.
func bare(t *testing.T) *gateway {
	t.Helper()
	return start(t, setup{top: keys{"cgroup": "off"}, ops: ops{
		"get /wait":     waiting(nil),
		"get /stdout":   {"cmd": "/bin/echo out", "reply": "stdout", "stats": true},
		"get /probe":    probing("tmpdir", "own", "env", []string{"LITTER=1"}),
		"get /stubborn": {"cmd": sh(noteID + "exec @HELPER@ stubborn ids/$T.pid"), "env": tenv, "timeout": "500ms", "grace": "300ms"},
		"get /daemon":   {"cmd": sh("@HELPER@ daemon ids/$T; " + curlReply + "-d 1 >/dev/null"), "env": tenv},
		"get /bare":     {"cmd": sh("env -i setsid @HELPER@ stubborn ids/$T & while [ ! -e ids/$T ]; do sleep 0.05; done; printf x"), "env": tenv, "reply": "stdout"},
		"get /child":    {"cmd": sh("(trap '' TERM; exec sleep 60) & echo $! >ids/.$T; mv ids/.$T ids/$T; " + curlReply + "-d 1 >/dev/null"), "env": tenv},
		"get /inside":   {"cmd": sh(`curl -s -o /dev/null -w '%{http_code}' --unix-socket "$UROCKET_SOCKET" http://x/urprocs`), "reply": "stdout"},
		"get /kill":     living(keys{"ondisconnect": "kill"}),
		"get /cgroup":   {"cmd": "/bin/cat /proc/self/cgroup", "reply": "stdout"},
	}})
}

// cgroup: off is the lowest level: a parent of its own for each process, which
// orphans fall to. What is promised of environment, time-outs and daemons holds
// all the same; the harness looks for leftovers at the end of every test.
func TestWithoutCgroups(t *testing.T) {
	t.Parallel()
	g := bare(t)
	t.Run("replies", func(t *testing.T) {
		t.Parallel()
		h := g.hold(t, "GET", "/wait")
		g.reply(t, h.id, "{}").want(t, 200)
		h.answer(t).want(t, 200, "{}")
	})
	t.Run("figures", func(t *testing.T) {
		t.Parallel()
		s := parseStats(t, g.get(t, "/stdout").want(t, 200, "out\n").trailer.Get("Urocket-Stats"))
		if s["exit"] != "0" || s["stdout"] != "4" || s["memory"] != "" {
			t.Errorf("%v", s)
		}
	})
	t.Run("environment and tmpdir", func(t *testing.T) {
		t.Parallel()
		s := g.see(t, request{path: "/probe"})
		env := s.env(t)
		if _, ok := env["GATEWAY_SECRET"]; ok || s.SID != s.PID || s.TmpMode != 0o700 {
			t.Errorf("%+v", s)
		}
		eventually(t, "TMPDIR is deleted", func() bool { return !exists(env["TMPDIR"]) })
	})
	t.Run("urprocs is 403 from inside", func(t *testing.T) { t.Parallel(); g.get(t, "/inside").want(t, 200, "403") })
	t.Run("the caller goes away", func(t *testing.T) {
		t.Parallel()
		tok := token()
		w := g.dial(t).ask("GET /kill?t=" + tok)
		id := g.idOf(t, tok)
		check(t, w.Close())
		if p := g.awaitState(t, id, "ended"); p.end() != "caller-gone" {
			t.Errorf("end %q", p.end())
		}
	})
	t.Run("no group is made", func(t *testing.T) {
		t.Parallel()
		if text := string(g.get(t, "/cgroup").want(t, 200).body); strings.Contains(text, g.name) {
			t.Errorf("%s", text)
		}
		if dirs := g.groups(); len(dirs) > 0 {
			t.Errorf("%q", dirs)
		}
	})
	t.Run("the log says what does not hold", func(t *testing.T) {
		t.Parallel()
		if len(g.logLines("cgroup")) == 0 {
			t.Error("no word of cgroups at start")
		}
	})
}

func TestProcessesWithoutCgroups(t *testing.T) {
	t.Parallel()
	g := bare(t)
	t.Run("timeout, grace and kill", func(t *testing.T) {
		t.Parallel()
		h := g.hold(t, "GET", "/stubborn")
		h.answer(t).wantProblem(t, 504, "timeout")
		pid := atoi(t, g.path("ids", h.token+".pid"))
		eventually(t, "it is killed", func() bool { return !alive(pid) })
	})
	t.Run("a child of the same group is ended with its call", func(t *testing.T) {
		t.Parallel()
		tok := token()
		g.get(t, "/child?t="+tok).want(t, 200, "1")
		pid := atoi(t, g.path("ids", tok))
		eventually(t, "it is killed", func() bool { return !alive(pid) })
	})
	for path, answer := range map[string]string{"/daemon": "1", "/bare": "x"} {
		t.Run("a daemon does not hold the answer, and ends with its call: "+path, func(t *testing.T) {
			t.Parallel()
			tok := token()
			g.get(t, path+"?t="+tok).want(t, 200, answer)
			pid := atoi(t, g.path("ids", tok))
			eventually(t, "it is killed", func() bool { return !alive(pid) })
		})
	}
}

// Without cgroups too, a second signal leaves nothing.
func TestSecondSignalWithoutCgroups(t *testing.T) {
	t.Parallel()
	g := start(t, setup{top: keys{"cgroup": "off", "drain": "10m"}, ops: ops{"get /stubborn": {
		"cmd": sh("@HELPER@ daemon ids/$T; exec @HELPER@ stubborn ids/$T.main"), "env": tenv, "timeout": "10m", "grace": "10m",
	}}})
	g.wantCode = 1
	h := g.begin(t, "GET", "/stubborn")
	eventually(t, "the script and its daemon run", func() bool { return exists(g.path("ids", h.token+".main")) })
	g.signal(syscall.SIGTERM)
	eventually(t, "it drains", func() bool { return g.back(t, "GET", "/readyz", "").status == 503 })
	g.signal(syscall.SIGTERM)
	if code := g.exitCode(); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
}

// Without cgroups too, the death of urocket takes all that it has started with it.
func TestCrashWithoutCgroups(t *testing.T) {
	t.Parallel()
	g := start(t, setup{top: keys{"cgroup": "off"}, ops: ops{"get /stubborn": {
		"cmd": sh("@HELPER@ daemon ids/$T; exec @HELPER@ stubborn ids/$T.main"), "env": tenv, "timeout": "10m",
	}}})
	g.crashed = true
	h := g.begin(t, "GET", "/stubborn")
	main := g.path("ids", h.token+".main")
	eventually(t, "the script and its daemon run", func() bool { return exists(main) && len(readFile(main)) > 0 })
	g.signal(syscall.SIGKILL)
	g.exitCode()
	for _, name := range []string{main, g.path("ids", h.token)} {
		pid := atoi(t, name)
		eventually(t, "it is killed", func() bool { return !alive(pid) })
	}
}
