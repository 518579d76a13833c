package worker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/urocket/urocket/processctl"
)

// Workers that do not say as they should that they are ready.
func TestBadBoots(t *testing.T) {
	somewhere(t, func(t *testing.T, c *processctl.Controller) {
		for boot, word := range map[string]string{
			"exit": "exited with code 3", "hang": "not ready in 2s", "version": `"v":1`, "notready": "does not say that it is ready",
			"garbage": "a header of", "body": "a body of 1 bytes", "eager": "more than that it is ready", "die": "exited with code 4",
		} {
			g := open(t, c, []string{"BOOT=" + boot}, func(o *Options) { o.BootTimeout = 2 * time.Second })
			event := g.await(t, BootFailed)
			if !strings.Contains(event.Err.Error(), word) || event.Failures != 1 || boot == "exit" && string(event.Output) != "cannot boot\n" {
				t.Errorf("%s: %v, output %q", boot, event.Err, event.Output)
			}
			if err := g.Ready(); boot != "die" && (err == nil || !strings.Contains(err.Error(), word)) {
				t.Errorf("%s: ready: %v", boot, err)
			}
			g.close()
			if event.PID > 0 && alive(event.PID) {
				t.Errorf("%s: process %d is left", boot, event.PID)
			}
		}
		g := open(t, c, nil, func(o *Options) {
			o.Spec = func() processctl.Spec { return processctl.Spec{Path: "/nonexistent", Argv: []string{"x"}, Dir: "/"} }
		})
		var start *processctl.StartError
		if event := g.await(t, BootFailed); !errors.As(event.Err, &start) {
			t.Errorf("no program: %v", event.Err)
		}
		g.close()
	})
}

// After five starts in a row that came to nothing callers are refused at once, and a
// probe goes on, ever more rarely; when it succeeds they are served again.
func TestCrashLoop(t *testing.T) {
	somewhere(t, func(t *testing.T, c *processctl.Controller) {
		dir := t.TempDir()
		file, log := filepath.Join(dir, "boot"), filepath.Join(dir, "log")
		check(t, os.WriteFile(file, []byte("exit"), 0o644))
		g := open(t, c, []string{"BOOT_FILE=" + file, "BOOT_LOG=" + log}, func(o *Options) { o.Min, o.Max = 2, 3 })
		defer g.close()
		_, err := g.Acquire(context.Background(), patience) // comes before the pool has given up
		if !errorIs[*FailingError](err) || !strings.Contains(err.Error(), "exited with code 3") {
			t.Errorf("a caller who waits: %v", err)
		}
		begun := time.Now()
		if _, err := g.Acquire(context.Background(), patience); !errorIs[*FailingError](err) || time.Since(begun) > patience/2 {
			t.Errorf("the next caller: %v after %v", err, time.Since(begun))
		}
		if s := g.Stats(); s.Failing == nil || s.Outcomes[Refused] != 2 || g.Ready() == nil {
			t.Errorf("%+v, ready: %v", s, g.Ready())
		}
		check(t, os.Remove(file))
		eventually(t, "it has recovered", func() bool { return g.Ready() == nil })
		if r := g.ask("/pid", ""); r.err != nil || g.Stats().Failing != nil {
			t.Errorf("%v, %+v", r.err, g.Stats())
		}
		g.await(t, Failing)
		g.await(t, Recovered)
		boots := bootTimes(t, log)
		for i, least := range []time.Duration{100, 200, 400, 800} {
			if gap := boots[i+1].Sub(boots[i]); gap < least*time.Millisecond {
				t.Errorf("start %d came %v after the one before, at least %v wanted", i+2, gap, least*time.Millisecond)
			}
		}
	})
}

// A job that is no worker is not run again and again: its first run was one too many.
func TestJobsAreNotRepeated(t *testing.T) {
	somewhere(t, func(t *testing.T, c *processctl.Controller) {
		done := filepath.Join(t.TempDir(), "done")
		g := open(t, c, nil, func(o *Options) {
			o.Min, o.Max = 3, 3
			o.Spec = func() processctl.Spec {
				return processctl.Spec{Path: "/bin/sh", Argv: []string{"sh", "-c", "echo x >>" + done}, Dir: "/"}
			}
		})
		defer g.close()
		runs := func() int {
			text, err := os.ReadFile(done)
			check(t, err)
			return len(text) / 2
		}
		if event := g.await(t, Failing); !event.GivenUp || runs() != 1 {
			t.Errorf("%+v, and it has run %d times", event, runs())
		}
		for range 3 {
			if _, err := g.Acquire(context.Background(), patience); !errorIs[*FailingError](err) {
				t.Errorf("a caller: %v", err)
			}
		}
		time.Sleep(500 * time.Millisecond) // two retries would have come
		if g.Ready() == nil || runs() != 1 {
			t.Errorf("ready: %v, and it has run %d times", g.Ready(), runs())
		}
		g.Revive()
		eventually(t, "it is tried again", func() bool { return runs() == 2 })
	})
}

// bootTimes are when workers were started.
func bootTimes(t *testing.T, log string) (times []time.Time) {
	t.Helper()
	text, err := os.ReadFile(log)
	check(t, err)
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if seconds, err := strconv.ParseFloat(fields[1], 64); err == nil && fields[0] != "end" {
			times = append(times, time.UnixMicro(int64(seconds*1e6)))
		}
	}
	return times
}

func TestRetryAfter(t *testing.T) {
	for failures, want := range map[int]time.Duration{1: 100 * time.Millisecond, 2: 200 * time.Millisecond, 5: 1600 * time.Millisecond, 7: 6400 * time.Millisecond, 8: 10 * time.Second, 1000: 10 * time.Second} {
		if got := retryAfter(failures); got != want {
			t.Errorf("after %d failures: %v, want %v", failures, got, want)
		}
	}
}

func TestAwait(t *testing.T) {
	somewhere(t, func(t *testing.T, c *processctl.Controller) {
		for boot, word := range map[string]string{"": "", "exit": "exited with code 3", "slow:200": "", "hang": "deadline"} {
			g := open(t, c, []string{"BOOT=" + boot}, nil)
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
			err := g.Await(ctx)
			cancel()
			if (err == nil) != (word == "") || err != nil && !strings.Contains(err.Error(), word) {
				t.Errorf("%q: %v", boot, err)
			}
			g.close()
		}
	})
}

// await waits for the first event of a kind.
func (g *ground) await(t *testing.T, kind EventKind) (event Event) {
	t.Helper()
	eventually(t, fmt.Sprint("an event of kind ", kind), func() bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		for _, e := range g.events {
			if e.Kind == kind {
				event = e
				return true
			}
		}
		return false
	})
	return event
}
