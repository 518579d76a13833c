package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/urocket/urocket/e2e/leftovers"
)

// rawReply is the helper's post of a two-byte reply; before says what to do
// between its parts.
func rawReply(words ...string) []string {
	return append([]string{"@HELPER@", "post"}, words...)
}

const replyHead = "POST /urhttp/@ID@ HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\n"

// Scripts that misbehave on their way to an answer.
func TestScriptsThatMisbehave(t *testing.T) {
	t.Parallel()
	stays := "(exec sleep 0.3); "
	g := start(t, setup{ops: ops{
		"get /twice":       {"cmd": sh(`for i in 1 2; do ` + curlReply + `-d $i -w '%{http_code} ' >>marks/$T; done`), "env": tenv},
		"get /wrong-id":    {"cmd": sh(`curl -s --unix-socket "$UROCKET_SOCKET" -d 1 -o /dev/null -w '%{http_code}' http://x/urhttp/` + unknownID + ` >marks/$T`), "env": tenv},
		"get /wrong-right": {"cmd": sh(`curl -s --unix-socket "$UROCKET_SOCKET" -d 1 http://x/urhttp/` + unknownID + `; ` + curlReply + `-d 2`)},
		"get /halves":      {"cmd": rawReply(replyHead+"01234", "pause:300ms", "56789", "read")},
		"get /half-dies":   {"cmd": rawReply(replyHead+"01234", "pause:300ms", "567", "exit")},
		"get /post-exit":   {"cmd": rawReply(replyHead+"0123456789", "exit")},
		"get /head-exit":   {"cmd": sh(`(@HELPER@ post '` + replyHead + `' pause:500ms 0123456789 read) & sleep 0.2; exit 0`)},
		"get /closes":      {"cmd": sh(`exec >&- 2>&-; ` + stays + curlReply + `-d 1`)},
		"get /then-fails":  {"cmd": sh(curlReply + `-d 1; exit 3`)},
		"get /then-dies":   {"cmd": sh(curlReply + `-d 1; kill -SEGV $$`)},
		"get /background":  {"cmd": sh(`(` + stays + curlReply + `-d 1) & exit 0`)},
	}})
	t.Run("replies twice", func(t *testing.T) {
		t.Parallel()
		tok := token()
		g.get(t, "/twice?t="+tok).want(t, 200, "1")
		eventually(t, "the second is told 409", func() bool {
			told := strings.Fields(strings.ReplaceAll(string(readFile(g.path("marks", tok))), "ok", ""))
			return len(told) > 1 && told[0] == "200" && told[len(told)-1] == "409"
		})
	})
	t.Run("replies to a wrong id", func(t *testing.T) {
		t.Parallel()
		tok := token()
		g.get(t, "/wrong-id?t="+tok).wantProblem(t, 502, "no-answer")
		if told := string(readFile(g.path("marks", tok))); told != "404" {
			t.Errorf("the script is told %q", told)
		}
		g.get(t, "/wrong-right").want(t, 200, "2")
	})
	t.Run("in two slow halves", func(t *testing.T) { t.Parallel(); g.get(t, "/halves").want(t, 200, "0123456789") })
	t.Run("in two slow halves and dies between", func(t *testing.T) {
		t.Parallel()
		g.get(t, "/half-dies").wantProblem(t, 502, "no-answer")
	})
	t.Run("replies and exits at once", func(t *testing.T) {
		t.Parallel()
		for range 20 {
			g.get(t, "/post-exit").want(t, 200, "0123456789")
		}
	})
	t.Run("a delivery that has begun is waited for", func(t *testing.T) { t.Parallel(); g.get(t, "/head-exit").want(t, 200, "0123456789") })
	t.Run("closes stdout", func(t *testing.T) { t.Parallel(); g.get(t, "/closes").want(t, 200, "1") })
	t.Run("exits 3 after the reply", func(t *testing.T) { t.Parallel(); g.get(t, "/then-fails").want(t, 200, "1") })
	t.Run("dies after the reply", func(t *testing.T) { t.Parallel(); g.get(t, "/then-dies").want(t, 200, "1") })
	t.Run("leaves the reply to a child and exits", func(t *testing.T) {
		t.Parallel()
		g.get(t, "/background").wantProblem(t, 502, "no-answer")
	})
}

