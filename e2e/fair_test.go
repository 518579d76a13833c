package e2e

import "testing"

// A flood of callers of one operation takes neither all places nor all of the
// queue from another: its last caller makes room, and the next place is the
// other's.
func TestFloodOfOneOperation(t *testing.T) {
	t.Parallel()
	const queue = 10
	g := start(t, setup{top: keys{"running": 2, "queued": queue}, ops: ops{"get /flood": living(nil), "get /other": living(nil)}})
	flood := []*held{g.hold(t, "GET", "/flood"), g.hold(t, "GET", "/flood")}
	for i := range queue {
		flood = append(flood, g.begin(t, "GET", "/flood"))
		eventually(t, "it is queued", func() bool { return g.queuedNow(t, "/flood") == i+1 })
	}
	g.get(t, "/flood?t=more").wantBusy(t, 503)
	other := g.begin(t, "GET", "/other")
	flood[len(flood)-1].answer(t).wantBusy(t, 503)
	flood = flood[:len(flood)-1]
	if n := g.queuedNow(t, "/other"); n != 1 {
		t.Fatalf("%d callers of the other operation are queued", n)
	}
	ends := func(h *held) {
		t.Helper()
		h.id = g.idOf(t, h.token)
		g.reply(t, h.id, "1").want(t, 200)
		g.release(t, h.token)
		h.answer(t).want(t, 200)
	}
	ends(flood[0])
	other.id = g.idOf(t, other.token)
	if exists(g.path("ids", flood[2].token)) {
		t.Error("the flood was given a place before the other operation")
	}
	for _, h := range flood[1:] {
		ends(h)
	}
	ends(other)
}

// An operation that is alone may have all places and the whole queue.
func TestOneOperationMayHaveTheWholeQueue(t *testing.T) {
	t.Parallel()
	g := start(t, setup{top: keys{"running": 1, "queued": 5}, ops: ops{"get /x": living(nil)}})
	calls := []*held{g.hold(t, "GET", "/x")}
	for i := range 5 {
		calls = append(calls, g.begin(t, "GET", "/x"))
		eventually(t, "it is queued", func() bool { return g.queuedNow(t, "/x") == i+1 })
	}
	g.get(t, "/x?t=more").wantBusy(t, 503)
	for _, h := range calls {
		g.release(t, h.token)
		h.answer(t).want(t, 502)
	}
}
