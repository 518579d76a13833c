package e2e

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// Workers that cannot be started do not keep urocket from starting; callers are told at
// once, and are served as soon as one can be.
func TestWorkersThatDoNotBoot(t *testing.T) {
	t.Parallel()
	s := oddSetup(t, keys{"min": 1, "max": 2}, keys{"env": []string{"BOOT_FILE=@DIR@/boot"}})
	s.files["boot"] = "exit"
	delete(s.ops, "post /{what}")
	s.ops["get /other/path"] = says("other")
	g := start(t, s)
	eventually(t, "the pool fails", func() bool { return g.pool(t).Failing != nil })
	if a, err := g.tryBack("GET", "/readyz", nil); err != nil || a.status != 503 || !strings.Contains(string(a.body), "exited with code 3") {
		t.Errorf("%+v, %v", a, err)
	}
	a := g.get(t, "/pid")
	a.wantProblem(t, 503, "start-failed")
	if a.header.Get("Retry-After") == "" {
		t.Errorf("%v", a.header)
	}
	g.get(t, "/other/path").want(t, 200, "other\n")
	if len(g.logLines("a worker could not be started", "exited with code 3", "cannot boot")) < 5 || len(g.logLines("callers are refused until one can")) != 1 {
		t.Error("the log does not say why")
	}
	check(t, os.Remove(g.path("boot")))
	g.staffed(t)
	g.get(t, "/mine?x=1").want(t, 200, "1")
	if len(g.logLines("workers can be started again")) != 1 {
		t.Error("the log does not say that it has recovered")
	}
}

// As many callers as workers are served at a time; the rest wait, or are refused.
func TestWorkerPlaces(t *testing.T) {
	t.Parallel()
	g := startOdd(t, keys{"min": 1, "max": 2}, keys{"queued": 1}, nil)
	got := make(chan answer, 4)
	for range 3 {
		go func() { a, _ := g.try(request{path: "/sleep?ms=1500"}); got <- a }()
	}
	eventually(t, "two are served and one waits", func() bool { p := g.pool(t); return p.Busy == 2 && p.Queued == 1 })
	g.get(t, "/pid").wantProblem(t, 429, "busy")
	for range 3 {
		a := <-got
		a.want(t, 200)
	}
	if p := g.pool(t); p.Alive != 2 {
		t.Errorf("%+v", p)
	}
}

// A caller who leaves: his worker finishes, or is ended, as the operation says.
func TestWorkerWhoseCallerLeaves(t *testing.T) {
	t.Parallel()
	for _, kill := range []bool{false, true} {
		more := keys{}
		if kill {
			more["ondisconnect"] = "kill"
		}
		g := startOdd(t, keys{"min": 1, "max": 1}, more, nil)
		pid, _ := g.worker(t)
		c := g.dial(t).ask("GET /sleep?ms=3000")
		eventually(t, "the call runs", func() bool { return g.pool(t).Busy == 1 })
		check(t, c.Close())
		eventually(t, "the call is over", func() bool { p := g.pool(t); return p.Busy == 0 && p.Alive == 1 && p.Ending == 0 })
		if after, _ := g.worker(t); (after != pid) != kill {
			t.Errorf("ondisconnect kill %v: worker %d, then %d", kill, pid, after)
		}
		if kill && g.pool(t).Requests["stopped"] != 1 {
			t.Errorf("%+v", g.pool(t))
		}
	}
}

// At a stop who is busy may answer, nobody is let in, and nothing is left; a worker that
// heeds nothing is killed.
func TestWorkersAtStop(t *testing.T) {
	t.Parallel()
	for name, top := range levels {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := startOdd(t, keys{"min": 3, "max": 4}, keys{"env": []string{"SLOW_END=1"}, "grace": "200ms"}, top)
			got := make(chan answer, 2)
			for _, path := range []string{"/sleep?ms=800", "/stubborn"} {
				go func() { a, _ := g.try(request{path: path}); got <- a }()
			}
			eventually(t, "two are served", func() bool { return g.pool(t).Busy == 2 })
			g.signal(syscall.SIGTERM)
			first, second := <-got, <-got
			first.want(t, 200)
			second.wantProblem(t, 503, "draining")
			if code := g.exitCode(); code != 0 {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

// A reload leaves workers alone that are to be as they are, replaces others before it
// lets them go, and is refused when the new ones cannot be started.
func TestWorkersAtReload(t *testing.T) {
	t.Parallel()
	s := oddSetup(t, keys{"min": 1, "max": 2}, nil)
	delete(s.ops, "post /{what}")
	g := start(t, s).staffed(t)
	pid, _ := g.worker(t)

	s.ops["get /{what}"]["timeout"] = "9s"
	s.ops["get /new/one"] = says("new")
	g.reload(t, s, reloadedLine)
	if again, _ := g.worker(t); again != pid {
		t.Errorf("worker %d was replaced by %d for another timeout", pid, again)
	}
	g.get(t, "/new/one").want(t, 200, "new\n")

	busy := make(chan answer, 1)
	go func() { a, _ := g.try(request{path: "/sleep?ms=1500"}); busy <- a }()
	eventually(t, "a call runs", func() bool { return g.pool(t).Busy == 1 })
	stop, failed := make(chan struct{}), make(chan string, 100)
	var callers sync.WaitGroup
	callers.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			if a, err := g.try(request{path: "/mine?x=" + strconv.Itoa(i)}); err != nil || string(a.body) != strconv.Itoa(i) {
				failed <- fmt.Sprintf("%d: %v %s", a.status, err, a.body)
			}
		}
	})
	s.ops["get /{what}"]["env"] = []string{"NEW=1"}
	g.reload(t, s, reloadedLine)
	close(stop)
	callers.Wait()
	if len(failed) > 0 {
		t.Errorf("%d requests failed during the reload, the first with %s", len(failed), <-failed)
	}
	now, _ := g.worker(t)
	if now == pid {
		t.Error("the worker was not replaced for another environment")
	}
	a := <-busy
	a.want(t, 200)
	eventually(t, "the old workers are gone", func() bool { return !alive(pid) })

	s.ops["get /{what}"]["env"] = []string{"BOOT=exit"}
	if line := g.reload(t, s, refusedLine); !strings.Contains(line, "not reloaded") {
		t.Error(line)
	}
	if len(g.logLines("exited with code 3", "urocket-service.yaml:")) == 0 {
		t.Error("the log does not say why it was refused")
	}
	if again, _ := g.worker(t); again != now {
		t.Errorf("worker %d was replaced by %d though the reload was refused", now, again)
	}

	delete(s.ops, "get /{what}")
	g.reload(t, s, reloadedLine)
	g.get(t, "/pid").wantProblem(t, 404, "not-found")
	eventually(t, "the workers are gone", func() bool { return !alive(now) })
}

