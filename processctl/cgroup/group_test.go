package cgroup

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// open makes a parent in the group of the test itself. Where none can be made
// there is nothing to test, and the test says so by failing.
func open(t *testing.T) *Parent {
	t.Helper()
	p, err := Open(Options{Name: "test"})
	if err != nil {
		t.Fatalf("these tests need a writable cgroup2: %v", err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(p.Dir()); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the parent's directory is still there: %v", err)
		}
	})
	return p
}

func group(t *testing.T, p *Parent) *Group {
	t.Helper()
	g, err := p.NewGroup()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// shell starts a shell in g and returns its pid.
func shell(t *testing.T, g *Group, script string) int {
	t.Helper()
	pid, err := syscall.ForkExec("/bin/sh", []string{"sh", "-c", script}, &syscall.ProcAttr{
		Env: []string{"PATH=/usr/bin:/bin"}, Files: []uintptr{0, 1, 2},
		Sys: &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: g.FD(), Setsid: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = syscall.Wait4(pid, nil, 0, nil) })
	return pid
}

// until polls, for what no event tells.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

func members(g *Group) int {
	n := 0
	for dirs := []string{g.dir}; len(dirs) > 0; dirs = dirs[1:] {
		n += len(listed(filepath.Join(dirs[0], "cgroup.procs")))
		dirs = append(dirs, subgroups(dirs[0])...)
	}
	return n
}

func TestProcessIsBornInItsGroup(t *testing.T) {
	p := open(t)
	g := group(t, p)
	pid := shell(t, g, "sleep 60")
	if in, err := p.Contains(pid); !in || err != nil {
		t.Errorf("the process is in a group of the parent: %v, %v", in, err)
	}
	if in, err := p.Contains(os.Getppid()); in || err != nil {
		t.Errorf("a stranger is in a group of the parent: %v, %v", in, err)
	}
	if err := g.Remove(); !errors.Is(err, ErrBusy) {
		t.Errorf("removing a group with a process: %v", err)
	}
	g.Kill()
	until(t, "the group is removed", func() bool { return g.Remove() == nil })
}

func TestKillFindsWhatLeftItsSession(t *testing.T) {
	p := open(t)
	g := group(t, p)
	shell(t, g, "setsid sh -c 'setsid env -i /bin/sleep 60 & sleep 60' & sleep 60")
	until(t, "three processes run", func() bool { return members(g) >= 3 })
	g.Kill()
	until(t, "the group is removed", func() bool { return g.Remove() == nil })
}

func TestSignalReachesEveryMember(t *testing.T) {
	p := open(t)
	g := group(t, p)
	pid := shell(t, g, "setsid sleep 60 & sleep 60 & wait; sleep 60")
	until(t, "three processes run", func() bool { return members(g) >= 3 })
	if !g.Signal(syscall.SIGTERM, pid) {
		t.Error("the first process was not among them")
	}
	until(t, "the group is removed", func() bool { return g.Remove() == nil })
}

// A script that runs as root can make groups inside its own and hide there.
func TestGroupsInsideAGroup(t *testing.T) {
	p := open(t)
	g := group(t, p)
	inner := filepath.Join(g.dir, "a", "b")
	if err := os.MkdirAll(inner, 0o755); err != nil {
		t.Fatal(err)
	}
	pid := shell(t, g, "sleep 60")
	if err := os.WriteFile(filepath.Join(inner, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0); err != nil {
		t.Fatal(err)
	}
	if err := g.Remove(); !errors.Is(err, ErrBusy) {
		t.Errorf("removing a group with a process two groups down: %v", err)
	}
	g.Signal(syscall.SIGTERM, 0)
	until(t, "the group is removed", func() bool { return g.Remove() == nil })
}

func TestUsage(t *testing.T) {
	p := open(t)
	g := group(t, p)
	pid := shell(t, g, "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; sleep 60")
	until(t, "it has used 20 ms", func() bool {
		u, err := g.Usage()
		return err == nil && u.CPU > 20*time.Millisecond
	})
	_ = syscall.Kill(pid, syscall.SIGKILL)
	until(t, "the group is removed", func() bool { return g.Remove() == nil })
	if _, err := g.Usage(); err == nil {
		t.Error("a group that is gone has a usage")
	}
}

// What a dead urocket left is ended at the next start; a live one is left alone.
func TestSweep(t *testing.T) {
	live := open(t)
	keep := group(t, live)
	shell(t, keep, "sleep 60")

	dead := live.base.child("urocket-test.4000000")
	stray := &Group{place: dead.child("1")}
	if err := os.MkdirAll(stray.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(stray.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	stray.fd = int(f.Fd())
	shell(t, stray, "sleep 60")

	sweep(live.base, "urocket-test.")
	if _, err := os.Stat(dead.dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the dead one's directory: %v", err)
	}
	if members(keep) == 0 {
		t.Error("the live one's process is gone")
	}
	keep.Kill()
	until(t, "the group is removed", func() bool { return keep.Remove() == nil })
}

func TestOpenWhereNoGroupCanBeMade(t *testing.T) {
	for name, dir := range map[string]string{"no cgroup": t.TempDir(), "no directory": "/no/such/dir"} {
		if p, err := Open(Options{Name: "test", Dir: dir}); err == nil {
			_ = p.Close()
			t.Errorf("%s: opened", name)
		}
	}
}

func TestBelow(t *testing.T) {
	for _, c := range []struct {
		path, root, rest string
		ok               bool
	}{
		{"/a/b", "/a", "/b", true},
		{"/a", "/a", "", true},
		{"/ab", "/a", "", false},
		{"/a", "/", "/a", true},
		{"/", "/", "/", true},
		{"/../a", "/", "", false},
		{"/a", "/..", "", false},
	} {
		if rest, ok := below(c.path, c.root); rest != c.rest || ok != c.ok {
			t.Errorf("below(%q, %q) = %q, %v", c.path, c.root, rest, ok)
		}
	}
}

func TestSettings(t *testing.T) {
	swap := int64(5)
	var got []string
	l := Limits{Memory: 128 << 20, PIDs: 64, CPUs: 0.5, CPUWeight: 50, IOMax: []string{"8:0 rbps=1"}, IOWeight: 10}
	for _, s := range l.settings() {
		got = append(got, s.file+"="+s.value)
	}
	want := "memory.max=134217728,memory.oom.group=1,memory.swap.max=0,pids.max=64,cpu.max=50000 100000,cpu.weight=50,io.max=8:0 rbps=1,io.weight=default 10"
	if strings.Join(got, ",") != want {
		t.Errorf("got %v", got)
	}
	if s := (Limits{Swap: &swap}).settings(); len(s) != 1 || s[0].value != "5" {
		t.Errorf("swap alone: %v", s)
	}
}
