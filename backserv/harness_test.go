package backserv

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/urocket/urocket/visor"
)

const maxBody = 1 << 20

// calls is a visor that knows the deliveries it was given, by id.
type calls struct {
	mu         sync.Mutex
	deliveries map[string]*delivery
	late       map[string]error // what Deliver says
	snapshots  []visor.Snapshot
	terminated []string // "ID NOW"
	draining   bool
}

func (c *calls) Deliver(id, _ string) (Delivery, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.late[id]; err != nil {
		return nil, err
	}
	d := c.deliveries[id]
	if d == nil {
		return nil, visor.ErrUnknown
	}
	d.begun <- struct{}{}
	return d, nil
}

func (c *calls) Snapshots() []visor.Snapshot {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.snapshots
}

func (c *calls) show(s ...visor.Snapshot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.snapshots = append(c.snapshots, s...)
}

func (c *calls) Snapshot(id string) (visor.Snapshot, bool) {
	for _, s := range c.Snapshots() {
		if s.ID == id {
			return s, true
		}
	}
	return visor.Snapshot{}, false
}

// Terminate says what Deliver would, and notes who was to end.
func (c *calls) Terminate(id string, now bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.late[id]; err != nil {
		return err
	}
	if c.deliveries[id] == nil {
		return visor.ErrUnknown
	}
	c.terminated = append(c.terminated, fmt.Sprint(id, " ", now))
	return nil
}

func (c *calls) Draining() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.draining
}

// expect adds a call that waits; err is what a commit is told.
func (c *calls) expect(id string, err error) *delivery {
	d := &delivery{err: err, begun: make(chan struct{}, 1000), ended: make(chan struct{}, 1000)}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deliveries[id] = d
	return d
}

// refuse lets Deliver fail for id.
func (c *calls) refuse(id string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.late[id] = err
}

// delivery keeps what was committed.
type delivery struct {
	err          error
	begun, ended chan struct{}

	mu   sync.Mutex
	got  *visor.Reply
	body []byte
}

func (d *delivery) Commit(r *visor.Reply) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err != nil {
		return d.err
	}
	if d.got != nil {
		return visor.ErrAnswered
	}
	body, err := r.Body.Bytes()
	d.got, d.body = r, bytes.Clone(body)
	return errors.Join(err, r.Body.Close())
}

func (d *delivery) MaxReply() int64 { return maxBody }

func (d *delivery) Abort() { d.ended <- struct{}{} }

func (d *delivery) reply() (*visor.Reply, string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.got, string(d.body)
}

// wait takes a value from c, and gives up when the test is lost anyway.
func wait(t *testing.T, c <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(20 * time.Second):
		t.Fatal("waited in vain: " + what)
	}
}

// back is a server on a socket of its own.
type back struct {
	*Server
	calls *calls
	path  string
	log   *lines
	end   func() // waits for the server
}

func serve(t *testing.T, change ...func(*Server)) *back {
	t.Helper()
	b := &back{
		calls: &calls{deliveries: map[string]*delivery{}, late: map[string]error{}},
		path:  filepath.Join(socketFolder(t), "s"),
		log:   &lines{},
	}
	b.Server = New(Options{
		Calls: b.calls, Self: os.Getuid(),
		Logger: slog.New(slog.NewTextHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Owned:  func(int) bool { return false },
	})
	for _, f := range change {
		f(b.Server)
	}
	l, err := Listen(b.path, 0o666, -1)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := b.Serve(l); err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	b.end = sync.OnceFunc(func() {
		now, cancel := context.WithCancel(t.Context())
		cancel()
		_ = b.Shutdown(now) // says only that connections were still open
		wg.Wait()
	})
	t.Cleanup(b.end)
	return b
}

// lines is a log.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// socketFolder is short, as paths of sockets have to be, and open to all.
func socketFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "back")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// curl runs the real one against the socket; input is its stdin. It returns the
// status and the body that the author of a script gets to see.
func (b *back) curl(t *testing.T, input io.Reader, args ...string) (int, string) {
	t.Helper()
	args = append([]string{"-sS", "--max-time", "60", "-w", "\n%{http_code}", "--unix-socket", b.path}, args...)
	cmd := exec.Command("curl", args...)
	cmd.Stdin = input
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("curl %q: %v: %s", args, err, stderr.String())
	}
	cut := bytes.LastIndexByte(out, '\n')
	status, err := strconv.Atoi(string(out[cut+1:]))
	if err != nil {
		t.Fatal(err)
	}
	return status, string(out[:cut])
}

// raw is a connection that is spoken by hand.
type raw struct {
	*net.UnixConn
	r *bufio.Reader
}

func (b *back) dial(t *testing.T) *raw {
	t.Helper()
	c, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: b.path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return &raw{c, bufio.NewReader(c)}
}

func (c *raw) send(t *testing.T, format string, args ...any) {
	t.Helper()
	if _, err := fmt.Fprintf(c, format, args...); err != nil {
		t.Fatal(err)
	}
}

// answer reads one whole answer.
func (c *raw) answer(t *testing.T) (int, string) {
	t.Helper()
	res, err := http.ReadResponse(c.r, nil)
	if err != nil {
		t.Fatalf("read answer: %v", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("read answer: %v", err)
	}
	return res.StatusCode, string(body)
}

const replyURL = "http://internal/urhttp/"
