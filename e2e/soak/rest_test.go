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
	if s.hopeless.Load() {
		return // it would wait for the same in vain
	}
	if !l.bare {
		s.drivers(l)
		s.audit(l)
		s.reconfigure(l, true)
	}
	s.demand(l, "with nothing to wait for calls", s.uncovered)
	s.memory.rest = append(s.memory.rest, l.rss())
	s.judge(l)
}

// demand waits until nothing is left. What is in one look and not in the next is none: a
// look takes a second on a busy machine, and meanwhile a worker that has become too old
// is replaced by another.
func (s *soak) demand(l *life, when string, left func(*life) []string) {
	var before, stays []string
	since, told := time.Now(), false
	atRest := func() bool {
		now := left(l)
		stays = slices.DeleteFunc(slices.Clone(now), func(what string) bool { return before != nil && !slices.Contains(before, what) })
		before = append([]string{}, now...)
		if !told && len(stays) > 0 && time.Since(since) > 30*time.Second {
			told = true
			s.t.Logf("soak: life %d, %s, since half a minute: %s", l.number, when, strings.Join(stays, "; "))
		}
		return l.over() || len(stays) == 0
	}
	if !holds(atRest) {
		s.fault("life %d, %s: %s", l.number, when, strings.Join(stays, "; "))
		s.hopeless.Store(true)
	}
	if l.over() {
		s.t.Fatalf("life %d ended by itself:\n%s", l.number, l.lastLines())
	}
}

// restless says what is there that is not at rest, the same things in the same words.
func (s *soak) restless(l *life) (what []string) {
	running, err := s.running()
	if err != nil {
		what = append(what, err.Error())
	}
	for _, call := range running {
		_, which, _ := strings.Cut(call, " ") // its state may change
		what = append(what, "call "+which)
	}
	for _, pid := range s.ofCalls(l) {
		what = append(what, alien(pid))
	}
	for _, pid := range leftovers.Zombies(l.pid()) {
		what = append(what, fmt.Sprintf("zombie %v", pid))
	}
	for _, file := range s.files(l) {
		what = append(what, "file "+file)
	}
	return slices.Concat(what, s.strayGroups(l), s.unrest(l))
}

// strayGroups are the cgroups that were not there at the start, and those that are not
// there any more.
func (s *soak) strayGroups(l *life) (what []string) {
	if s.worn.groups == nil {
		return nil
	}
	now := s.groups(l)
	for _, dir := range now {
		if !slices.Contains(s.worn.groups, l.shape([]string{dir})[0]) {
			what = append(what, "cgroup "+dir)
		}
	}
	for _, shape := range s.worn.groups {
		if !slices.Contains(l.shape(now), shape) {
			what = append(what, "cgroup "+shape+" is gone")
		}
	}
	return what
}

// uncovered says the same where nothing waits for calls.
func (s *soak) uncovered(l *life) []string {
	what := s.restless(l)
	for _, pid := range s.standing(l) {
		what = append(what, alien(pid))
	}
	// Shims are kept for the next calls, with one descriptor each; but a shim has been seen
	// to be there without. What is lost in a load is lost more than once.
	if fds := leftovers.Descriptors(l.pid()); s.worn.fds > 0 && len(fds)-len(shimsOf(l.pid())) > s.worn.fds+1 {
		what = append(what, fmt.Sprintf("%d descriptors of which %d are shims', at the start %d: %q, at the start %q", len(fds), len(shimsOf(l.pid())), s.worn.fds, fds, s.worn.list))
	}
	return what
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
	list, shims := s.settled(l)
	s.worn = worn{fds: len(list) - len(shims), list: list, groups: l.shape(s.groups(l))}
}

// settled are the descriptors of a life and its shims, once none of them changes any
// more: a shim that is let go of may live a little longer than its descriptor.
func (s *soak) settled(l *life) (list []string, shims []int) {
	const looks = 10 // in a row, some 20 ms from one to the next
	same := 0
	if !holds(func() bool {
		fds, now := leftovers.Descriptors(l.pid()), shimsOf(l.pid())
		if slices.Equal(fds, list) && slices.Equal(now, shims) {
			same++
		} else {
			list, shims, same = fds, now, 0
		}
		return same >= looks
	}) {
		s.fault("life %d is never at rest before the first call", l.number)
	}
	return list, shims
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
