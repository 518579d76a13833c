package processctl

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/urocket/urocket/processctl/shim"
	"github.com/urocket/urocket/processctl/spool"
)

func controllers(t *testing.T, f func(t *testing.T, c *Controller)) {
	for name, o := range map[string]Options{"cgroup": {Name: "test"}, "family": {Name: "test", NoCgroup: true}} {
		t.Run(name, func(t *testing.T) {
			c, err := New(o)
			if err != nil {
				t.Fatal(err)
			}
			if level, why := c.Level(); level == 0 && name == "cgroup" {
				t.Fatalf("no cgroups here: %s", why)
			}
			f(t, c)
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			if err := c.Close(ctx); err != nil {
				t.Error(err)
			}
		})
	}
}

type run struct {
	*Process
	exited, ended chan Result
	timedOut      chan struct{}
}

func start(t *testing.T, c *Controller, script string, edit func(*Spec)) run {
	t.Helper()
	r := run{exited: make(chan Result, 1), ended: make(chan Result, 1), timedOut: make(chan struct{}, 1)}
	spec := Spec{
		Path: "/bin/sh", Argv: []string{"sh", "-c", script}, Env: []string{"PATH=/usr/bin:/bin"}, Dir: "/", Tail: 4096,
		Timeout: 20 * time.Second, Grace: 2 * time.Second,
		Events: Events{
			Exited:   func(res Result) { r.exited <- res },
			TimedOut: func() { r.timedOut <- struct{}{} },
			Ended:    func(res Result) { r.ended <- res },
		},
	}
	if edit != nil {
		edit(&spec)
	}
	p, err := c.Start(spec)
	if err != nil {
		t.Fatal(err)
	}
	r.Process = p
	return r
}

func get[T any](t *testing.T, c chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(15 * time.Second):
		t.Fatal("never " + what)
		panic("")
	}
}

func TestExitAndOutput(t *testing.T) {
	controllers(t, func(t *testing.T, c *Controller) {
		r := start(t, c, "cat; echo err >&2; exit 3", func(s *Spec) { s.Stdin = spool.FromBytes([]byte("hello")) })
		res := get(t, r.exited, "exited")
		if out, n := r.Tail(Stdout, 100); string(out) != "hello" || n != 5 || res.Exit != 3 {
			t.Errorf("stdout %q (%d), exit %d", out, n, res.Exit)
		}
		r.Release()
		get(t, r.ended, "ended")
	})
}

func TestDaemonThatHoldsStdoutIsEnded(t *testing.T) {
	controllers(t, func(t *testing.T, c *Controller) {
		r := start(t, c, "trap '' TERM; (sleep 60; sleep 60) & echo started", func(s *Spec) { s.Grace = 50 * time.Millisecond })
		if res := get(t, r.exited, "exited"); res.Exit != 0 || res.Usage.Stdout != 8 {
			t.Errorf("exit %d, %d bytes", res.Exit, res.Usage.Stdout)
		}
		r.Release()
		get(t, r.ended, "ended")
	})
}

func TestTimeoutKillsWhatIgnoresTerm(t *testing.T) {
	controllers(t, func(t *testing.T, c *Controller) {
		r := start(t, c, "trap '' TERM; while :; do sleep 1; done", func(s *Spec) { s.Timeout, s.Grace = 100*time.Millisecond, 100*time.Millisecond })
		get(t, r.timedOut, "timed out")
		res := get(t, r.ended, "ended")
		if res.Signal != 9 || !res.TimedOut {
			t.Errorf("result %+v", res)
		}
	})
}

func TestManyAtOnce(t *testing.T) {
	controllers(t, func(t *testing.T, c *Controller) {
		var runs []run
		for range 100 {
			runs = append(runs, start(t, c, "exit 7", nil))
		}
		for _, r := range runs {
			r.Release()
			if res := get(t, r.ended, "ended"); res.Exit != 7 {
				t.Errorf("exit %d", res.Exit)
			}
		}
	})
}

// SIGTERM reaches what is left of a group whose first process has ended.
func TestTermReachesWhatIsLeft(t *testing.T) {
	controllers(t, func(t *testing.T, c *Controller) {
		r := start(t, c, "(trap 'echo got it; exit' TERM; echo ready; while :; do sleep 0.05; done) & sleep 0.3; exit 0", func(s *Spec) { s.Grace = 10 * time.Second })
		get(t, r.exited, "exited")
		r.Release()
		get(t, r.ended, "ended")
		if out, _ := r.Tail(Stdout, 100); string(out) != "ready\ngot it\n" {
			t.Errorf("it wrote %q", out)
		}
	})
}

// How a process ended is nothing to the next one.
func TestAfterAKill(t *testing.T) {
	controllers(t, func(t *testing.T, c *Controller) {
		for _, script := range []string{
			"sleep 60",
			`trap '' TERM; (sleep 60; sleep 60) & exit 0`,
			`g=$(sed -n 's/^0:://p' /proc/self/cgroup); for f in /sys/fs/cgroup$g /sys/fs/cgroup/unified$g; do echo 1 >$f/cgroup.kill; done; exit 0`,
		} {
			r := start(t, c, script, func(s *Spec) { s.Timeout, s.Grace = 100*time.Millisecond, 0 })
			get(t, r.exited, "exited")
			r.Release()
			get(t, r.ended, "ended")
			next := start(t, c, "exit 3", nil)
			if res := get(t, next.exited, "exited"); res.Exit != 3 || res.Signal != 0 {
				t.Errorf("after %s: exit %d, signal %v", script, res.Exit, res.Signal)
			}
			next.Release()
			get(t, next.ended, "ended")
		}
	})
}

// An extra descriptor reaches the process whoever starts it, and nobody keeps it.
func TestExtraDescriptor(t *testing.T) {
	umask := 0o27
	controllers(t, func(t *testing.T, c *Controller) {
		for _, s := range []*shim.Settings{nil, {Umask: &umask}} {
			ours, theirs, err := shim.Pair()
			if err != nil {
				t.Fatal(err)
			}
			r := start(t, c, "read line <&3; echo got $line >&3; umask", func(spec *Spec) { spec.Extra, spec.Isolation = theirs, s })
			_ = theirs.Close()
			if _, err := ours.WriteString("it\n"); err != nil {
				t.Error(err)
			}
			_ = ours.SetDeadline(time.Now().Add(15 * time.Second))
			answer, err := io.ReadAll(ours) // ends when the process has, and nobody else holds the other end
			if string(answer) != "got it\n" || err != nil {
				t.Errorf("it answered %q (%v)", answer, err)
			}
			_ = ours.Close()
			r.Release()
			get(t, r.ended, "ended")
			if out, _ := r.Tail(Stdout, 100); s != nil && string(out) != "0027\n" {
				t.Errorf("umask %q", out)
			}
		}
	})
}
