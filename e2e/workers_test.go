package e2e

import (
	"crypto/md5"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// pool is an entry of the pools of /urprocs.
type pool struct {
	Path, Method                           string
	Min, Max, Alive, Busy, Booting, Ending int
	Failing                                *string
	Queued                                 int
	Requests, Ends                         map[string]int
}

// pools reads the figures of all pools.
func (g *gateway) pools(t *testing.T) []pool {
	t.Helper()
	var list struct{ Pools []pool }
	g.back(t, "GET", "/urprocs", "").want(t, 200).decode(t, &list)
	return list.Pools
}

// pool reads the figures of the pool of GET.
func (g *gateway) pool(t *testing.T) pool {
	t.Helper()
	for _, p := range g.pools(t) {
		if p.Method == "GET" {
			return p
		}
	}
	t.Fatal("there is no pool")
	return pool{}
}

// odd is an operation whose worker does what the path says, right or wrong.
func odd(pool, more keys) keys {
	workers := keys{"boottimeout": "20s"} // this machine may be busy
	maps.Copy(workers, pool)
	k := keys{"cmd": []string{"php", "odd.php"}, "driver": "worker", "worker": workers, "timeout": "20s"}
	maps.Copy(k, more)
	return k
}

// oddSetup is a service of odd workers.
func oddSetup(t *testing.T, pool, more keys) setup {
	t.Helper()
	script, err := os.ReadFile("../processctl/worker/testdata/odd.php")
	check(t, err)
	return setup{files: map[string]string{"odd.php": string(script)}, ops: ops{"get /{what}": odd(pool, more), "post /{what}": odd(pool, more)}}
}

// staffed waits until workers are ready, and lets them come and go.
func (g *gateway) staffed(t *testing.T) *gateway {
	t.Helper()
	eventually(t, "the workers are ready", func() bool {
		a, err := g.tryBack("GET", "/readyz", nil)
		return err == nil && a.status == 200
	})
	g.idle = g.descriptors() + 64
	return g
}

func startOdd(t *testing.T, pool, more, top keys) *gateway {
	t.Helper()
	s := oddSetup(t, pool, more)
	s.top = top
	return start(t, s).staffed(t)
}

// worker is the pid of the worker that answers, and how many requests it has had.
func (g *gateway) worker(t *testing.T) (pid, served int) {
	t.Helper()
	a := g.get(t, "/pid").want(t, 200)
	if _, err := fmt.Sscan(string(a.body), &pid, &served); err != nil {
		t.Fatalf("%s: %v", a.body, err)
	}
	return pid, served
}

// What a caller gets for what a worker does; the next one is served whatever it was.
func TestWorkerAnswers(t *testing.T) {
	t.Parallel()
	cases := []struct {
		path   string
		status int
		word   string // of the problem; "": none
		hold   string // part of the answer
		kept   bool   // the worker serves on
	}{
		{"/mine?x=fine", 200, "", "fine", true},
		{"/status?s=201", 201, "", "x", true},
		{"/status?s=204", 204, "", "", true},
		{"/status?s=199", 502, "bad-reply", "", true},
		{"/status?s=600", 502, "bad-reply", "", true},
		{`/status?s=%22200%22`, 502, "bad-reply", "", false},
		{`/headers?h={"X-A":"b","Set-Cookie":["a=1","b=2"]}`, 200, "", "x", true},
		{`/headers?h={"Connection":"close"}`, 502, "bad-reply", "", true},
		{`/headers?h={"urocket-stats":"wall=1"}`, 502, "bad-reply", "", true},
		{`/headers?h={"Content-Length":"1"}`, 502, "bad-reply", "", true},
		{`/headers?h={"X-A":"b\r\nX-B:+c"}`, 502, "bad-reply", "", true},
		{`/headers?h={"Content-Type":["a/b","c/d"]}`, 502, "bad-reply", "", true},
		{`/headers?h={"Content-Type":"none"}`, 502, "bad-reply", "", true},
		{`/headers?h={"X-A":7}`, 502, "bad-reply", "", false},
		{"/error", 500, "failed", "", true},
		{"/exit?code=3", 502, "no-answer", `"exitcode":3`, false},
		{"/kill", 502, "no-answer", `"signal":"SIGKILL"`, false},
		{"/half-exit", 502, "no-answer", `"exitcode":0`, false},
		{"/wrong-id", 502, "bad-reply", "", false},
		{"/no-id", 502, "bad-reply", "", false},
		{"/bad-json", 502, "bad-reply", "", false},
		{"/huge-header", 502, "bad-reply", "", false},
		{"/huge-body", 502, "bad-reply", "", false},
		{"/large?n=300000&c=z", 200, "", strings.Repeat("z", 300000), true},
		{"/large?n=2000001", 502, "bad-reply", "", false},
		{"/twice", 200, "", "once", false},
	}
	g := startOdd(t, keys{"min": 1, "max": 1}, nil, keys{"maxbody": 2000000})
	for _, c := range cases {
		before, served := g.worker(t)
		a := g.get(t, strings.NewReplacer(`"`, "%22", "{", "%7B", "}", "%7D", `\r\n`, "%5Cr%5Cn", "[", "%5B", "]", "%5D").Replace(c.path))
		if c.word != "" {
			a.wantProblem(t, c.status, c.word)
		} else if a.want(t, c.status); !strings.Contains(string(a.body), c.hold) {
			t.Errorf("%s: %s", c.path, short(a.body))
		}
		if !strings.Contains(string(a.body), c.hold) || strings.Contains(string(a.body), "secret-of-the-handler") {
			t.Errorf("%s: %s", c.path, short(a.body))
		}
		if after, n := g.worker(t); (after == before && n == served+2) != c.kept {
			t.Errorf("%s: worker %d was asked %d times, then %d %d times", c.path, before, served, after, n)
		}
	}
	if len(g.logLines("secret-of-the-handler", `"status":500`)) != 1 {
		t.Error("the log does not say what the handler reported")
	}
	if a := g.get(t, `/headers?h=%7B%22X-A%22:%22b%22,%22Set-Cookie%22:%5B%22a=1%22,%22b=2%22%5D%7D`); a.header.Get("X-A") != "b" || len(a.header["Set-Cookie"]) != 2 || a.header.Get("Content-Type") != "application/json" {
		t.Errorf("%v", a.header)
	}
}

// What a handler is given: as a process would be, and typed.
func TestWorkerRequest(t *testing.T) {
	t.Parallel()
	s := oddSetup(t, nil, keys{"validatein": false})
	s.doc = `{"openapi": "3.0.3", "info": {"title": "e2e", "version": "1"}, "servers": [{"url": "/v1"}], "paths": {"/{what}": {
		"parameters": [{"name": "what", "in": "path", "required": true, "schema": {"type": "string"}}, {"name": "n", "in": "query", "schema": {"type": "integer"}}],
		"get": {"responses": {"200": {"description": "fine"}}}, "post": {"responses": {"200": {"description": "fine"}}}}}}`
	s.ops["get /{what}"]["env"] = []string{"OWN=1"}
	g := start(t, s).staffed(t)
	var head struct {
		V                                           int
		ID, Method, Path, Query, Route, ContentType string
		Params                                      map[string]any
		Headers                                     map[string][]string
		Env                                         map[string]string
		TimeoutMS                                   int64  `json:"timeout_ms"`
		DeadlineMS                                  int64  `json:"deadline_ms"`
		BodyMD5                                     string `json:"body_md5"`
	}
	a := g.do(t, request{method: "POST", path: "/v1/head?n=7&m=8", body: []byte(`{"a": 1}`), header: []string{"Content-Type: application/json", "X-Some: one", "X-Some: two", "Te: trailers", "Proxy-X: no", "Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}})
	a.want(t, 200).decode(t, &head)
	if head.V != 1 || !uuidPattern.MatchString(head.ID) || head.Method != "POST" || head.Path != "/v1/head" || head.Query != "n=7&m=8" || head.Route != "/{what}" || head.ContentType != "application/json" {
		t.Errorf("%+v", head)
	}
	if head.Params["n"] != 7.0 || head.Params["m"] != "8" || head.Params["what"] != "head" || head.TimeoutMS != 20000 || head.DeadlineMS == 0 || head.BodyMD5 != fmt.Sprintf("%x", md5.Sum([]byte(`{"a": 1}`))) {
		t.Errorf("%+v", head)
	}
	if len(head.Headers["x-some"]) != 2 || head.Headers["te"] != nil || head.Headers["proxy-x"] != nil || head.Headers["host"][0] != "gateway.test" {
		t.Errorf("%v", head.Headers)
	}
	want := map[string]string{"REQUEST_ID": head.ID, "URIPATH": "/v1/head", "REQUEST_METHOD": "POST", "QUERY_STRING": "n=7&m=8", "CONTENT_TYPE": "application/json", "TRACEPARENT": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
	if !maps.Equal(head.Env, want) {
		t.Errorf("%v", head.Env)
	}
	if b := g.get(t, "/v1/body?n=1").want(t, 200); string(b.body) != `{"what":"body","n":1}` {
		t.Errorf("a request without a body: %s", b.body)
	}
	big := strings.Repeat("0123456789", 100_000)
	g.post(t, "/v1/body", `"`+big+`"`).want(t, 200, `"`+big+`"`)
}

// Nobody but the worker answers its callers.
func TestWorkerTakesNoReplies(t *testing.T) {
	t.Parallel()
	g := startOdd(t, keys{"max": 1}, nil, nil)
	got := make(chan answer, 1)
	go func() { a, _ := g.try(request{path: "/sleep?ms=700"}); got <- a }()
	var p process
	eventually(t, "the call runs", func() bool {
		for _, q := range g.procs(t) {
			if q.Path == "/{what}" && q.State == "running" {
				p = q
			}
		}
		return p.PID != nil
	})
	g.reply(t, p.RequestID, "{}").want(t, 409)
	a := <-got
	a.want(t, 200, "slept "+p.RequestID)
	if q := g.awaitState(t, p.RequestID, "ended"); q.end() != "reply" || q.ExitCode != nil || len(q.Argv) != 2 {
		t.Errorf("%+v", q)
	}
	if raw := g.back(t, "GET", "/urprocs/"+p.RequestID, ""); !strings.Contains(string(raw.body), `"driver":"worker"`) {
		t.Errorf("%s", raw.body)
	}
	pid, _ := g.worker(t)
	if *p.PID != pid {
		t.Errorf("pid %d, and the worker is %d", *p.PID, pid)
	}
}

// A worker that is killed while it works: its caller knows at once, others are served.
func TestWorkerIsKilledMidRequest(t *testing.T) {
	t.Parallel()
	for name, top := range levels {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := startOdd(t, keys{"min": 2, "max": 2}, nil, top)
			for range 3 {
				got := make(chan answer, 1)
				go func() { a, _ := g.try(request{path: "/sleep?ms=15000"}); got <- a }()
				pid := 0
				eventually(t, "the call runs", func() bool {
					for _, p := range g.procs(t) {
						if p.State == "running" && p.PID != nil {
							pid = *p.PID
						}
					}
					return pid > 0
				})
				check(t, syscall.Kill(pid, syscall.SIGKILL))
				a := <-got
				if p := a.wantProblem(t, 502, "no-answer"); p.Signal == nil || *p.Signal != "SIGKILL" {
					t.Errorf("%s", a.body)
				}
				g.get(t, "/mine?x=next").want(t, 200, "next")
			}
			if p := g.pool(t); p.Requests["crash"] != 3 || p.Requests["answered"] != 3 {
				t.Errorf("%+v", p)
			}
		})
	}
}

// Workers that hang, do not read, or send half of something cost their callers the
// timeout, and nobody else anything; what comes late reaches nobody.
func TestWorkerTimeouts(t *testing.T) {
	t.Parallel()
	g := startOdd(t, keys{"min": 2, "max": 6}, keys{"timeout": "3s", "grace": "300ms"}, nil)
	var callers sync.WaitGroup
	for _, path := range []string{"/deaf", "/half", "/stubborn", "/sleep?ms=3300"} {
		callers.Go(func() {
			a := g.do(t, request{method: "POST", path: path, body: []byte(`"` + strings.Repeat("x", 10<<20-2) + `"`), header: withType(nil)})
			a.wantProblem(t, 504, "timeout")
		})
	}
	for caller := range 2 {
		callers.Go(func() {
			for i := range 100 {
				x := fmt.Sprintf("%d-%d", caller, i)
				g.get(t, "/mine?x="+x).want(t, 200, x)
			}
		})
	}
	callers.Wait()
	requests, ends := map[string]int{}, map[string]int{}
	for _, p := range g.pools(t) {
		for what, n := range p.Requests {
			requests[what] += n
		}
		for why, n := range p.Ends {
			ends[why] += n
		}
	}
	if requests["timeout"] != 4 || requests["answered"] != 200 || ends["timeout"] != 4 {
		t.Errorf("%v, %v", requests, ends)
	}
}

// Figures and lines of a request are its own, and a problem of a handler is logged.
func TestWorkerFigures(t *testing.T) {
	t.Parallel()
	for name, top := range levels {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := startOdd(t, keys{"min": 1, "max": 1}, keys{"stats": true, "logstdout": true}, top)
			for range 5 {
				a := g.get(t, "/say").want(t, 200, "said")
				stats := map[string]string{}
				for _, figure := range strings.Split(a.header.Get("Urocket-Stats"), ", ") {
					key, value, _ := strings.Cut(figure, "=")
					stats[key] = value
				}
				if stats["stdout"] != "44" && stats["stdout"] != "43" || stats["exit"] != "" || stats["maxrss"] != "" || stats["wall"] == "" || (stats["cpu"] != "") != (name == "cgroup") {
					t.Errorf("%v", stats)
				}
				if _, partial := stats["partial"]; partial {
					t.Errorf("%v", stats)
				}
			}
			eventually(t, "the lines are logged", func() bool { return len(g.logLines(`"msg":"output"`, `"stream":"stderr"`)) == 5 })
			for _, line := range g.logLines(`"msg":"output"`) {
				var out struct {
					ID   string `json:"request_id"`
					Text string
				}
				check(t, json.Unmarshal([]byte(line), &out))
				if !strings.HasSuffix(out.Text, " of "+out.ID) {
					t.Errorf("%s", line)
				}
			}
		})
	}
}

// A worker is isolated as other processes are.
func TestWorkerIsolation(t *testing.T) {
	t.Parallel()
	asRoot(t)
	www, err := user.Lookup("www-data")
	check(t, err)
	for name, top := range levels {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := oddSetup(t, keys{"min": 1, "max": 1}, keys{"user": "www-data", "tmpdir": "own", "nofile": 50, "passenv": []string{"LANG"}})
			s.top = top
			g := start(t, s).staffed(t)
			pid, _ := g.worker(t)
			status := string(readFile(fmt.Sprintf("/proc/%d/status", pid)))
			for _, want := range []string{"\nUid:\t" + www.Uid + "\t", "\nNoNewPrivs:\t1\n"} {
				if !strings.Contains(status, want) {
					t.Errorf("no %q in\n%s", want, status)
				}
			}
			env := string(readFile(fmt.Sprintf("/proc/%d/environ", pid)))
			_, rest, _ := strings.Cut("\x00"+env, "\x00TMPDIR=")
			tmp, _, _ := strings.Cut(rest, "\x00")
			if !exists(tmp) || filepath.Dir(tmp) != g.path("tmp") || strings.Contains(env, "REQUEST_ID") || strings.Contains(env, secret) || !strings.Contains(env, "UROCKET_WORKER=3\x00") || !strings.Contains(env, "USER=www-data\x00") {
				t.Errorf("TMPDIR %q, environment %q", tmp, env)
			}
			if fds := fdsOf(pid); len(fds) > 6 {
				t.Errorf("it has %q", fds)
			}
			check(t, syscall.Kill(pid, syscall.SIGKILL))
			eventually(t, "its TMPDIR is gone", func() bool { return !exists(tmp) })
		})
	}
}

