package vm

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// listed is what /urprocs says of the calls and of the pools.
type listed struct {
	Processes []struct{ Path, Driver string }
	Pools     []struct {
		Alive, Busy int
		Ends        map[string]int
	}
}

func (g *gateway) listed() (l listed) {
	g.t.Helper()
	out, err := exec.Command("curl", "-sS", "--unix-socket", g.sock, "http://internal/urprocs").Output()
	must(g.t, err)
	must(g.t, json.Unmarshal(out, &l))
	return l
}

// wantDriver demands that the last call of a path was had by a driver.
func (g *gateway) wantDriver(path, driver string) {
	g.t.Helper()
	got := ""
	for _, p := range g.listed().Processes {
		if p.Path == path {
			got = p.Driver
		}
	}
	if got != driver {
		g.t.Errorf("%s was had by %q, want %q", path, got, driver)
	}
}

// driven is an operation whose script is had by a driver.
func driven(driver, command string, limits, more keys) keys {
	inject := keys{"cmd": strings.Fields(command), "driver": driver}
	for k, v := range more {
		inject[k] = v
	}
	op := keys{"reply": "stdout", "limits": limits, "inject": inject}
	if driver == "worker" {
		delete(op, "reply")
	}
	return op
}

const (
	hog   = `<?php fwrite(STDERR, "begins\n"); $a = []; while (true) $a[] = str_repeat('x', 1 << 20);`
	bombs = `<?php for ($n = 0, $all = []; $n < 50 && ($all[] = @proc_open(['/bin/sleep', '31004'], [], $pipes)); $n++); echo "started $n";`
	mine  = `<?php foreach (['memory.max', 'pids.max', 'cpu.max'] as $f) echo trim(file_get_contents('/sys/fs/cgroup' . substr(trim(file_get_contents('/proc/self/cgroup')), 3) . "/$f")), ' ';`
)

// A process that a warm PHP has forked, and one that was started ahead, has the limits of
// its call: of memory, of processes, of processors. The warm PHP is not in its group.
func TestLimitsOfForkedPHP(t *testing.T) {
	few := keys{"memory": "48MiB", "pids": 12, "cpus": 1.5}
	ops := map[string]keys{}
	for name, command := range map[string]string{"fork": "php ", "spare": "php -d ffi.enable=0 "} {
		ops["/"+name+"/hog"] = driven("fork", command+"hog.php", few, nil)
		ops["/"+name+"/bombs"] = driven("fork", command+"bombs.php", few, nil)
		ops["/"+name+"/own"] = driven("fork", command+"own.php", few, nil)
	}
	file := write(t, keys{"cgroup": "required"}, ops)
	beside(t, file, "hog.php", hog)
	beside(t, file, "bombs.php", bombs)
	beside(t, file, "own.php", mine)
	g := start(t, file)
	for _, name := range []string{"fork", "spare"} {
		had := func(path string) func() bool {
			return func() bool {
				g.get(path).want(t, 200, "50331648 12 150000 100000")
				return slices.ContainsFunc(g.listed().Processes, func(p struct{ Path, Driver string }) bool {
					return p.Path == path && (p.Driver == "fork" || strings.HasPrefix(p.Driver, "fork -> spare"))
				})
			}
		}
		waitFor(t, name+" is warm", had("/"+name+"/own"))
		for range 2 {
			a := g.get("/" + name + "/hog")
			a.wantOOM(t)
			if peak := a.figure("memory"); peak < 40<<20 || peak > 49<<20 {
				t.Errorf("%s: memory.peak %v with a limit of 48 MiB", name, peak)
			}
			g.get("/"+name+"/bombs").want(t, 200, "started 11")
			g.get("/"+name+"/own").want(t, 200, "50331648 12 150000 100000")
		}
	}
	g.wantDriver("/fork/hog", "fork")
}

// A worker has the limits of its operation for itself. One that is out of memory costs
// its caller the answer, and nobody else.
func TestLimitsOfWorkers(t *testing.T) {
	file := write(t, keys{"cgroup": "required"}, map[string]keys{
		"/{what}": driven("worker", "php work.php", keys{"memory": "48MiB", "pids": 6}, keys{"worker": keys{"min": 2, "max": 2, "maxmemory": "30MiB", "boottimeout": "120s"}}),
	})
	text, err := os.ReadFile("/t/scripts/php/worker.php")
	must(t, err)
	beside(t, file, "worker.php", string(text))
	beside(t, file, "work.php", `<?php require __DIR__ . '/worker.php';
Urocket\serve(function (Urocket\Request $r) {
	static $kept = [];
	switch ($r->param('what')) {
	case 'hog': while (true) $a[] = str_repeat('x', 1 << 20);
	case 'grow': $kept[] = str_repeat('x', 33 << 20); break;
	case 'bombs': for ($n = 0, $all = []; $n < 50 && ($all[] = @proc_open(['/bin/sleep', '31005'], [], $pipes)); $n++); foreach (array_filter($all) as $p) proc_terminate($p, 9); return "started $n";
	}
	return (string) getmypid();
});`)
	g := start(t, file)
	pid := func() int {
		a := g.get("/pid")
		a.want(t, 200, "")
		n, err := strconv.Atoi(a.body)
		must(t, err)
		return n
	}
	first := pid()
	group := ""
	for _, dir := range g.callGroups() {
		if slices.Contains(strings.Fields(read(dir, "cgroup.procs")), strconv.Itoa(first)) {
			group = dir
		}
	}
	if read(group, "memory.max") != "50331648" || read(group, "pids.max") != "6" {
		t.Errorf("%s: memory.max %s, pids.max %s", filepath.Base(group), read(group, "memory.max"), read(group, "pids.max"))
	}
	g.get("/hog").wantOOM(t)
	g.get("/bombs").want(t, 200, "started 5")
	g.get("/grow").want(t, 200, "")
	waitFor(t, "the worker that has grown is replaced", func() bool { return g.listed().Pools[0].Ends["memory"] == 1 })
	waitFor(t, "there are two again", func() bool { return g.listed().Pools[0].Alive == 2 })
	if ends := g.listed().Pools[0].Ends; ends["crash"] != 1 {
		t.Errorf("%v", ends)
	}
	pid()
}
