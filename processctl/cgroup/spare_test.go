package cgroup

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// spent is a group in which a program has used the processor.
func spent(t *testing.T, p *Parent) (*Group, Usage) {
	t.Helper()
	g, err := p.NewGroup()
	must(t, err)
	pid, err := syscall.ForkExec("/bin/sh", []string{"sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"}, &syscall.ProcAttr{
		Sys: &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: g.FD()},
	})
	must(t, err)
	var r syscall.Rusage
	_, err = syscall.Wait4(pid, nil, 0, &r)
	must(t, err)
	u, err := g.Usage()
	must(t, err)
	own := time.Duration(r.Utime.Nano() + r.Stime.Nano())
	if u.CPU < own/2 || u.CPU > 2*own+20*time.Millisecond {
		t.Errorf("the group has used %v, its process %v", u.CPU, own)
	}
	return g, u
}

// An empty group is used again, and counts from nothing.
func TestGroupIsUsedAgain(t *testing.T) {
	p, _ := openAt(t)
	if len(p.controllers) > 0 {
		t.Skip("CANNOT RUN HERE: groups with controllers are not used again")
	}
	first, _ := spent(t, p)
	dir := first.dir
	must(t, first.Remove())
	if _, err := first.Usage(); err == nil {
		t.Error("a group that was given up has a usage")
	}
	second, _ := spent(t, p)
	if second.dir != dir {
		t.Errorf("%s was made, and there was %s", second.dir, dir)
	}
	must(t, second.Remove())
}

// A group that somebody has changed is not used again.
func TestGroupIsNotUsedAgain(t *testing.T) {
	p, _ := openAt(t)
	if len(p.controllers) > 0 {
		t.Skip("CANNOT RUN HERE: groups with controllers are not used again")
	}
	for name, change := range map[string]func(g *Group){
		"frozen":         func(g *Group) { must(t, os.WriteFile(filepath.Join(g.dir, "cgroup.freeze"), []byte("1"), 0)) },
		"a group inside": func(g *Group) { must(t, os.Mkdir(filepath.Join(g.dir, "inside"), 0o755)) },
		"threaded":       func(g *Group) { must(t, os.WriteFile(filepath.Join(g.dir, "cgroup.type"), []byte("threaded"), 0)) },
		"killed":         func(g *Group) { g.Kill() },
		"removed":        func(g *Group) { must(t, os.Remove(g.dir)) },
	} {
		g, _ := spent(t, p)
		dir := g.dir
		change(g)
		must(t, g.Remove())
		next, err := p.NewGroup()
		must(t, err)
		if next.dir == dir {
			t.Errorf("%s: it is used again", name)
		}
		must(t, next.Remove())

		if name == "killed" {
			continue // nobody kills a spare one
		}
		g, _ = spent(t, p)
		must(t, g.Remove())
		change(g)
		next, err = p.NewGroup()
		must(t, err)
		if next.dir == g.dir {
			t.Errorf("%s while it was spare: it is used again", name)
		}
		must(t, next.Remove())
	}
}
