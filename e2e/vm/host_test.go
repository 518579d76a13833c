package vm

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// dry runs `urocket dry` on a configuration, in surroundings as [start] has
// them, and returns its exit code and what it printed.
func dry(t *testing.T, file string, words ...string) (int, string) {
	t.Helper()
	cmd := command(file, words...)
	for i, arg := range cmd.Args {
		if arg == "run" {
			cmd.Args[i] = "dry"
		}
	}
	out, _ := cmd.CombinedOutput()
	return cmd.ProcessState.ExitCode(), string(out)
}

// wantRefused demands that a configuration is refused with certain words.
func wantRefused(t *testing.T, file string, words []string, texts ...string) {
	t.Helper()
	code, out := dry(t, file, words...)
	for _, text := range append(texts, "service.yaml:") {
		if code != 2 || !strings.Contains(out, text) {
			t.Errorf("want exit code 2 and %q, got %d: %s", text, code, out)
		}
	}
}

// newGroup makes a group of the hierarchy's first level, with all controllers,
// and removes it at the end.
func newGroup(t *testing.T, name string) string {
	t.Helper()
	must(t, os.WriteFile(cgroupfs+"/cgroup.subtree_control", []byte("+memory +pids +cpu +io"), 0))
	dir := cgroupfs + "/" + name
	must(t, os.Mkdir(dir, 0o755))
	t.Cleanup(func() {
		waitFor(t, "the group can be removed: "+dir, func() bool { return os.Remove(dir) == nil })
	})
	return dir
}

func TestReadOnlyCgroupfs(t *testing.T) {
	remount(t, "ro")
	defer remount(t, "rw")
	ops := map[string]keys{"/x": script("exit 0", limits(keys{"memory": "32MiB"}))}
	wantRefused(t, write(t, nil, ops), nil, "read-only")
	ops["/x"]["limits"].(keys)["mode"] = "besteffort"
	wantRefused(t, write(t, keys{"cgroup": "required"}, ops), nil, "cgroup: required")
	g := start(t, write(t, nil, ops))
	if a := g.get("/x"); a.status != 200 {
		t.Errorf("%+v", a)
	}
}

func remount(t *testing.T, mode string) {
	t.Helper()
	if out, err := exec.Command("/bin/mount", "-o", "remount,"+mode, cgroupfs).CombinedOutput(); err != nil {
		t.Fatalf("remount: %v %s", err, out)
	}
}

// In a service's group the processes of our own are moved aside, and back.
func TestInAGroupOfItsOwn(t *testing.T) {
	dir := newGroup(t, "unit.service")
	g := start(t, write(t, keys{"cgroup": "required"}, map[string]keys{
		"/hog": task("memory", limits(keys{"memory": "32MiB"})),
	}), "group:"+dir)
	if a := g.get("/hog"); !strings.Contains(a.stats, "oom") {
		t.Errorf("%+v", a)
	}
	if read(dir, "main/cgroup.procs") == "" {
		t.Error("urocket is not in the leaf main")
	}
}

// The operator names the group that urocket is in itself, which is what systemd
// shows him.
func TestParentIsOurOwnGroup(t *testing.T) {
	dir := newGroup(t, "unit.service")
	g := start(t, write(t, keys{"cgroup": keys{"mode": "required", "parent": dir}}, map[string]keys{
		"/hog": task("memory", keys{"reply": "socket", "limits": keys{"memory": "32MiB"}}),
	}), "group:"+dir)
	g.get("/hog").wantOOM(t)
}

// Below a group with processes of others limits cannot be had, and all else can.
func TestParentWithProcesses(t *testing.T) {
	dir := newGroup(t, "others.slice")
	other := exec.Command("/bin/sh", "-c", "echo 0 >"+dir+"/cgroup.procs; exec sleep 31011")
	must(t, other.Start())
	defer func() { _ = other.Process.Kill(); _ = other.Wait() }()
	waitFor(t, "the other is in its group", func() bool { return read(dir, "cgroup.procs") != "" })
	machine[other.Process.Pid] = true
	ops := map[string]keys{"/x": script("setsid sleep 31012 & cat /proc/self/cgroup", nil)}
	wantRefused(t, write(t, keys{"cgroup": keys{"mode": "required", "parent": dir}}, ops), nil, "has processes of its own")
	g := start(t, write(t, keys{"cgroup": keys{"mode": "auto", "parent": dir}}, ops))
	g.get("/x").want(t, 200, "0::/others.slice/urocket-vm.")
	waitFor(t, "the daemon is gone", func() bool { return running("sleep 31012") == 0 })
	if control := read(dir, "cgroup.subtree_control"); control != "" {
		t.Errorf("controllers were turned on: %s", control)
	}
}

// A group that is offered some controllers and not all: level track, with the
// limits that there are.
func TestSomeControllers(t *testing.T) {
	dir := newGroup(t, "some.slice")
	must(t, os.WriteFile(cgroupfs+"/cgroup.subtree_control", []byte("-memory -io"), 0))
	op := script("sleep 31013 & sleep 31013 & sleep 31013 & echo never", limits(keys{"pids": 3, "cpus": 1.5}))
	wantRefused(t, write(t, keys{"cgroup": "required"}, map[string]keys{"/x": op}), []string{"group:" + dir}, "the controllers memory are missing", "is not offered them by the one above")
	wantRefused(t, write(t, nil, map[string]keys{"/x": script("", limits(keys{"memory": "64MiB"}))}), []string{"group:" + dir}, "the memory controller is missing")
	g := start(t, write(t, nil, map[string]keys{"/x": op}), "group:"+dir)
	if r := g.get("/x").report(t); r.ExitCode == nil || *r.ExitCode == 0 || strings.Contains(r.Stdout, "never") {
		t.Errorf("more processes than its limit: %+v", r)
	}
}

// A crash leaves groups and processes; the next start ends them.
func TestAfterACrash(t *testing.T) {
	file := write(t, nil, map[string]keys{"/x": script("setsid sleep 4321 & sleep 4321", nil)})
	g := start(t, file)
	g.begin("/x")
	waitFor(t, "the script runs", func() bool { return running("sleep 4321") == 3 }) // two, and the shell with its text
	g.kill()
	again := start(t, write(t, nil, map[string]keys{"/y": script("exit 0", nil)}))
	if a := again.get("/y"); a.status != 200 {
		t.Errorf("%+v", a)
	}
	waitFor(t, "what the crash left is gone", func() bool { return running("sleep 4321") == 0 })
}
