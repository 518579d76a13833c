package vm

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/urocket/urocket/e2e/escape"
)

// Every way to escape or to hurt that docs/escapes.md lists is tried here where
// limits are real.
func TestEscapes(t *testing.T) {
	t.Run("full", func(t *testing.T) {
		escape.Run(t, escape.Full, escape.Harness{Prepare: prepareEscapes, Short: 8 * time.Second, Disk: disk(t)})
	})
}

// prepareEscapes makes the place of a gateway whose configuration is still to be
// written.
func prepareEscapes(t *testing.T) *escape.Gateway {
	t.Helper()
	dir := folder(t)
	must(t, os.Chmod(dir, 0o755)) // else everybody may remove the socket
	must(t, os.Mkdir(filepath.Join(dir, "tmp"), 0o755))
	file := filepath.Join(dir, "service.yaml")
	g := &gateway{t: t}
	return &escape.Gateway{
		Dir: dir, Service: "vm", Address: freeAddress(t), Socket: filepath.Join(dir, "u.sock"), File: file,
		Launch: func(uid int) { g.serveAs(file, uid) },
		Stop:   func() { g.stop() },
		Crash: func() {
			g.crashed = true
			_ = g.cmd.Process.Kill()
			<-g.ended
		},
		PID:    func() int { return g.cmd.Process.Pid },
		Logged: func() string { return g.logText() },
		Dry:    func() (int, string) { return dry(t, file) },
	}
}

// serveAs starts urocket with a TMPDIR of its own, as a user in a group that was
// delegated to him if uid is not 0.
func (g *gateway) serveAs(file string, uid int) {
	t := g.t
	t.Helper()
	tmp := filepath.Join(filepath.Dir(file), "tmp")
	var words []string
	if uid != 0 {
		group := newGroup(t, "escape.slice")
		for _, f := range []string{"", "/cgroup.procs", "/cgroup.subtree_control", "/cgroup.threads"} {
			must(t, os.Chown(group+f, uid, uid))
		}
		must(t, os.Chown(filepath.Dir(file), uid, uid))
		must(t, os.Chown(tmp, uid, uid))
		words = []string{"group:" + group, "user:" + strconv.Itoa(uid)}
	}
	var conf struct{ Listen, Socketpath string }
	text, err := os.ReadFile(file)
	must(t, err)
	must(t, json.Unmarshal(text, &conf))
	g.cmd, g.url, g.sock, g.crashed = command(file, words...), "http://"+conf.Listen, conf.Socketpath, false
	g.cmd.Env = append(os.Environ(), "TMPDIR="+tmp)
	g.launch(file)
	t.Cleanup(func() {
		g.stop()
		if left, _ := os.ReadDir(tmp); len(left) > 0 {
			t.Errorf("left in TMPDIR: %v", left)
		}
	})
}
