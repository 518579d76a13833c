package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/urocket/urocket/internal/notrun"
	"github.com/urocket/urocket/processctl/family"
)

// What a process of the program that waits for calls calls itself.
const warmTitle = "urocket: a warm php"

// warmPHPs are the processes that are kept warm for an operation, "" for all.
func (g *gateway) warmPHPs(operation string) (pids []int) {
	for _, pid := range allPIDs() {
		if line := cmdline(pid); strings.HasPrefix(line, warmTitle) && strings.Contains(line, operation) && family.Parent(pid) == g.pid() {
			pids = append(pids, pid)
		}
	}
	return pids
}

// forker is the process that forks for an operation, 0 for none. For a moment its
// children have its title.
func (g *gateway) forker(operation string) (pid int) {
	before := g.warmPHPs(operation)
	time.Sleep(50 * time.Millisecond)
	for _, p := range g.warmPHPs(operation) {
		if slices.Contains(before, p) && (pid == 0 || family.Start(p) < family.Start(pid)) {
			pid = p
		}
	}
	return pid
}

// drivers are those of the last calls of a path, the newest first.
func (g *gateway) drivers(t *testing.T, path string) (list []string) {
	t.Helper()
	var all struct {
		Processes []struct{ Path, Driver string }
	}
	g.back(t, "GET", "/urprocs", "").want(t, 200).decode(t, &all)
	for _, p := range slices.Backward(all.Processes) {
		if p.Path == path {
			list = append(list, p.Driver)
		}
	}
	return list
}

// warmUp makes a call of an operation again and again until its process comes to be as
// a driver has it, and returns the last answer.
func (g *gateway) warmUp(t *testing.T, template string, r request, driver string) (a answer) {
	t.Helper()
	eventually(t, template+" by "+driver, func() bool {
		a = g.do(t, r)
		d := g.drivers(t, template)
		return len(d) > 0 && (d[0] == driver || strings.Contains(driver, " -> ") && strings.HasPrefix(d[0], driver))
	})
	return a
}

// rest waits until so many wait for calls at least and no more are started, and notes
// what descriptors that takes.
func (g *gateway) rest(t *testing.T, least int) {
	t.Helper()
	open := 0
	eventually(t, fmt.Sprintf("%d wait", least), func() bool {
		before := open
		time.Sleep(200 * time.Millisecond)
		open = g.descriptors()
		return open == before && len(g.warmPHPs("")) >= least
	})
	g.idle = max(g.idle, open)
}

// forkable says that php can fork here, or notes that it cannot.
func forkable(t *testing.T) {
	t.Helper()
	if !cgroupsWork() {
		notrun.Here(t, "no cgroup can be made")
	}
}

// threeWays has operations under /spawn, /fork and /spare.
func threeWays(of ops) ops {
	all := ops{}
	for at, op := range of {
		verb, path, _ := strings.Cut(at, " ")
		for _, driver := range []string{"spawn", "fork", "spare"} {
			k := maps.Clone(op)
			// The one without FFI cannot fork. The others are like it otherwise.
			ffi := map[string]string{"spawn": "1", "fork": "1", "spare": "0"}[driver]
			k["cmd"] = strings.Replace(k["cmd"].(string), "php ", "php -d ffi.enable="+ffi+" ", 1)
			if driver != "spawn" {
				k["driver"] = "fork"
			}
			all[verb+" /"+driver+path] = k
		}
	}
	return all
}

