package worker

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/urocket/urocket/processctl"
)

// served counts the requests that each worker has had, by pid.
type served struct {
	mu   sync.Mutex
	pids map[int]int
}

// load has so many requests answered by so many callers, and counts who did it.
func (g *ground) load(callers, each int, path string) *served {
	g.t.Helper()
	s := &served{pids: map[int]int{}}
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for range each {
				r := g.ask(path, "")
				var pid, n int
				if _, err := fmt.Sscan(r.body(), &pid, &n); err != nil {
					g.t.Errorf("%q (%v)", r.body(), r.err)
					continue
				}
				s.mu.Lock()
				s.pids[pid] = max(s.pids[pid], n)
				s.mu.Unlock()
			}
		})
	}
	all.Wait()
	return s
}

// Workers are replaced before they have had more requests than they may have, one after
// the other, and no caller notices.
func TestRotation(t *testing.T) {
	everywhere(t, func(t *testing.T, c *processctl.Controller) {
		for _, limit := range []int{1, 7, 30} {
			g := open(t, c, nil, func(o *Options) { o.Min, o.Max, o.MaxRequests = 2, 2, limit })
			each := min(20, 5*limit)
			s := g.load(3, each, "/pid")
			sum := 0
			for pid, n := range s.pids {
				sum += n
				if n > limit {
					t.Errorf("worker %d has had %d requests, at most %d wanted", pid, n, limit)
				}
			}
			if least := (3*each + limit - 1) / limit; sum != 3*each || len(s.pids) < least {
				t.Errorf("limit %d: %d requests by %d workers, %d at least", limit, sum, len(s.pids), least)
			}
			eventually(t, "there are as many workers as wanted", func() bool { s := g.Stats(); return s.Alive == 2 && s.Booting+s.Ending == 0 })
			if s := g.Stats(); s.Outcomes[Answered] != int64(3*each) || s.Ends[ReasonRequests] < int64(3*each/limit-2) || s.Ends[ReasonCrash]+s.Ends[ReasonBoot] > 0 {
				t.Errorf("limit %d: %+v", limit, s)
			}
			g.close()
		}
	})
}

// A worker that is to be replaced serves on until the next one is ready.
func TestReplacementIsReadyFirst(t *testing.T) {
	somewhere(t, func(t *testing.T, c *processctl.Controller) {
		file := filepath.Join(t.TempDir(), "boot")
		g := open(t, c, []string{"BOOT_FILE=" + file}, func(o *Options) { o.MaxAge = 400 * time.Millisecond })
		defer g.close()
		old := g.ask("/pid", "").PID()
		check(t, os.WriteFile(file, []byte("slow:600"), 0o644))
		eventually(t, "the next one boots", func() bool { return g.Stats().Booting == 1 })
		for range 5 {
			if r := g.ask("/pid", ""); r.PID() != old {
				t.Error("it has gone before the next one was ready")
			}
		}
		eventually(t, "the next one serves", func() bool { return g.ask("/pid", "").PID() != old })
		eventually(t, "the old one is gone", func() bool { return !alive(old) })
		if s := g.Stats(); s.Ends[ReasonAge] == 0 {
			t.Errorf("%+v", s)
		}
	})
}

