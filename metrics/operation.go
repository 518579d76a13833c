package metrics

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/urocket/urocket/processctl"
	"github.com/urocket/urocket/visor"
)

type operationKey struct{ path, method string }

func keyOf(o *visor.Operation) operationKey { return operationKey{o.Path, o.Method} }

// operation is the series of one operation, found once.
type operation struct {
	total     series[ending]
	refused   series[string] // by problem
	processes series[string] // by driver

	answer, queue, spawn, run, memory prometheus.Observer // nil: of requests that match none

	cpu, oom, pids, leftovers, brokenOff, fallbacks prometheus.Counter

	kills  map[visor.End]prometheus.Counter
	strays map[processctl.Strays]prometheus.Counter
}

// ending is the answer of a call and how it ended.
type ending struct {
	status int
	end    visor.End
}

// Series that are there from the start: what becomes of calls, and why there is
// none. A problem that only belongs to requests without an operation is not among
// those of operations.
var (
	endings = []ending{
		{200, visor.EndReply},
		{200, visor.EndExit},
		{500, visor.EndExit},
		{502, visor.EndExit},
		{502, visor.EndOOM},
		{504, visor.EndTimeout},
		{499, visor.EndCallerGone},
		{503, visor.EndDraining},
		{400, visor.EndNone},
		{429, visor.EndNone},
		{500, visor.EndNone},
		{503, visor.EndNone},
	}
	problems = []string{
		"validation", "not-json", "bad-request", "unauthorized", "forbidden", "too-large", "slow-request", "media-type",
		"busy", "draining", "caller-gone", "start-failed", "internal",
	}
	unmatchedEndings  = []ending{{404, visor.EndNone}, {405, visor.EndNone}, {414, visor.EndNone}, {431, visor.EndNone}, {501, visor.EndNone}, {204, visor.EndNone}}
	unmatchedProblems = []string{"not-found", "method-not-allowed", "too-large", "no-callback", "internal"}
)

// unmatched makes the series of the requests that match no operation.
func (c *calls) unmatched() *operation {
	o := &operation{}
	o.countable(c, operationKey{Unmatched, Unmatched}, unmatchedEndings, unmatchedProblems)
	return o
}

// operation makes the series of an operation.
func (c *calls) operation(key operationKey) *operation {
	is := []string{key.path, key.method}
	o := &operation{
		answer: c.answer.WithLabelValues(is...), queue: c.queue.WithLabelValues(is...), spawn: c.spawn.WithLabelValues(is...),
		run: c.run.WithLabelValues(is...), memory: c.memory.WithLabelValues(is...),
		cpu: c.cpu.WithLabelValues(is...), oom: c.oom.WithLabelValues(is...), pids: c.pids.WithLabelValues(is...),
		leftovers: c.leftovers.WithLabelValues(is...), brokenOff: c.brokenOff.WithLabelValues(is...), fallbacks: c.fallbacks.WithLabelValues(is...),
		kills: map[visor.End]prometheus.Counter{}, strays: map[processctl.Strays]prometheus.Counter{},
	}
	for _, reason := range []visor.End{visor.EndTimeout, visor.EndCallerGone, visor.EndDraining} {
		o.kills[reason] = c.kills.WithLabelValues(key.path, key.method, reason.String())
	}
	for _, fate := range []processctl.Strays{processctl.StraysTerminated, processctl.StraysKilled} {
		o.strays[fate] = c.strays.WithLabelValues(key.path, key.method, fate.String())
	}
	o.processes.make = func(driver string) prometheus.Counter {
		return c.processes.WithLabelValues(key.path, key.method, driver)
	}
	for _, driver := range drivers {
		o.processes.of(driver)
	}
	o.countable(c, key, endings, problems)
	return o
}