// Every way of answering is the same for all drivers.
func TestDriversAnswerAlike(t *testing.T) {
	forkable(t)
	t.Parallel()
	g := start(t, setup{
		files: map[string]string{
			"all.php": `<?php
				echo json_encode(['argv' => array_slice($argv, 1), 'in' => stream_get_contents(STDIN), 'own' => getenv('OWN'), 'method' => $_SERVER['REQUEST_METHOD'],
				'id' => strlen($_SERVER['REQUEST_ID']), 'late' => getenv('UROCKET_DEADLINE') > 1000 * (time() + 5), 'tmp' => is_writable(sys_get_temp_dir()), 'cwd' => basename(getcwd()) === basename(__DIR__)]);`,
			"curl.php": `<?php
				$c = curl_init('http://internal/urhttp/' . getenv('REQUEST_ID'));
				curl_setopt_array($c, [CURLOPT_UNIX_SOCKET_PATH => getenv('UROCKET_SOCKET'), CURLOPT_POSTFIELDS => $argv[1], CURLOPT_RETURNTRANSFER => true,
				CURLOPT_HTTPHEADER => ['Content-Type: application/json', 'Urocket-Status: 201']]);
				if (curl_exec($c) !== 'ok') exit(9);`,
			"cgi.php":  `<?php echo "Status: 404\r\nX-Own: ", getenv('SERVER_PROTOCOL'), "\r\nContent-Type: text/x\r\n\r\n", file_get_contents('php://stdin');`,
			"exit.php": `<?php fwrite(STDERR, 'err'); echo 'out'; exit(3);`,
			"die.php":  `<?php posix_kill(getmypid(), SIGKILL);`,
			"none.php": `<?php`,
		},
		ops: threeWays(ops{
			"post /stdout/{a}": {"cmd": "php all.php {{path.a}} -- {{query.b}}", "channel": "stdin", "encoding": "raw", "reply": "stdout", "contenttype": "application/json", "env": []string{"OWN={{query.b}}"}},
			"post /own":        {"cmd": "php all.php", "channel": "stdin", "reply": "stdout", "tmpdir": "own"},
			"post /socket":     {"cmd": "php curl.php {{jsonpayload}}", "stats": true, "replyfrom": "process"},
			"post /cgi":        {"cmd": "php cgi.php", "reply": "cgi"},
			"get /report":      {"cmd": "php exit.php", "reply": "report"},
			"get /killed":      {"cmd": "php die.php"},
			"get /silent":      {"cmd": "php none.php"},
			"get /missing":     {"cmd": "php nowhere.php", "reply": "report"},
		}),
	})
	for _, c := range []struct{ template, path, body string }{
		{"post /stdout/{a}", "/stdout/x?b=%C3%A9%20y", strings.Repeat("a line\n", 20000)},
		{"post /stdout/{a}", "/stdout/y?b=", ""},
		{"post /own", "/own", `{"a":1}`},
		{"post /socket", "/socket", `{"a":"` + strings.Repeat("x", 100_000) + `"}`},
		{"post /cgi", "/cgi", "in"},
		{"get /report", "/report", ""},
		{"get /killed", "/killed", ""},
		{"get /silent", "/silent", ""},
		{"get /missing", "/missing", ""},
	} {
		verb, template, _ := strings.Cut(c.template, " ")
		call := func(driver string) request {
			return request{method: strings.ToUpper(verb), path: "/" + driver + c.path, body: []byte(c.body)}
		}
		want := g.do(t, call("spawn"))
		for driver, told := range map[string]string{"fork": "fork", "spare": "fork -> spare: php cannot fork for us: its extension FFI"} {
			if template == "/missing" {
				told = "fork -> spawn: "
			}
			a := g.warmUp(t, "/"+driver+template, call(driver), told)
			if a.status != want.status || alike(a.body) != alike(want.body) || a.broken != nil {
				t.Errorf("%s by %s: %d %.300s %v\nspawn: %d %.300s", c.path, driver, a.status, a.body, a.broken, want.status, want.body)
			}
			for _, name := range []string{"Content-Type", "X-Own"} {
				if a.header.Get(name) != want.header.Get(name) {
					t.Errorf("%s by %s: %s: %s", c.path, driver, name, a.header.Get(name))
				}
			}
		}
	}
	g.rest(t, 7+7)
}

// alike is a body without what differs from call to call.
func alike(body []byte) string {
	var v map[string]any
	if json.Unmarshal(body, &v) != nil {
		return string(body)
	}
	delete(v, "request_id")
	delete(v, "stats")
	text, _ := json.Marshal(v)
	return string(text)
}

// counting is an operation whose script notes that it has run.
func counting(more keys) keys {
	k := keys{"cmd": "php count.php {{query.t}}", "driver": "fork", "reply": "stdout"}
	maps.Copy(k, more)
	return k
}

const countingScript = `<?php file_put_contents("marks/$argv[1]", getmypid() . "\n", FILE_APPEND); usleep(random_int(0, 5000)); echo $argv[1];`

