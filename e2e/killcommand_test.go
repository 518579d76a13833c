package e2e

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// endable are operations whose calls an operator ends.
func endable() ops {
	stays := keys{"cmd": sh(noteID + awaitMark), "env": tenv}
	return ops{
		"get /stays":    stays,
		"get /waits":    waiting(nil),
		"get /report":   {"cmd": sh(noteID + awaitMark), "env": tenv, "reply": "report"},
		"get /reported": {"cmd": sh(noteID + awaitMark), "env": tenv, "onexit": "report"},
		"get /prints":   {"cmd": sh("echo first; " + noteID + awaitMark), "env": tenv, "reply": "stdout"},
		"get /silent":   {"cmd": sh(noteID + awaitMark), "env": tenv, "reply": "stdout"},
		"get /polite":   {"cmd": sh("trap 'echo cut; exit 0' TERM; echo first; " + noteID + awaitMark), "env": tenv, "reply": "stdout"},
		"get /answers":  {"cmd": sh(`trap '` + curlReply + `-d "{\"cut\":true}"; exit' TERM; ` + noteID + awaitMark), "env": tenv},
		"get /replied":  {"cmd": sh(noteID + curlReply + "-d '{}'; " + awaitMark), "env": tenv},
		"get /tree":     {"cmd": []string{"@HELPER@", "daemon", "ids/{{query.t}}"}, "onexit": "wait", "grace": "60s"},
		"get /stubborn": {"cmd": sh("trap '' TERM; exec @HELPER@ stubborn ids/$T"), "env": tenv, "grace": "60s"},
		"get /one":      {"cmd": sh(noteID + awaitMark), "env": tenv, "running": 1},
	}
}

// What a caller gets whose call was ended is what he gets for any death.
func TestKill(t *testing.T) {
	t.Parallel()
	g := start(t, setup{top: patient, ops: endable()})
	kill := func(t *testing.T, id string, flags ...string) outcome {
		t.Helper()
		return g.cli(t, append([]string{"kill", id}, flags...)...)
	}
	for path, signal := range map[string]string{"/stays": "SIGTERM", "/silent": "SIGTERM"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			h := g.hold(t, "GET", path)
			kill(t, h.id).want(t, 0, h.id, "SIGTERM is sent")
			if p := h.answer(t).wantProblem(t, 502, "no-answer"); p.Signal == nil || *p.Signal != signal {
				t.Errorf("signal %v", p.Signal)
			}
			g.awaitEnd(t, h.id, "exit")
			if p := g.awaitState(t, h.id, "ended"); p.Signal == nil || *p.Signal != signal {
				t.Errorf("signal %v in /urprocs", p.Signal)
			}
			g.reply(t, h.id, "{}").want(t, map[string]int{"/stays": 410, "/silent": 409}[path])
			kill(t, h.id).want(t, 1, "410", "ended already (exit)")
		})
	}
	for _, path := range []string{"/report", "/reported"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			h := g.hold(t, "GET", path)
			kill(t, h.id).want(t, 0)
			if a := h.answer(t).want(t, 500); !strings.Contains(string(a.body), `"signal":"SIGTERM"`) {
				t.Errorf("report %s", a.body)
			}
		})
	}
	t.Run("onexit: wait, and the process has ended", func(t *testing.T) {
		t.Parallel()
		h := g.hold(t, "GET", "/waits")
		kill(t, h.id).want(t, 0)
		if p := h.answer(t).wantProblem(t, 502, "no-answer"); p.ExitCode == nil || *p.ExitCode != 0 {
			t.Errorf("exit code %v", p.ExitCode)
		}
	})
	for _, path := range []string{"/prints", "/polite"} {
		t.Run("a streamed answer breaks off: "+path, func(t *testing.T) {
			t.Parallel()
			h := g.hold(t, "GET", path)
			kill(t, h.id).want(t, 0)
			if a := h.answer(t); a.status != 200 || a.broken == nil || !strings.HasPrefix(string(a.body), "first\n") {
				t.Errorf("%d %q, broken off: %v", a.status, a.body, a.broken)
			}
		})
	}
	t.Run("a script that replies at its end is heard", func(t *testing.T) {
		t.Parallel()
		h := g.hold(t, "GET", "/answers")
		kill(t, h.id).want(t, 0)
		h.answer(t).want(t, 200, `{"cut":true}`)
	})
	t.Run("one that has replied is ended", func(t *testing.T) {
		t.Parallel()
		h := g.hold(t, "GET", "/replied")
		h.answer(t).want(t, 200, "{}")
		kill(t, h.id).want(t, 0)
		g.awaitEnd(t, h.id, "reply")
	})
	t.Run("--now does not wait for the grace", func(t *testing.T) {
		t.Parallel()
		h := g.begin(t, "GET", "/stubborn")
		g.idOf(t, h.token) // it is deaf by now
		id := g.callOf(t, "/stubborn")
		kill(t, id).want(t, 0)
		eventually(t, "SIGTERM has come", func() bool { return exists(g.path("ids", h.token+".term")) })
		kill(t, id, "--now").want(t, 0, "SIGKILL is sent")
		if p := h.answer(t).wantProblem(t, 502, "no-answer"); p.Signal == nil || *p.Signal != "SIGKILL" {
			t.Errorf("signal %v", p.Signal)
		}
	})
	t.Run("descendants too", func(t *testing.T) {
		t.Parallel()
		h := g.begin(t, "GET", "/tree")
		daemon, err := strconv.Atoi(g.idOf(t, h.token))
		check(t, err)
		kill(t, g.callOf(t, "/tree"), "--now").want(t, 0)
		h.answer(t).wantProblem(t, 502, "no-answer")
		eventually(t, "the daemon is gone", func() bool { return !alive(daemon) })
	})
	t.Run("one that waits for its place", func(t *testing.T) {
		t.Parallel()
		first, second := g.hold(t, "GET", "/one"), g.begin(t, "GET", "/one")
		var id string
		eventually(t, "the second one waits", func() bool {
			for _, p := range g.procs(t) {
				if p.Path == "/one" && p.State == "queued" {
					id = p.RequestID
				}
			}
			return id != ""
		})
		kill(t, id[:13]).want(t, 0, id)
		if p := second.answer(t).wantProblem(t, 502, "no-answer"); !strings.Contains(p.Detail, "operator") || p.Signal != nil || exists(g.path("ids", second.token)) {
			t.Errorf("told %+v", p)
		}
		kill(t, first.id).want(t, 0)
		first.answer(t).wantProblem(t, 502, "no-answer")
	})
	t.Run("who is not there", func(t *testing.T) {
		t.Parallel()
		kill(t, unknownID).want(t, 1, "404")
		kill(t, "ffffffff-no").want(t, 1, `begins with "ffffffff-no"`)
		kill(t, "").want(t, 1, "at least its first 4 characters")
		g.cli(t, "kill").want(t, 2, "ID is missing")
	})
}

