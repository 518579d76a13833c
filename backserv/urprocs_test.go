package backserv

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/urocket/urocket/visor"
)

var started = time.Date(2026, 3, 4, 5, 6, 7, 89_999_999, time.FixedZone("CET", 3600))

func TestProcessesAsDocumented(t *testing.T) {
	three := 3
	b := serve(t)
	calls := []visor.Snapshot{
		{
			ID: "one", Path: "/pets/{petId}", Method: "get", State: "ended", End: visor.EndExit, PID: 42, Driver: "fork -> spawn: <why>", Argv: []string{"php", "<pet>.php", "{{jsonpayload}}"},
			Start: started, Age: 1234567 * time.Microsecond, ExitCode: &three, Stdout: []byte("a\xffb\n"), Stderr: []byte("é\x00"),
		},
		{ID: "two", Path: "/", Method: "POST", State: "queued", Age: time.Millisecond},
		{ID: "three", Path: "/", Method: "post", State: "ended", End: visor.EndTimeout, PID: 43, Driver: "fork", Argv: []string{"x"}, Start: started, Signal: "SIGKILL"},
	}
	b.calls.show(calls...)
	want := []string{
		`{"request_id":"one","path":"/pets/{petId}","method":"get","state":"ended","end":"exit","pid":42,"driver":"fork -> spawn: <why>","argv":["php","<pet>.php","{{jsonpayload}}"],` +
			`"start":"2026-03-04T04:06:07.089Z","age_ms":1234,"exitcode":3,"signal":null,"stats":STATS,"stdout":"a` + "\ufffd" + `b\n","stderr":"é\u0000"}`,
		`{"request_id":"two","path":"/","method":"post","state":"queued","end":null,"pid":null,"driver":null,"argv":[],"start":null,"age_ms":1,"exitcode":null,"signal":null,"stats":null,"stdout":"","stderr":""}`,
		`{"request_id":"three","path":"/","method":"post","state":"ended","end":"timeout","pid":43,"driver":"fork","argv":["x"],` +
			`"start":"2026-03-04T04:06:07.089Z","age_ms":0,"exitcode":null,"signal":"SIGKILL","stats":STATS,"stdout":"","stderr":""}`,
	}
	stats, err := json.Marshal(visor.Stats{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		want[i] = strings.Replace(want[i], "STATS", string(stats), 1)
		want[i] = strings.Replace(want[i], "\ufffd", `\ufffd`, 1)
		status, text := b.curl(t, nil, "http://internal/urprocs/"+calls[i].ID)
		if status != http.StatusOK || text != want[i]+"\n" {
			t.Errorf("%d %s\nwant %s", status, text, want[i])
		}
	}
	status, text := b.curl(t, nil, "http://internal/urprocs")
	if all := "{\"processes\":[\n" + strings.Join(want, ",\n") + "]}\n"; status != http.StatusOK || text != all {
		t.Errorf("%d %s\nwant %s", status, text, all)
	}
	if status, _ := b.curl(t, nil, "http://internal/urprocs/four"); status != http.StatusNotFound {
		t.Errorf("unknown id: %d", status)
	}
	if status, _ := b.curl(t, nil, "-d", "{}", "http://internal/urprocs/one"); status != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", status)
	}
}

func TestEndOfAProcess(t *testing.T) {
	b := serve(t)
	b.calls.expect("one", nil)
	b.calls.refuse("over", &visor.GoneError{End: visor.EndTimeout})
	for _, c := range []struct {
		id     string
		status int
		text   string
	}{
		{"one", http.StatusAccepted, "SIGTERM is sent"},
		{"one?now", http.StatusAccepted, "SIGKILL is sent"},
		{"two", http.StatusNotFound, "no call"},
		{"over", http.StatusGone, "ended already (timeout)"},
	} {
		if status, text := b.curl(t, nil, "-X", "DELETE", "http://internal/urprocs/"+c.id); status != c.status || !strings.Contains(text, c.text) {
			t.Errorf("%s: %d %s", c.id, status, text)
		}
	}
	if got := strings.Join(b.calls.terminated, ", "); got != "one false, one true" {
		t.Errorf("ended %s", got)
	}
	if log := b.log.String(); strings.Count(log, "an operator ends a call") != 2 || !strings.Contains(log, "request_id=one") || strings.Contains(log, "request_id=two") {
		t.Errorf("log: %s", log)
	}
	if status, _ := b.curl(t, nil, "-X", "DELETE", "http://internal/urprocs"); status != http.StatusMethodNotAllowed {
		t.Errorf("DELETE of all: %d", status)
	}
}

func TestNobodyElseEndsProcesses(t *testing.T) {
	b := serve(t, func(s *Server) { s.opt.Owned = func(int) bool { return true } })
	b.calls.expect("one", nil)
	if status, _ := b.curl(t, nil, "-X", "DELETE", "http://internal/urprocs/one"); status != http.StatusForbidden || len(b.calls.terminated) > 0 {
		t.Errorf("status %d, ended %v", status, b.calls.terminated)
	}
}

func TestNoProcesses(t *testing.T) {
	b := serve(t)
	_, text := b.curl(t, nil, "http://internal/urprocs")
	var got struct{ Processes []any }
	if err := json.Unmarshal([]byte(text), &got); err != nil || got.Processes == nil {
		t.Errorf("%q: %v", text, err)
	}
}

// Ten thousand ended calls reach a reader that takes its time to begin.
func TestManyProcesses(t *testing.T) {
	b := serve(t)
	for i := range 10_000 {
		b.calls.show(visor.Snapshot{ID: fmt.Sprint(i), State: "ended", Stdout: make([]byte, 100)})
	}
	c := b.dial(t)
	c.send(t, "GET /urprocs HTTP/1.1\r\nHost: x\r\n\r\n")
	_, text := c.answer(t)
	var got struct {
		Processes []struct {
			ID string `json:"request_id"`
		}
	}
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	if n := len(got.Processes); n != 10_000 || got.Processes[n-1].ID != "9999" {
		t.Errorf("%d processes", n)
	}
}

func TestProcessOfARequestIsNotShownOthers(t *testing.T) {
	asked := make(chan int, 1)
	b := serve(t, func(s *Server) {
		s.opt.Owned = func(pid int) bool { asked <- pid; return true }
	})
	c := b.dial(t)
	c.send(t, "GET /urprocs HTTP/1.1\r\nHost: x\r\n\r\n")
	if status, text := c.answer(t); status != http.StatusForbidden || !strings.Contains(text, "request") {
		t.Errorf("%d %q", status, text)
	}
	if pid := <-asked; pid != os.Getpid() {
		t.Errorf("asked about pid %d, want %d", pid, os.Getpid())
	}
}

func TestOtherUserIsShownNothing(t *testing.T) {
	const other = 65534
	if os.Getuid() != 0 {
		// Nobody can become another here; then the server is another's.
		b := serve(t, func(s *Server) { s.opt.Self = os.Getuid() + 1 })
		if status, _ := b.curl(t, nil, "http://internal/urprocs"); status != http.StatusForbidden {
			t.Errorf("status %d", status)
		}
		return
	}
	b := serve(t)
	cmd := exec.Command("curl", "-s", "-w", "%{http_code}", "--unix-socket", b.path, "http://internal/urprocs", "http://internal/urprocs/x", "http://internal/healthz")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: other, Gid: other}}
	out, err := cmd.Output()
	if got := string(out); err != nil || strings.Count(got, "403") != 2 || !strings.HasSuffix(got, "ok200") || !strings.Contains(got, "uid 65534") {
		t.Errorf("%s, %v", got, err)
	}
}
