package e2e

import (
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// littering are operations that leave something in every place they can.
func littering() setup {
	file := func(cmd string, more ...any) keys {
		k := keys{"cmd": sh(cmd), "env": append(tenv, "F={{payloadfile}}"), "channel": "file", "encoding": "raw", "reply": "stdout", "timeout": "10m"}
		for i := 0; i < len(more); i += 2 {
			k[more[i].(string)] = more[i+1]
		}
		return k
	}
	const litter = `mkdir -p "$TMPDIR/a/b"; head -c 100000 /dev/zero >"$TMPDIR/a/b/c"; `
	return setup{top: keys{"running": 200}, ops: ops{
		"post /file":  file(noteID + awaitMark + `cat "$F"`),
		"post /own":   file(litter+noteID+`chmod 500 "$TMPDIR/a"; `+awaitMark+`cat "$F" "$TMPDIR/a/b/c" | wc -c`, "tmpdir", "own"),
		"post /quick": file(litter+`cat "$F"`, "tmpdir", "own"),
		"get /wait":   waiting(keys{"timeout": "10m"}),
		"get /reply":  {"cmd": sh(`head -c 400000 /dev/zero | ` + curlReply + `--data-binary @- >/dev/null`)},
	}}
}

// crash ends the program as nothing can be handled, starts it again, and demands
// that what the first one had is gone by the time the second one serves.
func (g *gateway) crash(t *testing.T) {
	t.Helper()
	g.crashed = true
	g.signal(syscall.SIGKILL)
	g.exitCode()
	scripts := g.marked()
	g.crashed = false
	g.launch(setup{})
	g.waitUp()
	if left := g.temporary(); len(left) > 0 {
		t.Errorf("left in TMPDIR: %q", left)
	}
	for _, dir := range g.groups() {
		if !strings.Contains(dir, g.name+"."+strconv.Itoa(g.pid())) {
			t.Errorf("cgroup left: %s", dir)
		}
	}
	for _, pid := range scripts {
		eventually(t, "a script of the dead program has ended: "+cmdline(pid), func() bool { return !slices.Contains(g.marked(), pid) })
	}
}

// Whenever the program is killed, its next start leaves nothing of what was there.
func TestCrashLeavesNothing(t *testing.T) {
	t.Parallel()
	body := []byte(strings.Repeat("x", 600000))
	for moment, until := range map[string]func(t *testing.T, g *gateway){
		"a script runs with its payload in a file": func(t *testing.T, g *gateway) { g.send(t, "/file", body) },
		"a script runs in a TMPDIR of its own":     func(t *testing.T, g *gateway) { g.send(t, "/own", body) },
		"a body comes in": func(t *testing.T, g *gateway) {
			g.dial(t).ask("POST /file", "Content-Length: 9000000").say(string(body))
			eventually(t, "it is on disk", func() bool { return g.holdsDeleted() })
		},
		"a reply comes in": func(t *testing.T, g *gateway) {
			h := g.hold(t, "GET", "/wait")
			g.dialBack(t).ask("POST /urhttp/"+h.id, "Content-Length: 9000000").say(string(body))
			eventually(t, "it is on disk", func() bool { return g.holdsDeleted() })
		},
		"an answer goes out": func(t *testing.T, g *gateway) {
			tok := token()
			w := g.dial(t).ask("GET /wait?t=" + tok)
			g.reply(t, g.idOf(t, tok), strings.Repeat(string(body), 15)).want(t, 200)
			w.untilSeen("xxx")
		},
	} {
		t.Run(moment, func(t *testing.T) {
			t.Parallel()
			atEachLevel(t, littering(), func(t *testing.T, g *gateway) {
				until(t, g)
				held := strings.HasPrefix(moment, "a script runs") && len(g.groups()) > 0
				g.crash(t)
				g.do(t, request{method: "POST", path: "/quick", body: body, header: asRaw}).want(t, 200, string(body))
				if held {
					eventually(t, "the next start tells what it killed", func() bool { return len(g.logLines(`"level":"WARN"`, "still ran and was killed")) == 1 })
				}
			})
		})
	}
}

// send starts a call of an operation that begins with noteID, with a body.
func (g *gateway) send(t *testing.T, path string, body []byte) *held {
	t.Helper()
	h := &held{token: token(), got: make(chan answer, 1)}
	go func() {
		a, err := g.try(request{method: "POST", path: path + "?t=" + h.token, body: body, header: asRaw})
		if err != nil {
			a.broken = err
		}
		h.got <- a
	}()
	h.id = g.idOf(t, h.token)
	return h
}

// holdsDeleted tells whether the program has a file open that has no name.
func (g *gateway) holdsDeleted() bool {
	return slices.ContainsFunc(fdsOf(g.pid()), func(fd string) bool { return strings.Contains(fd, g.path("tmp")) })
}

// The same at any moment of a mixed load.
func TestCrashUnderLoad(t *testing.T) {
	t.Parallel()
	atEachLevel(t, littering(), func(t *testing.T, g *gateway) {
		for range 6 {
			var callers sync.WaitGroup
			over := make(chan struct{})
			for i := range 8 {
				callers.Go(func() {
					for {
						select {
						case <-over:
							return
						default:
						}
						r := request{method: "POST", path: "/quick", body: make([]byte, 100000*(i%4)), header: asRaw}
						if i%4 == 3 {
							r = request{path: "/reply"}
						}
						if _, err := g.try(r); err != nil { // it is down
							time.Sleep(10 * time.Millisecond)
						}
					}
				})
			}
			time.Sleep(200*time.Millisecond + rand.N(300*time.Millisecond))
			close(over)
			g.crash(t)
			callers.Wait()
		}
	})
}

// One that lives in the same TMPDIR is not touched by another's start.
func TestCrashDisturbsNobodyElse(t *testing.T) {
	t.Parallel()
	shared, err := os.MkdirTemp("/tmp", "ure2e-")
	check(t, err)
	t.Cleanup(func() { removeAll(shared) })
	s := littering()
	s.environ = []string{"TMPDIR=" + shared}
	g, other := start(t, s), start(t, s)
	calls := []*held{other.send(t, "/file", []byte("payload")), other.send(t, "/own", []byte("payload"))}
	before := filesBelow(shared)
	g.send(t, "/own", []byte("lost"))
	g.send(t, "/file", []byte("lost"))
	if len(before) != 6 || len(filesBelow(shared)) <= len(before)+1 {
		t.Errorf("the one that lives has %q, all together %q", before, filesBelow(shared))
	}
	g.crashed = true
	g.signal(syscall.SIGKILL)
	g.exitCode()
	g.crashed = false
	g.launch(s)
	g.waitUp()
	if after := filesBelow(shared); !slices.Equal(before, after) {
		t.Errorf("before the crash there was %q, after the start %q", before, after)
	}
	for i, want := range []string{"payload", "100007\n"} {
		other.release(t, calls[i].token)
		calls[i].answer(t).want(t, 200, want)
	}
	eventually(t, "nothing is left of them", func() bool { return len(filesBelow(shared)) == 0 })
}

// filesBelow lists all that lies below a directory.
func filesBelow(dir string) []string {
	var found []string
	_ = filepath.WalkDir(dir, func(p string, _ fs.DirEntry, err error) error {
		if err == nil && p != dir {
			found = append(found, p)
		}
		return nil
	})
	return found
}

// TMPDIR may be a link, and may be told relative to where the program starts.
func TestTMPDIRByOtherNames(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{"a link": "@DIR@/link", "relative": "../@DIR@/tmp"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := littering()
			g := prepare(t, littering())
			check(t, os.Symlink(g.path("tmp"), g.path("link")))
			s.environ = []string{"TMPDIR=" + g.expand(value)}
			g.launch(s)
			g.waitUp()
			h := g.send(t, "/own", []byte("payload"))
			if n := len(g.temporary()); n == 0 {
				t.Error("nothing lies there")
			}
			g.release(t, h.token)
			h.answer(t).want(t, 200, "100007\n")
			g.do(t, request{method: "POST", path: "/quick", body: make([]byte, 400000), header: asRaw}).want(t, 200)
		})
	}
}

