package page

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/urocket/urocket/visor"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// calls are what a visor would tell. What makes a real one full, late or hostile is
// tried in e2e; here it is how much the page keeps and whom it serves.
type calls struct {
	mu      sync.Mutex
	current []visor.Snapshot
	ended   map[string]visor.Snapshot
	asked   []string
}

func (c *calls) Current() []visor.Snapshot {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.current
}

func (c *calls) Snapshot(id string) (visor.Snapshot, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, ok := c.ended[id]
	return s, ok
}

func (c *calls) Terminate(id string, now bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.ended[id]; ok {
		return &visor.GoneError{End: visor.EndExit}
	}
	if id != "runs" {
		return visor.ErrUnknown
	}
	c.asked = append(c.asked, fmt.Sprintf("%s: %v", id, now))
	return nil
}

func (c *calls) Occupancy() visor.Occupancy { return visor.Occupancy{MaxRunning: 3, Running: 1} }
func (c *calls) Draining() bool             { return false }

// finish has a call end that wrote so to stderr.
func (c *calls) finish(p *Page, id, stderr string, status int) {
	c.mu.Lock()
	c.ended[id] = visor.Snapshot{ID: id, Path: "/x", Method: "GET", State: "ended", End: visor.EndReply, Start: time.Now(), PID: 7, Stderr: []byte(stderr), Stats: visor.Stats{Stderr: int64(len(stderr))}}
	c.mu.Unlock()
	p.Count(Call{ID: id, Status: status, Started: true})
}

// served is a page at an address of its own, for callers of this process.
func served(t *testing.T, owned bool) (*Page, *calls, *httptest.Server) {
	t.Helper()
	c := &calls{ended: map[string]visor.Snapshot{}}
	p := New(Options{Service: "shop", Address: "127.0.0.1:0", Calls: c, Owned: func(int) bool { return owned }, Self: uid})
	s := httptest.NewServer(p.Handler(http.NotFoundHandler()))
	t.Cleanup(func() { p.Close(); s.Close() })
	return p, c, s
}

// ask sends a request with headers "Name: value".
func ask(t *testing.T, r *http.Request, header ...string) (int, string) {
	t.Helper()
	for _, h := range header {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			r.Host = value
			continue
		}
		r.Header.Set(name, value)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, Transport: &http.Transport{DisableKeepAlives: true}}
	a, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return a.StatusCode, string(body)
}

func get(t *testing.T, url string, header ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return ask(t, r, header...)
}

func TestRings(t *testing.T) {
	p, c, _ := served(t, false)
	for i := range 1000 {
		status := 200
		if i < 60 {
			status = 500
		}
		c.finish(p, fmt.Sprint("id-", i), "", status)
	}
	all, last := p.ended.after(0)
	if last != 1000 || len(all) != keptCalls+keptFaults {
		t.Fatalf("kept %d of %d", len(all), last)
	}
	if all[0].ID != "id-10" || all[49].ID != "id-59" || all[50].ID != "id-900" || all[149].ID != "id-999" {
		t.Errorf("kept %s … %s, %s … %s", all[0].ID, all[49].ID, all[50].ID, all[149].ID)
	}
	if since, _ := p.ended.after(998); len(since) != 2 || since[0].ID != "id-998" {
		t.Errorf("since 998: %d", len(since))
	}
	if len(p.ended.all.list) != keptCalls || len(p.ended.faults.list) != keptFaults {
		t.Error("a ring has grown")
	}
}

// What is no call of a process is not kept, but for one whose process could not be
// started: whoever asks for nothing would push out what matters.
func TestCountKeepsProcesses(t *testing.T) {
	p, _, _ := served(t, false)
	op := &visor.Operation{Path: "/x", Method: "GET"}
	p.Count(Call{ID: "a", Status: 404, Problem: "not-found"})
	p.Count(Call{ID: "b", Operation: op, Status: 429, Problem: "busy"})
	p.Count(Call{ID: "c", Operation: op, Status: 500, Problem: "start-failed"})
	if all, _ := p.ended.after(0); len(all) != 1 || all[0].ID != "c" || newEndedRow(all[0]).How != "start-failed" {
		t.Errorf("kept %d", len(all))
	}
}

