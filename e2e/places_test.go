package e2e

import (
	"strconv"
	"strings"
	"testing"
)

// wantBusy demands a refusal for want of a place.
func (a answer) wantBusy(t *testing.T, status int) {
	t.Helper()
	a.wantProblem(t, status, "busy")
	if s, err := strconv.Atoi(a.header.Get("Retry-After")); err != nil || s < 1 {
		t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
	}
	if a.header.Get("Urocket-Stats") != "" {
		t.Error("figures of a process that was never started")
	}
}

// queuedNow counts the calls of a path that wait for a place.
func (g *gateway) queuedNow(t *testing.T, path string) int {
	t.Helper()
	n := 0
	for _, p := range g.procs(t) {
		if p.Path == path && p.State == "queued" {
			n++
		}
	}
	return n
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	g := start(t, setup{
		top: keys{"queuewait": "300ms"},
		ops: ops{
			"get /full":  living(keys{"running": 1, "queued": 0, "stats": true}),
			"get /waits": living(keys{"running": 1, "queued": 5}),
			"get /held":  waiting(keys{"running": 1, "queued": 0}),
			"get /rest":  {"cmd": sh(noteID + "(sleep 20) & " + curlReply + "-d 1 >/dev/null; " + awaitMark), "env": tenv, "running": 1, "queued": 0},
			"get /free":  {"cmd": "/bin/echo free", "reply": "stdout"},
		},
	})
	// ends lets the call go and waits for its answer.
	ends := func(t *testing.T, h *held) {
		t.Helper()
		g.reply(t, h.id, "{}").want(t, 200)
		g.release(t, h.token)
		h.answer(t).want(t, 200)
	}
	t.Run("429 busy: the operation's places and queue are full", func(t *testing.T) {
		t.Parallel()
		h := g.hold(t, "GET", "/full")
		g.get(t, "/full?t=x").wantBusy(t, 429)
		g.get(t, "/free").want(t, 200)
		ends(t, h)
		eventually(t, "the place is free again", func() bool {
			tok := token()
			g.release(t, tok)
			return g.get(t, "/full?t="+tok).status == 502
		})
	})
	t.Run("429 busy: queuewait passed waiting for the operation", func(t *testing.T) {
		t.Parallel()
		h := g.hold(t, "GET", "/waits")
		tok := token()
		g.get(t, "/waits?t="+tok).wantBusy(t, 429)
		ends(t, h)
		if exists(g.path("ids", tok)) {
			t.Error("a refused call was started")
		}
	})
	t.Run("a call that onexit: wait keeps open holds its place", func(t *testing.T) {
		t.Parallel()
		h := g.hold(t, "GET", "/held")
		eventually(t, "the process has ended", func() bool { return g.proc(t, h.id).ExitCode != nil })
		g.get(t, "/held?t=x").wantBusy(t, 429)
		g.reply(t, h.id, "{}").want(t, 200)
		h.answer(t).want(t, 200)
	})
	t.Run("a place is held until the group is empty", func(t *testing.T) {
		t.Parallel()
		h := g.begin(t, "GET", "/rest")
		h.answer(t).want(t, 200, "1")
		g.get(t, "/rest?t=x").wantBusy(t, 429)
		g.release(t, h.token)
	})
}

func TestPlacesOfTheService(t *testing.T) {
	t.Parallel()
	for row, c := range map[string]struct{ top keys }{
		"503 busy: the service's places and queue are full":    {keys{"running": 1, "queued": 0}},
		"503 busy: queuewait passed waiting for the service":   {keys{"running": 1, "queued": 5, "queuewait": "300ms"}},
		"503 busy: the queue of the service is full by others": {keys{"running": 1, "queued": 1, "queuewait": "20s"}},
	} {
		t.Run(row, func(t *testing.T) {
			t.Parallel()
			g := start(t, setup{top: c.top, ops: ops{"get /one": living(nil), "get /two": living(nil)}})
			h := g.hold(t, "GET", "/one")
			var queued *held
			if strings.Contains(row, "others") {
				queued = g.begin(t, "GET", "/one")
				eventually(t, "one is queued", func() bool { return g.queuedNow(t, "/one") == 1 })
			}
			g.get(t, "/two?t=x").wantBusy(t, 503)
			for _, h := range []*held{h, queued} {
				if h == nil {
					continue
				}
				h.id = g.idOf(t, h.token)
				g.reply(t, h.id, "{}").want(t, 200)
				g.release(t, h.token)
				h.answer(t).want(t, 200)
			}
		})
	}
}

// Queues are first in, first out, and running: 1 replaces a lock file.
func TestQueueIsFIFO(t *testing.T) {
	t.Parallel()
	g := start(t, setup{ops: ops{"get /one/{n}": {
		"cmd":     sh(`mkdir marks/lock || echo overlap >>marks/order; echo $N >>marks/order; sleep 0.05; rmdir marks/lock; printf %s $N`),
		"env":     []string{"N={{path.n}}"},
		"running": 1, "reply": "stdout",
	}, "get /gate": living(nil)}, top: keys{"running": 1}})
	h := g.hold(t, "GET", "/gate")
	const calls = 8
	got := make(chan answer, calls)
	for i := range calls {
		go func() {
			a, _ := g.try(request{path: "/one/" + strconv.Itoa(i)})
			got <- a
		}()
		eventually(t, "the call is queued", func() bool { return g.queuedNow(t, "/one/{n}") == i+1 })
	}
	g.reply(t, h.id, "{}").want(t, 200)
	g.release(t, h.token)
	for range calls {
		(<-got).want(t, 200)
	}
	if order := string(readFile(g.path("marks", "order"))); order != "0\n1\n2\n3\n4\n5\n6\n7\n" {
		t.Errorf("started in the order %q", order)
	}
}

// A queued caller that leaves never starts a process, under either rule.
func TestQueuedCallerThatLeaves(t *testing.T) {
	t.Parallel()
	for _, rule := range []string{"continue", "kill"} {
		t.Run("ondisconnect "+rule, func(t *testing.T) {
			t.Parallel()
			g := start(t, setup{ops: ops{"get /one": living(keys{"running": 1, "ondisconnect": rule})}})
			h := g.hold(t, "GET", "/one")
			tok := token()
			w := g.dial(t).ask("GET /one?t=" + tok)
			eventually(t, "it is queued", func() bool { return g.queuedNow(t, "/one") == 1 })
			check(t, w.Close())
			eventually(t, "it is queued no more", func() bool { return g.queuedNow(t, "/one") == 0 })
			g.reply(t, h.id, "{}").want(t, 200)
			g.release(t, h.token)
			h.answer(t).want(t, 200)
			next := g.hold(t, "GET", "/one") // whatever came before it has had its turn
			g.reply(t, next.id, "{}").want(t, 200)
			g.release(t, next.token)
			next.answer(t).want(t, 200)
			if exists(g.path("ids", tok)) {
				t.Error("the call of a caller who had left was started")
			}
		})
	}
}
