package vm

import (
	"os"
	"strings"
	"testing"
)

// container makes a group with limits of its own and returns words for urocket
// in a cgroup namespace whose root is that group, as a container's is. The
// machine's hierarchy is mounted with nsdelegate.
func container(t *testing.T) (dir string, words []string) {
	t.Helper()
	dir = newGroup(t, "container")
	must(t, os.WriteFile(dir+"/memory.max", []byte("300000000"), 0))
	outer := folder(t)
	return dir, []string{"group:" + dir, "unshare", "outer:" + outer, "cgroupfs"}
}

// In a cgroup namespace all limits hold.
func TestCgroupNamespace(t *testing.T) {
	dir, words := container(t)
	g := start(t, write(t, keys{"cgroup": "required"}, map[string]keys{
		"/where": script("cat /proc/self/cgroup", nil),
		"/hog":   task("memory", limits(keys{"memory": "32MiB"})),
		"/pids":  script("sleep 31004 & sleep 31004 & sleep 31004 & echo never", limits(keys{"pids": 3})),
	}), words...)
	g.get("/where").want(t, 200, `"0::/urocket-vm.`)
	if a := g.get("/hog"); !strings.Contains(a.stats, "oom") {
		t.Errorf("a hog: %+v", a)
	}
	if r := g.get("/pids").report(t); r.ExitCode == nil || *r.ExitCode == 0 || strings.Contains(r.Stdout, "never") {
		t.Errorf("more processes than its limit: %+v", r)
	}
	if read(dir, "main/cgroup.procs") == "" || len(groups("container/urocket-vm.")) == 0 {
		t.Errorf("the groups are not inside the container's: %q", groups(""))
	}
}

// A script that is root cannot leave the container or change its limits: the
// kernel says no (nsdelegate).
func TestScriptCannotLeaveTheNamespace(t *testing.T) {
	dir, words := container(t)
	outer := strings.TrimPrefix(words[2], "outer:")
	put := func(file, text string) keys { return call([]string{"/t/vm.test", "put", file, text}, nil) }
	g := start(t, write(t, nil, map[string]keys{
		"/out":   put(outer+"/cgroup.procs", "0"),
		"/limit": put(cgroupfs+"/memory.max", "max"),
		"/above": put(outer+"/container/memory.max", "max"),
	}), words...)
	for path, want := range map[string]string{"/out": "no such file or directory", "/limit": "not permitted", "/above": "not permitted"} {
		if r := g.get(path).report(t); r.ExitCode == nil || *r.ExitCode == 0 || !strings.Contains(r.Stderr, want) {
			t.Errorf("%s: %+v", path, r)
		}
	}
	if got := read(dir, "memory.max"); got != "299999232" { // whole pages
		t.Errorf("the container's memory.max is now %s", got)
	}
}

// Inside its namespace, and where there is none, root may do what root may: a
// script that is root raises its own limits, never those above, and leaves its
// group. Where it has gone its timeout ends it all the same; what it has started
// there ends when urocket stops.
func TestRootScriptLeavesItsGroup(t *testing.T) {
	_, inside := container(t)
	for name, words := range map[string][]string{"in a namespace": inside, "on a host": nil} {
		t.Run(name, func(t *testing.T) {
			own := "own=" + cgroupfs + "$(cut -d: -f3 /proc/self/cgroup); "
			leave := "d=" + cgroupfs + "; [ ! -d $d/main ] || d=$d/main; echo 0 >$d/cgroup.procs && ! grep urocket /proc/self/cgroup || exit 9; "
			g := start(t, write(t, nil, map[string]keys{
				"/raise": script(own+"echo max >$own/memory.max && exec /t/vm.test memory", limits(keys{"memory": "32MiB"})),
				"/leave": script(leave+"exec sleep 31005", keys{"inject": keys{"timeout": "3s", "grace": "100ms"}}),
				"/child": script(leave+"setsid sh -c 'echo >left; exec sleep 31006' & while [ ! -e left ]; do sleep 0.1; done; exit 0", nil),
			}), words...)
			g.get("/raise").want(t, 200, "survived")
			g.get("/leave").wantProblem(t, 504, "timeout")
			waitFor(t, "the script that left is ended", func() bool { return running("sleep 31005") == 0 })
			if a := g.get("/child"); a.status != 200 {
				t.Errorf("%+v", a)
			}
		})
	}
}

// In a namespace without a mount of its own nobody can tell where one's group
// is: it is said, and `required` refuses.
func TestCgroupNamespaceWithoutItsMount(t *testing.T) {
	words := []string{"group:" + newGroup(t, "bare"), "unshare"}
	ops := map[string]keys{"/x": script("exit 0", nil)}
	wantRefused(t, write(t, keys{"cgroup": "required"}, ops), words, "cgroup: required", "no cgroup2 mount shows our own group")
	g := start(t, write(t, nil, ops), words...)
	if a := g.get("/x"); a.status != 200 {
		t.Errorf("%+v", a)
	}
}
