package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/urocket/urocket/e2e/leftovers"
)

// wantIdle demands that the program, at rest, holds no more descriptors than
// before its first request and that no process of a request is left.
func (g *gateway) wantIdle(t *testing.T) {
	t.Helper()
	if g.idle == 0 { // never came up
		return
	}
	// Not fatal: the program has still to be stopped.
	if !holds(func() bool { return g.hasEnded() || g.descriptors() <= g.idle }) {
		t.Errorf("%d descriptors at rest, %d before the first request: %q", g.descriptors(), g.idle, fdsOf(g.pid()))
	}
}

// wantNothingLeft looks, after the program's end, for what it left behind.
func (g *gateway) wantNothingLeft(t *testing.T) {
	t.Helper()
	for _, pid := range g.marked() {
		t.Errorf("process left: %d %s", pid, cmdline(pid))
		_ = killPID(pid)
	}
	for _, dir := range g.groups() {
		t.Errorf("cgroup left: %s (processes: %q)", dir, readFile(filepath.Join(dir, "cgroup.procs")))
		_ = os.Remove(dir)
	}
	for _, p := range g.temporary() {
		t.Errorf("temporary file left: %s", p)
	}
	if _, err := os.Lstat(g.sock); err == nil && g.cmd.ProcessState.ExitCode() == 0 {
		t.Errorf("the socket is left at %s", g.sock)
	}
	for _, bad := range []string{"panic:", "DATA RACE", "fatal error:"} {
		if _, after, found := strings.Cut(g.log(), bad); found {
			t.Errorf("the log holds %q%s", bad, after[:min(len(after), 4000)])
		}
	}
}

// marked lists the processes whose command line or environment holds the
// gateway's directory, but not the program itself.
func (g *gateway) marked() []int {
	pids := leftovers.Marked(g.dir)
	if g.cmd != nil && !g.hasEnded() {
		pids = slices.DeleteFunc(pids, func(pid int) bool { return pid == g.pid() })
	}
	return pids
}

// groups lists the cgroup directories that carry the service's name.
func (g *gateway) groups() []string { return leftovers.Groups(g.name) }

// temporary lists what lies in the program's TMPDIR.
func (g *gateway) temporary() []string { return leftovers.Files(g.path("tmp")) }

func allPIDs() []int          { return leftovers.PIDs() }
func cgroupsWork() bool       { return leftovers.CgroupsWork() }
func alive(pid int) bool      { return leftovers.Alive(pid) }
func cmdline(pid int) string  { return leftovers.CommandLine(pid) }
func fdsOf(pid int) []string  { return leftovers.Descriptors(pid) }
func zombiesOf(pid int) []int { return leftovers.Zombies(pid) }
func removeAll(dir string)    { leftovers.Clear(dir) }

// readFile returns what can be read: a process may end meanwhile.
func readFile(name string) []byte {
	b, _ := os.ReadFile(name)
	return b
}

// atoi reads the number that a script wrote to a file.
func atoi(t *testing.T, name string) int {
	t.Helper()
	n, err := strconv.Atoi(strings.TrimSpace(string(readFile(name))))
	check(t, err)
	return n
}

func readLink(t *testing.T, name string) string {
	t.Helper()
	target, err := os.Readlink(name)
	check(t, err)
	return target
}

func killPID(pid int) error {
	p, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	return p.Kill()
}
