package soak

import (
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// callers is how many callers there are; each has one request at a time, or one
// row of them.
const callers = 40

// gate lets callers in while there is a program to call.
type gate struct {
	mu     sync.Mutex
	change *sync.Cond
	life   *life // nil: closed
	inside int
	over   bool
}

func newGate() *gate {
	g := &gate{}
	g.change = sync.NewCond(&g.mu)
	return g
}

// enter waits until the gate is open; nil: the run is over.
func (g *gate) enter() *life {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.life == nil && !g.over {
		g.change.Wait()
	}
	if g.over {
		return nil
	}
	g.inside++
	return g.life
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	g.change.Broadcast()
}

func (g *gate) open(l *life) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.life = l
	g.change.Broadcast()
}

// shut closes the gate and waits until everybody has left.
func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.life = nil
	for g.inside > 0 {
		g.change.Wait()
	}
}

// finish ends all callers.
func (g *gate) finish() {
	g.shut()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.over = true
	g.change.Broadcast()
}

// caller is one of those who call, one request after another.
type caller struct {
	*soak
	*rand.Rand
}

// run calls at the common pace until the run is over. Requests come in bursts,
// so that places and queues are full now and then.
func (c *caller) run(pace <-chan struct{}) {
	for range pace {
		l := c.gate.enter()
		if l == nil {
			return
		}
		c.turn(l)
		c.gate.leave()
	}
}

// turn makes one request, or one row of them.
func (c *caller) turn(l *life) {
	m := manners[pick(c.Rand, manners, func(m *manner) int { return m.weight })]
	if m.lined > 0 {
		c.row(l, m)
		return
	}
	o := c.ops[pick(c.Rand, c.ops, func(o *operation) int { return o.weight })]
	if o.body == nil && (m.chunked || m.leaves == withinTheBody) {
		m = manners[0]
	}
	call := c.newCall(c.Rand, l, o, m)
	defer l.add(call)
	w, err := c.wire(m)
	if err != nil {
		call.took(response{err: err})
		return
	}
	if call.make(c.Rand, w) {
		c.idle.put(w)
	}
}

// row sends several requests at once and reads the answers in their order.
func (c *caller) row(l *life, m *manner) {
	var row []*call
	for len(row) < m.lined {
		if o := c.ops[pick(c.Rand, c.ops, func(o *operation) int { return o.weight })]; o.body == nil {
			row = append(row, c.newCall(c.Rand, l, o, m))
		}
	}
	w, err := c.dial()
	if err == nil {
		defer w.Close()
		var heads string
		for _, call := range row {
			heads += call.head()
		}
		_, err = w.Write([]byte(heads))
	}
	last := false
	for _, call := range row {
		switch {
		case err != nil:
			call.took(response{err: err})
		case last:
			call.end = notReached
		default:
			call.receive(c.Rand, w)
			last = call.last
		}
		l.add(call)
	}
}

// wire is a connection for a call of this manner.
func (c *caller) wire(m *manner) (*wire, error) {
	if m.keep {
		if w := c.idle.take(); w != nil {
			return w, w.SetDeadline(time.Now().Add(patience))
		}
	}
	w, err := c.dial()
	if err == nil && m.slow {
		err = w.Conn.(*net.TCPConn).SetReadBuffer(64 << 10)
	}
	return w, err
}

// pick chooses an index by weight.
func pick[T any](r *rand.Rand, list []T, weight func(T) int) int {
	sum := 0
	for _, e := range list {
		sum += weight(e)
	}
	at := r.IntN(sum)
	for i, e := range list {
		if at -= weight(e); at < 0 {
			return i
		}
	}
	return 0
}

// pool holds connections that wait for their next request.
type pool struct {
	mu    sync.Mutex
	wires []*wire
}

func (p *pool) put(w *wire) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wires = append(p.wires, w)
}

// take returns the connection used last, unless it is so old that the program
// may be about to close it.
func (p *pool) take() *wire {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.wires) > 0 {
		w := p.wires[len(p.wires)-1]
		p.wires = p.wires[:len(p.wires)-1]
		if time.Since(w.used) < time.Minute {
			return w
		}
		_ = w.Close()
	}
	return nil
}

// empty closes them all.
func (p *pool) empty() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range p.wires {
		_ = w.Close()
	}
	p.wires = nil
}
