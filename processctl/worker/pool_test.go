package worker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/urocket/urocket/processctl"
	"github.com/urocket/urocket/processctl/cgroup"
	"github.com/urocket/urocket/processctl/spool"
)

// patience bounds every wait.
const patience = 20 * time.Second

// ground is a pool of real workers, with all that has happened to them.
type ground struct {
	t *testing.T
	*Pool

	mu     sync.Mutex
	events []Event
	lines  []string
}

// everywhere runs a test at each level of keeping processes together.
func everywhere(t *testing.T, f func(t *testing.T, c *processctl.Controller)) {
	at(t, f, "cgroup", "none")
}

// somewhere is for what the level says nothing of.
func somewhere(t *testing.T, f func(t *testing.T, c *processctl.Controller)) { at(t, f, "cgroup") }

func at(t *testing.T, f func(t *testing.T, c *processctl.Controller), levels ...string) {
	for _, name := range levels {
		t.Run(name, func(t *testing.T) {
			c, err := processctl.New(processctl.Options{Name: "test", NoCgroup: name == "none"})
			check(t, err)
			if level, why := c.Level(); level == cgroup.None && name == "cgroup" {
				t.Fatalf("no cgroups here: %s", why)
			}
			defer func() { // whatever f comes to: two would reap each other's children
				ctx, cancel := context.WithTimeout(context.Background(), patience)
				defer cancel()
				if err := c.Close(ctx); err != nil {
					t.Error(err)
				}
			}()
			f(t, c)
		})
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// open makes a pool of testdata/odd.php. It is closed with close.
func open(t *testing.T, c *processctl.Controller, env []string, edit func(*Options)) *ground {
	t.Helper()
	script, err := filepath.Abs("testdata/odd.php")
	check(t, err)
	g := &ground{t: t}
	o := Options{
		Start: c.Start,
		Spec: func() processctl.Spec {
			return processctl.Spec{
				Path: "/usr/bin/php", Argv: []string{"php", script}, Dir: "/", Tail: 4096, Grace: 500 * time.Millisecond,
				Env: append([]string{"PATH=/usr/bin:/bin"}, env...),
			}
		},
		Min: 1, Max: 1, BootTimeout: 10 * time.Second,
		Line: func(l processctl.Line) { g.note(string(l.Text)) },
		Notify: func(e Event) {
			g.mu.Lock()
			defer g.mu.Unlock()
			g.events = append(g.events, e)
		},
	}
	if edit != nil {
		edit(&o)
	}
	g.Pool = New(o)
	return g
}

func (g *ground) note(line string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.lines = append(g.lines, line)
}

// close closes the pool, of which nothing may be left.
func (g *ground) close() {
	g.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	g.Close(ctx)
	if s := g.Stats(); s.Alive+s.Booting+s.Ending+s.Waiting > 0 || ctx.Err() != nil {
		g.t.Errorf("left after Close: %+v", s)
	}
}

// result is what a request came to.
type result struct {
	*Job
	answer   *Answer
	err      error
	exited   *processctl.Result
	timedOut bool
	ended    chan processctl.Result

	mu    sync.Mutex
	lines []string
}

// written are the lines that were told of the request.
func (r *result) written() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lines
}

func (r *result) body() string {
	if r.answer == nil {
		return ""
	}
	data, _ := r.answer.Body.Bytes()
	return string(data)
}

var requests struct {
	sync.Mutex
	n int
}

func newRequest(t *testing.T, path, query string, body []byte, timeout time.Duration) *Request {
	t.Helper()
	requests.Lock()
	requests.n++
	id := fmt.Sprintf("id-%d", requests.n)
	requests.Unlock()
	r, err := NewRequest(Head{ID: id, Method: "GET", Path: path, Query: query}, spool.FromBytes(body), timeout)
	check(t, err)
	r.MaxAnswer = 1 << 20
	return r
}

// begin hands a request to a worker.
func (g *ground) begin(r *Request) (*result, chan *result, error) {
	res, told := &result{ended: make(chan processctl.Result, 1)}, make(chan *result, 4)
	r.Line = func(l processctl.Line) {
		res.mu.Lock()
		defer res.mu.Unlock()
		res.lines = append(res.lines, string(l.Text))
	}
	events := Events{
		Answered: func(a *Answer, err error) { res.answer, res.err = a, err; told <- res },
		Exited:   func(r processctl.Result) { res.exited = &r; told <- res },
		TimedOut: func() { res.timedOut = true; told <- res },
		Ended:    func(r processctl.Result) { res.ended <- r },
	}
	for {
		lease, err := g.Acquire(context.Background(), patience)
		if err != nil {
			return nil, nil, err
		}
		if res.Job, err = lease.Begin(r, events); !errors.Is(err, ErrGone) {
			return res, told, err
		}
	}
}

// ask has a request answered and waits until the worker has no more to do with it.
func (g *ground) ask(path, query string) *result {
	g.t.Helper()
	return g.do(newRequest(g.t, path, query, nil, 10*time.Second))
}

func (g *ground) do(r *Request) *result {
	g.t.Helper()
	_, told, err := g.begin(r)
	check(g.t, err)
	res := get(g.t, told, "told")
	get(g.t, res.ended, "ended")
	return res
}

func get[T any](t *testing.T, c chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatal("never " + what)
		panic("")
	}
}

// eventually waits until it is so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never: " + what)
		}
	}
}

func alive(pid int) bool {
	_, err := os.Stat(fmt.Sprintf("/proc/%d", pid))
	return err == nil
}

func TestAnswers(t *testing.T) {
	everywhere(t, func(t *testing.T, c *processctl.Controller) {
		g := open(t, c, nil, nil)
		defer g.close()
		first := g.ask("/pid", "")
		if first.body() != fmt.Sprintf("%d 1", first.PID()) || first.answer.Status != 200 || !slices.Contains(first.answer.Header, Field{"Content-Type", "text/plain"}) {
			t.Errorf("%q %+v", first.body(), first.answer)
		}
		if second := g.ask("/pid", ""); second.body() != fmt.Sprintf("%d 2", first.PID()) {
			t.Errorf("the second request: %q", second.body())
		}
	})
}
