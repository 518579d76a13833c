package backserv

import (
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// A crowd is the connections that are open, so many at most: each takes
// descriptors, and whoever may connect could have them all. When it is full, a
// new connection takes the place of one that is worth less, because the reply of
// a call may come on it:
//
//  1. of one that waits for a request, or else
//  2. of one whose request delivers no reply, or is not known yet, or else
//  3. of one that delivers a reply to a call to which an earlier one delivers too.
//
// Among those it is that of the process group with the most connections, and of
// these the one that has been so for longest. What is left are calls with one
// delivery each, which are never closed: then new connections wait.
type crowd struct {
	max int // 0: any number
	log *slog.Logger

	mu     sync.Mutex
	open   map[*peerConn]struct{}
	groups map[int]int // how many of each group are open
	clock  uint64      // counts what happens

	left chan struct{} // has something when a place may have become free
	said time.Time     // that it is full; of the goroutine that accepts
}

func newCrowd(limit int, log *slog.Logger) *crowd {
	return &crowd{
		max: limit, log: log,
		open: map[*peerConn]struct{}{}, groups: map[int]int{}, left: make(chan struct{}, 1),
	}
}

// A standing is what a connection does. The crowd's lock guards it.
type standing struct {
	busy  bool   // a request has come, at least its first byte
	reply string // the id of the call that a delivery is on its way to; "": none
	since uint64 // when it was accepted, had nothing more to do, or began to do what it does
}

// makeRoom returns when there is a place for one more connection, or with
// [net.ErrClosed] when closing is. One goroutine calls it, and add after it.
func (c *crowd) makeRoom(closing <-chan struct{}) error {
	for {
		victim, full := c.victim()
		switch {
		case !full:
			return nil
		case victim != nil:
			c.say("connections on the socket are closed for new ones: as many are open as descriptors allow")
			_ = victim.Close()
			continue
		}
		c.say("new connections on the socket wait: as many carry replies as descriptors allow")
		select {
		case <-c.left:
		case <-closing:
			return net.ErrClosed
		}
	}
}

// say tells the log that the crowd is full, once a minute.
func (c *crowd) say(what string) {
	if now := time.Now(); c.said.IsZero() || now.Sub(c.said) > time.Minute {
		c.said = now
		c.log.Warn(what, "connections", c.max)
	}
}

// victim returns the connection to close for a new one, if the crowd is full and
// has one.
func (c *crowd) victim() (victim *peerConn, full bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.max == 0 || len(c.open) < c.max {
		return nil, false
	}
	for {
		victim, rank := c.least()
		if rank == waits && victim.hasBytes() {
			victim.busy = true // and its goroutine has yet to see them
			continue
		}
		return victim, true
	}
}

// What a connection is worth.
const (
	waits = iota
	asks
	repliesToo
	replies
)

// least returns the connection that is worth least, nil if none may be closed.
func (c *crowd) least() (least *peerConn, rank int) {
	first := c.deliveries()
	rank = replies
	for p := range c.open {
		r := p.rank(first)
		if r == replies || r > rank {
			continue
		}
		if least == nil || r < rank || c.before(p, least) {
			least, rank = p, r
		}
	}
	return least, rank
}

// deliveries returns the earliest delivery to each call.
func (c *crowd) deliveries() map[string]*peerConn {
	first := map[string]*peerConn{}
	for p := range c.open {
		if f := first[p.reply]; p.reply != "" && (f == nil || p.since < f.since) {
			first[p.reply] = p
		}
	}
	return first
}

func (p *peerConn) rank(first map[string]*peerConn) int {
	switch {
	case p.reply != "" && first[p.reply] == p:
		return replies
	case p.reply != "":
		return repliesToo
	case p.busy:
		return asks
	}
	return waits
}

// before says which of two connections of the same worth goes first.
func (c *crowd) before(a, b *peerConn) bool {
	if n, m := c.groups[a.peer.group], c.groups[b.peer.group]; n != m {
		return n > m
	}
	return a.since < b.since
}

// hasBytes says whether something was sent that nobody has read.
func (p *peerConn) hasBytes() bool {
	if p.isUsed() {
		return true // it has just had some
	}
	n := 0
	err := p.control(func(fd int) {
		n, _, _ = unix.Recvfrom(fd, make([]byte, 1), unix.MSG_PEEK|unix.MSG_DONTWAIT)
	})
	return err == nil && n > 0
}

func (c *crowd) add(p *peerConn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clock++
	p.since = c.clock
	c.open[p] = struct{}{}
	c.groups[p.peer.group]++
}

func (c *crowd) remove(p *peerConn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.open, p)
	if c.groups[p.peer.group]--; c.groups[p.peer.group] == 0 {
		delete(c.groups, p.peer.group)
	}
	c.tell()
}

// set notes what p does from now on.
func (c *crowd) set(p *peerConn, busy bool, reply string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clock++
	p.standing = standing{busy: busy, reply: reply, since: c.clock}
	c.tell()
}

// speak notes the first byte of a request.
func (c *crowd) speak(p *peerConn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clock++
	p.busy, p.since = true, c.clock
}

// tell wakes a makeRoom that waits.
func (c *crowd) tell() {
	select {
	case c.left <- struct{}{}:
	default:
	}
}

// changed is an [http.Server.ConnState].
func changed(c net.Conn, state http.ConnState) {
	p, ok := c.(*peerConn)
	if !ok {
		return
	}
	switch state {
	case http.StateActive: // the headers are whole
		p.crowd.set(p, true, "")
	case http.StateIdle:
		p.idle()
	}
}