// A worker that has grown too large is replaced, and no request is lost over it.
func TestWorkerMaxMemory(t *testing.T) {
	t.Parallel()
	for name, top := range levels {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := startOdd(t, keys{"min": 1, "max": 1, "maxmemory": "64MiB"}, nil, top)
			pid, _ := g.worker(t)
			for range 12 {
				g.get(t, "/grow?n=8000000").want(t, 200)
			}
			eventually(t, "it is gone", func() bool { return !alive(pid) })
			if p := g.pool(t); p.Ends["memory"] == 0 || p.Ends["crash"] > 0 || p.Requests["answered"] != 13 {
				t.Errorf("%+v", p)
			}
		})
	}
}

// A worker that nobody needs for longer than PHP waits for other sockets stays.
func TestAnIdleWorkerStays(t *testing.T) {
	t.Parallel()
	helper, err := os.ReadFile("../scripts/php/worker.php")
	check(t, err)
	g := start(t, setup{
		files: map[string]string{"worker.php": string(helper), "pid.php": "<?php require 'worker.php'; Urocket\\serve(fn () => (string) getmypid());"},
		ops: ops{"get /pid": {
			"cmd": []string{"php", "-d", "default_socket_timeout=1", "pid.php"}, "driver": "worker", "timeout": "20s",
			"worker": keys{"min": 1, "max": 1, "boottimeout": "20s"},
		}},
	}).staffed(t)
	before := g.get(t, "/pid").want(t, 200)
	time.Sleep(2 * time.Second)
	if after := g.get(t, "/pid").want(t, 200); string(after.body) != string(before.body) {
		t.Errorf("worker %s, then %s", before.body, after.body)
	}
}

// A second signal does not wait for workers that wait for nothing.
func TestWorkersAtSecondSignal(t *testing.T) {
	t.Parallel()
	g := startOdd(t, keys{"min": 2, "max": 2}, keys{"env": []string{"SLOW_END=1"}, "grace": "10m", "timeout": "none"}, keys{"drain": "10m"})
	got := make(chan answer, 2)
	go func() { a, _ := g.try(request{path: "/stubborn"}); got <- a }()
	eventually(t, "one is served", func() bool { return g.pool(t).Busy == 1 })
	g.signal(syscall.SIGTERM)
	eventually(t, "it is stopping", func() bool { return len(g.logLines(`"msg":"stopping"`)) == 1 })
	g.signal(syscall.SIGTERM)
	a := <-got
	a.wantProblem(t, 503, "draining")
	g.wantCode = 1
	if code := g.exitCode(); code != 1 {
		t.Errorf("exit code %d", code)
	}
}

// A caller who waits for a worker when the service stops is told so.
func TestWorkersAreBootingAtStop(t *testing.T) {
	t.Parallel()
	s := oddSetup(t, keys{"min": 1, "max": 1, "boottimeout": "10m"}, keys{"env": []string{"BOOT=hang"}})
	g := start(t, s)
	got := make(chan answer, 1)
	go func() { a, _ := g.try(request{path: "/pid"}); got <- a }()
	eventually(t, "he waits", func() bool { return g.pool(t).Queued == 1 })
	g.idle = 0
	g.signal(syscall.SIGTERM)
	a := <-got
	a.wantProblem(t, 503, "draining")
	if code := g.exitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// Under load workers are replaced all the time, and no request fails.
func TestWorkerRotationUnderLoad(t *testing.T) {
	t.Parallel()
	for name, top := range levels {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := startOdd(t, keys{"min": 2, "max": 3, "maxrequests": 20, "maxage": "400ms"}, nil, top)
			var callers sync.WaitGroup
			var answered atomic.Int32
			for caller := range 4 {
				callers.Go(func() {
					for i := range 75 {
						x := fmt.Sprintf("%d-%d", caller, i)
						g.get(t, "/mine?x="+x).want(t, 200, x)
						answered.Add(1)
					}
				})
			}
			callers.Wait()
			if p := g.pool(t); answered.Load() != 300 || p.Requests["answered"] != 300 || p.Ends["requests"]+p.Ends["age"] < 5 || p.Ends["crash"] > 0 {
				t.Errorf("%d answers, %+v", answered.Load(), p)
			}
		})
	}
}
