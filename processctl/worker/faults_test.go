package worker

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/urocket/urocket/processctl"
)

// What a worker may do in place of an answer: its caller is told at once, it is never
// asked again, and the next one is asked by another process.
func TestWorkersThatDoNotAnswer(t *testing.T) {
	cases := []struct {
		path, query string
		exit        int    // with a signal: -9
		broken      string // part of the fault
		answered    string
		reason      Reason
	}{
		{path: "/exit", query: "code=3", exit: 3, reason: ReasonCrash},
		{path: "/exit", exit: 0, reason: ReasonCrash},
		{path: "/kill", exit: -9, reason: ReasonCrash},
		{path: "/fork-exit", exit: 5, reason: ReasonCrash},
		{path: "/half-exit", reason: ReasonCrash},
		{path: "/half-exit", query: "n=3", reason: ReasonCrash},
		{path: "/wrong-id", broken: "an answer to another request", reason: ReasonProtocol},
		{path: "/no-id", broken: "without the id", reason: ReasonProtocol},
		{path: "/bad-json", broken: "no JSON", reason: ReasonProtocol},
		{path: "/no-object", broken: "no JSON object", reason: ReasonProtocol},
		{path: "/huge-header", broken: "a header of 1073741824 bytes", reason: ReasonProtocol},
		{path: "/huge-body", broken: "a body of 4294967295 bytes", reason: ReasonProtocol},
		{path: "/large", query: "n=1048577", broken: "a body of 1048577 bytes", reason: ReasonProtocol},
		{path: "/twice", answered: "once", reason: ReasonProtocol},
		{path: "/late-twice", answered: "once", reason: ReasonProtocol},
		{path: "/answer-exit", answered: "bye", reason: ReasonCrash},
	}
	everywhere(t, func(t *testing.T, c *processctl.Controller) {
		g := open(t, c, nil, nil)
		defer g.close()
		for _, c := range cases {
			before := g.ask("/pid", "").PID()
			r := g.ask(c.path, c.query)
			switch {
			case c.answered != "":
				if r.body() != c.answered {
					t.Errorf("%s: %q (%v)", c.path, r.body(), r.err)
				}
				if c.path != "/twice" { // it ends, or sends more, later: who is asked until then cannot know
					eventually(t, "it has ended", func() bool { return !alive(before) })
				}
			case c.broken != "":
				if !errorIs[*BrokenError](r.err) || !strings.Contains(r.err.Error(), c.broken) {
					t.Errorf("%s: %v", c.path, r.err)
				}
			case r.exited == nil:
				t.Errorf("%s: it has not ended: %+v", c.path, r)
			case r.exited.Exit != max(c.exit, 0) || int(r.exited.Signal) != max(-c.exit, 0):
				t.Errorf("%s: exit %d, signal %d", c.path, r.exited.Exit, r.exited.Signal)
			case c.path == "/exit" && strings.Join(r.written(), "|") != "last words":
				t.Errorf("its last words: %q", r.written())
			}
			ends := g.Stats().Ends[c.reason]
			if after := g.ask("/pid", "").PID(); after == before {
				t.Errorf("%s: asked again", c.path)
			}
			eventually(t, c.path+" is gone", func() bool { return !alive(before) })
			if got := g.Stats().Ends[c.reason]; c.answered == "" && got != ends || got == 0 {
				t.Errorf("%s: %d ended for %v", c.path, got, c.reason)
			}
		}
	})
}

// A worker that closes its end and lives on is ended.
func TestWorkerThatClosesItsEnd(t *testing.T) {
	const script = `open(my $io, "+<&=", 3); $| = 1; syswrite($io, pack("NN", 20, 0) . '{"v":1,"ready":true}'); sysread($io, my $b, 8); close($io); sleep 3600`
	everywhere(t, func(t *testing.T, c *processctl.Controller) {
		g := open(t, c, nil, func(o *Options) {
			spec := o.Spec
			o.Spec = func() processctl.Spec {
				s := spec()
				s.Path, s.Argv = "/usr/bin/perl", []string{"perl", "-e", script}
				return s
			}
		})
		defer g.close()
		r := g.ask("/x", "")
		if !errorIs[*BrokenError](r.err) || !strings.Contains(r.err.Error(), "closed descriptor 3") || alive(r.PID()) {
			t.Errorf("%v", r.err)
		}
	})
}

