package visor

import (
	"cmp"
	"slices"
)

// Occupancy is who holds places and who waits for one, all at the same moment.
type Occupancy struct {
	Running, Queued       int // all operations together
	MaxRunning, MaxQueued int // [NoLimit]: any number

	// Operations are those that the limits name, and others of which a call still
	// runs or waits, by path and method. Running and Queued of each [Operation] are
	// its limits, as everywhere.
	Operations []OperationOccupancy
}

// OperationOccupancy is one operation's part of it.
type OperationOccupancy struct {
	Operation
	Holding, Waiting int
}

// Occupancy looks at the places as they are now. A place is held by a call that is
// about to start, or runs, or has a process left. It takes a time proportional to
// the number of operations, and calls wait meanwhile to come or go: it is for
// looking now and then.
func (v *Visor) Occupancy() Occupancy {
	o := v.places.occupancy()
	slices.SortFunc(o.Operations, func(a, b OperationOccupancy) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method))
	})
	return o
}

func (p *places) occupancy() Occupancy {
	p.mu.Lock()
	defer p.mu.Unlock()
	o := Occupancy{
		Running: p.running, Queued: p.queued, MaxRunning: p.maxRunning, MaxQueued: p.maxQueued,
		Operations: make([]OperationOccupancy, 0, len(p.lanes)),
	}
	for key, l := range p.lanes {
		o.Operations = append(o.Operations, OperationOccupancy{
			Operation: Operation{Path: key.path, Method: key.method, Running: l.maxRunning, Queued: l.maxQueued},
			Holding:   l.running, Waiting: l.waiting.Len(),
		})
	}
	return o
}
