package vm

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Less memory than the program needs to begin: a clear end, by whatever way the
// kernel takes.
func TestMemoryForNothing(t *testing.T) {
	file := write(t, nil, map[string]keys{
		"/php":  call([]string{"php", "x.php"}, keys{"reply": "socket", "limits": keys{"memory": "8MiB"}}),
		"/less": script("exit 0", limits(keys{"memory": "8MiB"})),
	})
	beside(t, file, "x.php", `<?php ini_set('memory_limit', -1); $a = str_repeat('x', 32 << 20); `)
	g := start(t, file)
	g.get("/php").wantOOM(t)
	if a := g.get("/less"); a.status != 200 {
		t.Errorf("a shell has room: %+v", a)
	}
	wantRefused(t, write(t, nil, map[string]keys{"/x": script("", limits(keys{"memory": "1MiB"}))}), nil, "8MiB")
}

// Somebody takes controllers away from urocket's own directory: they are turned
// on again, and the log says it.
func TestControllersAreTakenAway(t *testing.T) {
	file := write(t, nil, map[string]keys{
		"/limited": script("cat "+own+"/memory.max", limits(keys{"memory": "64MiB", "pids": 20})),
		"/runs":    script("while [ ! -e go ]; do sleep 0.1; done; echo done", limits(keys{"memory": "64MiB", "pids": 20})),
	})
	g := start(t, file)
	runs := g.begin("/runs")
	must(t, os.WriteFile(filepath.Dir(g.callGroup())+"/cgroup.subtree_control", []byte("-memory -pids"), 0))
	g.get("/limited").want(t, 200, `"67108864\n"`)
	waitFor(t, "the log says it", func() bool { return strings.Contains(g.logText(), "taken away") })
	must(t, os.WriteFile(filepath.Join(filepath.Dir(file), "go"), nil, 0o644))
	runs.answer().want(t, 200, "done")
}

// The groups above withdraw a controller, which nobody below can mend. Calls that
// have a limit of it are refused, with the reason in the log; those that run and
// those without go on; and once it is back all is well.
func TestControllersAreWithdrawn(t *testing.T) {
	dir := newGroup(t, "unit.slice")
	file := write(t, nil, map[string]keys{
		"/limited": script("exit 0", limits(keys{"memory": "64MiB", "pids": 20})),
		"/free":    script("exit 0", nil),
		"/runs":    script("while [ ! -e go ]; do sleep 0.1; done; echo done", limits(keys{"memory": "64MiB"})),
	})
	g := start(t, file, "group:"+dir)
	runs := g.begin("/runs")
	for _, from := range []string{filepath.Dir(g.callGroup()), dir, cgroupfs} {
		must(t, os.WriteFile(from+"/cgroup.subtree_control", []byte("-memory"), 0))
	}
	g.get("/limited").wantProblem(t, 500, "internal")
	waitFor(t, "the log says it", func() bool { return strings.Contains(g.logText(), "the cgroup controllers memory were taken away") })
	g.get("/free").want(t, 200, "")
	must(t, os.WriteFile(filepath.Join(filepath.Dir(file), "go"), nil, 0o644))
	runs.answer().want(t, 200, "done")
	must(t, os.WriteFile(cgroupfs+"/cgroup.subtree_control", []byte("+memory"), 0))
	g.get("/limited").want(t, 200, "")
}

// Somebody removes urocket's own directory: it is made again.
func TestParentIsRemoved(t *testing.T) {
	g := start(t, write(t, nil, map[string]keys{"/hog": task("memory", keys{"reply": "socket", "limits": keys{"memory": "32MiB"}})}))
	dirs := groups("")
	if len(dirs) != 1 {
		t.Fatalf("groups %q", dirs)
	}
	must(t, os.Remove(dirs[0]))
	g.get("/hog").wantOOM(t)
	waitFor(t, "the log says it", func() bool { return strings.Contains(g.logText(), "was removed by somebody") })
}

// No more groups may be made: that is an answer, and not for ever.
func TestNoMoreGroups(t *testing.T) {
	dir := newGroup(t, "full.slice")
	g := start(t, write(t, nil, map[string]keys{"/x": script("exit 0", nil)}), "group:"+dir)
	must(t, os.WriteFile(dir+"/cgroup.max.descendants", []byte("2"), 0)) // urocket's own, and its leaf
	g.get("/x").wantProblem(t, 500, "internal")
	must(t, os.WriteFile(dir+"/cgroup.max.descendants", []byte("max"), 0))
	g.get("/x").want(t, 200, "")
}

// The group in which urocket lives has reached its pids.max: nothing can be
// forked, which is an answer and not for ever.
func TestNoMoreProcesses(t *testing.T) {
	dir := newGroup(t, "few.slice")
	g := start(t, write(t, nil, map[string]keys{"/x": script("exit 0", nil)}), "group:"+dir)
	g.get("/x").want(t, 200, "")
	g.quiet()
	must(t, os.WriteFile(dir+"/pids.max", []byte("1"), 0))
	g.get("/x").wantProblem(t, 500, "internal")
	var calls []waiting
	for range 40 { // the threads that this takes are there already
		calls = append(calls, g.begin("/x"))
	}
	for _, w := range calls {
		w.answer().wantProblem(t, 500, "internal")
	}
	must(t, os.WriteFile(dir+"/pids.max", []byte("max"), 0))
	g.get("/x").want(t, 200, "")
}