// callOf is the id of the only call of a path.
func (g *gateway) callOf(t *testing.T, path string) string {
	t.Helper()
	id := ""
	eventually(t, "the call is listed", func() bool {
		for _, p := range g.procs(t) {
			if p.Path == path && p.State != "ended" {
				id = p.RequestID
			}
		}
		return id != ""
	})
	return id
}

// Who may not look may not end anything either.
func TestKillRefused(t *testing.T) {
	t.Parallel()
	g := start(t, setup{
		top: keys{"socketmode": "0666"},
		ops: ops{
			"get /victim": living(nil),
			"get /inside": {"cmd": []string{"/bin/sh", "-c", `curl -sS -w '%{http_code}' -X DELETE --unix-socket "$UROCKET_SOCKET" "http://x/urprocs/$1"`, "sh", "{{query.id}}"}, "reply": "stdout"},
		},
	})
	victim := g.hold(t, "GET", "/victim")
	if a := g.get(t, "/inside?id="+victim.id).want(t, 200); !strings.HasSuffix(string(a.body), "403") {
		t.Errorf("a process of a request is told %s", a.body)
	}
	asOther(t, g, "kill", victim.id, "--socket", g.sock).want(t, 1, "403")
	if !victim.waits() {
		t.Error("the call was ended")
	}
	g.reply(t, victim.id, "{}").want(t, 200)
	g.release(t, victim.token)
	victim.answer(t).want(t, 200)
}

func TestLogs(t *testing.T) {
	t.Parallel()
	g := start(t, setup{top: patient, ops: ops{
		"get /prints": {"cmd": sh("echo out; echo err >&2; printf 'a\\033[1m\\377' >&2; " + noteID + awaitMark + "echo more; printf last"), "env": tenv, "reply": "report"},
		"get /much":   {"cmd": sh(noteID + `head -c 100000 /dev/zero | tr '\0' a; printf END`), "env": tenv, "reply": "report"},
	}})
	h := g.hold(t, "GET", "/prints")
	eventually(t, "it has printed", func() bool { p := g.proc(t, h.id); return p.Stdout != nil && *p.Stdout == "out\n" })
	t.Run("of a call that runs", func(t *testing.T) {
		if o := g.cli(t, "logs", h.id[:8]).want(t, 0); o.stdout != "out\n" || o.stderr != "err\na\x1b[1m\ufffd" {
			t.Errorf("stdout %q, stderr %q", o.stdout, o.stderr)
		}
	})
	t.Run("on a terminal", func(t *testing.T) {
		if text := ended(t, g.onTerminal(t, program+" logs "+h.id)).want(t, 0).stdout; strings.Contains(text, "\x1b") || !strings.Contains(text, `a\u001b[1m`) {
			t.Errorf("printed %q", text)
		}
	})
	t.Run("followed to its end", func(t *testing.T) {
		cmd := exec.Command(program, "logs", "-f", h.id)
		out := &buffer{}
		cmd.Dir, cmd.Env, cmd.Stdout = g.dir, g.environment(), out
		check(t, cmd.Start())
		over := make(chan error, 1)
		go func() { over <- cmd.Wait() }()
		eventually(t, "it shows what there is", func() bool { return out.String() == "out\n" })
		g.release(t, h.token)
		h.answer(t).want(t, 200)
		eventually(t, "it ends", func() bool { return len(over) > 0 })
		if err := <-over; err != nil || out.String() != "out\nmore\nlast" {
			t.Errorf("%v, printed %q", err, out.String())
		}
	})
	t.Run("of one that has ended, and what is lost", func(t *testing.T) {
		much := g.hold(t, "GET", "/much")
		much.answer(t).want(t, 200)
		o := g.cli(t, "logs", much.id).want(t, 0, "95907 bytes of stdout are not kept")
		if len(o.stdout) != 4096 || !strings.HasSuffix(o.stdout, "aEND") {
			t.Errorf("%d bytes", len(o.stdout))
		}
	})
	t.Run("of nobody", func(t *testing.T) { g.cli(t, "logs", unknownID).want(t, 1, "404") })
}
