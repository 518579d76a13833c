package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/urocket/urocket/e2e/escape"
	"github.com/urocket/urocket/e2e/leftovers"
	"github.com/urocket/urocket/internal/notrun"
)

// Every way to escape or to hurt that docs/escapes.md lists is tried here at the
// levels that this host has, without cgroups and with what it offers of them: the
// third is tried in e2e/vm.
func TestEscapes(t *testing.T) {
	t.Parallel()
	with := levelHere(t)
	if with == escape.None {
		t.Run("track", func(t *testing.T) { notrun.Here(t, "no cgroup can be made") })
	} else {
		t.Run(string(with), func(t *testing.T) { t.Parallel(); escape.Run(t, with, escapes()) })
	}
	t.Run("none", func(t *testing.T) { t.Parallel(); escape.Run(t, escape.None, escapes()) })
}

// levelHere is what this host has of cgroups.
func levelHere(t *testing.T) escape.Level {
	t.Helper()
	if !cgroupsWork() {
		return escape.None
	}
	g := prepare(t, setup{top: keys{"cgroup": "required"}, ops: ops{"get /x": {"cmd": "/bin/true"}}})
	if o := g.cli(t, "dry", "-c", g.path("urocket-service.yaml")); o.code == 0 {
		return escape.Full
	}
	return escape.Track
}

// escapes is this package's harness for rows.
func escapes() escape.Harness {
	return escape.Harness{
		Short: 2 * time.Second, Disk: "8:0",
		Prepare: func(t *testing.T) *escape.Gateway {
			t.Helper()
			g := prepare(t, setup{})
			file := g.path("urocket-service.yaml")
			return &escape.Gateway{
				Dir: g.dir, Service: g.name, Address: g.addr, Socket: g.sock, File: file,
				Launch: g.serveAs, Stop: func() { g.finish() }, Crash: g.die,
				PID: func() int { return g.pid() }, Logged: g.log,
				Dry: func() (int, string) { o := g.cli(t, "dry", "-c", file); return o.code, o.text() },
			}
		},
	}
}

// serveAs starts the program as a user. Where groups can be made it is given one
// that is delegated to him, as systemd does with User= and Delegate=.
func (g *gateway) serveAs(uid int) {
	g.t.Helper()
	g.crashed = false
	if uid == 0 {
		g.launch(setup{})
		g.waitUp()
		return
	}
	for _, dir := range []string{g.dir, g.path("tmp")} {
		check(g.t, os.Chown(dir, uid, uid))
	}
	s := setup{sysProc: &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}}
	if !strings.Contains(string(readFile(g.path("urocket-service.yaml"))), `"cgroup": "off"`) {
		dir, err := os.Open(g.delegated(uid))
		check(g.t, err)
		defer dir.Close()
		s.sysProc.UseCgroupFD, s.sysProc.CgroupFD = true, int(dir.Fd())
	}
	g.launch(s)
	g.waitUp()
}

// delegated makes a group that is a user's, beside our own.
func (g *gateway) delegated(uid int) string {
	g.t.Helper()
	dir := filepath.Join(leftovers.CgroupMount(), "escape-"+token()) // not by the service's name: that is looked for before it is removed
	check(g.t, os.Mkdir(dir, 0o755))
	g.t.Cleanup(func() { check(g.t, os.Remove(dir)) })
	for _, file := range []string{"", "cgroup.procs", "cgroup.subtree_control", "cgroup.threads"} {
		check(g.t, os.Chown(filepath.Join(dir, file), uid, uid))
	}
	return dir
}

// die ends the program by SIGKILL, unless somebody has done so.
func (g *gateway) die() {
	g.t.Helper()
	g.crashed = true
	_ = g.cmd.Process.Kill()
	g.exitCode()
}