// countable gives an operation the series that are made as they are wanted, and
// makes some at once.
func (o *operation) countable(c *calls, key operationKey, endings []ending, problems []string) {
	o.total.make = func(e ending) prometheus.Counter {
		return c.total.WithLabelValues(key.path, key.method, statusText(e.status), endText(e.end))
	}
	o.refused.make = func(problem string) prometheus.Counter {
		return c.refused.WithLabelValues(key.path, key.method, problem)
	}
	for _, e := range endings {
		o.total.of(e)
	}
	for _, p := range problems {
		o.refused.of(p)
	}
}

// countRefused counts a request that no process was started for.
func (o *operation) countRefused(status int, problem string) {
	o.total.of(ending{statusOf(status), visor.EndNone}).Inc()
	if problem != "" {
		o.refused.of(problem).Inc()
	}
}

// countEnded counts a call whose process was started.
func (o *operation) countEnded(c *Call) {
	s := c.Summary
	o.total.of(ending{statusOf(c.Status), s.End}).Inc()
	if o.answer == nil { // it was not adopted
		return
	}
	o.answer.Observe(c.Answered.Seconds())
	o.queue.Observe(s.Stats.Queue.Seconds())
	o.spawn.Observe(s.Stats.Spawn.Seconds())
	o.run.Observe(s.Stats.Wall.Seconds())
	o.cpu.Add(max(0, cpuTime(&s.Stats).Seconds()))
	switch {
	case s.Stats.Memory != nil:
		o.memory.Observe(float64(*s.Stats.Memory))
	case s.Stats.MaxRSS != nil:
		o.memory.Observe(float64(*s.Stats.MaxRSS))
	}
	by, instead := cameBy(s.Driver)
	o.processes.of(by).Inc()
	if instead {
		o.fallbacks.Inc()
	}
	o.countMisfortunes(c)
}

// cameBy is the driver that a process came to be by, and whether instead of another:
// the text of that is "fork -> spawn: why".
func cameBy(driver string) (by string, instead bool) {
	_, other, instead := strings.Cut(driver, " -> ")
	if instead {
		driver, _, _ = strings.Cut(other, ":")
	}
	if !slices.Contains(drivers, driver) {
		driver = "other"
	}
	return driver, instead
}

var drivers = []string{"spawn", "fork", "spare", "worker"}

// countMisfortunes counts what few calls meet with.
func (o *operation) countMisfortunes(c *Call) {
	s := c.Summary
	if c.BrokenOff {
		o.brokenOff.Inc()
	}
	if kill := o.kills[s.Stopped]; kill != nil {
		kill.Inc()
	}
	if s.Stats.OOM {
		o.oom.Inc()
	}
	if strays := o.strays[s.Result.Strays]; strays != nil {
		strays.Inc()
	}
	if s.Stats.PIDsRefused > 0 {
		o.pids.Add(float64(s.Stats.PIDsRefused))
	}
	if s.Leftover != nil {
		o.leftovers.Inc()
	}
}

// cpuTime is that of all descendants, where it is known.
func cpuTime(s *visor.Stats) (d time.Duration) {
	if s.CPU != nil {
		return *s.CPU
	}
	for _, part := range []*time.Duration{s.UTime, s.STime} {
		if part != nil {
			d += *part
		}
	}
	return d
}

// series are made when they are first wanted; after that they are found without a
// lock. Few are ever made, so each may cost a copy of those that there are.
type series[K comparable] struct {
	make func(K) prometheus.Counter

	mu   sync.Mutex // held to make one
	made atomic.Pointer[map[K]prometheus.Counter]
}

func (s *series[K]) of(key K) prometheus.Counter {
	if made := s.made.Load(); made != nil {
		if c := (*made)[key]; c != nil {
			return c
		}
	}
	return s.add(key)
}

func (s *series[K]) add(key K) prometheus.Counter {
	s.mu.Lock()
	defer s.mu.Unlock()
	more := map[K]prometheus.Counter{}
	if made := s.made.Load(); made != nil {
		more = maps.Clone(*made)
	}
	if more[key] == nil {
		more[key] = s.make(key)
		s.made.Store(&more)
	}
	return more[key]
}
