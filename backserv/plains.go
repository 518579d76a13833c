package backserv

import (
	"context"
	"sync"
)

// plains are the connections of which net/http does not know.
type plains struct {
	serving sync.WaitGroup

	mu      sync.Mutex
	open    map[*peerConn]struct{}
	closing bool
}

// add takes a connection in, not any more once they are being closed.
func (s *plains) add(c *peerConn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return false
	}
	if s.open == nil {
		s.open = map[*peerConn]struct{}{}
	}
	s.open[c] = struct{}{}
	s.serving.Add(1)
	return true
}

func (s *plains) remove(c *peerConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, c)
	s.serving.Done()
}

// goOn says whether another request may come.
func (s *plains) goOn() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.closing
}

// close closes those that wait for a request, and whatever is open when ctx is
// done: then the error is ctx's. It returns when none is served any more.
func (s *plains) close(ctx context.Context) error {
	s.hangUp(func(c *peerConn) bool { return !c.spoken.Load() && !c.hasBytes() })
	served := make(chan struct{})
	go func() { s.serving.Wait(); close(served) }()
	select {
	case <-served:
		return nil
	case <-ctx.Done():
	}
	broken := s.hangUp(func(*peerConn) bool { return true })
	<-served
	if broken == 0 {
		return nil
	}
	return ctx.Err()
}

// hangUp closes some and says how many.
func (s *plains) hangUp(which func(*peerConn) bool) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closing = true
	for c := range s.open {
		if which(c) {
			_ = c.Close()
			n++
		}
	}
	return n
}
