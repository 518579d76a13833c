package vm

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// answer is what a caller gets.
type answer struct {
	status int
	body   string
	stats  string
	header http.Header
	err    error
}

func (g *gateway) get(path string) answer {
	g.t.Helper()
	a := g.ask("GET", path, "")
	must(g.t, a.err)
	return a
}

// waiting is a call without an answer yet.
type waiting struct {
	c     chan answer
	leave func() // breaks the connection off
}

// answer waits for it.
func (w waiting) answer() answer { return <-w.c }

// begin makes a call and leaves it waiting.
func (g *gateway) begin(path string) waiting {
	ctx, leave := context.WithCancel(context.Background())
	w := waiting{make(chan answer, 1), leave}
	go func() { w.c <- g.askUntil(ctx, "GET", path, "") }()
	return w
}

func (g *gateway) ask(method, path, body string) answer {
	return g.askUntil(context.Background(), method, path, body)
}

func (g *gateway) askUntil(ctx context.Context, method, path, body string) (a answer) {
	ctx, cancel := context.WithTimeout(ctx, 90*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, g.url+path, strings.NewReader(body))
	if err != nil {
		return answer{err: err}
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := g.http.Do(req)
	if err != nil {
		return answer{err: err}
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	a = answer{status: res.StatusCode, body: string(text), header: res.Header, err: err}
	if a.stats = res.Header.Get("Urocket-Stats"); a.stats == "" {
		a.stats = res.Trailer.Get("Urocket-Stats")
	}
	return a
}

// figure reads one number of the stats; -1: not there.
func (a answer) figure(name string) float64 {
	for _, part := range strings.Split(a.stats, ", ") {
		var f float64
		if n, _ := fmt.Sscanf(part, name+"=%g", &f); n == 1 {
			return f
		}
	}
	return -1
}

// outcome is the automatic answer.
type outcome struct {
	ExitCode       *int
	Signal         *string
	Stdout, Stderr string
}

func (a answer) report(t *testing.T) (r outcome) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), &r); err != nil {
		t.Fatalf("no report: %+v", a)
	}
	return r
}

// want demands a status and a text in the body.
func (a answer) want(t *testing.T, status int, text string) {
	t.Helper()
	if a.err != nil || a.status != status || !strings.Contains(a.body, text) {
		t.Errorf("want %d with %q, got %+v", status, text, a)
	}
}

// problem is what urocket answers when something went wrong.
type problem struct {
	Type, Detail, Signal string
	OOM                  bool
}

// wantProblem demands a problem of urocket's own.
func (a answer) wantProblem(t *testing.T, status int, word string) (p problem) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), &p); err != nil || a.status != status || p.Type != "urn:urocket:"+word {
		t.Errorf("want the problem %d %s, got %+v", status, word, a)
	}
	return p
}

// wantOOM demands that the kernel ended the script for its memory.
func (a answer) wantOOM(t *testing.T) {
	t.Helper()
	if p := a.wantProblem(t, 502, "no-answer"); !p.OOM || p.Signal != "SIGKILL" || !strings.Contains(a.stats, "oom") {
		t.Errorf("not out of memory: %+v", a)
	}
}