// If the next one cannot be started, the old one serves on, whatever its limit.
func TestOldWorkersBeatNone(t *testing.T) {
	somewhere(t, func(t *testing.T, c *processctl.Controller) {
		file := filepath.Join(t.TempDir(), "boot")
		g := open(t, c, []string{"BOOT_FILE=" + file}, func(o *Options) { o.MaxRequests = 3 })
		defer g.close()
		old := g.ask("/pid", "").PID()
		check(t, os.WriteFile(file, []byte("exit"), 0o644))
		for i := range 10 {
			if r := g.ask("/pid", ""); r.PID() != old {
				t.Errorf("request %d: %+v", i+2, r)
			}
		}
		check(t, os.Remove(file))
		eventually(t, "the next one serves", func() bool { return g.ask("/pid", "").PID() != old })
		if s := g.Stats(); s.Ends[ReasonBoot] == 0 || s.Outcomes[Refused] > 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestBye(t *testing.T) {
	somewhere(t, func(t *testing.T, c *processctl.Controller) {
		g := open(t, c, nil, nil)
		defer g.close()
		s := g.load(2, 5, "/bye")
		if len(s.pids) != 10 {
			t.Errorf("10 requests, each of which was to be its worker's last, by %d workers", len(s.pids))
		}
	})
}

func TestMaxMemory(t *testing.T) {
	somewhere(t, func(t *testing.T, c *processctl.Controller) {
		g := open(t, c, nil, func(o *Options) { o.MaxMemory = 64 << 20 })
		defer g.close()
		first := g.ask("/pid", "").PID()
		eventually(t, "a worker that has grown is replaced", func() bool { return g.ask("/grow", "n=5000000").PID() != first })
		eventually(t, "it is gone", func() bool { return !alive(first) })
		if s := g.Stats(); s.Ends[ReasonMemory] != 1 || s.Outcomes[Crashed] > 0 {
			t.Errorf("%+v", s)
		}
	})
}

// A worker that sends what nobody has asked for is replaced, and never asked.
func TestUnaskedFrames(t *testing.T) {
	everywhere(t, func(t *testing.T, c *processctl.Controller) {
		file := filepath.Join(t.TempDir(), "boot")
		check(t, os.WriteFile(file, []byte("chatter"), 0o644))
		g := open(t, c, []string{"BOOT_FILE=" + file}, nil)
		defer g.close()
		pid := g.await(t, Ready).PID
		check(t, os.Remove(file))
		eventually(t, "it is ended", func() bool { return g.Stats().Ends[ReasonProtocol] == 1 })
		if r := g.ask("/pid", ""); r.PID() == pid || r.err != nil {
			t.Errorf("asked %d after %d: %v", r.PID(), pid, r.err)
		}
		if s := g.Stats(); s.Outcomes[Answered] != 1 || s.Outcomes[Broken] != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// An idle worker that is killed is replaced before anybody asks.
func TestIdleWorkerIsKilled(t *testing.T) {
	everywhere(t, func(t *testing.T, c *processctl.Controller) {
		g := open(t, c, nil, func(o *Options) { o.Min, o.Max = 2, 2 })
		defer g.close()
		for range 3 {
			pid := g.ask("/pid", "").PID()
			check(t, syscall.Kill(pid, syscall.SIGKILL))
			for range 3 {
				if r := g.ask("/pid", ""); r.answer == nil && r.PID() != pid {
					t.Errorf("%+v", r)
				}
			}
			eventually(t, "there are two again", func() bool { s := g.Stats(); return s.Alive == 2 && s.Ending == 0 })
		}
	})
}

// The pool grows with those who wait, and shrinks when they are gone.
func TestGrowsAndShrinks(t *testing.T) {
	everywhere(t, func(t *testing.T, c *processctl.Controller) {
		g := open(t, c, nil, func(o *Options) { o.Min, o.Max = 0, 3 })
		defer g.close()
		g.Pool.mu.Lock()
		g.idleTime = 200 * time.Millisecond
		g.Pool.mu.Unlock()
		if s := g.Stats(); s.Alive+s.Booting > 0 || g.Ready() != nil {
			t.Errorf("before anybody asks: %+v, ready: %v", s, g.Ready())
		}
		var leases []Lease
		for range 3 {
			lease, err := g.Acquire(context.Background(), patience)
			check(t, err)
			leases = append(leases, lease)
		}
		if s := g.Stats(); s.Alive != 3 || s.Busy != 3 {
			t.Errorf("with three: %+v", s)
		}
		for _, lease := range leases {
			lease.Return()
		}
		eventually(t, "nobody is left", func() bool { s := g.Stats(); return s.Alive+s.Ending+s.Booting == 0 })
		if s := g.Stats(); s.Ends[ReasonIdle] != 3 {
			t.Errorf("%+v", s)
		}
		if r := g.ask("/pid", ""); r.err != nil {
			t.Error(r.err)
		}
	})
}

// Who comes first is served first.
func TestWaitersAreServedInOrder(t *testing.T) {
	somewhere(t, func(t *testing.T, c *processctl.Controller) {
		g := open(t, c, nil, nil)
		defer g.close()
		lease, err := g.Acquire(context.Background(), patience)
		check(t, err)
		order := make(chan int, 5)
		var waiters sync.WaitGroup
		for i := range 5 {
			waiters.Go(func() {
				l, err := g.Acquire(context.Background(), patience)
				if err != nil {
					t.Error(err)
					return
				}
				order <- i
				l.Return()
			})
			eventually(t, "he waits", func() bool { return g.Stats().Waiting == i+1 })
		}
		if s := g.Stats(); s.LongestWait <= 0 {
			t.Errorf("%+v", s)
		}
		lease.Return()
		waiters.Wait()
		for i := range 5 {
			if got := <-order; got != i {
				t.Errorf("%d is served as number %d", got, i)
			}
		}
	})
}

// At the end idle workers are told to go by the end of their input, those that do not
// heed it by SIGTERM and SIGKILL; who is busy may answer first.
func TestClose(t *testing.T) {
	everywhere(t, func(t *testing.T, c *processctl.Controller) {
		log := filepath.Join(t.TempDir(), "log")
		g := open(t, c, []string{"BOOT_LOG=" + log}, nil)
		pid := g.ask("/pid", "").PID()
		g.close()
		if text, _ := os.ReadFile(log); !strings.Contains(string(text), fmt.Sprintf("end %d\n", pid)) || alive(pid) {
			t.Errorf("it has not gone by itself: %q", text)
		}

		g = open(t, c, []string{"SLOW_END=1"}, nil)
		pid = g.ask("/pid", "").PID()
		g.close()
		if alive(pid) {
			t.Error("one that does not heed the end of its input is left")
		}

		g = open(t, c, nil, func(o *Options) { o.Max = 2 })
		busy, told, err := g.begin(newRequest(t, "/sleep", "ms=300", nil, 0))
		check(t, err)
		g.Retire()
		if again := g.ask("/pid", ""); again.err != nil {
			t.Errorf("who comes late: %v", again.err)
		}
		if r := get(t, told, "answered"); r.answer == nil {
			t.Errorf("%+v", r)
		}
		g.close()
		if alive(busy.PID()) {
			t.Error("the busy one is left")
		}

		g = open(t, c, nil, func(o *Options) {
			spec := o.Spec
			o.Spec = func() processctl.Spec { s := spec(); s.Grace = time.Hour; return s }
		})
		busy, _, err = g.begin(newRequest(t, "/deaf", "", nil, 0))
		check(t, err)
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		g.Close(ctx)
		if alive(busy.PID()) || !g.Empty() {
			t.Error("at once, and one is left")
		}
	})
}
