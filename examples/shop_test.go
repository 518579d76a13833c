// Package examples_test serves the example as `make run` does, from a copy of the tree on a port and a socket of its own,
// and talks to it with curl: what the example is said to do. What the README says of it is tried by e2e/book.
package examples_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	patience   = 30 * time.Second // to see that something hangs; nothing is judged by its speed
	publicAddr = "127.0.0.1:8080"
	socketPath = "/tmp/urocket.sock"
)

// program is the binary under test, built by TestMain as `make build` does.
var program string

func TestMain(m *testing.M) {
	code, err := buildAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "examples:", err)
	}
	os.Exit(code)
}

func buildAndRun(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "urocket-examples-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "urocket")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", program, "../cmd/urocket")
	if out, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return m.Run(), nil
}

// shop is the running example.
type shop struct {
	dir    string // the copy of the tree, and the socket
	tmp    string // what the scripts write
	public string // host:port in place of publicAddr
	socket string // in place of socketPath
	log    *log
}

// log is what the program has written to stderr.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// openShop starts the example and has it stopped, cleanly, at the end of the test.
func openShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{dir: t.TempDir(), tmp: t.TempDir(), public: freeAddress(t), log: &log{}}
	s.socket = filepath.Join(s.dir, "u.sock")
	for _, sub := range []string{"examples", "scripts"} {
		check(t, os.CopyFS(filepath.Join(s.dir, sub), os.DirFS(filepath.Join("..", sub))))
	}
	config := filepath.Join(s.dir, "examples", "urocket-service.yaml")
	text, err := os.ReadFile(config)
	check(t, err)
	check(t, os.WriteFile(config, []byte(s.here(string(text))), 0o600))
	s.serve(t, config)
	return s
}

// serve runs the program until the end of the test, where SIGTERM must end it with code 0 and take the socket away.
func (s *shop) serve(t *testing.T, config string) {
	t.Helper()
	cmd := exec.Command(program, "run", "-c", config, "--log-format", "text")
	cmd.Env = append(os.Environ(), "TMPDIR="+s.tmp, "PETSHOP_VAR=")
	cmd.Stderr = s.log
	check(t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("the program's end: %v", err)
			}
		case <-time.After(patience):
			_ = cmd.Process.Kill()
			t.Errorf("the program did not end after SIGTERM: %v", <-ended)
		}
		if _, err := os.Lstat(s.socket); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the socket is still there: %v", err)
		}
		if t.Failed() {
			t.Logf("its log:\n%s", s.log)
		}
	})
	s.eventually(t, "the program is ready", func() bool { return s.ready(t) })
}

// ready asks /readyz on the reply socket.
func (s *shop) ready(t *testing.T) bool {
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", s.socket)
		},
	}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://internal/readyz", nil)
	check(t, err)
	res, err := client.Do(req)
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// here puts this shop's address and socket in place of those that the example names.
func (s *shop) here(text string) string {
	return strings.NewReplacer(publicAddr, s.public, socketPath, s.socket).Replace(text)
}

// command is a shell script, to be run in the copy of the tree.
func (s *shop) command(ctx context.Context, block string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "bash", "-euc", s.here(block))
	cmd.Dir = s.dir
	cmd.WaitDelay = time.Second
	return cmd
}

// sh runs a shell script and returns what it prints, with the lines of HTTP ended as those of a text.
func (s *shop) sh(t *testing.T, block string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var stderr strings.Builder
	cmd := s.command(ctx, block)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("%s\n%v\n%s", block, err, stderr.String())
	}
	return strings.ReplaceAll(string(out), "\r\n", "\n")
}

func (s *shop) eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s; log:\n%s", patience, what, s.log)
		}
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer l.Close()
	return l.Addr().String()
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
