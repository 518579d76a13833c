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
	turn                  uint64    // when it was given a place last, or made, by places.turn
	waiting               list.List // of *ticket, first come first

	inReady int // where it stands in places.ready; -1: not there
}

func (l *lane) full() bool { return l.maxRunning != NoLimit && l.running >= l.maxRunning }

// lane finds an operation's lane, or makes one.
func (p *places) lane(o *Operation) *lane {
	key := o.key()
	l := p.lanes[key]
	if l == nil {
		p.turn++
		l = &lane{key: key, maxRunning: o.Running, maxQueued: o.Queued, turn: p.turn, inReady: -1}
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
	settle(&p.ready, l, l.inReady, l.waiting.Len() > 0 && !l.full())
	if !l.named && l.running == 0 && l.waiting.Len() == 0 {
		delete(p.lanes, l.key)
	}
}

// settle puts a lane into a heap, out of it, or to its new place in it.
func settle(h heap.Interface, l *lane, at int, belongs bool) {
	switch {
	case belongs && at >= 0:
		heap.Fix(h, at)
	case belongs:
		heap.Push(h, l)
	case at >= 0:
		heap.Remove(h, at)
	}
}

// readyLanes are the operations that have a free place and a waiting caller, a
// heap: first who runs the fewest, of those who was given a place longest ago.
type readyLanes []*lane

func (r readyLanes) Len() int { return len(r) }

func (r readyLanes) Less(i, j int) bool {
	if r[i].running != r[j].running {
		return r[i].running < r[j].running
	}
	return r[i].turn < r[j].turn
}

func (r readyLanes) Swap(i, j int) {
	r[i], r[j] = r[j], r[i]
	r[i].inReady, r[j].inReady = i, j
}

func (r *readyLanes) Push(x any) {
	l := x.(*lane)
	l.inReady = len(*r)
	*r = append(*r, l)
}

func (r *readyLanes) Pop() any {
	l := (*r)[len(*r)-1]
	*r = (*r)[:len(*r)-1]
	l.inReady = -1
	return l
}
