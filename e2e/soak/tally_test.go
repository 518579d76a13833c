package soak

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// tally counts by name.
type tally struct {
	mu sync.Mutex
	n  map[string]int
}

func (t *tally) add(name string, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n == nil {
		t.n = map[string]int{}
	}
	t.n[name] += n
}

// counts is a copy.
func (t *tally) counts() map[string]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.n)
}

// inOne is the counts on one line.
func (t *tally) inOne() string {
	counts := t.counts()
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%s %d", name, counts[name]))
	}
	return strings.Join(parts, ", ")
}

// progress says every ten seconds how far the run is.
func (s *soak) progress(ctx context.Context) {
	tick := time.NewTicker(10 * time.Second)
	defer tick.Stop()
	begun := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.t.Logf("soak: %s, %v: %d calls, %d faults; %s", s.level, time.Since(begun).Round(time.Second), s.sent.Load(), s.faults.Load(), s.events.inOne())
		}
	}
}

// summary is the table at the end of a run.
func (s *soak) summary() string {
	var b strings.Builder
	byOperation, ends, total := map[string]*tally{}, &tally{}, 0
	for name, n := range s.table.counts() {
		op, end, _ := strings.Cut(name, "\t")
		if byOperation[op] == nil {
			byOperation[op] = &tally{}
		}
		byOperation[op].add(end, n)
		ends.add(end, n)
		total += n
	}
	fmt.Fprintf(&b, "soak: level %s, seed %d\n", s.level, s.seed)
	for _, op := range slices.Sorted(maps.Keys(byOperation)) {
		fmt.Fprintf(&b, "%-26s %s\n", op, byOperation[op].inOne())
	}
	fmt.Fprintf(&b, "%-26s %d, sent %d: %s\n", "calls judged", total, s.sent.Load(), ends.inOne())
	fmt.Fprintf(&b, "%-26s %s\n", "what was done", s.events.inOne())
	fmt.Fprintf(&b, "%-26s %s\n", "memory", s.memory)
	fmt.Fprintf(&b, "%-26s %d at once, seen at random moments\n", "processes of scripts", s.peak.Load())
	fmt.Fprintf(&b, "%-26s %d lives, %d faults, nothing left behind", "at the end", s.lives, s.faults.Load())
	if n := s.faults.Load(); n > 0 {
		fmt.Fprintf(&b, " is not to be relied upon")
	}
	if int64(total) != s.sent.Load() {
		s.t.Errorf("%d calls were judged, %d sent", total, s.sent.Load())
	}
	return b.String()
}

// String shows the smallest and the largest of both.
func (m memory) String() string {
	return fmt.Sprintf("%d to %d MiB at a start, %d to %d MiB at rest",
		slices.Min(m.start)>>20, slices.Max(m.start)>>20, slices.Min(m.rest)>>20, slices.Max(m.rest)>>20)
}
