package visor

import (
	"container/list"
	"slices"
	"sync"
	"time"

	"github.com/urocket/urocket/processctl"
)

// What is remembered of ended calls.
const (
	RecordTime  = 60 * time.Second
	RecordCount = 10_000
	recordTails = 16 << 20 // bytes of all tails together
	TailSize    = 4 << 10  // bytes of a stream's end in a snapshot
)

// record is a call that has ended.
type record struct {
	Snapshot
	mode Mode
	at   time.Time
}

// record is that of a call that is over.
func (r *Run) record(s *Summary) *record {
	rec := &record{Snapshot: Snapshot{
		ID: r.call.ID, Path: r.call.Operation.Path, Method: r.call.Operation.Method, State: "ended", End: s.End,
		PID: r.proc.PID(), Driver: s.Driver, Argv: r.call.Argv, Arrived: r.arrived, Start: r.proc.Started(), Stats: s.Stats,
	}, mode: r.call.Mode, at: time.Now()}
	rec.Age = rec.at.Sub(rec.Start)
	rec.Stdout, _ = r.proc.Tail(processctl.Stdout, TailSize)
	rec.Stderr, _ = r.proc.Tail(processctl.Stderr, TailSize)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.result != nil {
		rec.ExitCode, rec.Signal = s.Stats.Exit, SignalName(r.result.Signal)
	}
	return rec
}

// records are the calls that ended lately, oldest first.
type records struct {
	mu    sync.Mutex
	byID  map[string]*list.Element
	order list.List // of *record
	tails int       // bytes of tails in order
	bare  *list.Element
}

func (r *records) add(rec *record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byID == nil {
		r.byID = map[string]*list.Element{}
	}
	r.byID[rec.ID] = r.order.PushBack(rec)
	r.tails += len(rec.Stdout) + len(rec.Stderr)
	r.expire(rec.at)
	r.dropTails()
}

// expire forgets what is too old or too much.
func (r *records) expire(now time.Time) {
	for e := r.order.Front(); e != nil; e = r.order.Front() {
		rec := e.Value.(*record)
		if r.order.Len() <= RecordCount && now.Sub(rec.at) <= RecordTime {
			return
		}
		if r.bare == e {
			r.bare = nil
		}
		r.tails -= len(rec.Stdout) + len(rec.Stderr)
		delete(r.byID, rec.ID)
		r.order.Remove(e)
	}
}

// dropTails takes the tails of the oldest records away until the rest fit. Up
// to bare it has done so already.
func (r *records) dropTails() {
	for r.tails > recordTails {
		next := r.order.Front()
		if r.bare != nil {
			next = r.bare.Next()
		}
		rec := next.Value.(*record)
		r.tails -= len(rec.Stdout) + len(rec.Stderr)
		rec.Stdout, rec.Stderr = nil, nil
		r.bare = next
	}
}

// find returns a copy, or nil.
func (r *records) find(id string) *record {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expire(time.Now())
	if e := r.byID[id]; e != nil {
		rec := *e.Value.(*record) // its tails may be dropped at any time
		return &rec
	}
	return nil
}

func (r *records) snapshots() []Snapshot {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expire(time.Now())
	snaps := make([]Snapshot, 0, r.order.Len())
	for e := r.order.Front(); e != nil; e = e.Next() {
		snaps = append(snaps, e.Value.(*record).Snapshot)
	}
	return snaps
}

// Snapshot is one call as the list of processes shows it.
type Snapshot struct {
	ID, Path, Method string
	State            string // queued, running, replied, ending, ended
	End              End
	PID              int      // 0: not started yet
	Driver           string   // how the process came to be; "" before that
	Argv             []string // placeholders unfilled
	Arrived          time.Time
	Start            time.Time     // of the process; zero while queued
	Age              time.Duration // since the start, or since it arrived; of an ended call to its end
	ExitCode         *int
	Signal           string // "SIGKILL", or ""
	Stats            Stats
	Stdout, Stderr   []byte // the last TailSize bytes
}

// snapshot looks at a call as it is now.
func (r *Run) snapshot() Snapshot {
	var proc process
	var end End
	var result *processctl.Result
	var over bool
	if r.lock() { // else its process does not get started
		proc, end, result, over = r.proc, r.end, r.result, r.ended != nil
		r.mu.Unlock()
	}
	s := Snapshot{
		ID: r.call.ID, Path: r.call.Operation.Path, Method: r.call.Operation.Method,
		Argv: r.call.Argv, Arrived: r.arrived, End: end, State: "queued", Age: time.Since(r.arrived),
	}
	if proc == nil {
		s.Stats.Queue, s.Stats.Partial = s.Age, true
		return s
	}
	s.State, s.PID, s.Driver, s.Stats = state(end), proc.PID(), proc.Driver(), r.stats()
	s.Start = proc.Started()
	s.Age = time.Since(s.Start)
	// The figures say how much was written up to the end of what is shown.
	s.Stdout, s.Stats.Stdout = proc.Tail(processctl.Stdout, TailSize)
	s.Stderr, s.Stats.Stderr = proc.Tail(processctl.Stderr, TailSize)
	if result != nil {
		s.ExitCode, s.Signal = s.Stats.Exit, SignalName(result.Signal)
	}
	if over && end != EndReply {
		s.State = "ended"
	}
	return s
}

func state(e End) string {
	switch e {
	case EndNone:
		return "running"
	case EndReply:
		return "replied"
	}
	return "ending"
}

// Current lists the calls that wait or run, oldest first.
func (v *Visor) Current() []Snapshot {
	var snaps []Snapshot
	for _, r := range v.all() {
		snaps = append(snaps, r.snapshot())
	}
	sortByArrival(snaps)
	return snaps
}

func sortByArrival(snaps []Snapshot) {
	slices.SortStableFunc(snaps, func(a, b Snapshot) int { return a.Arrived.Compare(b.Arrived) })
}

// Snapshots lists the calls that wait or run and those that ended in the last
// [RecordTime], oldest first.
func (v *Visor) Snapshots() []Snapshot {
	// In this order: a call that ends meanwhile is in both lists, not in none.
	snaps := v.Current()
	seen := map[string]bool{}
	for _, s := range snaps {
		seen[s.ID] = true
	}
	for _, s := range v.records.snapshots() {
		if !seen[s.ID] {
			snaps = append(snaps, s)
		}
	}
	sortByArrival(snaps)
	return snaps
}

// Snapshot looks at one call.
func (v *Visor) Snapshot(id string) (Snapshot, bool) {
	v.mu.Lock()
	r := v.runs[id]
	v.mu.Unlock()
	if r != nil {
		return r.snapshot(), true
	}
	if rec := v.records.find(id); rec != nil {
		return rec.Snapshot, true
	}
	return Snapshot{}, false
}