// crowd makes so many calls, some at a time, and demands of each its answer, and that
// its script has run once.
func (g *gateway) crowd(t *testing.T, path string, calls, atOnce int) {
	t.Helper()
	var all sync.WaitGroup
	places := make(chan struct{}, atOnce)
	for range calls {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			tok := token()
			a, err := g.try(request{path: path + "?t=" + tok})
			runs := strings.Count(string(readFile(g.path("marks", tok))), "\n")
			if err != nil || a.status != 200 || string(a.body) != tok || a.broken != nil || runs != 1 {
				t.Errorf("%d %.200s %v %v, ran %d times", a.status, a.body, a.broken, err, runs)
			}
		})
	}
	all.Wait()
}

// tell counts how the processes of a path came to be.
func (g *gateway) tell(t *testing.T, path string) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for _, d := range g.drivers(t, path) {
		counts[d]++
	}
	return counts
}

// 200 calls at once are forked, each by itself.
func TestForkedCrowd(t *testing.T) {
	forkable(t)
	g := start(t, setup{top: keys{"running": 200}, files: map[string]string{"count.php": countingScript}, ops: ops{"get /fork": counting(nil)}})
	g.warmUp(t, "/fork", request{path: "/fork?t=first"}, "fork")
	g.crowd(t, "/fork", 200, 200)
	if told := g.tell(t, "/fork"); told["fork"] < 200 {
		t.Errorf("%v", told)
	}
	g.rest(t, 1)
}

// Whoever ends or stops what waits for calls, or switches the release, while there are
// some: every call has its answer, and its script has run once.
func TestWarmPHPsAreKilled(t *testing.T) {
	forkable(t)
	g := start(t, setup{files: map[string]string{"r1/count.php": countingScript, "r2/count.php": countingScript, "count.php": countingScript}, ops: ops{
		"get /fork": counting(keys{"cmd": "php current/count.php {{query.t}}"}), "get /spare": counting(keys{"cmd": "php -n count.php {{query.t}}"}),
	}})
	release := func(n int) {
		check(t, os.Symlink(fmt.Sprintf("r%d", n%2+1), g.path("next")))
		check(t, os.Rename(g.path("next"), g.path("current")))
	}
	release(0)
	g.warmUp(t, "/fork", request{path: "/fork?t=f"}, "fork")
	g.warmUp(t, "/spare", request{path: "/spare?t=s"}, "fork -> spare")
	over := make(chan struct{})
	var pranks sync.WaitGroup
	pranks.Go(func() {
		signals := []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGSTOP}
		for n := 0; ; n++ {
			select {
			case <-over:
				return
			case <-time.After(150 * time.Millisecond):
			}
			if n%4 == 3 {
				release(n / 4)
				continue
			}
			if pid := g.forker("/fork"); pid > 0 {
				_ = syscall.Kill(pid, signals[n%len(signals)])
			}
		}
	})
	g.crowd(t, "/fork", 150, 8)
	close(over)
	pranks.Wait()
	for _, sig := range []syscall.Signal{syscall.SIGSTOP, syscall.SIGKILL, syscall.SIGSTOP} {
		for _, pid := range g.warmPHPs("/spare") {
			_ = syscall.Kill(pid, sig)
		}
		g.crowd(t, "/spare", 10, 5)
	}
	t.Log(g.tell(t, "/fork"), g.tell(t, "/spare"))
	g.warmUp(t, "/fork", request{path: "/fork?t=again"}, "fork")
	g.warmUp(t, "/spare", request{path: "/spare?t=again"}, "fork -> spare")
	g.rest(t, 2)
}

// The figures, the timeout and the list of processes are a forked process's own.
func TestForkedProcess(t *testing.T) {
	forkable(t)
	t.Parallel()
	g := start(t, setup{
		files: map[string]string{
			"hang.php": `<?php pcntl_signal(SIGTERM, SIG_IGN); exec('sh -c "trap : TERM; sleep 1000" >/dev/null 2>&1 & echo $!', $o); echo "out"; fwrite(STDERR, "err"); sleep(1000);`,
			"fine.php": `<?php echo "fine";`,
		},
		ops: ops{
			"get /hang": {"cmd": "php hang.php", "driver": "fork", "timeout": "1s", "grace": "300ms", "stats": true},
			"get /fine": {"cmd": "php fine.php", "driver": "fork", "reply": "stdout", "stats": true},
		},
	})
	a := g.warmUp(t, "/fine", request{path: "/fine"}, "fork").want(t, 200, "fine")
	if s := parseStats(t, a.trailer.Get("Urocket-Stats")); s["exit"] != "0" || s["stdout"] != "4" || s["maxrss"] == "" || s["cpu"] == "" {
		t.Errorf("%v", s)
	}
	g.warmUp(t, "/hang", request{path: "/hang"}, "fork").wantProblem(t, 504, "timeout")
	eventually(t, "the call has ended", func() bool { p := g.procs(t); return p[len(p)-1].State == "ended" })
	p := g.procs(t)
	if last := p[len(p)-1]; last.end() != "timeout" || *last.Signal != "SIGKILL" || *last.Stdout != "out" || *last.Stderr != "err" || !slices.Equal(last.Argv, []string{"php", "hang.php"}) {
		t.Errorf("%+v", last)
	}
	g.rest(t, 2)
}

