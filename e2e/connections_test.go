package e2e

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// limitOf reads a soft and a hard limit of a running process.
func limitOf(t *testing.T, pid, resource int) unix.Rlimit {
	t.Helper()
	var l unix.Rlimit
	check(t, unix.Prlimit(pid, resource, nil, &l))
	return l
}

// urocket takes all the descriptors that it may; its processes get the limits
// that it was started with, also when it had to execute itself once more.
func TestDescriptorLimitIsNotInheritedRaised(t *testing.T) {
	t.Parallel()
	for name, words := range map[string][]string{"": nil, ", with a blocked signal": {"block:10"}} {
		t.Run("soft 300, hard 2000"+name, func(t *testing.T) {
			t.Parallel()
			show := []string{"/bin/sh", "-c", "ulimit -Sn; ulimit -Hn"}
			g := prepare(t, setup{ops: ops{
				"get /limits": {"cmd": show, "reply": "stdout"},
				"get /umask":  {"cmd": show, "reply": "stdout", "umask": "0077"}, // started another way
			}})
			g.launch(setup{via: append([]string{"launch", "nofile:300:2000"}, words...)})
			g.waitUp()
			if l := limitOf(t, g.pid(), unix.RLIMIT_NOFILE); l.Cur < 1999 || l.Max != 2000 {
				t.Errorf("urocket's own limit is %d of %d", l.Cur, l.Max)
			}
			g.get(t, "/limits").want(t, 200, "300\n2000\n")
			g.get(t, "/umask").want(t, 200, "300\n2000\n")
		})
	}
}

// A flood of connections waits to be accepted, and leaves the calls that run
// what they need: their replies come in, and new processes for their places.
func TestFloodOfConnections(t *testing.T) {
	t.Parallel()
	s := setup{top: keys{"running": 3, "queued": 50}, ops: ops{
		"get /wait": waiting(nil), "get /fine": {"cmd": "/bin/echo fine", "reply": "stdout"},
	}}
	g := prepare(t, s)
	g.launch(setup{via: []string{"launch", "nofile:240"}})
	g.waitUp()
	h := g.hold(t, "GET", "/wait")
	kept := g.connected(t)
	var idle []*wire
	for range 400 {
		idle = append(idle, g.dial(t).say("GET /hel"))
	}
	eventually(t, "the log says that connections wait", func() bool { return len(g.logLines("new connections wait")) == 1 })
	for range 20 { // over a connection that was there before
		request{path: "/fine"}.over(t, kept).want(t, 200, "fine\n")
	}
	g.reply(t, h.id, strings.Repeat("x", 1<<20)).want(t, 200)
	h.answer(t).want(t, 200)
	for _, w := range idle {
		check(t, w.Close())
	}
	g.get(t, "/fine").want(t, 200, "fine\n")
	check(t, kept.Close())
}

// A service that admits more callers than there are descriptors for says so.
func TestTooFewDescriptorsAreTold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		limit int
		told  bool
	}{{1000, true}, {1100, false}} {
		g := prepare(t, setup{top: keys{"running": 60, "queued": 240}})
		g.launch(setup{via: []string{"launch", fmt.Sprintf("nofile:%d", c.limit)}})
		g.waitUp()
		if told := len(g.logLines(`"level":"WARN"`, "running: 60 and queued: 240", "LimitNOFILE", g.path("urocket-service.yaml"))) == 1; told != c.told {
			t.Errorf("with %d descriptors: told %v", c.limit, told)
		}
	}
}
