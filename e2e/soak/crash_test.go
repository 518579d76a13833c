package soak

import (
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/urocket/urocket/e2e/leftovers"
)

// crashLeft counts what a killed program has left behind.
func (s *soak) crashLeft(l *life) {
	s.events.add("SIGKILL of urocket", 1)
	s.events.add("processes left by SIGKILL", len(s.strangers(l)))
	s.events.add("files left by SIGKILL", len(leftovers.Files(s.path("tmp"))))
	s.events.add("cgroups left by SIGKILL", len(leftovers.Groups("urocket-"+s.name)))
}

// afterCrash demands that the next start has cleaned up behind the killed life.
func (s *soak) afterCrash(l, next *life) {
	for _, dir := range leftovers.Groups("urocket-" + s.name) {
		if !strings.Contains(dir, "."+strconv.Itoa(next.pid())) {
			s.fault("life %d has not removed the cgroup %s of life %d", next.number, dir, l.number)
		}
	}
	// Groups are ended before the next life serves; a shim ends its family by itself,
	// when the program that it belongs to is gone.
	left := func() []int {
		return slices.DeleteFunc(s.strangers(next), func(pid int) bool { return descends(pid, next.pid()) })
	}
	if s.level == "none" {
		holds(func() bool { return len(left()) == 0 })
	}
	for _, pid := range left() {
		s.fault("life %d has left process %d %q, and life %d has not ended it", l.number, pid, leftovers.CommandLine(pid), next.number)
		_ = signal(pid, s.dir, syscall.SIGKILL)
	}
	if !holds(func() bool { return !slices.ContainsFunc(l.shims, isShim) }) {
		s.fault("shims of life %d are left: %v", l.number, l.shims)
	}
	for _, file := range s.files(next) {
		s.fault("life %d has not removed %s of life %d", next.number, file, l.number)
	}
}

var goroutineHead = regexp.MustCompile(`(?m)^goroutine \d+ .*\[`)

// goroutines ends a life at rest by SIGQUIT, which prints its goroutines, and
// one that has served nothing; the first may have no more of them. It returns
// the life that cleans up.
func (s *soak) goroutines(l *life) *life {
	worn := s.quit(l)
	first := s.start(1)
	s.reconfigure(first, true)
	s.demand(first, "with nothing to wait for calls", s.uncovered)
	if fresh := s.quit(first); len(worn) > len(fresh) {
		s.fault("%d goroutines at rest, %d before the first call; now\n%s", len(worn), len(fresh), strings.Join(worn, "\n\n"))
	}
	return s.start(1)
}

// quit ends a life by SIGQUIT and returns its goroutines, but for those of the shims
// that it keeps or is getting rid of.
func (s *soak) quit(l *life) (list []string) {
	l.ending.Store(killed)
	_ = l.cmd.Process.Signal(syscall.SIGQUIT)
	if !holds(l.over) {
		s.t.Fatalf("life %d does not end after SIGQUIT", l.number)
	}
	log, err := os.ReadFile(l.log)
	check(s.t, err)
	_, dump, ok := strings.Cut(string(log), "SIGQUIT: quit")
	if !ok {
		s.fault("life %d prints no goroutines after SIGQUIT:\n%s", l.number, l.lastLines())
	}
	for block := range strings.SplitSeq(dump, "\n\n") {
		if goroutineHead.MatchString(block) && !notCounted.MatchString(block) {
			list = append(list, block)
		}
	}
	return list
}

// notCounted are goroutine 0, which is a thread's own stack, those of the garbage
// collector, which come and go, and those of shims.
var notCounted = regexp.MustCompile(`^\s*goroutine 0 |created by (runtime\.|\S*/processctl\.\(\*crew\)\.startShim|\S*/processctl/shim\.Dial)`)

// isShim tells whether a process is one of those that start others for the program.
func isShim(pid int) bool { return strings.HasPrefix(leftovers.CommandLine(pid), "urocket-shim") }

// shimsOf lists those of a program.
func shimsOf(pid int) []int {
	return slices.DeleteFunc(leftovers.PIDs(), func(p int) bool { return !isShim(p) || leftovers.Parent(p) != pid })
}