// A worker's answer is held against the document.
func TestWorkerValidateOut(t *testing.T) {
	t.Parallel()
	s := oddSetup(t, nil, keys{"validateout": true})
	delete(s.ops, "post /{what}")
	s.doc = `{"openapi": "3.0.3", "info": {"title": "e2e", "version": "1"}, "paths": {"/{what}": {
		"parameters": [{"name": "what", "in": "path", "required": true, "schema": {"type": "string"}}],
		"get": {"responses": {"200": {"description": "fine", "content": {"text/plain": {"schema": {"type": "string"}}}}}}}}}`
	g := start(t, s).staffed(t)
	g.get(t, "/mine?x=text").want(t, 200, "text")
	g.get(t, "/status?s=201").wantProblem(t, 502, "bad-reply")
	g.get(t, "/headers?h=%7B%22Content-Type%22:%22text/csv%22%7D").wantProblem(t, 502, "bad-reply")
}

// What has no meaning for workers is refused, and parse shows what there is.
func TestWorkerConfiguration(t *testing.T) {
	t.Parallel()
	for name, more := range map[string]keys{
		"placeholders": {"cmd": []string{"php", "odd.php", "{{path.what}}"}}, "reply": {"reply": "stdout"}, "onexit": {"onexit": "fail"}, "channel": {"channel": "stdin"},
		"another driver": {"driver": "spawn"}, "min over max": {"worker": keys{"min": 3, "max": 2}},
	} {
		s := oddSetup(t, keys{"min": 1}, more)
		g := prepare(t, s)
		if o := g.cli(t, "dry", "-c", g.path("urocket-service.yaml")); o.code != 2 {
			t.Errorf("%s: code %d: %s", name, o.code, o.text())
		}
	}
	s := oddSetup(t, nil, nil)
	s.ops["get /{what}"]["worker"] = nil
	g := prepare(t, s)
	parsed := g.cli(t, "parse", "-c", g.path("urocket-service.yaml")).want(t, 0, "driver: worker\n", "min: 1\n", "boottimeout: 5s\n", "max: ")
	if strings.Contains(parsed.stdout, "reply:") || strings.Contains(parsed.stdout, "channel:") {
		t.Errorf("%s", parsed.stdout)
	}
	g.cli(t, "dry", "-c", g.path("urocket-service.yaml")).want(t, 0, "workers, each for one request at a time, for 20s at most: php odd.php")
}

// Workers answer while other processes are started, in bursts with quiet times between
// them: urocket changes the number of its threads at each.
func TestWorkersAmongStarts(t *testing.T) {
	t.Parallel()
	s := oddSetup(t, keys{"min": 2, "max": 2}, nil)
	s.ops["get /started/{n}"] = keys{"cmd": "/bin/echo {{path.n}}", "reply": "stdout", "timeout": "20s"}
	g := start(t, s).staffed(t)
	var callers sync.WaitGroup
	over := make(chan struct{})
	for caller := range 3 {
		callers.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-over:
					return
				default:
				}
				x := fmt.Sprintf("%d-%d", caller, i)
				g.get(t, "/mine?x="+x).want(t, 200, x)
			}
		})
	}
	for burst := range 3 {
		var started sync.WaitGroup
		for i := range 8 {
			started.Go(func() {
				g.get(t, fmt.Sprintf("/started/%d-%d", burst, i)).want(t, 200, fmt.Sprintf("%d-%d\n", burst, i))
			})
		}
		started.Wait()
		time.Sleep(1500 * time.Millisecond)
	}
	close(over)
	callers.Wait()
}
