package conform

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/urocket/urocket/e2e/leftovers"
)

// maker is the driver that really made a process, of "fork" or "fork -> spawn: why".
func maker(by string) string {
	if _, instead, ok := strings.Cut(by, " -> "); ok {
		by, _, _ = strings.Cut(instead, ":")
	}
	if by == "" {
		return "spawn"
	}
	return by
}

// allBy tells whether one driver has made all processes.
func allBy(drivers []string, made string) bool {
	return !slices.ContainsFunc(drivers, func(by string) bool { return maker(by) != made })
}

var routeLine = regexp.MustCompile(`(?m)^POST +/(.+)$\n((?: .*\n)*)`)

// makers are the drivers of all trials, as `urocket dry` tells them.
func (g *gateway) makers(t *testing.T) map[string]string {
	t.Helper()
	cmd := g.program("dry")
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("dry: %v\n%s", err, said.String())
	}
	made := map[string]string{}
	for _, route := range routeLine.FindAllStringSubmatch(string(out), -1) {
		_, by, _ := strings.Cut(route[2], "driver: ")
		by, _, _ = strings.Cut(by, "\n")
		made[route[1]] = maker(by)
	}
	return made
}

// attempts runs a trial until one of its calls at least is served by the driver:
// on a busy machine the first ones may be started as by spawn.
func (s *suite) attempts(t *testing.T, tr trial) outcome {
	t.Helper()
	for left := 5; ; left-- {
		got, err := tr.outcome(s.gateway, tr.flags&together != 0, s.served)
		check(t, err)
		if !s.warm(tr) || slices.ContainsFunc(got.driver, func(by string) bool { return maker(by) == s.driver.made }) {
			return got
		}
		if left == 0 {
			t.Fatalf("no call was served by %s: %q", s.driver.name, got.driver)
		}
		time.Sleep(200 * time.Millisecond)
		check(t, tr.layAnew(s.gateway.folder(tr)))
	}
}

// warm tells whether the driver of this suite is to serve a trial at all.
func (s *suite) warm(tr trial) bool {
	return s.made[tr.name()] == s.driver.made && s.driver.made != "spawn" && tr.flags&neverWarm == 0
}

// served makes a call once the process that is to become it, or to fork it, waits;
// else it would be started as by spawn, which is judged as such if it is.
func (s *suite) served(tr trial, c call) (run, error) {
	if s.warm(tr) {
		limit := patience // they are started a few at a time
		if c.before != nil && s.resting.seen(tr.name()) {
			limit = 3 * time.Second // what was changed may keep it from being started
		}
		holdsWithin(limit, func() bool { return s.resting.has(s.gateway.cmd.Process.Pid, tr.name()) })
	}
	return s.gateway.served(tr, c)
}

// resting are the trials of which a process waits.
type resting struct {
	mu    sync.Mutex
	asked time.Time
	now   map[string]bool
	once  map[string]bool // and those of which one did
}

// has tells whether a process of the program rests that it has named after a trial.
// All are looked at, but not too often: there are hundreds, and many ask.
func (r *resting) has(program int, trial string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.asked) > 100*time.Millisecond {
		r.look(program)
		r.asked = time.Now()
	}
	return r.now[trial]
}

func (r *resting) seen(trial string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.once[trial]
}

func (r *resting) look(program int) {
	r.now = map[string]bool{}
	if r.once == nil {
		r.once = map[string]bool{}
	}
	for _, pid := range leftovers.PIDs() {
		trial, ok := strings.CutPrefix(leftovers.CommandLine(pid), "urocket: a warm php for POST /")
		if ok && leftovers.Parent(pid) == program && asleep(pid) {
			trial = strings.TrimRight(trial, " ")
			r.now[trial], r.once[trial] = true, true
		}
	}
}

func asleep(pid int) bool {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(stat), ") ")
	return strings.HasPrefix(rest, "S")
}
