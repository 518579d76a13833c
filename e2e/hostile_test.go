package e2e

import (
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
)

// Scripts that try to outlive their call, and ends that come at awkward moments.
// Each gets its answer; the harness looks for what is left at the end.

func TestScriptsThatWantToStay(t *testing.T) {
	t.Parallel()
	const root = `root=$(while read -r _ _ _ _ m _ rest; do case $rest in *" cgroup2 "*|"- cgroup2 "*|*"- cgroup2"*) echo $m; break;; esac; done </proc/self/mountinfo); `
	g := start(t, setup{ops: ops{
		// It leaves its group as soon as it runs, as root can.
		"get /escape": {"cmd": sh(root + noteID + `echo $$ >"$root/cgroup.procs"; echo $$ >ids/$T.pid; exec sleep 300`), "env": tenv, "timeout": "1s"},
		// A daemon in groups so deep that their path is longer than a path may be.
		"get /deep": {"cmd": sh(root + `cd "$root$(sed -n s/^0:://p /proc/self/cgroup)" || exit 7
			n=$(printf %0200d 1); for i in 1 2 3 4 5 6 7 8 9 10 11 12; do mkdir $n 2>/dev/null && cd $n || break; done
			setsid sh -c 'echo $$ >cgroup.procs; exec sleep 299' >/dev/null 2>&1 & wait_for=$!; while ! grep -q . cgroup.procs; do kill -0 $wait_for 2>/dev/null || break; sleep 0.05; done; printf done`), "reply": "stdout"},
	}})
	if os.Getuid() == 0 {
		h := g.hold(t, "GET", "/escape")
		h.answer(t).wantProblem(t, 504, "timeout")
		pid := atoi(t, g.path("ids", h.token+".pid"))
		eventually(t, "the process that left its group is ended", func() bool { return !alive(pid) })
		eventually(t, "its call is over", func() bool { return g.proc(t, h.id).State == "ended" })
	}
	g.get(t, "/deep").want(t, 200, "done")
	eventually(t, "the daemon's call is over", func() bool {
		for _, p := range g.procs(t) {
			if p.State != "ended" {
				return false
			}
		}
		return true
	})
}

func TestLateEndsOfAStream(t *testing.T) {
	t.Parallel()
	g := start(t, setup{ops: ops{
		"get /late":     {"cmd": sh("echo first; sleep 33"), "reply": "stdout", "timeout": "60s"},
		"get /late204":  {"cmd": sh(`printf 'Status: 204\n\n'; exec >&-; sleep 33`), "reply": "cgi", "timeout": "60s"},
		"get /bad204":   {"cmd": sh(`printf 'Status: 204\n\nbody'; exit 3`), "reply": "cgi"},
		"head /late":    {"cmd": sh("trap '' TERM; sleep 30"), "reply": "stdout", "timeout": "500ms", "grace": "1s"},
		"head /fails":   {"cmd": sh("echo body; exit 4"), "reply": "stdout"},
		"get /lastline": {"cmd": sh("printf 'one\\nlast-without-end'"), "reply": "stdout", "logstdout": true},
		"get /stray":    {"cmd": sh("(trap '' TERM; exec sleep 60 >/dev/null 2>&1) & head -c 600000 /dev/zero | tr '\\0' z"), "reply": "stdout", "timeout": "2s", "grace": "10s"},
	}})
	t.Run("long after the last output", func(t *testing.T) { t.Parallel(); g.get(t, "/late").want(t, 200, "first\n") })
	t.Run("a head long after", func(t *testing.T) { t.Parallel(); g.get(t, "/late204").want(t, 204, "") })
	t.Run("a 204 that fails", func(t *testing.T) { t.Parallel(); g.get(t, "/bad204").wantProblem(t, 502, "no-answer") })
	t.Run("HEAD and the timeout", func(t *testing.T) {
		t.Parallel()
		if a := g.do(t, request{method: "HEAD", path: "/late"}); a.status != 504 {
			t.Errorf("status %d", a.status)
		}
	})
	t.Run("HEAD and a failure", func(t *testing.T) {
		t.Parallel()
		if a := g.do(t, request{method: "HEAD", path: "/fails"}); a.status != 502 {
			t.Errorf("status %d", a.status)
		}
	})
	t.Run("a last line without its end is logged", func(t *testing.T) {
		t.Parallel()
		g.get(t, "/lastline").want(t, 200)
		eventually(t, "the line is logged", func() bool { return len(g.logLines("last-without-end")) == 1 })
	})
	t.Run("a stray does not break a whole answer off", func(t *testing.T) {
		t.Parallel()
		if a := g.get(t, "/stray").want(t, 200); len(a.body) != 600000 {
			t.Errorf("%d bytes", len(a.body))
		}
	})
}

// A body that is still coming in at SIGTERM gets its 503.
func TestDrainWithABodyOnItsWay(t *testing.T) {
	t.Parallel()
	g := start(t, setup{ops: ops{"post /x": {"cmd": "/bin/cat", "channel": "stdin", "encoding": "raw", "reply": "stdout"}}})
	w := g.dial(t).ask("POST /x", "Content-Length: 10", "", "abc")
	eventually(t, "the request is being read", func() bool { return g.descriptors() > 0 })
	g.get(t, "/nowhere") // the connection before this one was accepted
	g.signal(syscall.SIGTERM)
	res, err := http.ReadResponse(w.in, nil)
	check(t, err)
	body, err := io.ReadAll(res.Body)
	check(t, err)
	if res.StatusCode != 503 || !strings.Contains(string(body), "draining") {
		t.Errorf("%d %s", res.StatusCode, body)
	}
	eventually(t, "the stop is over", g.hasEnded)
}

// The reader of the log goes away: the service goes on, and stops cleanly.
func TestLogReaderThatGoesAway(t *testing.T) {
	t.Parallel()
	s := setup{ops: ops{"get /x": {"cmd": "/bin/echo fine", "reply": "stdout"}}}
	g := prepare(t, s)
	r, w, err := os.Pipe()
	check(t, err)
	g.launchOn(s, w)
	check(t, w.Close())
	g.waitUp()
	check(t, r.Close())
	for range 5 {
		g.get(t, "/x").want(t, 200, "fine\n")
	}
}

// The reader of the log stalls: nobody waits for it, not even the stop.
func TestLogReaderThatStalls(t *testing.T) {
	t.Parallel()
	s := setup{ops: ops{"get /x": {"cmd": "/bin/echo fine", "reply": "stdout"}}}
	g := prepare(t, s)
	r, w, err := os.Pipe()
	check(t, err)
	defer r.Close()
	g.launchOn(s, w)
	check(t, w.Close())
	g.waitUp()
	for range 1000 {
		g.get(t, "/nowhere").want(t, 404)
	}
	g.get(t, "/x").want(t, 200, "fine\n")
}
