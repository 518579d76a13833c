package e2e

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/internal/notrun"
)

// allow lets the program open n more descriptors, until the function that it
// returns is called.
func (g *gateway) allow(t *testing.T, n int) (restore func()) {
	t.Helper()
	var before unix.Rlimit
	check(t, unix.Prlimit(g.pid(), unix.RLIMIT_NOFILE, nil, &before))
	open := map[int]bool{}
	for _, fd := range fdsOf(g.pid()) {
		number, _, _ := strings.Cut(fd, "=")
		k, _ := strconv.Atoi(number)
		open[k] = true
	}
	limit := 0
	for free := -1; free < n; limit++ { // the kernel gives the lowest free number
		if !open[limit] {
			free++
		}
	}
	check(t, unix.Prlimit(g.pid(), unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(limit - 1), Max: before.Max}, nil))
	return func() { check(t, unix.Prlimit(g.pid(), unix.RLIMIT_NOFILE, &before, nil)) }
}

// connected is a connection that the program has accepted.
func (g *gateway) connected(t *testing.T) *wire {
	t.Helper()
	w := g.dial(t).ask("GET /nowhere")
	w.answer("GET").want(t, 404)
	return w
}

// over sends r over a connection that stands.
func (r request) over(t *testing.T, w *wire) answer {
	t.Helper()
	req, err := r.build()
	check(t, err)
	req.Close = false
	check(t, req.Write(w.Conn))
	resp, err := http.ReadResponse(w.in, req)
	check(t, err)
	a := answer{status: resp.StatusCode, header: resp.Header}
	body := bufio.NewReader(resp.Body)
	var text strings.Builder
	_, a.broken = body.WriteTo(&text)
	a.body = []byte(text.String())
	return a
}

// Whichever descriptor is the first that cannot be had, the caller is answered,
// with what it wants or with 500, and nothing of the attempt is left.
func TestDescriptorsUsedUpAtEveryStep(t *testing.T) {
	t.Parallel()
	s := onDisk()
	s.ops["get /report"] = keys{"cmd": sh("sleep 60 & echo fine"), "reply": "report"}
	s.ops["get /cgi"] = keys{"cmd": sh("echo Content-Type: text/plain; echo; echo fine"), "reply": "cgi"}
	s.ops["get /litter"] = keys{"cmd": sh(`mkdir -p "$TMPDIR/a/b"; touch "$TMPDIR/a/b/c"`), "tmpdir": "own", "reply": "stdout", "logstdout": true}
	if os.Geteuid() == 0 {
		s.ops["get /user"] = keys{"cmd": sh(`echo fine >"$TMPDIR/x"; cat "$TMPDIR/x"`), "tmpdir": "own", "reply": "stdout", "user": nobody}
	}
	atEachLevel(t, s, func(t *testing.T, g *gateway) {
		for _, r := range g.everyKind() {
			t.Run(fmt.Sprintf("%s with %d bytes", r.path, len(r.body)), func(t *testing.T) { g.growing(t, r) })
		}
		eventually(t, "no temporary file is left", func() bool { return len(g.temporary()) == 0 })
	})
}

// everyKind are requests that need descriptors in different ways.
func (g *gateway) everyKind() (list []request) {
	for _, path := range []string{"/x", "/dir", "/litter", "/report", "/cgi", "/held"} {
		list = append(list, request{path: path})
	}
	if os.Geteuid() == 0 {
		list = append(list, request{path: "/user"})
	}
	for _, path := range []string{"/stdin", "/file", "/own"} {
		for _, size := range []int{5, onDiskSize} {
			list = append(list, request{method: "POST", path: path, body: []byte(strings.Repeat("x", size)), header: asRaw})
		}
	}
	return list
}

