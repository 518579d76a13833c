package page

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/urocket/urocket/visor"
)

// How many ended calls are kept: the last ones, and the last of those that went
// wrong.
const (
	keptCalls  = 100
	keptFaults = 50
)

// end is a call that is over. It does not change.
type end struct {
	visor.Snapshot // of one without a process no more than what was asked for
	number         uint64
	at             time.Time
	status         int
	problem        string
	broken         bool
	stopped        visor.End // why its process was made to end
}

// bad says whether somebody will want to know why.
func (e *end) bad() bool {
	switch {
	case e.status >= 500 || e.broken || e.Signal != "" || e.Stats.OOM:
		return true
	case e.ExitCode != nil && *e.ExitCode != 0:
		return true
	}
	return e.End == visor.EndTimeout || e.End == visor.EndCallerGone || e.End == visor.EndDraining
}

// ended are the calls that ended last.
type ended struct {
	mu          sync.Mutex
	count       uint64
	all, faults ring
}

// ring holds as many as it has room for. The newest is in front of next.
type ring struct {
	list []*end
	next int
}

func (r *ring) add(e *end, room int) {
	if len(r.list) < room {
		r.list = append(r.list, e)
		return
	}
	r.list[r.next] = e
	r.next = (r.next + 1) % room
}

func (l *ended) add(e *end) {
	bad := e.bad()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count++
	e.number = l.count
	l.all.add(e, keptCalls)
	if bad {
		l.faults.add(e, keptFaults)
	}
}

// after are those that came after the one with a number, oldest first, and the
// number of the last that there is.
func (l *ended) after(number uint64) ([]*end, uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []*end
	for _, r := range []*ring{&l.all, &l.faults} {
		for _, e := range r.list {
			if e.number > number {
				found = append(found, e)
			}
		}
	}
	slices.SortFunc(found, func(a, b *end) int { return cmp.Compare(a.number, b.number) })
	return slices.Compact(found), l.count
}
