package soak

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/e2e/leftovers"
)

// tour calls every operation, a few at a time and undisturbed: so each is known
// to do what the storm expects of it.
func (s *soak) tour(l *life) {
	s.demand(l, "before the tour", func(l *life) []string {
		waiting := map[string]int{}
		for _, pid := range s.standing(l) {
			waiting[s.kindOf(pid)]++
		}
		if s.level == "cgroups" && waiting[aWarmPHP] < 8 || waiting[aSpare] < 8 || waiting[aWorker] < 8 {
			return []string{"too few wait for calls"} // the same words, however many
		}
		return nil
	})
	r := s.random("tour", 0)
	turns := make(chan *call)
	var guides sync.WaitGroup
	for range 4 {
		guides.Go(func() {
			for c := range turns {
				w, err := s.dial()
				if err != nil {
					c.took(response{err: err})
				} else {
					c.make(s.random(c.token, 0), w)
				}
				l.add(c)
			}
		})
	}
	for _, o := range s.ops {
		c := s.newCall(r, l, o, manners[0])
		c.lone = true
		turns <- c
	}
	close(turns)
	guides.Wait()
}

// storm is the load with all disturbances, over as many lives as the time holds.
// It returns the last life, at whose end the load stops.
func (s *soak) storm(l *life) *life {
	pace, quit := make(chan struct{}, *rate), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() { s.keepPace(pace, quit) })
	for i := range callers {
		all.Go(func() { (&caller{s, s.random("caller", i)}).run(pace) })
	}
	r := s.random("master", 0)
	part := min(s.length/5, 10*time.Second)
	hows := []func(*life) *life{s.crash, s.stop, s.hurry, s.rest}
	end, over := time.Now().Add(s.length), false
	for turn := 0; !over && s.faults.Load() < maxFaults && !s.hopeless.Load(); turn++ {
		s.disturbed(l, turn, part/2+time.Duration(r.Int64N(int64(part)+1)))
		how := hows[turn%len(hows)]
		if turn >= len(hows) {
			how = append(hows, s.crash)[r.IntN(len(hows)+1)] // what a crash leaves is the hardest
		}
		if over = time.Until(end) < part/2; over {
			how = s.rest // what the last life has left is looked at longer
		}
		l = how(l)
	}
	close(quit)
	s.gate.finish()
	all.Wait()
	return l
}

// disturbed lets the load run on a life for a while, with everybody who disturbs it.
func (s *soak) disturbed(l *life, turn int, length time.Duration) {
	if l.bare {
		s.reconfigure(l, false)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	for i, d := range []func(context.Context, *rand.Rand, *life){s.strike, s.prank, s.reload, s.pause, s.rattle, s.edit} {
		all.Go(func() { d(ctx, s.random("disturber", 100*turn+i), l) })
	}
	s.gate.open(l)
	time.Sleep(length)
	cancel()
	all.Wait()
}

// rest lets the load pause, and goes on with the same life.
func (s *soak) rest(l *life) *life {
	s.events.add("rests", 1)
	s.atRest(l)
	return l
}

// stop ends the life by SIGTERM while the load goes on.
func (s *soak) stop(l *life) *life {
	s.events.add("SIGTERM of urocket", 1)
	s.terminate(l, stopping)
	return s.start(l.newest.Load() + 1)
}

// hurry ends the life by a second SIGTERM right behind the first.
func (s *soak) hurry(l *life) *life {
	s.events.add("SIGTERM of urocket, twice", 1)
	s.terminate(l, hurried)
	return s.start(l.newest.Load() + 1)
}

// keepPace lets requests begin, four bursts a second, until quit is closed. What
// the callers do not take is not made up for.
func (s *soak) keepPace(pace chan<- struct{}, quit <-chan struct{}) {
	defer close(pace)
	tick := time.NewTicker(time.Second / 4)
	defer tick.Stop()
	for {
		select {
		case <-quit:
			return
		case <-tick.C:
		}
		for range *rate / 4 {
			select {
			case pace <- struct{}{}:
			default:
			}
		}
	}
}

// wait pauses for up to limit; false: the time is over.
func wait(ctx context.Context, r *rand.Rand, limit time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(time.Duration(1 + r.Int64N(int64(limit)))):
		return true
	}
}