// growing makes one request with no descriptor, then with one, then with two.
func (g *gateway) growing(t *testing.T, r request) {
	t.Helper()
	var statuses []int
	for n := range 16 {
		w := g.connected(t)
		told := len(g.logLines("too many open files"))
		restore := g.allow(t, n)
		a := r.over(t, w)
		if a.status != 200 {
			a.wantProblem(t, 500, "internal")
			eventually(t, "the log says what is short", func() bool { return len(g.logLines("too many open files")) > told })
		}
		restore()
		a.want(t, a.status)
		check(t, w.Close())
		g.wantIdle(t)
		statuses = append(statuses, a.status)
	}
	if statuses[0] != 500 || statuses[len(statuses)-1] != 200 {
		t.Errorf("with more and more descriptors the answers are %v", statuses)
	}
}

// Callers that cannot be accepted wait until they can be.
func TestDescriptorsUsedUpAtAccept(t *testing.T) {
	t.Parallel()
	g := start(t, setup{ops: ops{"get /x": {"cmd": "/bin/echo fine", "reply": "stdout"}, "get /wait": waiting(nil)}})
	t.Run("by connections that do nothing", func(t *testing.T) {
		restore := g.allow(t, 20)
		var idle []*wire
		for range 60 {
			idle = append(idle, g.dial(t).say("GET /hel"))
		}
		h := g.begin(t, "GET", "/x")
		for _, w := range idle {
			check(t, w.Close())
		}
		if a := h.answer(t); a.status != 200 { // accepted while the others were still leaving
			a.wantProblem(t, 500, "internal")
		}
		eventually(t, "it serves again", func() bool { return g.get(t, "/x").status == 200 })
		restore()
	})
	t.Run("by callers", func(t *testing.T) {
		restore := g.allow(t, 2)
		var calls []*held
		for range 20 {
			calls = append(calls, g.begin(t, "GET", "/x"))
		}
		for _, h := range calls { // two at a time; and no process can be started for them
			h.answer(t).wantProblem(t, 500, "internal")
		}
		restore()
		g.get(t, "/x").want(t, 200, "fine\n")
	})
	t.Run("a reply on the socket", func(t *testing.T) {
		h := g.hold(t, "GET", "/wait")
		restore := g.allow(t, 0)
		told := make(chan answer, 1)
		go func() {
			a, err := g.tryBack("POST", "/urhttp/"+h.id, []byte("{}"))
			a.broken = err
			told <- a
		}()
		if !h.waits() {
			t.Error("answered by a reply that cannot have come")
		}
		restore()
		(<-told).want(t, 200)
		h.answer(t).want(t, 200, "{}")
	})
}

// A reply that has to go to a file finds none: its sender is told so, and the
// request stays open.
func TestDescriptorsUsedUpAtTheReply(t *testing.T) {
	t.Parallel()
	g := start(t, setup{ops: ops{"get /wait": waiting(nil)}})
	h := g.hold(t, "GET", "/wait")
	big := strings.Repeat("x", onDiskSize)
	w := g.dialBack(t).ask("GET /healthz")
	w.answer("GET").want(t, 200)
	restore := g.allow(t, 0)
	r := request{method: "POST", path: "/urhttp/" + h.id, body: []byte(big)}
	for range 3 {
		r.over(t, w).want(t, 500)
	}
	if !h.waits() {
		t.Error("a reply that could not be kept has answered the caller")
	}
	r.body = []byte("small")
	r.over(t, w).want(t, 200)
	h.answer(t).want(t, 200, "small")
	restore()
}

// With replyfrom: process the sender has to be looked up, which takes
// descriptors: a script that replies when there are none is no stranger.
func TestDescriptorsUsedUpAtALookUp(t *testing.T) {
	t.Parallel()
	if !cgroupsWork() {
		notrun.Here(t, "no cgroup can be made")
	}
	g := start(t, setup{ops: ops{"get /own": {"cmd": sh(noteID + awaitMark + curlReply + "-d own >/dev/null"), "env": tenv, "replyfrom": "process"}}})
	for n := range 4 {
		h := g.hold(t, "GET", "/own")
		restore := g.allow(t, n)
		g.release(t, h.token)
		eventually(t, "the script is at its reply", func() bool {
			return !h.waits() || runsWith("/urhttp/"+h.id)
		})
		restore()
		h.answer(t).want(t, 200, "own")
	}
}

