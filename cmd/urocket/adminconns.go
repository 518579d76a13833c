package main

import (
	"container/list"
	"context"
	"net"
	"net/http"
	"sync"
)

// adminConns keeps so many connections to the admin listener open at most. When one more
// comes, the one is closed that has waited for longest, or kept us waiting, for its
// request: so whoever reaches the listener can neither take descriptors from the calls
// nor keep the probes out.
type adminConns struct {
	max int // while all of them are being answered, twice as many

	mu      sync.Mutex
	open    int
	waiting list.List // of net.Conn: no request of theirs is being answered
	at      map[net.Conn]*list.Element
}

// bound has a server keep its connections to as many at most.
func bound(s *http.Server, most int) {
	a := &adminConns{max: max(1, most/2), at: map[net.Conn]*list.Element{}}
	handler := s.Handler
	s.ConnState, s.ConnContext = a.changed, withConn
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, _ := r.Context().Value(connKey{}).(net.Conn)
		a.answers(c)
		defer a.waits(c)
		handler.ServeHTTP(w, r)
	})
}

// connKey is that of the connection in a request's context.
type connKey struct{}

func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

func (a *adminConns) changed(c net.Conn, state http.ConnState) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch state {
	case http.StateNew:
		a.open++
		a.at[c] = a.waiting.PushBack(c)
		a.makeRoom(c)
	case http.StateClosed, http.StateHijacked:
		a.remove(c)
		a.open--
	}
}

func (a *adminConns) answers(c net.Conn) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.remove(c)
}

func (a *adminConns) waits(c net.Conn) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.at[c] = a.waiting.PushBack(c)
}

func (a *adminConns) remove(c net.Conn) {
	if e, ok := a.at[c]; ok {
		a.waiting.Remove(e)
		delete(a.at, c)
	}
}

// makeRoom closes who has waited for longest, if too many are open with the newest.
func (a *adminConns) makeRoom(newest net.Conn) {
	victim := a.waiting.Front().Value.(net.Conn) // there is the newest at least
	if a.open <= a.max || victim == newest && a.open <= 2*a.max {
		return
	}
	a.remove(victim)
	_ = victim.Close() // its goroutine sees that, and tells of it
}
