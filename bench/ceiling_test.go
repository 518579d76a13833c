package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/urocket/urocket/internal/notrun"
)

// ceilingBench is a bench of the ceilings whose names match, as short as it goes.
func ceilingBench(t *testing.T, only string, conns ...int) *bench {
	if _, err := exec.LookPath("gcc"); err != nil {
		notrun.Here(t, "no C compiler")
	}
	b, err := newBench(options{only: regexp.MustCompile(only), rounds: 1, duration: 200 * time.Millisecond, conns: conns})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// A ceiling is a figure, with a share of its limit: its answers were right, and no group
// was left.
func TestCeilings(t *testing.T) {
	b := ceilingBench(t, "^((Go )?ceiling: post, cgroup each|ceiling: print)$", 1, 2)
	if err := b.rounds(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, row := range b.results.Rows {
		t.Run(row.Name, func(t *testing.T) {
			if row.Gone != "" {
				notrun.Here(t, row.Gone)
			}
			for _, n := range b.results.Conns {
				c := b.results.Cell(row, n)
				if c.Err != "" || c.Rate.Median <= 0 || row.Limit != "" && c.Share.Median <= 0 {
					t.Errorf("%d connections: %+v", n, c)
				}
			}
		})
	}
}

// A front whose children fail is no figure: callers are told 502, and it counts them.
func TestCeilingOfChildrenThatFail(t *testing.T) {
	b := ceilingBench(t, "^ceiling: post$", 1)
	fails, err := exec.LookPath("false")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(fails, filepath.Join(b.work, "fails")); err != nil {
		t.Fatal(err)
	}
	for _, start := range fronts("fails", "fails") {
		l, s := start(t, b)
		resp, err := http.Post("http://"+s.addr()+"/call", "application/json", strings.NewReader(question))
		if err != nil {
			t.Fatal(err)
		}
		if _ = resp.Body.Close(); resp.StatusCode != http.StatusBadGateway {
			t.Errorf("status %d", resp.StatusCode)
		}
		if err := s.stop(); err != nil {
			t.Error(err)
		}
		if err := l.frontEnded(s, 0, 0); err == nil || !strings.HasSuffix(err.Error(), "and 1 failed") {
			t.Errorf("after it has failed: %v", err)
		}
	}
}

// fronts start the ceilings: that of a child that posts, also in Go, and of one that prints.
func fronts(posts, prints string) []func(*testing.T, *bench) (bound, *site) {
	front := func(l bound, start func(b *bench) func(*site) (string, error)) func(*testing.T, *bench) (bound, *site) {
		return func(t *testing.T, b *bench) (bound, *site) { return l, startedFront(t, b, start(b)) }
	}
	post, print := bound{child: posts, post: true}, bound{child: prints}
	return []func(*testing.T, *bench) (bound, *site){
		front(post, func(b *bench) func(*site) (string, error) { return post.front(b.work, 2) }),
		front(print, func(b *bench) func(*site) (string, error) { return print.front(b.work, 2) }),
		front(post, func(b *bench) func(*site) (string, error) { return post.goFront(b.work) }),
	}
}

func startedFront(t *testing.T, b *bench, start func(*site) (string, error)) *site {
	s, err := b.newSite(t.Name())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := start(s); err != nil {
		t.Fatal(err)
	}
	for range 200 {
		c, err := net.Dial("tcp", s.addr())
		if err == nil {
			_ = c.Close()
			return s
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("front does not listen:", s.lastWords())
	return nil
}

// Requests come in parts and several at once, and callers leave: who stays has an answer
// for each, who leaves is no fault.
func TestCeilingTakesRequestsAsTheyCome(t *testing.T) {
	b := ceilingBench(t, "^ceiling: post$", 1)
	for _, start := range fronts("child-post", "child-print") {
		l, s := start(t, b)
		leaver, err := net.Dial("tcp", s.addr())
		if err != nil {
			t.Fatal(err)
		}
		request := "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nping"
		for range 50 {
			_, _ = io.WriteString(leaver, request)
		}
		_ = leaver.Close()
		answered := converse(t, s, request+request+request[:20], request[20:]+request[:len(request)-1], "g")
		if err := s.stop(); err != nil {
			t.Error(err)
		}
		if err := l.frontEnded(s, int64(answered), 50); err != nil || answered != 4 {
			t.Errorf("%d answers; %v", answered, err)
		}
	}
}

// converse sends parts, one after the other, and counts the right answers to four requests.
func converse(t *testing.T, s *site, parts ...string) (answers int) {
	c, err := net.Dial("tcp", s.addr())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	for _, part := range parts {
		if _, err := io.WriteString(c, part); err != nil {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	in := bufio.NewReader(c)
	for range 4 {
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err == nil && resp.StatusCode == http.StatusOK && string(body) == `{"ok":true,"n":1234}` {
			answers++
		}
	}
	return answers
}
