package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// edition is one of two configurations of which each part tells whose it is: the
// document lets only its own e through, argument and variable hold its word, and
// one path is its own.
func edition(word string) setup {
	return setup{
		doc: strings.ReplaceAll(`{"openapi": "3.0.3", "info": {"title": "e2e", "version": "1"}, "paths": {
			"/x/{n}": {"get": {"parameters": [{"name": "n", "in": "path", "required": true, "schema": {"type": "integer"}},
				{"name": "e", "in": "query", "required": true, "schema": {"enum": ["WORD"]}}], "responses": {"200": {"description": "fine"}}}},
			"/only-WORD": {"get": {"responses": {"200": {"description": "fine"}}}}}}`, "WORD", word),
		ops: ops{
			"get /x/{n}": {
				"cmd": []string{"/bin/sh", "-c", `printf "%s $1 $W" "$2"`, "sh", word, "{{path.n}}"}, "env": []string{"W=" + word},
				"reply": "stdout", "running": 3,
			},
			"get /only-" + word: says(word),
		},
	}
}

// once sends a request and reads to the end of the connection, where nothing may
// stand behind the one answer.
func (g *gateway) once(path string) (int, string, error) {
	conn, err := net.Dial("tcp", g.addr)
	if err != nil {
		return 0, "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(4 * patience)); err != nil {
		return 0, "", err
	}
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: e2e\r\nConnection: close\r\n\r\n", path); err != nil {
		return 0, "", err
	}
	all, err := io.ReadAll(conn)
	if err != nil {
		return 0, "", err
	}
	in := bufio.NewReader(bytes.NewReader(all))
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		return 0, "", fmt.Errorf("%w in %q", err, all)
	}
	body, err := io.ReadAll(resp.Body)
	if rest, _ := io.ReadAll(in); len(rest) > 0 {
		return 0, "", fmt.Errorf("behind the answer comes %q", rest)
	}
	return resp.StatusCode, string(body), err
}

// wholly sends one request whose answer tells of a mixture.
func (g *gateway) wholly(n int) error {
	word := string("ab"[n%2])
	path, mine, none := fmt.Sprintf("/x/%d?e=%s", n, word), fmt.Sprintf("%d %s %s", n, word, word), 400
	if n%7 == 0 {
		path, mine, none = "/only-"+word, word+"\n", 404
	}
	status, body, err := g.once(path)
	switch {
	case err != nil:
		return err
	case status == 200 && body == mine, status == none && strings.Contains(body, "urn:urocket:"):
		return nil
	}
	return fmt.Errorf("%s is answered with %d %s", path, status, body)
}

// Two hundred reloads under load: no answer is lost or doubled, none is of two
// configurations, and nothing of the old ones is left.
func TestReloadsUnderLoad(t *testing.T) {
	t.Parallel()
	idle := start(t, edition("a"))
	g := start(t, edition("a"))
	groups := len(g.groups())
	var sent atomic.Int64
	over := make(chan struct{})
	failed := make(chan error, 16)
	var callers sync.WaitGroup
	for range cap(failed) {
		callers.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				if err := g.wholly(int(sent.Add(1))); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	for i := range 200 {
		g.reload(t, edition(string("ba"[i%2])), reloadedLine)
	}
	close(over)
	callers.Wait()
	close(failed)
	for err := range failed {
		t.Error(err)
	}
	t.Logf("%d requests", sent.Load())
	g.wantLogged(t, int(sent.Load()))
	g.wantIdle(t)
	if n := len(g.groups()); n > groups {
		t.Errorf("%d cgroups at rest, %d before: %q", n, groups, g.groups())
	}
	before, after := idle.goroutines(t), g.goroutines(t)
	if len(after) > len(before) {
		t.Errorf("%d goroutines at rest, %d before; now\n%s", len(after), len(before), strings.Join(after, "\n\n"))
	}
	for _, g := range []*gateway{idle, g} { // what the sudden end left is for the next start to sweep
		g.crashed = false
		g.launch(setup{})
		g.waitUp()
	}
}

// wantLogged demands one line of the log for each request, once nothing is left
// of its process.
func (g *gateway) wantLogged(t *testing.T, requests int) {
	t.Helper()
	var lines []string
	eventually(t, fmt.Sprintf("the log has %d requests", requests), func() bool {
		lines = g.logLines(`"msg":"request"`)
		return len(lines) >= requests
	})
	seen := map[string]bool{}
	for _, line := range lines {
		var l struct {
			ID string `json:"request_id"`
		}
		check(t, json.Unmarshal([]byte(line), &l))
		seen[l.ID] = true
	}
	if len(seen) != requests || len(lines) != requests {
		t.Errorf("%d requests, %d lines, %d ids", requests, len(lines), len(seen))
	}
}
