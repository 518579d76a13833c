package e2e

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
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
// gateway's directory. Zombies have neither.
func (g *gateway) marked() []int {
	var pids []int
	for _, pid := range allPIDs() {
		if pid == os.Getpid() || g.cmd != nil && pid == g.pid() && !g.hasEnded() {
			continue
		}
		mark := []byte(g.dir)
		proc := "/proc/" + strconv.Itoa(pid)
		if bytes.Contains(readFile(proc+"/cmdline"), mark) || bytes.Contains(readFile(proc+"/environ"), mark) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// groups lists the cgroup directories that carry the service's name.
func (g *gateway) groups() []string {
	mount := cgroupMount()
	if mount == "" {
		return nil
	}
	var dirs []string
	_ = filepath.WalkDir(mount, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && strings.Contains(p, g.name) {
			dirs = append([]string{p}, dirs...) // innermost first
		}
		return nil
	})
	return dirs
}

// temporary lists what lies in the program's TMPDIR.
func (g *gateway) temporary() []string {
	var found []string
	_ = filepath.WalkDir(g.path("tmp"), func(p string, _ fs.DirEntry, err error) error {
		if err == nil && p != g.path("tmp") {
			found = append(found, p)
		}
		return nil
	})
	return found
}

// cgroupMount is where cgroup v2 is mounted, wherever that is; "" if nowhere.
func cgroupMount() string {
	for line := range strings.Lines(string(readFile("/proc/self/mountinfo"))) {
		// ID PARENT DEV ROOT MOUNTPOINT OPTIONS [TAGS] - TYPE SOURCE SUPER, proc(5)
		before, after, _ := strings.Cut(line, " - ")
		if f := strings.Fields(before); strings.HasPrefix(after, "cgroup2 ") && len(f) > 4 {
			return f[4]
		}
	}
	return ""
}

// cgroupsWork tells whether groups can be made here; without, a program that
// has no cgroups promises less.
func cgroupsWork() bool {
	mount := cgroupMount()
	own := ""
	for line := range strings.Lines(string(readFile("/proc/self/cgroup"))) {
		if rest, ok := strings.CutPrefix(line, "0::"); ok {
			own = strings.TrimSpace(rest)
		}
	}
	probe := filepath.Join(mount, own, "e2e-probe-"+token())
	if mount == "" || os.Mkdir(probe, 0o755) != nil {
		return false
	}
	return os.Remove(probe) == nil
}

func allPIDs() []int {
	var pids []int
	names, _ := os.ReadDir("/proc")
	for _, n := range names {
		if pid, err := strconv.Atoi(n.Name()); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// alive tells whether pid runs; a zombie does not.
func alive(pid int) bool {
	stat := string(readFile(fmt.Sprintf("/proc/%d/stat", pid)))
	_, rest, ok := strings.Cut(stat, ") ")
	return ok && !strings.HasPrefix(rest, "Z") && !strings.HasPrefix(rest, "X")
}

func cmdline(pid int) string {
	b := readFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return string(bytes.ReplaceAll(b, []byte{0}, []byte{' '}))
}

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

// removeAll removes a tree whatever the modes of its directories are.
func removeAll(dir string) {
	_ = filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			_ = os.Chmod(p, 0o700)
		}
		return nil
	})
	_ = os.RemoveAll(dir)
}