// The timeout finds no descriptor with which to look into the group: the process
// itself is ended all the same, and the rest as soon as there is one.
func TestDescriptorsUsedUpAtTheTimeout(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"auto", "off"} {
		t.Run("cgroup: "+mode, func(t *testing.T) {
			t.Parallel()
			g := start(t, setup{top: keys{"cgroup": mode}, ops: ops{"get /late": {
				"cmd": sh(`(trap '' TERM; echo >ids/$T.child; while :; do sleep 0.05; done) & ` +
					`setsid sh -c 'trap "" TERM; echo $$ >ids/.$T.d; mv ids/.$T.d ids/$T.daemon; while :; do sleep 0.05; done' & ` +
					`echo $$ >ids/.$T; mv ids/.$T ids/$T.main; exec sleep 1000`),
				"env": tenv, "timeout": "2s", "grace": "300ms", "tmpdir": "own",
			}}})
			h := g.begin(t, "GET", "/late")
			for _, who := range []string{".main", ".child", ".daemon"} {
				eventually(t, "all of it runs", func() bool { return exists(g.path("ids", h.token+who)) })
			}
			main, daemon := atoi(t, g.path("ids", h.token+".main")), atoi(t, g.path("ids", h.token+".daemon"))
			restore := g.allow(t, 0)
			p := h.answer(t).wantProblem(t, 504, "timeout")
			eventually(t, "the process itself has ended", func() bool { return !alive(main) })
			restore()
			g.awaitState(t, p.RequestID, "ended")
			if mode == "auto" && cgroupsWork() && alive(daemon) {
				t.Error("its daemon lives")
			}
		})
	}
}

// A stop finds no descriptors: it ends in time, and nothing is left.
func TestDescriptorsUsedUpAtTheStop(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"auto", "off"} {
		t.Run("cgroup: "+mode, func(t *testing.T) {
			t.Parallel()
			g := start(t, setup{top: keys{"cgroup": mode, "drain": "1s"}, ops: ops{"get /stubborn": {
				"cmd": sh("@HELPER@ daemon ids/$T.daemon; exec @HELPER@ stubborn ids/$T"), "env": tenv, "timeout": "10m", "grace": "300ms", "tmpdir": "own",
			}}})
			var calls []*held
			for range 5 {
				h := g.begin(t, "GET", "/stubborn")
				eventually(t, "all of it runs", func() bool { return exists(g.path("ids", h.token)) })
				calls = append(calls, h)
			}
			g.allow(t, 0)
			g.signal(syscall.SIGTERM)
			for _, h := range calls {
				h.answer(t).wantProblem(t, 503, "draining")
			}
			if code := g.exitCode(); code != 0 {
				t.Errorf("exit code %d", code)
			}
			if len(g.logLines("leftover")) > 0 {
				t.Error("the log tells of leftovers")
			}
		})
	}
}

// Few descriptors from the start: either it serves, or it says what is short.
func TestStartWithFewDescriptors(t *testing.T) {
	t.Parallel()
	g := prepare(t, setup{ops: ops{"get /x": {"cmd": "/bin/echo fine", "reply": "stdout"}}})
	var served []int
	for n := 8; n < 18; n++ { // below that the Go runtime cannot start
		g.crashed = true
		_ = os.Remove(g.logPath())
		g.launch(setup{via: []string{"launch", "nofile:" + strconv.Itoa(n)}})
		eventually(t, "it serves or ends", func() bool { return g.hasEnded() || len(g.logLines("serving")) > 0 })
		if !g.hasEnded() {
			served = append(served, n)
			g.signal(syscall.SIGTERM)
		} else if text := g.log(); !strings.Contains(text, "too many open files") {
			t.Errorf("with %d descriptors it ends and says %s", n, tail(text, 500))
		}
		if code := g.exitCode(); slices.Contains(served, n) != (code == 0) {
			t.Errorf("with %d descriptors: exit code %d", n, code)
		}
		g.wantNothingLeft(t)
	}
	if len(served) == 0 {
		t.Error("it never serves")
	}
}
