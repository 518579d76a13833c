package backserv

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/urocket/urocket/visor"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestShutdownWaitsForADelivery(t *testing.T) {
	b := serve(t)
	d := b.calls.expect("id", nil)
	c := b.dial(t)
	c.send(t, "POST /id HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n")
	wait(t, d.begun, "the delivery")
	done := make(chan error)
	go func() { done <- b.Shutdown(t.Context()) }()
	for { // until the socket has gone
		if _, err := os.Lstat(b.path); err != nil {
			break
		}
		time.Sleep(time.Millisecond)
	}
	c.send(t, "{}")
	if status, text := c.answer(t); status != http.StatusOK || text != "ok" {
		t.Errorf("answer %d %q", status, text)
	}
	if err := <-done; err != nil {
		t.Errorf("Shutdown: %v", err)
	}
}

func TestShutdownBreaksOffInTheEnd(t *testing.T) {
	b := serve(t)
	d := b.calls.expect("id", nil)
	c := b.dial(t)
	c.send(t, "POST /id HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{")
	wait(t, d.begun, "the delivery")
	now, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Shutdown(now); !errors.Is(err, context.Canceled) {
		t.Errorf("Shutdown: %v", err)
	}
	select {
	case <-d.ended:
	default:
		t.Error("a delivery goes on after Shutdown")
	}
	if got, _ := d.reply(); got != nil {
		t.Error("half a reply counts")
	}
	if err := b.Shutdown(now); err != nil { // nothing left to break off
		t.Errorf("second Shutdown: %v", err)
	}
}

func TestProbes(t *testing.T) {
	b := serve(t, func(s *Server) {
		s.opt.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "up 1\n") })
		s.http.Handler = s.gated(s.routes())
	})
	for path, want := range map[string]string{"/healthz": "ok", "/readyz": "ok", "/metrics": "up 1\n"} {
		if status, text := b.curl(t, nil, "http://internal"+path); status != http.StatusOK || text != want {
			t.Errorf("GET %s: %d %q", path, status, text)
		}
		if status, _ := b.curl(t, nil, "-I", "http://internal"+path); status != http.StatusOK {
			t.Errorf("HEAD %s: %d", path, status)
		}
		if status, _ := b.curl(t, nil, "-X", "POST", "http://internal"+path); status != http.StatusMethodNotAllowed {
			t.Errorf("POST %s: %d", path, status)
		}
	}
	b.calls.mu.Lock()
	b.calls.draining = true
	b.calls.mu.Unlock()
	if status, text := b.curl(t, nil, "http://internal/readyz"); status != http.StatusServiceUnavailable || text != "draining\n" {
		t.Errorf("draining: %d %q", status, text)
	}
	if status, _ := b.curl(t, nil, "http://internal/healthz"); status != http.StatusOK {
		t.Errorf("healthz while draining: %d", status)
	}
}

func TestNotReadyForAReason(t *testing.T) {
	b := serve(t, func(s *Server) { s.opt.Ready = func() error { return errors.New("no cgroup") } })
	if status, text := b.curl(t, nil, "http://internal/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(text, "no cgroup") {
		t.Errorf("readyz: %d %q", status, text)
	}
}

// On TCP nobody replies and nobody sees what runs.
func TestAdminHandlerServesOnlyProbes(t *testing.T) {
	b := serve(t)
	b.calls.expect("id", nil)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	admin := &http.Server{Handler: b.AdminHandler()}
	var wg sync.WaitGroup
	wg.Go(func() { admin.Serve(l) })
	defer wg.Wait()
	defer admin.Close()
	url := "http://" + l.Addr().String()
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/metrics": 404, "/urprocs": 404, "/id": 404, "/": 404} {
		out, err := exec.Command("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", url+path).Output()
		if err != nil || string(out) != strconv.Itoa(want) {
			t.Errorf("GET %s: %s, %v, want %d", path, out, err, want)
		}
	}
	out, err := exec.Command("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-d", "{}", url+"/urhttp/id").Output()
	if err != nil || string(out) != "404" {
		t.Errorf("a reply on TCP: %s, %v", out, err)
	}
}

// The adapter must not make a non-nil interface of a nil pointer.
func TestFromVisor(t *testing.T) {
	calls := FromVisor(visor.New(nil, visor.Limits{}))
	if d, err := calls.Deliver("nobody", ""); d != nil || !errors.Is(err, visor.ErrUnknown) {
		t.Errorf("Deliver: %v, %v", d, err)
	}
	if len(calls.Snapshots()) > 0 || calls.Draining() {
		t.Error("a new visor has calls, or drains")
	}
}