// strike disturbs processes of scripts, chosen among all that there are.
func (s *soak) strike(ctx context.Context, r *rand.Rand, l *life) {
	var stopped sync.WaitGroup
	defer stopped.Wait()
	for wait(ctx, r, 300*time.Millisecond) {
		pids := s.ofCalls(l)
		s.peak.Store(max(s.peak.Load(), int64(len(pids))))
		choice, how := r.IntN(1<<30), r.IntN(10)
		if r.IntN(12) == 0 {
			s.strikeShim(l, choice)
			continue
		}
		if len(pids) == 0 {
			continue
		}
		victim, token, err := s.seize(l, pids[choice%len(pids)])
		if err != nil {
			continue // it has ended meanwhile
		}
		l.hit(token)
		sig := syscall.SIGKILL
		switch how {
		case 0:
			sig = syscall.SIGTERM
		case 1:
			sig = syscall.SIGABRT
		case 2, 3:
			sig = syscall.SIGSTOP
		}
		s.events.add(unix.SignalName(sig)+" of scripts", 1)
		_ = victim.Signal(sig)
		if sig != syscall.SIGSTOP {
			_ = victim.Release()
			continue
		}
		pause := time.Duration(r.IntN(500)) * time.Millisecond
		stopped.Go(func() {
			defer victim.Release()
			select {
			case <-ctx.Done():
			case <-time.After(pause):
			}
			_ = victim.Signal(syscall.SIGCONT)
		})
	}
}

// strikeShim kills a shim. It is stopped first, so that whose calls it disturbs
// can be told: those that it has, and one that may be about to be given to it.
func (s *soak) strikeShim(l *life, choice int) {
	shims := shimsOf(l.pid())
	if len(shims) == 0 {
		return
	}
	pid := shims[choice%len(shims)]
	p, err := os.FindProcess(pid)
	if err != nil || leftovers.Parent(pid) != l.pid() || p.Signal(syscall.SIGSTOP) != nil {
		return // it has ended meanwhile
	}
	defer p.Release()
	l.struck.Add(1)
	family := slices.DeleteFunc(s.strangers(l), func(child int) bool { return !descends(child, pid) })
	for _, child := range family {
		l.hit(tokenOf(child))
		l.hitProcess(child) // if it waits for a call
	}
	s.events.add("SIGKILL of shims", 1)
	_ = p.Signal(syscall.SIGKILL)
	if s.level == "cgroups" {
		return // they go on in their groups
	}
	// If the program is killed too before it has ended them, nobody is left who could.
	holds(func() bool {
		left := s.strangers(l)
		return l.over() || !slices.ContainsFunc(family, func(pid int) bool { return slices.Contains(left, pid) })
	})
}

func descends(pid, from int) bool {
	for ; pid > 1; pid = leftovers.Parent(pid) {
		if pid == from {
			return true
		}
	}
	return false
}

// errNotOurs says that a process is none of a script of this run.
var errNotOurs = errors.New("no script's process")

// seize gets hold of a process, by a descriptor, so that it is no other; it
// returns the token of its call.
func (s *soak) seize(l *life, pid int) (*os.Process, string, error) {
	p, err := os.FindProcess(pid) // a pidfd, as far as the kernel has them
	if err != nil {
		return nil, "", err
	}
	token := tokenOf(pid)
	itself := token != "" && slices.Contains(s.ofCalls(l), pid) && p.Signal(syscall.Signal(0)) == nil
	if !itself || pid == l.pid() {
		_ = p.Release()
		return nil, "", errNotOurs
	}
	return p, token, nil
}

// signal signals a process if its command line or environment holds mark.
func signal(pid int, mark string, sig syscall.Signal) error {
	p, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	defer p.Release()
	for _, name := range []string{"cmdline", "environ"} {
		text, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), name))
		if strings.Contains(string(text), mark) {
			return p.Signal(sig)
		}
	}
	return errNotOurs
}

// pause stops the program itself for a moment, now and then.
func (s *soak) pause(ctx context.Context, r *rand.Rand, l *life) {
	for wait(ctx, r, 5*time.Second) {
		s.events.add("SIGSTOP of urocket", 1)
		_ = l.cmd.Process.Signal(syscall.SIGSTOP)
		wait(ctx, r, 300*time.Millisecond)
		_ = l.cmd.Process.Signal(syscall.SIGCONT)
	}
}
