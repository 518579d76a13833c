package backserv

import (
	"errors"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/urocket/urocket/visor"
)

// Each reply is told of once, whichever way it is read: plain, by net/http, or not
// to its end.
func TestRepliesAreTold(t *testing.T) {
	var mu sync.Mutex
	told := map[int]int{}
	b := serve(t, func(s *Server) {
		s.opt.Replied = func(status int) { mu.Lock(); told[status]++; mu.Unlock() }
	})
	b.calls.expect("one", nil)
	b.calls.expect("two", nil)
	broken := b.calls.expect("three", nil)
	b.calls.refuse("late", &visor.GoneError{End: visor.EndTimeout})
	post := func(url string, more ...string) { b.curl(t, nil, append(more, "-d", "{}", url)...) }
	post(replyURL + "one")
	post(replyURL+"two", "-H", "X-Not: plain")
	post(replyURL + "late")
	post(replyURL + "unknown")
	post(replyURL+strings.Repeat("x", maxID+1), "-H", "X-Not: plain")
	post("http://internal/")
	b.curl(t, nil, replyURL+"one") // a GET, which is no reply
	c := b.dial(t)
	c.send(t, "POST /urhttp/three HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf")
	wait(t, broken.begun, "the delivery begins")
	_ = c.Close()
	want := map[int]int{200: 2, 410: 1, 404: 2, 400: 1, 0: 1}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		mu.Lock()
		got := maps.Clone(told)
		mu.Unlock()
		if maps.Equal(got, want) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("told of %v, want %v", got, want)
		}
	}
}

// Whoever asks /readyz fills no log.
func TestUnreadyIsToldOnce(t *testing.T) {
	var why atomic.Value
	why.Store(errors.New("no worker"))
	b := serve(t, func(s *Server) { s.opt.Ready = func() error { return why.Load().(error) } })
	for range 5 {
		b.curl(t, nil, "http://internal/readyz")
	}
	why.Store(errors.New("no other worker"))
	b.curl(t, nil, "http://internal/readyz")
	if n := strings.Count(b.log.String(), "not ready"); n != 2 {
		t.Errorf("told %d times: %s", n, b.log)
	}
}
