package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// disk is a small filesystem on which the TMPDIR of a gateway lies; only that
// gateway sees it mounted.
type disk struct {
	t   *testing.T
	dir string // as the test reaches it
}

// startOnDisk starts a gateway whose TMPDIR is a filesystem of its own, with these
// options of tmpfs(5).
func startOnDisk(t *testing.T, s setup, options string) (*gateway, disk) {
	t.Helper()
	g := prepare(t, s)
	s.via, s.sysProc = []string{"launch", "disk:" + g.path("tmp") + ":" + options}, mayMount()
	g.launch(s)
	g.waitUp()
	return g, disk{t, fmt.Sprintf("/proc/%d/root%s", g.pid(), g.path("tmp"))}
}

func (d disk) filler() string { return filepath.Join(d.dir, "filler") }

// left is how many bytes and files the disk still takes.
func (d disk) left() (bytes, files uint64) {
	d.t.Helper()
	var st unix.Statfs_t
	check(d.t, unix.Statfs(d.dir, &st))
	return st.Bfree * uint64(st.Bsize), st.Ffree
}

// fill leaves room for so many bytes.
func (d disk) fill(leave int) {
	d.t.Helper()
	d.clear()
	free, _ := d.left()
	check(d.t, os.WriteFile(d.filler(), make([]byte, int(free)-leave), 0o600))
}

// fillFiles leaves room for so many files.
func (d disk) fillFiles(leave int) {
	d.t.Helper()
	d.clear()
	check(d.t, os.Mkdir(d.filler(), 0o700))
	n := 0
	for ; ; n++ {
		err := os.WriteFile(filepath.Join(d.filler(), fmt.Sprint(n)), nil, 0o600)
		if errors.Is(err, syscall.ENOSPC) {
			break
		}
		check(d.t, err)
	}
	for i := range leave {
		check(d.t, os.Remove(filepath.Join(d.filler(), fmt.Sprint(n-1-i))))
	}
}

func (d disk) clear() {
	d.t.Helper()
	check(d.t, os.RemoveAll(d.filler()))
}

// heldAnswer is an operation whose answer is held back until it is checked.
const heldAnswer = `{"openapi": "3.0.3", "info": {"title": "e2e", "version": "1"}, "paths": {"/held": {"get": {"responses":
	{"200": {"description": "fine", "content": {"text/plain": {"schema": {"type": "string"}}}}}}}}}`

// onDisk are operations that need room, each in a way of its own.
func onDisk() setup {
	in := func(cmd string, more ...any) keys {
		k := keys{"cmd": sh(cmd), "encoding": "raw", "reply": "stdout"}
		for i := 0; i < len(more); i += 2 {
			k[more[i].(string)] = more[i+1]
		}
		return k
	}
	file := []any{"channel", "file", "env", []string{"F={{payloadfile}}"}}
	return setup{doc: heldAnswer, top: keys{"maxbody": "100MiB"}, ops: ops{
		"post /stdin": in("cat", "channel", "stdin"),
		"post /file":  in(`cat "$F"`, file...),
		"post /own":   in(`cat "$F"`, append(file, "tmpdir", "own")...),
		"get /dir":    in(`ls "$TMPDIR"`, "tmpdir", "own"),
		"get /held":   in(`head -c 700000 /dev/zero`, "validateout", true),
		"get /wait":   waiting(nil),
		"get /x":      in("echo fine"),
	}}
}

// Sizes of a body that goes to disk, and of one that stays in memory.
const onDiskSize, inMemorySize = 700000, 250000

// short500 are requests that cannot be served for want of room.
type short500 struct {
	name, path string
	size       int // of the body; 0: GET
	leave      int // room that is left, in bytes or files
}

// A full disk is the answer of those that need it, and of nobody else; when there
// is room again they are served, and nothing was left of the attempts.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	g, d := startOnDisk(t, onDisk(), "size=2m")
	for _, c := range []short500{
		{"a body", "/stdin", onDiskSize, 0},
		{"a body, in its middle", "/stdin", onDiskSize, 300 << 10},
		{"a payload file", "/file", inMemorySize, 0},
		{"a payload file, in its middle", "/file", inMemorySize, 100 << 10},
		{"a payload file of a body that fits", "/file", onDiskSize, onDiskSize + 100<<10},
		{"a payload file in a TMPDIR of its own", "/own", inMemorySize, 0},
		{"the same in its middle", "/own", inMemorySize, 100 << 10},
		{"an answer that is held back", "/held", 0, 0},
		{"the same in its middle", "/held", 0, 300 << 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			d.t = t
			d.fill(c.leave)
			c.judge(t, g, d)
		})
	}
	t.Run("a reply on the socket", func(t *testing.T) {
		d.t = t
		for _, leave := range []int{0, 300 << 10} {
			d.fill(leave)
			g.replyInVain(t, d)
		}
	})
}

// The same when the disk takes no more files.
func TestDiskOutOfInodes(t *testing.T) {
	t.Parallel()
	g, d := startOnDisk(t, onDisk(), "size=20m,nr_inodes=40")
	for _, c := range []short500{
		{"a body", "/stdin", onDiskSize, 0},
		{"a payload file", "/file", inMemorySize, 0},
		{"a payload file of a body that fits", "/file", onDiskSize, 1},
		{"a TMPDIR of its own", "/dir", 0, 0},
		{"a TMPDIR of its own and a payload file", "/own", inMemorySize, 0},
		{"a payload file in a TMPDIR that fits", "/own", inMemorySize, 1},
		{"an answer that is held back", "/held", 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			d.t = t
			d.fillFiles(c.leave)
			c.judge(t, g, d)
		})
	}
	t.Run("a reply on the socket", func(t *testing.T) {
		d.t = t
		d.fillFiles(0)
		g.replyInVain(t, d)
	})
}

// judge demands a 500 that leaves nothing behind, and a 200 once there is room.
func (c short500) judge(t *testing.T, g *gateway, d disk) {
	t.Helper()
	ask := func() answer {
		if c.size == 0 {
			return g.get(t, c.path)
		}
		return g.do(t, request{method: "POST", path: c.path, body: []byte(strings.Repeat("x", c.size)), header: asRaw})
	}
	bytes, files := d.left()
	told := len(g.logLines("ERROR", "no space left on device"))
	for range 3 {
		ask().wantProblem(t, 500, "internal")
	}
	eventually(t, "the log says each time what is short", func() bool {
		return len(g.logLines("ERROR", "no space left on device")) == told+3
	})
	eventually(t, "nothing is left of it", func() bool { b, f := d.left(); return b == bytes && f == files })
	g.get(t, "/x").want(t, 200, "fine\n")
	d.clear()
	a := ask().want(t, 200)
	if c.path != "/held" && len(a.body) != c.size {
		t.Errorf("%d bytes come back", len(a.body))
	}
	g.wantIdle(t)
}

// replyInVain posts a reply that cannot be kept, and then one that can.
func (g *gateway) replyInVain(t *testing.T, d disk) {
	t.Helper()
	bytes, files := d.left()
	h := g.hold(t, "GET", "/wait")
	big := strings.Repeat("x", onDiskSize)
	for range 3 {
		g.reply(t, h.id, big).want(t, 500)
	}
	if b, f := d.left(); b != bytes || f != files || !h.waits() {
		t.Errorf("%d bytes and %d files are left, before %d and %d; the caller waits: %v", b, f, bytes, files, h.waits())
	}
	d.clear()
	g.reply(t, h.id, big).want(t, 200)
	h.answer(t).want(t, 200, big)
}
