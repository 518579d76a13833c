package soak

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/urocket/urocket/e2e/leftovers"
)

// atRest waits until nothing runs, and demands that nothing is left but what waits for
// calls; and then, with a configuration that has no such, nothing at all. Then the calls
// are judged.
func (s *soak) atRest(l *life) {
	s.gate.shut()
	s.idle.empty()
	s.demand(l, "at rest", s.restless)
	if !l.bare && !s.hopeless.Load() {
		s.drivers(l)
		s.audit(l)
		s.reconfigure(l, true)
	}
	s.demand(l, "with nothing to wait for calls", s.uncovered)
	s.memory.rest = append(s.memory.rest, l.rss())
	s.judge(l)
}

// demand waits until nothing is left.
func (s *soak) demand(l *life, when string, left func(*life) string) {
	since, told := time.Now(), false
	if !holds(func() bool {
		now := left(l)
		if !told && now != "" && time.Since(since) > 30*time.Second {
			told = true
			s.t.Logf("soak: life %d, %s, since half a minute: %s", l.number, when, now)
		}
		return l.over() || now == ""
	}) {
		s.fault("life %d, %s: %s", l.number, when, left(l))
		s.hopeless.Store(true)
	}
	if l.over() {
		s.t.Fatalf("life %d ended by itself:\n%s", l.number, l.lastLines())
	}
}

// restless says what is there that is not at rest; "" for nothing.
func (s *soak) restless(l *life) string {
	var what []string
	if running, err := s.running(); err != nil || len(running) > 0 {
		what = append(what, fmt.Sprintf("calls %v (%v)", running, err))
	}
	for _, pid := range s.ofCalls(l) {
		what = append(what, alien(pid))
	}
	if z := leftovers.Zombies(l.pid()); len(z) > 0 {
		what = append(what, fmt.Sprintf("zombies %v", z))
	}
	if now := s.groups(l); s.worn.groups != nil && !slices.Equal(l.shape(now), s.worn.groups) {
		what = append(what, fmt.Sprintf("cgroups %q, at the start %q", now, s.worn.groups))
		for _, dir := range now {
			what = append(what, members(dir)...)
		}
	}
	if files := s.files(l); len(files) > 0 {
		what = append(what, fmt.Sprintf("files %q", files))
	}
	return strings.Join(append(what, s.unrest(l)...), "; ")
}

// uncovered says the same where nothing waits for calls.
func (s *soak) uncovered(l *life) string {
	what := []string{s.restless(l)}
	for _, pid := range s.standing(l) {
		what = append(what, alien(pid))
	}
	// Shims are kept for the next calls, with one descriptor each.
	if fds := leftovers.Descriptors(l.pid()); s.worn.fds > 0 && len(fds)-len(shimsOf(l.pid())) > s.worn.fds {
		what = append(what, fmt.Sprintf("%d descriptors of which %d are shims', at the start %d: %q, at the start %q", len(fds), len(shimsOf(l.pid())), s.worn.fds, fds, s.worn.list))
	}
	return strings.Trim(strings.Join(what, "; "), "; ")
}

// worn is what a program has that has kept something for calls, and keeps nothing now.
type worn struct {
	fds    int // open descriptors, but those of shims
	list   []string
	groups []string
}

// measure finds that out before the first call.
func (s *soak) measure(l *life) {
	s.demand(l, "before the first call", s.restless)
	_, _ = knock(s, s.random("knock", 0)) // a stranger's connection may be kept
	s.reconfigure(l, true)
	s.demand(l, "before the first call, with nothing to wait for calls", s.uncovered)
	list := leftovers.Descriptors(l.pid())
	s.worn = worn{fds: len(list) - len(shimsOf(l.pid())), list: list, groups: l.shape(s.groups(l))}
}

// reconfigure has a configuration in force that keeps nothing for the next call, or the
// ordinary one again.
func (s *soak) reconfigure(l *life, bare bool) {
	generation := l.newest.Load() + 1
	l.newest.Store(generation)
	s.writeConfig(s.configuration(generation, bare))
	before := len(l.reloads())
	l.audited = int(fileSize(l.log))
	_ = l.cmd.Process.Signal(syscall.SIGHUP)
	reloaded := func() bool { return len(l.reloads()) > before }
	if !holds(func() bool { return l.over() || reloaded() }) || l.over() {
		s.t.Fatalf("life %d does not tell of a reload:\n%s", l.number, l.lastLines())
	}
	l.bare = bare
	s.judgeReload(l, l.reloads()[before], generation, true)
}

// terminate ends a life by SIGTERM, or two of them, whatever runs, and demands
// that nothing is left.
func (s *soak) terminate(l *life, how int32) {
	l.ending.Store(how)
	_ = l.cmd.Process.Signal(syscall.SIGTERM)
	if how == hurried {
		time.Sleep(50 * time.Millisecond)
		_ = l.cmd.Process.Signal(syscall.SIGTERM)
	}
	if !holds(l.over) {
		s.fault("life %d does not end after SIGTERM:\n%s", l.number, l.lastLines())
		_ = l.cmd.Process.Kill()
		<-l.ended
	}
	s.gate.shut()
	s.idle.empty()
	if code := l.cmd.ProcessState.ExitCode(); code != 0 && !(how == hurried && code == 1) {
		s.fault("life %d: exit code %d after SIGTERM:\n%s", l.number, code, l.lastLines())
	}
	for _, pid := range s.strangers(l) {
		s.fault("life %d left process %d %q", l.number, pid, leftovers.CommandLine(pid))
	}
	if groups := leftovers.Groups("urocket-" + s.name); len(groups) > 0 {
		s.fault("life %d left cgroups %q", l.number, groups)
	}
	if files := leftovers.Files(s.path("tmp")); len(files) > 0 {
		s.fault("life %d left files %q", l.number, files)
	}
	if _, err := os.Lstat(s.sock); err == nil {
		s.fault("life %d left its socket", l.number)
	}
	s.judge(l)
}

// crash ends a life by SIGKILL, whatever runs, and begins the next; that one has
// to clean up behind the first.
func (s *soak) crash(l *life) *life {
	l.ending.Store(killed)
	l.shims = shimsOf(l.pid())
	_ = l.cmd.Process.Kill()
	<-l.ended
	s.gate.shut()
	s.idle.empty()
	s.crashLeft(l)
	next := s.start(l.newest.Load() + 1)
	s.afterCrash(l, next)
	s.judge(l)
	return next
}

func fileSize(name string) int64 {
	st, err := os.Stat(name)
	if err != nil {
		return 0
	}
	return st.Size()
}
