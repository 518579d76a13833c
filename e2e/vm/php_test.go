package vm

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// openExample runs the example of the repository, with limits for all of it.
func openExample(t *testing.T, limits string) *gateway {
	t.Helper()
	text, err := os.ReadFile("/t/examples/urocket-service.yaml")
	must(t, err)
	dir, address := folder(t), freeAddress(t)
	conf := strings.NewReplacer(
		"127.0.0.1:8080", address, "/tmp/urocket.sock", dir+"/u.sock",
		"timeout: 5s ", "timeout: 60s ", "defaults:\n", "cgroup: required\ndefaults:\n"+limits,
	).Replace(string(text))
	if strings.Count(conf, limits) != 1 || !strings.Contains(conf, "timeout: 60s") {
		t.Fatalf("the example has changed: %s", conf)
	}
	must(t, os.CopyFS(dir+"/examples", os.DirFS("/t/examples")))
	must(t, os.CopyFS(dir+"/scripts", os.DirFS("/t/scripts")))
	file := dir + "/examples/limited.yaml"
	must(t, os.WriteFile(file, []byte(conf), 0o644))
	g := &gateway{t: t, cmd: command(file), url: "http://" + address, sock: dir + "/u.sock"}
	g.launch(file)
	return g
}

// The example answers as ever inside limits: PHP by curl over the socket, sh by
// curl, CGI, what is printed.
func TestExampleInsideLimits(t *testing.T) {
	g := openExample(t, "  memory: 64MiB\n  pids: 8\n  cpus: 1.5\n  cpuweight: 50\n  ioweight: 200\n")
	for _, c := range []struct {
		method, path, body string
		status             int
		text               string
	}{
		{"GET", "/v1/store/inventory", "", 200, `"available":`},
		{"POST", "/store/order", `{"petId":7,"quantity":1}`, 201, `"status":"placed"`},
		{"POST", "/job/backup", "", 201, `"archive":`},
		{"GET", "/export/pets", "", 200, "12,Nemo,"},
	} {
		a := g.ask(c.method, c.path, c.body)
		a.want(t, c.status, c.text)
		if c.path == "/v1/store/inventory" && (a.figure("memory") <= 1<<20 || a.figure("memory") > 64<<20 || a.figure("cpu") <= 0) {
			t.Errorf("figures of its group: %s", a.stats)
		}
	}
	g.quiet()
	wantLimitsOfARunningCall(t, g)
}

var storedID = regexp.MustCompile(`I stored the reqid :: ([0-9a-f-]{36})`)

// The limits stand in the call's own group, which is there until somebody's curl
// ends the call.
func wantLimitsOfARunningCall(t *testing.T, g *gateway) {
	t.Helper()
	before := len(g.logText())
	c := make(chan answer, 1)
	go func() { c <- g.ask("POST", "/get/pets", `{"a":1}`) }()
	var id string
	waitFor(t, "the log names the request", func() bool {
		found := storedID.FindStringSubmatch(g.logText()[before:])
		if found != nil {
			id = found[1]
		}
		return found != nil
	})
	dirs := g.callGroups()
	if len(dirs) != 1 {
		t.Fatalf("groups %q", dirs)
	}
	for file, want := range map[string]string{
		"memory.max": "67108864", "memory.swap.max": "0", "memory.oom.group": "1", "pids.max": "8",
		"cpu.max": "150000 100000", "cpu.weight": "50", "io.weight": "default 200",
	} {
		if got := read(dirs[0], file); got != want {
			t.Errorf("%s is %q, want %q", file, got, want)
		}
	}
	out, err := exec.Command("curl", "-sS", "--unix-socket", g.sock, "-d", `{"hello":true}`, "http://internal/urhttp/"+id).CombinedOutput()
	if err != nil {
		t.Errorf("curl: %v %s", err, out)
	}
	(<-c).want(t, 200, `{"hello":true}`)
}

// A PHP script that eats memory is ended with all it has started.
func TestPHPMemoryHog(t *testing.T) {
	const hog = `<?php $a = []; while (true) $a[] = str_repeat('x', 1 << 20);`
	file := write(t, nil, map[string]keys{
		"/hog":   call([]string{"php", "hog.php"}, keys{"reply": "socket", "limits": keys{"memory": "48MiB"}}),
		"/child": call([]string{"php", "parent.php"}, keys{"reply": "socket", "limits": keys{"memory": "48MiB"}}),
	})
	beside(t, file, "hog.php", hog)
	beside(t, file, "parent.php", `<?php exec('setsid sleep 31002 >/dev/null & exec php hog.php', $out, $code); echo "went on after $code"; sleep(600);`)
	g := start(t, file)
	g.get("/hog").wantOOM(t)
	a := g.get("/child")
	a.wantOOM(t)
	if peak := a.figure("memory"); peak < 40<<20 || peak > 49<<20 {
		t.Errorf("memory.peak %v with a limit of 48 MiB", peak)
	}
	waitFor(t, "the log has both ends", func() bool { return strings.Count(g.logText(), `"end":"oom"`) == 2 })
}

// A PHP fork bomb fills its own group and nothing else: others are served while
// it goes on, and all of it ends when its caller leaves.
func TestPHPForkBomb(t *testing.T) {
	file := write(t, nil, map[string]keys{
		"/count": call([]string{"php", "count.php"}, limits(keys{"pids": 12})),
		"/bomb":  call([]string{"php", "bomb.php"}, keys{"limits": keys{"pids": 12}, "ondisconnect": "kill"}),
		"/x":     script("echo fine", nil),
	})
	beside(t, file, "count.php", `<?php
for ($n = 0, $all = []; $n < 50 && ($all[] = @proc_open(['/bin/sleep', '31003'], [], $pipes)); $n++);
echo "started $n";
exit(0);
`)
	beside(t, file, "bomb.php", `<?php while (true) { $all[] = @proc_open(['php', __FILE__], [], $pipes); usleep(10000); }`)
	g := start(t, file)
	g.get("/count").want(t, 200, `started 11"`)
	g.quiet()
	bomb := g.begin("/bomb")
	dir := g.callGroup()
	waitFor(t, "the bomb has filled its group", func() bool { return read(dir, "pids.current") == "12" })
	g.get("/x").want(t, 200, "fine")
	bomb.leave()
}
