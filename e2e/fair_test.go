package e2e

import "testing"

// However many callers of one operation wait, the next place is another's that
// holds none; and a full queue refuses whoever comes, and nobody who waits.
func TestFloodOfOneOperation(t *testing.T) {
	t.Parallel()
	const queue = 10
	g := start(t, setup{top: keys{"running": 2, "queued": queue + 1}, ops: ops{"get /flood": living(nil), "get /other": living(nil)}})
	flood := []*held{g.hold(t, "GET", "/flood"), g.hold(t, "GET", "/flood")}
	for i := range queue {
		flood = append(flood, g.begin(t, "GET", "/flood"))
		eventually(t, "it is queued", func() bool { return g.queuedNow(t, "/flood") == i+1 })
	}
	other := g.begin(t, "GET", "/other")
	eventually(t, "it is queued", func() bool { return g.queuedNow(t, "/other") == 1 })
	g.get(t, "/flood?t=more").wantBusy(t, 503)
	g.get(t, "/other?t=more").wantBusy(t, 503)
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