// shy is a worker that answers as many requests as is in its ENV, takes no more, and
// lives on.
const shy = `open(my $io, "+<&=", 3); $| = 1;
	sub put { syswrite($io, pack("NN", length($_[0]), 0) . $_[0]) }
	sub take { my $s = ""; while (length($s) < $_[0]) { sysread($io, $s, $_[0] - length($s), length($s)) or exit } $s }
	put('{"v":1,"ready":true}');
	for (1..$ENV{ANSWERS}) { my ($h, $b) = unpack("NN", take(8)); my $head = take($h); take($b) if $b; $head =~ /"id":"([^"]+)"/; put("{\"id\":\"$1\"}") }
	shutdown($io, 0); sleep 3600`

// A worker that takes no requests is ended and replaced, and each request has one
// outcome, whichever side was first. One that was written before it lies unread until
// its time is over.
func TestWorkersThatTakeNoRequests(t *testing.T) {
	everywhere(t, func(t *testing.T, c *processctl.Controller) {
		g := open(t, c, nil, func(o *Options) {
			o.Min, o.Max = 3, 3
			spec := o.Spec
			o.Spec = func() processctl.Spec {
				s := spec()
				s.Path, s.Argv, s.Env = "/usr/bin/perl", []string{"perl", "-e", shy}, append(s.Env, "ANSWERS=3")
				return s
			}
		})
		defer g.close()
		var callers sync.WaitGroup
		for range 4 {
			callers.Go(func() {
				for range 15 {
					_, told, err := g.begin(newRequest(t, "/x", "", nil, 2*time.Second))
					if err != nil {
						t.Error(err)
						return
					}
					r := get(t, told, "told")
					if r.answer == nil && !errorIs[*BrokenError](r.err) && !r.timedOut {
						t.Errorf("%+v", r)
					}
					get(t, r.ended, "ended")
					if len(told) > 0 {
						t.Error("it has ended twice")
					}
				}
			})
		}
		callers.Wait()
		s := g.Stats()
		if s.Outcomes[Answered]+s.Outcomes[Broken]+s.Outcomes[TimedOut] != 60 || s.Outcomes[Answered] < 30 || s.Ends[ReasonProtocol] == 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestHandlerErrorsKeepTheWorker(t *testing.T) {
	everywhere(t, func(t *testing.T, c *processctl.Controller) {
		g := open(t, c, nil, nil)
		defer g.close()
		r := g.ask("/error", "")
		var failed *FailedError
		if !errors.As(r.err, &failed) || !strings.HasPrefix(failed.Text, "it went wrong: secret") {
			t.Errorf("%v", r.err)
		}
		if next := g.ask("/pid", ""); next.body() != fmt.Sprintf("%d 2", r.PID()) {
			t.Errorf("then %q", next.body())
		}
		if s := g.Stats(); s.Outcomes[Failed] != 1 || s.Outcomes[Answered] != 1 || s.Executed != 2 {
			t.Errorf("%+v", s)
		}
	})
}

// What comes too late reaches nobody: the worker that sends it is never asked again.
func TestTimeout(t *testing.T) {
	everywhere(t, func(t *testing.T, c *processctl.Controller) {
		g := open(t, c, nil, func(o *Options) { o.Max = 2 })
		defer g.close()
		for i := range 5 {
			late := newRequest(t, "/sleep", "ms=200", nil, time.Duration(50+30*i)*time.Millisecond)
			_, told, err := g.begin(late)
			check(t, err)
			for n := range 3 {
				x := fmt.Sprintf("x=%d-%d", i, n)
				if r := g.ask("/mine", x); "x="+r.body() != x {
					t.Errorf("%s is answered %q (%v)", x, r.body(), r.err)
				}
			}
			r := get(t, told, "told")
			if !r.timedOut {
				t.Errorf("%+v", r)
			}
			if res := get(t, r.ended, "ended"); res.Signal == 0 {
				t.Errorf("it has ended with %+v", res)
			}
			if alive(r.PID()) {
				t.Error("it lives on")
			}
		}
		if s := g.Stats(); s.Outcomes[TimedOut] != 5 || s.Ends[ReasonTimeout] != 5 || s.Outcomes[Answered] != 15 {
			t.Errorf("%+v", s)
		}
	})
}

// A worker that does not read holds up nobody but its own caller; nor does one that
// sends half an answer, or one that was stopped.
func TestWorkersThatHang(t *testing.T) {
	everywhere(t, func(t *testing.T, c *processctl.Controller) {
		g := open(t, c, nil, func(o *Options) { o.Max = 5 })
		defer g.close()
		var told []chan *result
		for _, path := range []string{"/deaf", "/half", "/stubborn", "/sleep"} {
			_, wait, err := g.begin(newRequest(t, path, "ms=60000", make([]byte, 10<<20), 700*time.Millisecond))
			check(t, err)
			told = append(told, wait)
		}
		for range 3 {
			if r := g.ask("/pid", ""); r.err != nil || r.exited != nil || r.timedOut {
				t.Errorf("beside them: %+v", r)
			}
		}
		for _, wait := range told {
			r := get(t, wait, "told")
			if !r.timedOut {
				t.Errorf("%+v", r)
			}
			get(t, r.ended, "ended")
			if alive(r.PID()) {
				t.Error("it lives on")
			}
		}
	})
}

// A job that is stopped takes its worker with it; one that is over does not.
func TestStopAndKill(t *testing.T) {
	everywhere(t, func(t *testing.T, c *processctl.Controller) {
		g := open(t, c, nil, nil)
		defer g.close()
		for name, end := range map[string]func(*Job){"stop": (*Job).Stop, "kill": (*Job).Kill} {
			done := g.ask("/pid", "")
			end(done.Job)
			r, _, err := g.begin(newRequest(t, "/sleep", "ms=60000", nil, 0))
			check(t, err)
			if r.PID() != done.PID() {
				t.Errorf("%s of a job that was over has ended its worker", name)
			}
			eventually(t, "it is asked", func() bool { return g.Stats().Busy == 1 })
			end(r.Job)
			if res := get(t, r.ended, "ended"); res.Signal == 0 || alive(r.PID()) {
				t.Errorf("%s: %+v", name, res)
			}
			if r.answer != nil || r.timedOut {
				t.Errorf("%s: %+v", name, r)
			}
		}
		if s := g.Stats(); s.Outcomes[Stopped]+s.Outcomes[Crashed] != 2 {
			t.Errorf("%+v", s)
		}
	})
}

// Descendants of a worker end with it, and live as long as it does.
func TestDescendantsEndWithTheWorker(t *testing.T) {
	everywhere(t, func(t *testing.T, c *processctl.Controller) {
		g := open(t, c, nil, nil)
		child := 0
		if _, err := fmt.Sscan(g.ask("/fork", "").body(), &child); err != nil || !alive(child) {
			t.Fatalf("child %d: %v", child, err)
		}
		g.ask("/pid", "")
		if !alive(child) {
			t.Error("it ended with the request")
		}
		g.close()
		eventually(t, "the child is reaped", func() bool { return !alive(child) })
	})
}

// Lines and figures are those of the request during which they were written.
func TestOutputBelongsToItsRequest(t *testing.T) {
	everywhere(t, func(t *testing.T, c *processctl.Controller) {
		g := open(t, c, nil, nil)
		defer g.close()
		var cpu time.Duration
		for range 20 {
			r := newRequest(t, "/say", "", nil, time.Minute)
			r.Measure = true
			res := g.do(r)
			lines := strings.Join(res.written(), "|")
			if lines != "out of "+r.ID+"|err of "+r.ID && lines != "err of "+r.ID+"|out of "+r.ID {
				t.Fatalf("%s: %q", r.ID, lines)
			}
			out, n := res.Tail(processctl.Stdout, 4)
			usage, over := res.Usage()
			if !over || usage.Stdout != int64(len("out of \n")+len(r.ID)) || n != usage.Stdout || string(out) != r.ID[len(r.ID)-3:]+"\n" {
				t.Errorf("%q of %d, %+v", out, n, usage)
			}
			if usage.Group != nil {
				cpu += usage.Group.CPU // of one request it may be 0: the kernel counts when a process gives way
			}
			if quiet := g.ask("/pid", "").written(); len(quiet) > 0 {
				t.Errorf("another request has %q", quiet)
			}
		}
		if level, _ := c.Level(); level != 0 && (cpu <= 0 || cpu > 100*time.Second) {
			t.Errorf("processor time %v", cpu)
		}
	})
}

// What a worker says before it is ready is no request's.
func TestBanner(t *testing.T) {
	everywhere(t, func(t *testing.T, c *processctl.Controller) {
		script, err := filepath.Abs("testdata/odd.php")
		check(t, err)
		for range 10 {
			g := open(t, c, nil, func(o *Options) {
				spec := o.Spec()
				spec.Argv = []string{"php", "-r", `fwrite(STDOUT, "a banner\n"); require "` + script + `";`}
				o.Spec = func() processctl.Spec { return spec }
			})
			r := newRequest(t, "/pid", "", nil, time.Minute)
			r.Measure = true
			res := g.do(r)
			if usage, _ := res.Usage(); len(res.written()) > 0 || usage.Stdout > 0 {
				t.Errorf("the first request has %q, %d bytes", res.written(), usage.Stdout)
			}
			g.close()
			if !slices.Equal(g.lines, []string{"a banner"}) {
				t.Errorf("the pool is told %q", g.lines)
			}
		}
	})
}

// Whatever happens to the workers, each request has one outcome, and an answer is its own.
func TestChaos(t *testing.T) {
	everywhere(t, func(t *testing.T, c *processctl.Controller) {
		g := open(t, c, nil, func(o *Options) { o.Min, o.Max, o.MaxRequests = 2, 3, 25 })
		var callers sync.WaitGroup
		var mu sync.Mutex
		count := map[string]int{}
		bad := []string{"/exit", "/kill", "/wrong-id", "/half-exit", "/twice", "/error", "/sleep", "/huge-header", "/bye"}
		for caller := range 4 {
			callers.Go(func() {
				for i := range 60 {
					path, query, timeout := "/mine", fmt.Sprintf("x=%d.%d&ms=60000", caller, i), time.Minute
					if i%6 == 5 {
						path = bad[(caller*7+i/6)%len(bad)]
					}
					if path == "/sleep" {
						timeout = 50 * time.Millisecond
					}
					r := g.do(newRequest(t, path, query, nil, timeout))
					outcomes := 0
					for _, so := range []bool{r.answer != nil, r.err != nil, r.exited != nil, r.timedOut} {
						if so {
							outcomes++
						}
					}
					if outcomes != 1 {
						t.Errorf("%s has %d outcomes", path, outcomes)
					}
					if path == "/mine" && r.answer != nil && r.body() != fmt.Sprintf("%d.%d", caller, i) {
						t.Errorf("%s is answered %q", query, r.body())
					}
					mu.Lock()
					if path == "/mine" && r.answer == nil {
						count["good ones without an answer"]++
					}
					count["all"]++
					mu.Unlock()
				}
			})
		}
		callers.Wait()
		g.close()
		var sum int64
		for _, n := range g.Stats().Outcomes {
			sum += n
		}
		if sum != int64(count["all"]) || count["good ones without an answer"] > 0 {
			t.Errorf("%v, and %d outcomes counted", count, sum)
		}
	})
}

// Nobody waits for a worker longer than he wants to.
func TestAcquireGivesUp(t *testing.T) {
	everywhere(t, func(t *testing.T, c *processctl.Controller) {
		g := open(t, c, nil, nil)
		defer g.close()
		lease, err := g.Acquire(context.Background(), patience)
		check(t, err)
		for _, wait := range []time.Duration{0, 20 * time.Millisecond, -time.Second} {
			if _, err := g.Acquire(context.Background(), wait); !errorIs[*BusyError](err) {
				t.Errorf("after %v: %v", wait, err)
			}
		}
		ctx, cancel := context.WithCancelCause(context.Background())
		time.AfterFunc(20*time.Millisecond, func() { cancel(errBooting) })
		if _, err := g.Acquire(ctx, patience); err != errBooting {
			t.Errorf("when the caller has left: %v", err)
		}
		if s := g.Stats(); s.Waiting != 0 || s.Outcomes[Busy] != 3 || s.Busy != 1 {
			t.Errorf("%+v", s)
		}
		lease.Return()
		if again := g.ask("/pid", ""); !strings.HasSuffix(again.body(), " 1") {
			t.Errorf("a worker that was given back has served: %q", again.body())
		}
	})
}