// A TMPDIR that cannot be used is told at start; what needs it is 500 until it can.
func TestTMPDIRThatIsNotThere(t *testing.T) {
	t.Parallel()
	s := littering()
	s.ops["get /x"] = keys{"cmd": "/bin/echo x", "reply": "stdout"}
	g := prepare(t, s)
	s.environ = []string{"TMPDIR=" + g.path("tmp", "not")}
	g.launch(s)
	g.waitUp()
	if len(g.logLines("WARN", "TMPDIR")) != 1 {
		t.Error("no warning at start")
	}
	ask := func() answer {
		return g.do(t, request{method: "POST", path: "/quick", body: []byte("x"), header: asRaw})
	}
	ask().wantProblem(t, 500, "internal")
	g.do(t, request{method: "POST", path: "/file", body: make([]byte, 400000), header: asRaw}).wantProblem(t, 500, "internal")
	g.get(t, "/x").want(t, 200, "x\n")
	if len(g.logLines("ERROR", "temporary directory", "no such file")) == 0 {
		t.Error("the log does not say what is missing")
	}
	check(t, os.Mkdir(g.path("tmp", "not"), 0o755))
	ask().want(t, 200, "x")
	eventually(t, "it is empty again", func() bool { return len(g.temporary()) == 1 })
	check(t, os.Remove(g.path("tmp", "not")))
}
