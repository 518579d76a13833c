package e2e

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
)

// A thousand callers at once each get their own answer. Not parallel: it
// measures nothing, but it would slow everything else.
func TestThousandCallersAtOnce(t *testing.T) {
	g := start(t, setup{
		top: keys{"running": 32, "queued": 1000, "queuewait": "5m"},
		ops: ops{
			"get /out/{n}":    {"cmd": "/bin/echo {{path.n}}", "reply": "stdout", "timeout": "1m"},
			"post /in":        {"cmd": "/bin/cat", "channel": "stdin", "encoding": "raw", "reply": "stdout", "timeout": "1m"},
			"get /socket/{n}": {"cmd": sh(curlReply + `-d "$N"`), "env": []string{"N={{path.n}}\n"}, "timeout": "1m"},
		},
	})
	const callers = 1000
	failed := make(chan string, callers)
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			r, want := request{path: fmt.Sprintf("/out/%d", i)}, fmt.Sprintf("%d\n", i)
			switch i % 10 {
			case 0:
				r.path = fmt.Sprintf("/socket/%d", i)
			case 1, 2, 3:
				r = request{method: "POST", path: "/in", body: []byte(want)}
			}
			if a, err := g.try(r); err != nil || a.status != 200 || string(a.body) != want {
				failed <- fmt.Sprintf("caller %d: %v, status %d, body %s", i, err, a.status, short(a.body))
			}
		})
	}
	wg.Wait()
	close(failed)
	for why := range failed {
		t.Error(why)
	}
}

// A thousand callers may wait at once, for replies from elsewhere.
func TestThousandWaitingCallers(t *testing.T) {
	const callers = 1000
	g := start(t, setup{
		top: keys{"running": callers, "queued": callers, "queuewait": "5m"},
		ops: ops{"get /wait": waiting(keys{"timeout": "5m", "cmd": []string{"/bin/ln", "-s", "{{requestid}}", "ids/{{query.t}}"}})},
	})
	calls := make([]*held, callers)
	for i := range calls {
		calls[i] = g.begin(t, "GET", "/wait")
	}
	for _, h := range calls {
		eventually(t, "the script tells its id", func() bool { return exists(g.path("ids", h.token)) })
		h.id = readLink(t, g.path("ids", h.token))
	}
	for _, h := range calls {
		if !h.waits() {
			t.Fatal("a caller was answered before any reply")
		}
	}
	for _, h := range calls {
		g.reply(t, h.id, h.id).want(t, 200)
	}
	for _, h := range calls {
		h.answer(t).want(t, 200, h.id)
	}
}

// Junk on the socket and connections that say nothing disturb nobody.
func TestSocketSurvivesGarbage(t *testing.T) {
	t.Parallel()
	g := start(t, setup{ops: ops{"get /wait": waiting(nil)}})
	for _, junk := range []string{
		"\x00\xff\x13garbage\r\n\r\n", "POST /urhttp/x HTTP/1.1\r\nContent-Length: -5\r\n\r\n", "GET", "POST / HTTP/9.9\r\n\r\n",
		"POST /urhttp/" + strings.Repeat("a", 100000), "",
	} {
		w := g.dialBack(t)
		_, _ = io.WriteString(w.Conn, junk)
		check(t, w.Close())
	}
	h := g.hold(t, "GET", "/wait")
	g.reply(t, h.id, "{}").want(t, 200)
	h.answer(t).want(t, 200)
}
