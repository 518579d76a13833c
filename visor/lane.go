package visor

import (
	"container/heap"
	"container/list"
)

// NoLimit is for places and queues without one.
const NoLimit = -1

// Operation is a kind of call, with places of its own. It is known by its path
// and method: whatever else changes, the calls of one are counted together.
type Operation struct {
	Path, Method string // as the operator names it

	// Places and queue of the operation; [NoLimit] leaves it to the service's.
	// They count while [Limits] has no such operation.
	Running, Queued int
}

// laneKey is what an operation is known by.
type laneKey struct{ path, method string }

func (o *Operation) key() laneKey { return laneKey{o.Path, o.Method} }

// lane is the places and the queue of one operation. It lives as long as the
// limits name the operation, or a call of it runs or waits.
type lane struct {
	key                   laneKey
	named                 bool // by the limits
	maxRunning, maxQueued int
	running               int
	waiting               list.List // of *ticket, first come first
	index                 int       // in places.ready; -1: not there
}

func (l *lane) full() bool { return l.maxRunning != NoLimit && l.running >= l.maxRunning }

// lane finds an operation's lane, or makes one.
func (p *places) lane(o *Operation) *lane {
	key := o.key()
	l := p.lanes[key]
	if l == nil {
		l = &lane{key: key, maxRunning: o.Running, maxQueued: o.Queued, index: -1}
		l.waiting.Init()
		if p.lanes == nil {
			p.lanes = map[laneKey]*lane{}
		}
		p.lanes[key] = l
	}
	return l
}

// update puts l where it belongs after its counts or limits have changed.
func (p *places) update(l *lane) {
	switch usable := l.waiting.Len() > 0 && !l.full(); {
	case usable && l.index >= 0:
		heap.Fix(&p.ready, l.index)
	case usable:
		heap.Push(&p.ready, l)
	case l.index >= 0:
		heap.Remove(&p.ready, l.index)
	}
	if !l.named && l.running == 0 && l.waiting.Len() == 0 {
		delete(p.lanes, l.key)
	}
}

// readyLanes are the operations that have a free place and a waiting caller, a
// heap by the arrival of the first caller.
type readyLanes []*lane

func (r readyLanes) Len() int { return len(r) }
func (r readyLanes) Less(i, j int) bool {
	return r[i].waiting.Front().Value.(*ticket).seq < r[j].waiting.Front().Value.(*ticket).seq
}

func (r readyLanes) Swap(i, j int) {
	r[i], r[j] = r[j], r[i]
	r[i].index, r[j].index = i, j
}

func (r *readyLanes) Push(x any) {
	l := x.(*lane)
	l.index = len(*r)
	*r = append(*r, l)
}

func (r *readyLanes) Pop() any {
	old := *r
	l := old[len(old)-1]
	*r = old[:len(old)-1]
	l.index = -1
	return l
}
