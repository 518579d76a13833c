package vm

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
)

func limits(m map[string]any) operation { return operation{"limits": m} }

func TestLevelIsFull(t *testing.T) {
	file := write(t, map[string]any{"cgroup": "required"}, map[string]operation{"/x": script("exit 0", nil)})
	g := start(t, file)
	if a := g.get("/x"); a.status != 200 || a.figure("memory") <= 0 {
		t.Errorf("answer %+v", a)
	}
	if log := g.logText(); !strings.Contains(log, "ended, measured and limited") {
		t.Errorf("the log does not say what holds: %s", log)
	}
}

func TestMemory(t *testing.T) {
	g := start(t, write(t, nil, map[string]operation{
		"/hog":    task("memory", limits(map[string]any{"memory": "32MiB"})),
		"/enough": task("memory", limits(map[string]any{"memory": "256MiB"})),
		"/child":  script("VM_TASK=memory /t/vm.test; echo went on; exit 0", operation{"limits": map[string]any{"memory": "32MiB"}, "reply": "socket"}),
	}))
	a := g.get("/hog")
	if a.status != 500 || !strings.Contains(a.stats, "oom") || a.figure("signal") != 9 {
		t.Errorf("a hog: %+v", a)
	}
	if a := g.get("/enough"); a.status != 200 || a.figure("memory") < 64<<20 || strings.Contains(a.stats, "oom") {
		t.Errorf("with memory enough: %+v", a)
	}
	// memory.oom.group: a script does not go on without its child.
	a = g.get("/child")
	var problem struct {
		Type, Signal string
		OOM          bool
	}
	if err := json.Unmarshal([]byte(a.body), &problem); err != nil || a.status != 502 || !problem.OOM || problem.Signal != "SIGKILL" {
		t.Errorf("a script whose child is the hog: %+v", a)
	}
}

func TestForkBomb(t *testing.T) {
	g := start(t, write(t, nil, map[string]operation{
		"/bomb": script("b() { b | b & }; b; sleep 1; exit 0", limits(map[string]any{"pids": 32})),
		"/x":    script("echo fine", nil),
	}))
	g.get("/bomb")
	if a := g.get("/x"); a.status != 200 || !strings.Contains(a.body, "fine") {
		t.Errorf("after the bomb: %+v", a)
	}
}

func TestCPU(t *testing.T) {
	g := start(t, write(t, nil, map[string]operation{
		"/slow": task("cpu", limits(map[string]any{"cpus": 0.2})),
		"/fast": task("cpu", nil),
	}))
	slow, fast := g.get("/slow"), g.get("/fast")
	// Both run for two seconds; the limited one gets a fifth of a processor.
	if slow.figure("cpu") > fast.figure("cpu")/2 {
		t.Errorf("limited %v ms, unlimited %v ms", slow.figure("cpu"), fast.figure("cpu"))
	}
}

func TestDaemonsEndWithTheirCall(t *testing.T) {
	g := start(t, write(t, nil, map[string]operation{
		"/daemon": script("setsid sh -c 'setsid env -i /bin/sleep 1234 & sleep 1234' & exit 0", nil),
	}))
	if a := g.get("/daemon"); a.status != 200 {
		t.Errorf("%+v", a)
	}
	waitFor(t, "the daemons are gone", func() bool { return running("sleep 1234") == 0 })
}

func running(what string) int {
	out, _ := exec.Command("/bin/sh", "-c", "ps -o args | grep -c '["+what[:1]+"]"+what[1:]+"'").Output()
	n := 0
	for _, c := range strings.TrimSpace(string(out)) {
		n = n*10 + int(c-'0')
	}
	return n
}

func TestReadOnlyCgroupfs(t *testing.T) {
	remount(t, "ro")
	defer remount(t, "rw")
	ops := map[string]operation{"/x": script("exit 0", limits(map[string]any{"memory": "32MiB"}))}
	out, err := exec.Command("/t/urocket", "dry", "-c", write(t, nil, ops)).CombinedOutput()
	if code := exitCode(err); code != 2 || !strings.Contains(string(out), "read-only") || !strings.Contains(string(out), "service.yaml:") {
		t.Errorf("exit %d: %s", code, out)
	}
	ops["/x"]["limits"].(map[string]any)["mode"] = "besteffort"
	g := start(t, write(t, nil, ops))
	if a := g.get("/x"); a.status != 200 {
		t.Errorf("%+v", a)
	}
	out, err = exec.Command("/t/urocket", "dry", "-c", write(t, map[string]any{"cgroup": "required"}, ops)).CombinedOutput()
	if code := exitCode(err); code != 2 || !strings.Contains(string(out), "cgroup: required") {
		t.Errorf("required: exit %d: %s", code, out)
	}
}

func exitCode(err error) int {
	if exit, ok := err.(*exec.ExitError); ok {
		return exit.ExitCode()
	}
	return 0
}

func remount(t *testing.T, mode string) {
	t.Helper()
	if out, err := exec.Command("/bin/mount", "-o", "remount,"+mode, "/sys/fs/cgroup").CombinedOutput(); err != nil {
		t.Fatalf("remount: %v %s", err, out)
	}
}

// In a service's group the processes of our own are moved aside, and back.
func TestInAGroupOfItsOwn(t *testing.T) {
	const dir = "/sys/fs/cgroup/unit.service"
	must(t, os.WriteFile("/sys/fs/cgroup/cgroup.subtree_control", []byte("+memory +pids +cpu +io"), 0))
	must(t, os.Mkdir(dir, 0o755))
	t.Cleanup(func() {
		waitFor(t, "the unit's group can be removed", func() bool { return os.Remove(dir) == nil })
	})
	g := start(t, write(t, map[string]any{"cgroup": "required"}, map[string]operation{
		"/hog": task("memory", limits(map[string]any{"memory": "32MiB"})),
	}), "/bin/sh", "-c", "echo $$ > "+dir+"/cgroup.procs; exec \"$@\"", "sh")
	if a := g.get("/hog"); !strings.Contains(a.stats, "oom") {
		t.Errorf("%+v %s", a, g.logText())
	}
	if main, _ := os.ReadFile(dir + "/main/cgroup.procs"); len(main) == 0 {
		t.Error("urocket is not in the leaf main")
	}
}

// A crash leaves groups and processes; the next start ends them.
func TestAfterACrash(t *testing.T) {
	file := write(t, nil, map[string]operation{"/x": script("setsid sleep 4321 & sleep 4321", nil)})
	g := start(t, file)
	go func() { _, _ = g.http.Get(g.url + "/x") }()
	waitFor(t, "the script runs", func() bool { return running("sleep 4321") == 2 })
	g.crashed = true
	must(t, g.cmd.Process.Kill())
	_, _ = g.cmd.Process.Wait()
	again := start(t, write(t, nil, map[string]operation{"/y": script("exit 0", nil)}))
	if a := again.get("/y"); a.status != 200 {
		t.Errorf("%+v", a)
	}
	waitFor(t, "what the crash left is gone", func() bool { return running("sleep 4321") == 0 })
}