// A process of another user is forked by a PHP of that user.
func TestForkedAsAnotherUser(t *testing.T) {
	forkable(t)
	if os.Getuid() != 0 {
		notrun.Here(t, "only root can become another user")
	}
	t.Parallel()
	g := start(t, setup{
		top:   keys{"socketmode": "0666"},
		files: map[string]string{"who.php": `<?php echo posix_getuid(), ' ', posix_getgid(), ' ', getenv('USER'), ' ', sprintf('%04o', umask()), ' ', preg_match('/NoNewPrivs:\s1/', file_get_contents('/proc/self/status')), ' ', preg_match('#/urocket-e2e-.*/\d+$#', trim(file_get_contents('/proc/self/cgroup')));`},
		ops:   ops{"get /who": {"cmd": "php who.php", "driver": "fork", "reply": "stdout", "user": "www-data", "umask": "0027", "nofile": 100}},
	})
	g.warmUp(t, "/who", request{path: "/who"}, "fork").want(t, 200, "33 33 www-data 0027 1 1")
	for _, pid := range g.warmPHPs("/who") {
		st, err := os.Stat(fmt.Sprintf("/proc/%d/status", pid))
		check(t, err)
		if text := string(readFile(fmt.Sprintf("/proc/%d/status", pid))); !strings.Contains(text, "Uid:\t33\t33\t33\t33") {
			t.Errorf("%v\n%s", st, text)
		}
	}
	g.rest(t, 1)
}

// Where a process cannot come to be as is wanted it does in another way, and every
// place that tells of drivers says which and why.
func TestFallbacksAreTold(t *testing.T) {
	t.Parallel()
	why := map[string]string{
		"/ffi":   "fork -> spare: php cannot fork for us: its extension FFI is not there",
		"/code":  "fork -> spawn: option -r of php is none of",
		"/shell": "fork -> spawn: the command does not begin with php",
		"/dir":   "fork -> spawn: open_basedir is set",
		"/hole":  "fork -> spawn: a placeholder follows -f SCRIPT",
		"/plain": "spawn",
	}
	g := start(t, setup{files: map[string]string{"a.php": "<?php echo 1;"}, ops: ops{
		"get /ffi": {"cmd": "php -n a.php", "driver": "fork", "reply": "stdout"}, "get /code": {"cmd": []string{"php", "-r", "echo 1;"}, "driver": "fork", "reply": "stdout"},
		"get /shell": {"cmd": "sh -c 'printf 1'", "driver": "fork", "reply": "stdout"}, "get /dir": {"cmd": "php -d open_basedir=@DIR@ a.php", "driver": "fork", "reply": "stdout"},
		"get /hole": {"cmd": "php -f a.php {{query.x}}", "driver": "fork", "reply": "stdout"}, "get /plain": {"cmd": "php a.php", "reply": "stdout"},
	}})
	dry := g.cli(t, "dry", "-c", g.path("urocket-service.yaml")).want(t, 0)
	for path, told := range why {
		g.warmUp(t, path, request{path: path}, told).want(t, 200, "1")
		if path == "/plain" {
			continue
		}
		if len(g.logLines(`"level":"WARN"`, "driver: "+told)) == 0 || len(g.logLines(`"driver of an operation"`, "GET "+path, told)) == 0 {
			t.Errorf("%s: not in the log: %s", path, told)
		}
		if !strings.Contains(string(dry.stdout), "driver: "+told) {
			t.Errorf("%s: dry does not say %s:\n%s", path, told, dry.stdout)
		}
	}
	g.rest(t, 1)
}

