package soak

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/urocket/urocket/e2e/leftovers"
)

// life is one run of the program.
type life struct {
	number int
	cmd    *exec.Cmd
	ended  chan struct{} // closed once the program has been reaped
	log    string        // file
	fds    int           // open descriptors before the first call
	groups []string      // cgroups before the first call
	ending atomic.Int32  // what was done to end it
	struck atomic.Int32  // shims that were killed
	told   int           // lines of its log that were reported
	shims  []int         // those of a life that was killed

	newest, confirmed atomic.Int64 // generations of the configuration: written, and known to be in force

	mu    sync.Mutex
	calls []*call
	hits  map[string]bool // tokens whose processes were disturbed
}

// What was done to end a life.
const (
	nothingYet int32 = iota
	stopping         // SIGTERM: every call that has a process is answered
	hurried          // a second SIGTERM: nothing is waited for
	killed
)

// endings are the same, for messages.
var endings = [...]string{"nothing yet", "SIGTERM", "SIGTERM, twice", "SIGKILL"}

// start starts the program and waits until it serves.
func (s *soak) start(generation int64) *life {
	s.lives++
	l := &life{number: s.lives, ended: make(chan struct{}), log: s.path(fmt.Sprintf("log-%d", s.lives)), hits: map[string]bool{}}
	l.newest.Store(generation)
	l.confirmed.Store(generation)
	s.writeConfig(s.configuration(generation))
	log, err := os.Create(l.log)
	check(s.t, err)
	defer log.Close()
	l.cmd = exec.Command(program, "run", "-c", s.path("urocket-service.yaml"), "--log-format", "json")
	l.cmd.Dir, l.cmd.Stdout, l.cmd.Stderr = "/", log, log
	l.cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME=/root", "LANG=C.UTF-8", "TZ=UTC", "TMPDIR=" + s.path("tmp")}
	check(s.t, l.cmd.Start())
	go func() { _ = l.cmd.Wait(); close(l.ended) }()
	s.t.Cleanup(func() { _ = l.cmd.Process.Kill(); <-l.ended })
	up := holds(func() bool {
		a, err := s.back("GET", "/healthz", nil)
		return l.over() || err == nil && a.status == 200
	})
	if !up || l.over() {
		s.t.Fatalf("life %d: the program does not come up:\n%s", l.number, l.lastLines())
	}
	l.fds, l.groups = len(leftovers.Descriptors(l.pid()))-len(shimsOf(l.pid())), s.groups()
	s.memory.start = append(s.memory.start, l.rss())
	return l
}

func (s *soak) writeConfig(text []byte) {
	check(s.t, os.WriteFile(s.path("new.yaml"), text, 0o644))
	check(s.t, os.Rename(s.path("new.yaml"), s.path("urocket-service.yaml")))
}

// groups lists the cgroups of the program, but not those of processes.
func (s *soak) groups() []string {
	if s.level == "none" {
		return nil
	}
	return leftovers.Groups("urocket-" + s.name)
}

func (l *life) pid() int { return l.cmd.Process.Pid }

func (l *life) over() bool {
	select {
	case <-l.ended:
		return true
	default:
		return false
	}
}

// add notes a call that has ended.
func (l *life) add(c *call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, c)
}

// hit notes that processes of a call are about to be disturbed.
func (l *life) hit(token string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hits[token] = true
}

// take hands over the calls that have ended since the last time.
func (l *life) take() (calls []*call, hits map[string]bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	calls, l.calls = l.calls, nil
	hits, l.hits = l.hits, map[string]bool{}
	return calls, hits
}

// memory is what the program had in its lives, in bytes, as proc(5) tells it.
type memory struct{ start, rest []int }

func (l *life) rss() int {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", l.pid()))
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	var kb int
	_, _ = fmt.Sscanf(rest, "%d kB", &kb)
	return kb << 10
}

// lastLines are the end of the log, for messages.
func (l *life) lastLines() string {
	b, _ := os.ReadFile(l.log)
	return string(b[max(0, len(b)-4000):])
}

// strangers lists the processes of the run that are there, but the program.
func (s *soak) strangers(l *life) []int {
	return slices.DeleteFunc(leftovers.Marked(s.dir), func(pid int) bool { return pid == l.pid() && !l.over() })
}

// atRest waits until nothing runs, and demands that nothing is left; then the
// calls are judged.
func (s *soak) atRest(l *life) {
	s.gate.shut()
	s.idle.empty()
	left := func() string { return s.restless(l) }
	if !holds(func() bool { return l.over() || left() == "" }) {
		s.fault("life %d, at rest: %s", l.number, left())
		s.hopeless.Store(true)
	}
	if l.over() {
		s.t.Fatalf("life %d ended by itself:\n%s", l.number, l.lastLines())
	}
	s.memory.rest = append(s.memory.rest, l.rss())
	s.judge(l)
}

// restless says what is there that is not at rest; "" for nothing.
func (s *soak) restless(l *life) string {
	var what []string
	if running, err := s.running(); err != nil || len(running) > 0 {
		what = append(what, fmt.Sprintf("calls %v (%v)", running, err))
	}
	for _, pid := range s.strangers(l) {
		what = append(what, fmt.Sprintf("process %d %q of %s", pid, leftovers.CommandLine(pid), leftovers.Variable(pid, "T")))
	}
	if z := leftovers.Zombies(l.pid()); len(z) > 0 {
		what = append(what, fmt.Sprintf("zombies %v", z))
	}
	if now := s.groups(); !slices.Equal(now, l.groups) {
		what = append(what, fmt.Sprintf("cgroups %q, at the start %q", now, l.groups))
	}
	if files := leftovers.Files(s.path("tmp")); len(files) > 0 {
		what = append(what, fmt.Sprintf("files %q", files))
	}
	// Shims are kept for the next calls, with one descriptor each.
	if fds := leftovers.Descriptors(l.pid()); len(fds)-len(shimsOf(l.pid())) > l.fds {
		what = append(what, fmt.Sprintf("%d descriptors, at the start %d: %q", len(fds), l.fds, fds))
	}
	return strings.Join(what, "; ")
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
	if groups := s.groups(); len(groups) > 0 {
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
