package e2e

import (
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// After every kind of trouble the program has as many goroutines as one that
// has seen none. SIGQUIT makes the Go runtime print them all.
func TestGoroutinesAfterTrouble(t *testing.T) {
	t.Parallel()
	s := setup{top: keys{"maxbody": "1MiB"}, ops: ops{
		"get /fine":     {"cmd": "/bin/echo fine", "reply": "stdout"},
		"post /in":      {"cmd": "/bin/cat", "channel": "stdin", "encoding": "raw", "reply": "stdout", "logstdout": true},
		"get /wait":     waiting(nil),
		"get /ends":     {"cmd": "/bin/true"},
		"get /late":     {"cmd": sh("sleep 60"), "timeout": "200ms"},
		"get /stubborn": {"cmd": sh("exec @HELPER@ stubborn ids/$T"), "env": tenv, "timeout": "500ms", "grace": "200ms"},
		"get /kill":     living(keys{"ondisconnect": "kill"}),
		"get /one":      {"cmd": "/bin/sleep 0.2", "running": 1, "queued": 1, "reply": "report"},
		"get /half":     {"cmd": rawReply(replyHead+"01234", "exit")},
	}}
	idle := start(t, s)
	g := start(t, s)
	for range 10 {
		g.get(t, "/fine").want(t, 200)
		g.post(t, "/in", strings.Repeat("x\n", 1000), asRaw...).want(t, 200)
		g.post(t, "/in", strings.Repeat("x", 2<<20), asRaw...).want(t, 413)
		g.get(t, "/ends").want(t, 502)
		g.get(t, "/half").want(t, 502)
		tok := token()
		w := g.dial(t).ask("GET /kill?t=" + tok)
		g.idOf(t, tok)
		check(t, w.Close())
	}
	g.get(t, "/late").want(t, 504)
	g.get(t, "/stubborn?t="+token()).want(t, 504)
	for range 4 {
		h := g.hold(t, "GET", "/wait")
		g.reply(t, h.id, strings.Repeat("x", 500000)).want(t, 200)
		h.answer(t).want(t, 200)
		one := g.begin(t, "GET", "/one")
		g.get(t, "/one")
		one.answer(t)
	}
	eventually(t, "nothing runs any more", func() bool {
		for _, p := range g.procs(t) {
			if p.State != "ended" {
				return false
			}
		}
		return true
	})
	g.wantIdle(t)
	before, after := idle.goroutines(t), g.goroutines(t)
	if len(after) > len(before) {
		t.Errorf("%d goroutines at rest, %d before the first request; now\n%s", len(after), len(before), strings.Join(after, "\n\n"))
	}
	// What the sudden end left is for the next start to sweep.
	for _, g := range []*gateway{idle, g} {
		g.crashed = false
		g.launch(s)
		g.waitUp()
		g.get(t, "/fine").want(t, 200)
	}
}

var goroutineHead = regexp.MustCompile(`(?m)^goroutine \d+ .*\[`)

// goroutines ends the program by SIGQUIT and returns its goroutines but those
// of the runtime's own signal handling.
func (g *gateway) goroutines(t *testing.T) []string {
	t.Helper()
	g.crashed = true
	g.signal(syscall.SIGQUIT)
	if code := g.exitCode(); code != 2 {
		t.Errorf("SIGQUIT ends it with %d", code)
	}
	_, dump, ok := strings.Cut(g.log(), "SIGQUIT: quit")
	if !ok {
		t.Fatal("SIGQUIT printed no goroutines")
	}
	check(t, os.Truncate(g.logPath(), 0)) // the next run is judged by its own
	var list []string
	for block := range strings.SplitSeq(dump, "\n\n") {
		// Goroutine 0 is a thread's own stack; the garbage collector's come and go.
		own := !strings.HasPrefix(strings.TrimSpace(block), "goroutine 0 ") && !strings.Contains(block, "created by runtime.")
		if own && goroutineHead.MatchString(block) {
			list = append(list, block)
		}
	}
	return list
}