func TestHostileText(t *testing.T) {
	p, c, s := served(t, false)
	hostile := "</pre><script>alert(1)</script>\x1b[31m\x00\u202e\xff{{.}}\n'\"><img src=x onerror=alert(1)>"
	c.finish(p, "hostile", hostile, 500)
	c.current = []visor.Snapshot{{ID: "runs", Path: "/<b>\"{x}", Method: "GET", State: "running", Argv: []string{"sh", "-c", "</code><script>"}}}
	p.Adopt([]Operation{{Operation: visor.Operation{Path: "/</template><i>", Method: "GET", Running: 1, Queued: visor.NoLimit}, Command: []string{"<script>"}, User: "<u>"}})
	status, body := get(t, s.URL)
	if status != 200 {
		t.Fatal(status, body)
	}
	for _, bad := range []string{"<script>alert", "<script></", "<img", "<b>", "<i>", "<u>", "\x1b", "\x00", "\u202e", "onerror=alert(1)>"} {
		if strings.Contains(body, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	for _, good := range []string{"&lt;/pre&gt;&lt;script&gt;alert(1)", "\u241b[31m\u2400\ufffd\ufffd{{.}}", "GET /&lt;b&gt;", "&lt;script&gt;"} {
		if !strings.Contains(body, good) {
			t.Errorf("the page lacks %q", good)
		}
	}
	if strings.Count(body, "</html>") != 1 || strings.Count(body, "</template>") != 2 {
		t.Error("the page is not whole")
	}
}

// Who is asked under a stranger's name, or by a stranger's page, says nothing.
func TestStrangers(t *testing.T) {
	p, c, s := served(t, false)
	port := s.URL[strings.LastIndexByte(s.URL, ':'):]
	c.current = []visor.Snapshot{{ID: "runs", Path: "/x", Method: "GET", State: "running"}}
	for host, want := range map[string]int{
		"localhost" + port: 200, "127.0.0.1" + port: 200, "127.0.0.2:9": 200, "[::1]:8": 200, "LOCALHOST": 200,
		"evil.example": 421, "evil.example" + port: 421, "127.0.0.1.evil.example": 421, "localhost.evil.example": 421,
		"192.168.1.7" + port: 421, "127.0.0.1@evil.example": 421, "0.0.0.0" + port: 421,
	} {
		if status, _ := get(t, s.URL, "Host: "+host); status != want {
			t.Errorf("Host %q: %d, want %d", host, status, want)
		}
	}
	end := func(token, id string, header ...string) int {
		r, err := http.NewRequest(http.MethodPost, s.URL+"/page/end", strings.NewReader(url.Values{"token": {token}, "id": {id}}.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		status, _ := ask(t, r, append([]string{"Content-Type: application/x-www-form-urlencoded"}, header...)...)
		return status
	}
	token := p.guard.token
	for what, got := range map[string]int{
		"no token":          end("", "runs"),
		"another token":     end(secret(), "runs"),
		"a foreign origin":  end(token, "runs", "Origin: http://evil.example"),
		"an opaque origin":  end(token, "runs", "Origin: null"),
		"another port":      end(token, "runs", "Origin: http://127.0.0.1:1"),
		"a cross-site post": end(token, "runs", "Sec-Fetch-Site: cross-site"),
		"a same-site post":  end(token, "runs", "Sec-Fetch-Site: same-site"),
	} {
		if got != http.StatusForbidden {
			t.Errorf("%s: %d", what, got)
		}
	}
	if status, _ := get(t, s.URL+"/page/events", "Sec-Fetch-Site: cross-site"); status != http.StatusForbidden {
		t.Errorf("a stranger's page watches: %d", status)
	}
	if len(c.asked) != 0 {
		t.Fatalf("ended: %q", c.asked)
	}
	c.finish(p, "over", "", 200)
	for id, want := range map[string]int{"runs": 303, "over": 410, "nobody": 404} {
		if got := end(token, id, "Origin: "+s.URL, "Sec-Fetch-Site: same-origin"); got != want {
			t.Errorf("%s: %d, want %d", id, got, want)
		}
	}
	if strings.Join(c.asked, " ") != "runs: false" {
		t.Errorf("asked for %q", c.asked)
	}
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		r, _ := http.NewRequest(method, s.URL+"/page/end", nil)
		if status, _ := ask(t, r); status != http.StatusMethodNotAllowed {
			t.Errorf("%s: %d", method, status)
		}
	}
}

// A process of a request sees nothing, unless it has been given a key.
func TestKey(t *testing.T) {
	p, _, s := served(t, true)
	if status, body := get(t, s.URL); status != 403 || !strings.Contains(body, "serves a request") {
		t.Errorf("%d %s", status, body)
	}
	_, key, _ := strings.Cut(p.Link(), "/?key=")
	if status, _ := get(t, s.URL+"/?key="+key+"x"); status != 403 {
		t.Errorf("a wrong key: %d", status)
	}
	if status, _ := get(t, s.URL+"/?key="+key); status != 303 {
		t.Errorf("the key: %d", status)
	}
	if status, _ := get(t, s.URL, "Cookie: "+p.guard.cookie+"="+key); status != 200 {
		t.Errorf("the cookie: %d", status)
	}
	if status, _ := get(t, s.URL, "Cookie: "+p.guard.cookie+"="+key, "Host: evil.example"); status != 421 {
		t.Errorf("the cookie under another name: %d", status)
	}
}

func TestLink(t *testing.T) {
	for address, want := range map[string]string{
		"127.0.0.1:9102": "http://127.0.0.1:9102/?key=", "0.0.0.0:9102": "http://127.0.0.1:9102/?key=",
		"[::]:9102": "http://[::1]:9102/?key=", "10.0.0.5:9102": "http://10.0.0.5:9102/?key=",
	} {
		if got := New(Options{Address: address, Calls: &calls{}}).Link(); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s", address, got)
		}
	}
}

func BenchmarkCount(b *testing.B) {
	c := &calls{ended: map[string]visor.Snapshot{"x": {ID: "x"}}}
	p := New(Options{Calls: c})
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			p.Count(Call{ID: "x", Status: 200, Started: true})
		}
	})
}
