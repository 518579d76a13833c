package vm

import (
	"strings"
	"testing"
)

func TestLevelIsFull(t *testing.T) {
	g := start(t, write(t, keys{"cgroup": "required"}, map[string]keys{"/x": script("exit 0", nil)}))
	if a := g.get("/x"); a.status != 200 || a.figure("memory") <= 0 {
		t.Errorf("answer %+v", a)
	}
	if log := g.logText(); !strings.Contains(log, "ended, measured and limited") {
		t.Errorf("the log does not say what holds: %s", log)
	}
}

func TestMemory(t *testing.T) {
	g := start(t, write(t, nil, map[string]keys{
		"/hog":    task("memory", limits(keys{"memory": "32MiB"})),
		"/enough": task("memory", limits(keys{"memory": "256MiB"})),
		"/child":  script("/t/vm.test memory; echo went on; exit 0", keys{"limits": keys{"memory": "32MiB"}, "reply": "socket"}),
	}))
	a := g.get("/hog")
	if a.status != 500 || !strings.Contains(a.stats, "oom") || a.figure("signal") != 9 {
		t.Errorf("a hog: %+v", a)
	}
	if a := g.get("/enough"); a.status != 200 || a.figure("memory") < 64<<20 || strings.Contains(a.stats, "oom") {
		t.Errorf("with memory enough: %+v", a)
	}
	// memory.oom.group: a script does not go on without its child.
	g.get("/child").wantOOM(t)
}

func TestForkBomb(t *testing.T) {
	g := start(t, write(t, nil, map[string]keys{
		"/bomb": script("b() { b | b & }; b; sleep 1; exit 0", limits(keys{"pids": 32})),
		"/x":    script("echo fine", nil),
	}))
	g.get("/bomb")
	g.get("/x").want(t, 200, "fine")
	waitFor(t, "the log says that processes were refused", func() bool { return strings.Contains(g.logText(), `"pids_refused":`) })
}

func TestCPU(t *testing.T) {
	g := start(t, write(t, nil, map[string]keys{"/slow": task("cpu", limits(keys{"cpus": 0.2}))}))
	// It wants a processor for a second, and gets a fifth of one for as long as it runs.
	if a := g.get("/slow"); a.figure("cpu") <= 0 || a.figure("cpu") > a.figure("wall")/3 {
		t.Errorf("%v ms of a processor in %v ms", a.figure("cpu"), a.figure("wall"))
	}
}
