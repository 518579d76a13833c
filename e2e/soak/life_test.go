package soak

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
)

// life is one run of the program.
type life struct {
	number  int
	cmd     *exec.Cmd
	ended   chan struct{} // closed once the program has been reaped
	log     string        // file
	ending  atomic.Int32  // what was done to end it
	struck  atomic.Int32  // shims that were killed
	bare    bool          // its configuration keeps nothing for the next call
	told    int           // lines of its log that were reported
	audited int           // so much of its log, in bytes, is from before its pools were made
	shims   []int         // those of a life that was killed

	newest, confirmed atomic.Int64 // generations of the configuration: written, and known to be in force

	mu    sync.Mutex
	calls []*call
	hits  map[string]bool // tokens whose processes were disturbed
	shots map[int]bool    // processes that were disturbed while they waited for calls
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
	l := &life{number: s.lives, ended: make(chan struct{}), log: s.path(fmt.Sprintf("log-%d", s.lives)), hits: map[string]bool{}, shots: map[int]bool{}}
	l.newest.Store(generation)
	l.confirmed.Store(generation)
	s.writeConfig(s.configuration(generation, false))
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
	s.memory.start = append(s.memory.start, l.rss())
	return l
}

func (s *soak) writeConfig(text []byte) {
	check(s.t, os.WriteFile(s.path("new.yaml"), text, 0o644))
	check(s.t, os.Rename(s.path("new.yaml"), s.path("urocket-service.yaml")))
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

// hitProcess notes that a process is about to be disturbed that waits for calls.
func (l *life) hitProcess(pid int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shots[pid] = true
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
