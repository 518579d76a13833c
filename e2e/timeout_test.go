package e2e

import (
	"testing"
)

// bounded are operations that their timeout ends.
func bounded() ops {
	stubborn := func(more ...any) keys {
		k := keys{"cmd": sh(noteID + "exec @HELPER@ stubborn ids/$T.pid"), "env": tenv, "timeout": "1s"}
		for i := 0; i < len(more); i += 2 {
			k[more[i].(string)] = more[i+1]
		}
		return k
	}
	tree := `trap 'touch marks/$T.main' TERM; ` +
		`setsid sh -c 'trap "touch marks/$T.session; exit" TERM; touch ids/$T.a; while :; do sleep 0.05; done' & ` +
		`sh -c 'trap "touch marks/$T.child; exit" TERM; touch ids/$T.b; while :; do sleep 0.05; done' & ` +
		`setsid @HELPER@ stubborn ids/$T.stubborn & ` +
		`while :; do sleep 0.05; done`
	return ops{
		"get /grace":    stubborn("grace", "3s"),
		"get /zero":     stubborn("grace", 0),
		"get /tree":     {"cmd": sh(tree), "env": tenv, "timeout": "2s", "grace": "2s"},
		"get /answered": {"cmd": sh(onTerm + curlReply + "-d 1 >/dev/null; while :; do sleep 0.05; done"), "env": tenv, "timeout": "1500ms"},
		"get /none":     living(keys{"timeout": "none"}),
		"get /late":     {"cmd": sh(`trap '' TERM; ` + noteID + `sleep 2; ` + curlReply + `-d 1 -o /dev/null -w '%{http_code}' >marks/$T`), "env": tenv, "timeout": "1s", "grace": "10s"},
		"get /default":  {"cmd": "/bin/sleep 60", "timeout": 700},
		"get /bodyless": {"cmd": sh("cat; sleep 60"), "channel": "stdin", "timeout": "500ms"},
	}
}

func TestTimeouts(t *testing.T) {
	t.Parallel()
	g := start(t, setup{ops: bounded()})
	t.Run("504 at once, before the grace; a reply during the grace gets 410", func(t *testing.T) {
		t.Parallel()
		h := g.hold(t, "GET", "/grace")
		h.answer(t).wantProblem(t, 504, "timeout")
		pid := atoi(t, g.path("ids", h.token+".pid"))
		if !alive(pid) {
			t.Error("the 504 waited for the grace")
		}
		g.wantGone(t, h.id, "time")
		eventually(t, "SIGTERM comes", func() bool { return exists(g.path("ids", h.token+".pid.term")) })
		eventually(t, "SIGKILL follows", func() bool { return !alive(pid) })
	})
	t.Run("a script that replies during the grace is told 410", func(t *testing.T) {
		t.Parallel()
		h := g.hold(t, "GET", "/late")
		h.answer(t).wantProblem(t, 504, "timeout")
		eventually(t, "the script is told", func() bool { return string(readFile(g.path("marks", h.token))) == "410" })
	})
	t.Run("grace 0 kills at once", func(t *testing.T) {
		t.Parallel()
		h := g.hold(t, "GET", "/zero")
		h.answer(t).wantProblem(t, 504, "timeout")
		g.awaitState(t, h.id, "ended")
		if exists(g.path("ids", h.token+".pid.term")) {
			t.Error("a SIGTERM came first")
		}
	})
	t.Run("the whole tree gets SIGTERM, then SIGKILL", func(t *testing.T) {
		t.Parallel()
		h := g.begin(t, "GET", "/tree")
		for _, who := range []string{".a", ".b", ".stubborn"} {
			eventually(t, "the tree runs", func() bool { return exists(g.path("ids", h.token+who)) })
		}
		h.answer(t).wantProblem(t, 504, "timeout")
		who := []string{".main", ".child"}
		if cgroupsWork() {
			who = append(who, ".session")
		}
		for _, who := range who {
			eventually(t, "SIGTERM reaches "+who, func() bool { return exists(g.path("marks", h.token+who)) })
		}
		g.wantDead(t, h.token+".stubborn")
	})
	t.Run("the timeout bounds a life that has answered", func(t *testing.T) {
		t.Parallel()
		tok := token()
		g.get(t, "/answered?t="+tok).want(t, 200, "1")
		eventually(t, "SIGTERM comes", func() bool { return exists(g.path("marks", tok+".term")) })
	})
	t.Run("none", func(t *testing.T) {
		t.Parallel()
		h := g.hold(t, "GET", "/none")
		g.reply(t, h.id, "{}").want(t, 200)
		g.release(t, h.token)
		h.answer(t).want(t, 200)
	})
	t.Run("a bare number is milliseconds", func(t *testing.T) { t.Parallel(); g.get(t, "/default").wantProblem(t, 504, "timeout") })
	t.Run("with stdin", func(t *testing.T) { t.Parallel(); g.get(t, "/bodyless").wantProblem(t, 504, "timeout") })
}
