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
