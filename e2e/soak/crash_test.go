package soak

import (
	"os"
	"path/filepath"
	"regexp"
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
	s.events.add("cgroups left by SIGKILL", len(s.groups()))
}

// afterCrash demands that the next start has cleaned up behind the killed life.
func (s *soak) afterCrash(l, next *life) {
	for _, dir := range next.groups {
		if !strings.Contains(dir, "."+strconv.Itoa(next.pid())) {
			s.fault("life %d has not removed the cgroup %s of life %d", next.number, dir, l.number)
		}
	}
	left := s.strangers(next)
	if s.level == "cgroups" || daemonsEnd {
		for _, pid := range left {
			s.fault("life %d has not ended process %d %q of life %d", next.number, pid, leftovers.CommandLine(pid), l.number)
		}
	}
	// What is found while it is ended may have been forked meanwhile.
	if !holds(func() bool {
		for _, pid := range left {
			_ = signal(pid, s.dir, syscall.SIGKILL)
		}
		left = s.strangers(next)
		return len(left) == 0
	}) {
		s.fault("processes of life %d do not end: %v", l.number, left)
	}
	for _, file := range leftovers.Files(s.path("tmp")) {
		if filesSwept {
			s.fault("life %d has not removed %s of life %d", next.number, file, l.number)
		}
	}
	entries, err := os.ReadDir(s.path("tmp"))
	check(s.t, err)
	for _, e := range entries {
		leftovers.Clear(filepath.Join(s.path("tmp"), e.Name()))
	}
}

var goroutineHead = regexp.MustCompile(`(?m)^goroutine \d+ .*\[`)

// goroutines ends a life at rest by SIGQUIT, which prints its goroutines, and
// one that has served nothing; the first may have no more of them. It returns
// the life that cleans up.
func (s *soak) goroutines(l *life) *life {
	worn := s.quit(l)
	fresh := s.quit(s.start(1))
	if len(worn) > len(fresh) {
		s.fault("%d goroutines at rest, %d before the first call; now\n%s", len(worn), len(fresh), strings.Join(worn, "\n\n"))
	}
	return s.start(1)
}

func (s *soak) quit(l *life) []string {
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
	var list []string
	for block := range strings.SplitSeq(dump, "\n\n") {
		// Goroutine 0 is a thread's own stack; the garbage collector's come and go.
		own := !strings.HasPrefix(strings.TrimSpace(block), "goroutine 0 ") && !strings.Contains(block, "created by runtime.")
		if own && goroutineHead.MatchString(block) {
			list = append(list, block)
		}
	}
	return list
}
