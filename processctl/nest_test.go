package processctl

import (
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/urocket/urocket/processctl/warm"
)

// waiting is the pid of what was forked ahead and waits; 0: nothing does.
func (w *Warm) waiting() int {
	w.nest.mu.Lock()
	defer w.nest.mu.Unlock()
	if w.nest.ready == nil {
		return 0
	}
	return w.nest.ready.PID
}

// eventually waits for what a test wants to see.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never: ", what)
		}
	}
}

// A process is forked for the next call when PHP is ready and when a call is over; not
// while one runs.
func TestForkedAhead(t *testing.T) {
	s := newStove(t, Options{}, "<?php echo 'x'; while (getenv('HANG') && !file_exists('over')) usleep(1000);")
	w := s.warm(warm.Fork, "", nil)
	s.ready(w)
	eventually(t, "one is forked ahead", func() bool { return w.waiting() > 0 })
	for n := range 3 {
		want := w.waiting()
		long := s.call(w, func(spec *Spec) { spec.Env = append(spec.Env, "HANG=1") })
		if long.PID() != want || long.Driver() != "fork" {
			t.Errorf("process %d waited, and the call has %d by %s", want, long.PID(), long.Driver())
		}
		s.expect(w, "x")
		if pid := w.waiting(); pid != 0 {
			t.Errorf("process %d was forked ahead while a call runs", pid)
		}
		if n == 1 { // it is not to be missed afterwards
			zygote, _ := w.nest.Serving()
			must(t, syscall.Kill(zygote, syscall.SIGKILL))
			eventually(t, "another PHP is ready", func() bool { pid, _ := w.nest.Serving(); return pid > 0 && pid != zygote })
		}
		s.write("over", "")
		if got := long.said(t); got != "x(0 signal 0)" {
			t.Error(got)
		}
		must(t, syscall.Unlink(s.path("over")))
		eventually(t, "the next is forked ahead", func() bool { return w.waiting() > 0 })
	}
	eventually(t, "a group for PHP and one for the next call", func() bool { return s.groups() == 2 })

	// What is started in another way takes nothing away.
	want := w.waiting()
	r := s.call(w, func(spec *Spec) {
		spec.Env = append(spec.Env, "LARGE="+strings.Repeat("y", MaxArg-10), "ALSO="+strings.Repeat("y", MaxArg-10))
	})
	if got := r.said(t); got != "x(0 signal 0)" || r.Driver() == "fork" || w.waiting() != want {
		t.Errorf("%s by %s; %d waits, %d did", got, r.Driver(), w.waiting(), want)
	}
}

// A reload does not wait for a call that is just being given what was forked ahead, but
// leaves nothing of that behind; nor does it matter to the count of calls.
func TestForkedAheadWhileReloading(t *testing.T) {
	s := newStove(t, Options{}, noting)
	for n := range 20 {
		w := s.warm(warm.Fork, "", nil)
		s.ready(w)
		pid := s.laid(w)
		p := newProcess(s.c, Spec{Path: "/usr/bin/php", Argv: []string{"php", "a.php"}, Dir: s.dir, Warm: w, Env: []string{"REQUEST_ID=0"}})
		must(t, p.prepare(s.c))
		if p.nestling == nil || p.nestling.PID != pid || w.nest.running != 1 || w.waiting() != 0 {
			t.Fatalf("%+v was taken", p.nestling)
		}
		if n%2 == 0 {
			must(t, syscall.Kill(pid, syscall.SIGKILL))
		}
		var call sync.WaitGroup
		call.Go(func() {
			time.Sleep(time.Duration(n) * 500 * time.Microsecond)
			if n%4 < 2 {
				_, _ = p.hatch(s.c)
			}
			p.undo()
		})
		must(t, s.c.KeepWarm(nil))
		s.c.hearth.cooling.Wait()
		call.Wait()
		eventually(t, "it is gone", func() bool { return gone(pid) && s.groups() == 0 })
		if w.nest.running != 0 {
			t.Errorf("%d calls are said to run", w.nest.running)
		}
	}
}

// What was forked ahead may be stopped, killed, or lose its PHP: the next call has its
// process, and nothing is left.
func TestForkedAheadIsLost(t *testing.T) {
	for name, c := range map[string]struct {
		signal syscall.Signal
		zygote bool
		stays  bool
	}{"killed": {signal: syscall.SIGKILL}, "stopped": {signal: syscall.SIGSTOP, stays: true}, "without PHP": {signal: syscall.SIGKILL, zygote: true}} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			var told strings.Builder
			s := newStove(t, Options{}, "<?php echo 'x';")
			w := s.warm(warm.Fork, "", func(w *Warm) {
				w.Log = func(text string) {
					mu.Lock()
					defer mu.Unlock()
					told.WriteString(text + "\n")
				}
			})
			s.ready(w)
			pid := s.laid(w)
			victim := pid
			if c.zygote {
				victim, _ = w.nest.Serving()
			}
			must(t, syscall.Kill(victim, c.signal))
			if c.stays {
				r := s.call(w, nil)
				if got := r.said(t); got != "x(0 signal 0)" || r.PID() != pid {
					t.Errorf("process %d was to be had: %d, %s", pid, r.PID(), got)
				}
				return
			}
			eventually(t, "it is gone", func() bool { return gone(pid) && w.waiting() != pid })
			want := fmt.Sprintf("process %d has died", pid)
			if c.zygote {
				want = "the warm PHP has died"
			}
			eventually(t, "the operator is told", func() bool {
				mu.Lock()
				defer mu.Unlock()
				return strings.Contains(told.String(), want)
			})
			s.expect(w, "x")
			s.ready(w)
			if next := s.laid(w); next == pid {
				t.Errorf("process %d waits again", pid)
			}
			eventually(t, "its group is removed", func() bool { return s.groups() == 2 })
		})
	}
}

// Whenever what was forked ahead is killed, each call has one process, and its script
// runs once, unless it was killed itself.
func TestForkedAheadIsKilledAtAnyTime(t *testing.T) {
	s := newStove(t, Options{}, noting)
	w := s.warm(warm.Fork, "", nil)
	s.ready(w)
	met := 0
	for n := range 60 {
		pid := s.laid(w)
		var prank sync.WaitGroup
		prank.Go(func() {
			time.Sleep(time.Duration(n) * 20 * time.Microsecond)
			if pid > 0 {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		})
		id := fmt.Sprint(n)
		r := s.call(w, func(spec *Spec) { spec.Env = append(spec.Env[1:], "REQUEST_ID="+id) })
		got := r.said(t)
		prank.Wait()
		switch ran := s.ran(id); {
		case got == "(5 signal 0)" && ran == 1:
		case got == "(0 killed)" && r.PID() == pid && ran <= 1:
			met++
		default:
			t.Errorf("%d: process %d was killed; %s by %s, process %d, ran %d times", n, pid, got, r.Driver(), r.PID(), ran)
		}
		s.ready(w)
	}
	t.Logf("%d of 60 were killed once they had their call", met)
}