// Without cgroups there is nobody to keep forked processes together.
func TestForkWithoutCgroups(t *testing.T) {
	t.Parallel()
	g := start(t, setup{top: keys{"cgroup": "off"}, files: map[string]string{"a.php": "<?php exec('setsid sleep 1000 >/dev/null 2>&1 &'); echo fgets(STDIN);"}, ops: ops{
		"post /a": {"cmd": "php a.php", "driver": "fork", "reply": "stdout", "channel": "stdin", "encoding": "raw"},
	}})
	for range 3 {
		g.warmUp(t, "/a", request{method: "POST", path: "/a", body: []byte("in\n")}, "fork -> spare: there are no cgroups").want(t, 200, "in\n")
	}
	g.rest(t, 0)
}

// A reload leaves what has not changed as it is, and ends what is not wanted any more.
func TestReloadOfWarmPHPs(t *testing.T) {
	forkable(t)
	t.Parallel()
	op := func(precision string) keys {
		return keys{"cmd": "php -d precision=" + precision + " a.php", "driver": "fork", "reply": "stdout"}
	}
	files := map[string]string{"a.php": "<?php echo ini_get('precision');"}
	g := start(t, setup{files: files, ops: ops{"get /same": op("3"), "get /other": op("4"), "get /gone": op("5")}})
	for path, want := range map[string]string{"/same": "3", "/other": "4", "/gone": "5"} {
		g.warmUp(t, path, request{path: path}, "fork").want(t, 200, want)
	}
	// Each has one that forks, and one that was forked ahead.
	eventually(t, "two of each wait", func() bool { return len(g.warmPHPs("/same")) == 2 && len(g.warmPHPs("/gone")) == 2 })
	same, gone := g.warmPHPs("/same"), g.warmPHPs("/gone")
	g.reload(t, setup{files: files, ops: ops{"get /same": op("3"), "get /other": op("6"), "get /new": {"cmd": "php -n a.php", "driver": "fork", "reply": "stdout"}}}, reloadedLine)
	g.get(t, "/other").want(t, 200, "6")
	g.warmUp(t, "/new", request{path: "/new"}, "fork -> spare").want(t, 200)
	g.warmUp(t, "/other", request{path: "/other"}, "fork").want(t, 200, "6")
	g.rest(t, 1+1+1)
	if now := g.warmPHPs("/same"); !slices.Equal(now, same) || len(g.warmPHPs("/gone")) > 0 {
		t.Errorf("%v was %v; gone: %v was %v", now, same, g.warmPHPs("/gone"), gone)
	}
	g.reload(t, setup{files: files, ops: ops{"get /same": {"cmd": "php nowhere.php", "user": "nobody-of-that-name", "driver": "fork"}}}, refusedLine)
	if now := g.warmPHPs("/same"); !slices.Equal(now, same) {
		t.Errorf("%v was %v, after a reload that was refused", now, same)
	}
}

// Nothing that waits outlives a program that is killed.
func TestCrashWithWarmPHPs(t *testing.T) {
	forkable(t)
	t.Parallel()
	g := start(t, setup{files: map[string]string{"a.php": "<?php echo 1;"}, ops: ops{
		"get /fork":  {"cmd": "php a.php", "driver": "fork", "reply": "stdout"},
		"get /spare": {"cmd": "php -n a.php", "driver": "fork", "reply": "stdout"},
	}})
	g.warmUp(t, "/fork", request{path: "/fork"}, "fork")
	g.warmUp(t, "/spare", request{path: "/spare"}, "fork -> spare")
	g.rest(t, 2)
	left := g.warmPHPs("")
	g.crashed = true
	g.signal(syscall.SIGKILL)
	g.exitCode()
	for _, pid := range left {
		eventually(t, "what waited has ended: "+cmdline(pid), func() bool { return !alive(pid) })
	}
	g.crashed = false
	g.launch(setup{})
	g.waitUp()
	if dirs, err := os.ReadDir(g.path("tmp")); len(dirs) != 1 || len(left) < 2 || err != nil {
		t.Errorf("in TMPDIR: %v %v; waited: %v", dirs, err, left)
	}
	g.warmUp(t, "/fork", request{path: "/fork"}, "fork").want(t, 200, "1")
	g.warmUp(t, "/spare", request{path: "/spare"}, "fork -> spare").want(t, 200, "1")
	g.rest(t, 2)
}
