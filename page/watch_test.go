package page

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/urocket/urocket/visor"
)

// events reads a stream; each entry is its kind and data.
func events(t *testing.T, body io.Reader) <-chan [2]string {
	out := make(chan [2]string, 1000)
	go func() {
		defer close(out)
		lines := bufio.NewScanner(body)
		lines.Buffer(nil, 1<<20)
		kind := ""
		for lines.Scan() {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch name {
			case "event":
				kind = value
			case "data":
				out <- [2]string{kind, value}
			}
		}
	}()
	return out
}

// until waits for an event of a kind that has a text in it.
func until(t *testing.T, from <-chan [2]string, kind, text string) string {
	t.Helper()
	for late := time.After(20 * time.Second); ; {
		select {
		case e, ok := <-from:
			if !ok {
				t.Fatalf("the stream ended before %s %q", kind, text)
			}
			if e[0] == kind && strings.Contains(e[1], text) {
				return e[1]
			}
		case <-late:
			t.Fatalf("no %s with %q", kind, text)
		}
	}
}

func watching(t *testing.T, url string) (*http.Response, context.CancelFunc) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r, _ := http.NewRequestWithContext(ctx, http.MethodGet, url+"/page/events", nil)
	a, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); _ = a.Body.Close() })
	return a, cancel
}

func TestEvents(t *testing.T) {
	p, c, s := served(t, false)
	c.finish(p, "early", "", 200)
	a, _ := watching(t, s.URL)
	from := events(t, a.Body)
	until(t, from, "ended", `"id":"early"`)
	c.mu.Lock()
	c.current = []visor.Snapshot{{ID: "runs", Path: "/x", Method: "GET", State: "running"}}
	c.mu.Unlock()
	until(t, from, "now", `"id":"runs"`)
	c.mu.Lock()
	c.current = nil
	c.mu.Unlock()
	c.finish(p, "runs", "a\nb\n\ndata: x\n</script>", 502)
	var row endedRow
	if err := json.Unmarshal([]byte(until(t, from, "ended", `"id":"runs"`)), &row); err != nil || row.Stderr != "a\nb\n\ndata: x\n</script>" || !row.Bad {
		t.Errorf("%+v %v", row, err)
	}
	until(t, from, "now", `"running":[]`)
	p.Close()
	for range from {
	}
	if status, _ := get(t, s.URL+"/page/events"); status != http.StatusServiceUnavailable {
		t.Errorf("watches after the end: %d", status)
	}
}

func TestWatchersAreBounded(t *testing.T) {
	p, _, s := served(t, false)
	var leave context.CancelFunc
	for range maxWatchers {
		a, cancel := watching(t, s.URL)
		if a.StatusCode != 200 {
			t.Fatal(a.Status)
		}
		leave = cancel
	}
	if status, body := get(t, s.URL+"/page/events"); status != 503 {
		t.Errorf("one more: %d %s", status, body)
	}
	leave()
	waitFor(t, "there is room again", func() bool {
		p.watch.mu.Lock()
		defer p.watch.mu.Unlock()
		return p.watch.watchers < maxWatchers
	})
}

func waitFor(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !cond(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("did not happen: %s", what)
		}
	}
}

// Who takes nothing is cut off; others are served meanwhile.
func TestSlowReader(t *testing.T) {
	p, c, s := served(t, false)
	p.watch.take = 300 * time.Millisecond
	slow, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	if err := slow.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(slow, "GET /page/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
	watchers := func() int {
		p.watch.mu.Lock()
		defer p.watch.mu.Unlock()
		return p.watch.watchers
	}
	waitFor(t, "it watches", func() bool { return watchers() == 1 })
	fast, _ := watching(t, s.URL)
	from := events(t, fast.Body)
	log := strings.Repeat("<\n", 2000)
	for i := 0; watchers() == 2; i++ {
		if i == 20000 {
			t.Fatal("it is never cut off")
		}
		c.finish(p, fmt.Sprint("call-", i), log, 200)
		time.Sleep(time.Millisecond)
	}
	if watchers() != 1 {
		t.Errorf("%d watch", watchers())
	}
	c.finish(p, "the-last", "", 200)
	until(t, from, "ended", `"id":"the-last"`)
}
