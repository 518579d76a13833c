package vm

import (
	"os"
	"strings"
	"testing"
)

// clerk is a user of the machine without any right.
const clerk = 1000

// delegate hands a group to the clerk as systemd does with Delegate= and User=:
// the directory and the files by which it is divided, none of its own limits.
func delegate(t *testing.T, dir string) string {
	t.Helper()
	for _, file := range []string{"", "/cgroup.procs", "/cgroup.subtree_control", "/cgroup.threads"} {
		must(t, os.Chown(dir+file, clerk, clerk))
	}
	return dir
}

// wantLimitsOfClerk has all limits hold for a gateway that the clerk runs.
func wantLimitsOfClerk(t *testing.T, top keys, words ...string) *gateway {
	t.Helper()
	g := start(t, write(t, top, map[string]keys{
		"/who":    script("id -u; cat /proc/self/cgroup", nil),
		"/hog":    task("memory", keys{"reply": "socket", "limits": keys{"memory": "32MiB"}}),
		"/pids":   script("sleep 31009 & sleep 31009 & sleep 31009 & echo never", limits(keys{"pids": 3})),
		"/daemon": script("setsid sleep 31010 & cat "+cgroupfs+"$(cut -d: -f3 /proc/self/cgroup)/cpu.max", limits(keys{"cpus": 0.5})),
		"/raise":  script("echo max >"+cgroupfs+"/deleg.slice/memory.max", nil),
	}), append(words, "user:1000")...)
	g.get("/who").want(t, 200, `1000\n0::/deleg.slice`)
	g.get("/hog").wantOOM(t)
	if r := g.get("/pids").report(t); r.ExitCode == nil || *r.ExitCode == 0 || strings.Contains(r.Stdout, "never") {
		t.Errorf("more processes than its limit: %+v", r)
	}
	g.get("/daemon").want(t, 200, `50000 100000\n`)
	waitFor(t, "the daemon is gone", func() bool { return running("sleep 31010") == 0 })
	if r := g.get("/raise").report(t); r.ExitCode == nil || *r.ExitCode == 0 {
		t.Errorf("the limit of what was delegated is changed: %+v", r)
	}
	return g
}

// A service of systemd's with User= and Delegate=: its group is all it needs.
func TestUserInADelegatedGroup(t *testing.T) {
	dir := delegate(t, newGroup(t, "deleg.slice"))
	wantLimitsOfClerk(t, keys{"cgroup": "required"}, "group:"+dir)
	if read(dir, "main/cgroup.procs") == "" {
		t.Error("urocket is not in the leaf main")
	}
}

// The operator names another group of the same subtree.
func TestUserWithAParent(t *testing.T) {
	dir := delegate(t, newGroup(t, "deleg.slice"))
	must(t, os.WriteFile(dir+"/cgroup.subtree_control", []byte("+memory +pids +cpu +io"), 0))
	for _, sub := range []string{"/service", "/calls"} {
		must(t, os.Mkdir(dir+sub, 0o755))
		delegate(t, dir+sub)
		t.Cleanup(func() { waitFor(t, dir+sub+" can be removed", func() bool { return os.Remove(dir+sub) == nil }) })
	}
	wantLimitsOfClerk(t, keys{"cgroup": keys{"mode": "required", "parent": dir + "/calls"}}, "group:"+dir+"/service")
	if len(groups("deleg.slice/calls/urocket-vm.")) == 0 {
		t.Errorf("the groups are not below the parent: %q", groups(""))
	}
}

// What is not delegated is refused with what would help, or done without.
func TestUserWithoutDelegation(t *testing.T) {
	own := newGroup(t, "login.scope")
	given := delegate(t, newGroup(t, "deleg.slice"))
	ops := map[string]keys{"/x": script("id -u", nil)}
	in := []string{"group:" + own, "user:1000"}
	wantRefused(t, write(t, keys{"cgroup": "required"}, ops), in, "permission denied", "systemd-run --user --scope -p Delegate=yes")
	// A process may only be born into a group by one who may move it there: the
	// group above both must be the user's too.
	wantRefused(t, write(t, keys{"cgroup": keys{"mode": "required", "parent": given}}, ops), in, "permission denied")
	g := start(t, write(t, nil, ops), in...)
	g.get("/x").want(t, 200, `1000\n`)
}