// Output that is not the reply never blocks a script, however much it is.
func TestScriptsThatFlood(t *testing.T) {
	t.Parallel()
	g := start(t, setup{ops: ops{
		"get /stdout":   {"cmd": sh(`head -c 100000000 /dev/zero; ` + curlReply + `-d 1 >/dev/null`), "stats": true, "statswait": "20s"},
		"get /stderr":   {"cmd": sh(`head -c 100000000 /dev/zero >&2; printf 1`), "reply": "stdout", "stats": true},
		"get /line":     {"cmd": sh(`head -c 20000000 /dev/zero | tr '\0' a; echo END; ` + curlReply + `-d 1 >/dev/null`), "logstdout": true},
		"get /no-line":  {"cmd": sh(`printf unfinished; printf also >&2; ` + curlReply + `-d 1 >/dev/null`), "logstdout": true},
		"get /controls": {"cmd": sh(`printf 'esc\033[31m bell\007\n"quoted" \377\n'; ` + curlReply + `-d 1 >/dev/null`), "logstdout": true},
	}})
	t.Run("stdout with 100 MB, socket mode", func(t *testing.T) {
		t.Parallel()
		a := g.get(t, "/stdout").want(t, 200, "1")
		if s := a.stats(t); s["stdout"] != "100000000" {
			t.Errorf("figures %v", s)
		}
	})
	t.Run("stderr with 100 MB", func(t *testing.T) {
		t.Parallel()
		a := g.get(t, "/stderr").want(t, 200, "1")
		if s := parseStats(t, a.trailer.Get("Urocket-Stats")); s["stderr"] != "100000000" {
			t.Errorf("figures %v", s)
		}
	})
	t.Run("one line of 20 MB with logstdout", func(t *testing.T) {
		t.Parallel()
		g.get(t, "/line").want(t, 200, "1")
		eventually(t, "the cut line is in the log", func() bool { return len(g.logLines("aaaaaaaa")) > 0 })
		if n := len(g.log()); n > 10_000_000 {
			t.Errorf("the log holds %d bytes", n)
		}
	})
	t.Run("a line without its end is logged too", func(t *testing.T) {
		t.Parallel()
		g.get(t, "/no-line").want(t, 200, "1")
		eventually(t, "both are in the log", func() bool { return len(g.logLines("unfinished")) > 0 && len(g.logLines("also")) > 0 })
	})
	t.Run("control characters are quoted", func(t *testing.T) {
		t.Parallel()
		g.get(t, "/controls").want(t, 200, "1")
		eventually(t, "the line is in the log", func() bool { return len(g.logLines("bell")) > 0 })
		if strings.ContainsAny(g.log(), "\x1b\x07") {
			t.Error("a control character is in the log as it is")
		}
	})
}

// What a script leaves behind is ended with its call.
func TestDescendantsAreEnded(t *testing.T) {
	t.Parallel()
	tree := `n() { [ $1 -gt 0 ] && { (n $(($1-1)); sleep 60) & (setsid sh -c 'sleep 60; : '"$T") & (n $(($1-1)); exec sleep 60) & }; sleep 0; }; n 3; `
	g := start(t, setup{ops: ops{
		"get /daemon":     {"cmd": sh("@HELPER@ daemon ids/$T; " + curlReply + "-d 1 >/dev/null"), "env": tenv, "tmpdir": "own"},
		"get /tree":       {"cmd": sh(tree + curlReply + "-d 1 >/dev/null"), "env": tenv},
		"get /bare":       {"cmd": sh("env -i setsid @HELPER@ stubborn ids/$T & while [ ! -e ids/$T ]; do sleep 0.05; done; exit 0"), "env": tenv, "reply": "stdout"},
		"get /background": {"cmd": sh("sleep 60 & printf x"), "reply": "stdout"},
		"get /own":        {"cmd": sh("@HELPER@ daemon ids/$T; exit 3"), "env": tenv},
	}})
	t.Run("a setsid daemon that holds stdout", func(t *testing.T) {
		t.Parallel()
		tok := token()
		g.get(t, "/daemon?t="+tok).want(t, 200, "1")
		g.wantDead(t, tok)
	})
	t.Run("a daemon of a script that fails", func(t *testing.T) {
		t.Parallel()
		tok := token()
		g.get(t, "/own?t="+tok).wantProblem(t, 502, "no-answer")
		g.wantDead(t, tok)
	})
	t.Run("a daemon without any environment", func(t *testing.T) {
		t.Parallel()
		tok := token()
		g.get(t, "/bare?t="+tok).want(t, 200)
		g.wantDead(t, tok)
	})
	t.Run("a child in the background does not hold the answer", func(t *testing.T) {
		t.Parallel()
		g.get(t, "/background").want(t, 200, "x")
	})
	t.Run("a tree of forks in many sessions", func(t *testing.T) {
		t.Parallel()
		tok := token()
		g.get(t, "/tree?t="+tok).want(t, 200, "1")
		if cgroupsWork() {
			eventually(t, "the whole tree has ended", func() bool { return !runsWith("T=" + tok) })
		}
	})
}

// runsWith tells whether a process lives whose environment or command line
// holds text.
func runsWith(text string) bool {
	return slices.ContainsFunc(leftovers.Marked(text), alive)
}
