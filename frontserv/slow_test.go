package frontserv

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/processctl"
	"github.com/urocket/urocket/processctl/command"
	"github.com/urocket/urocket/visor"
)

// slowDocument has an operation for each caller.
const slowDocument = `{openapi: 3.0.3, info: {title: slow, version: "1"}, paths: {
  /streamed/slow:    {get: &get {responses: {"200": {description: fine, content: {text/plain: {schema: {type: string}}}}}}},
  /streamed/stalled: {get: *get},
  /held/slow:        {get: *get},
  /held/stalled:     {get: *get}}}
`

// longAnswer is more than what the two ends of a connection hold, in bytes.
const longAnswer = 2 << 20

// serveSlow serves a long answer, as it comes and from a file, to callers who have
// two seconds for each piece.
func serveSlow(t *testing.T) (addr string, v *visor.Visor) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "api.yaml")
	must(t, os.WriteFile(file, []byte(slowDocument), 0o600))
	cmd, faults := command.Compile(command.Input{Words: []string{"/usr/bin/head", "-c", strconv.Itoa(longAnswer), "/dev/zero"}, Dir: "/"})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	var routes []Route
	for _, path := range []string{"/streamed/slow", "/streamed/stalled", "/held/slow", "/held/stalled"} {
		routes = append(routes, Route{
			Path: path, Method: http.MethodGet, Mode: visor.ReplyStdout, ValidateOut: strings.HasPrefix(path, "/held"),
			Command: cmd, Dir: "/", Timeout: 10 * time.Minute, Running: visor.NoLimit, Queued: visor.NoLimit,
		})
	}
	e, check := Load(Options{Document: file, MaxBody: 10 << 20, Routes: routes})
	if len(check.Faults) > 0 {
		t.Fatal(check.Faults)
	}
	c, err := processctl.New(processctl.Options{Name: "test", NoCgroup: true})
	must(t, err)
	v = visor.New(c, visor.Limits{Running: 10, Queued: 10, QueueWait: time.Minute})
	s := New(v, slog.New(slog.DiscardHandler), e)
	s.takeTime = 2 * time.Second
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	must(t, err)
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := s.Serve(l, 100); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		v.Drain(context.Background(), nil)
		s.Close()
		serving.Wait()
		must(t, c.Close(context.Background()))
	})
	return l.Addr().String(), v
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// askSlowly sends a request over a connection that holds next to nothing itself.
func askSlowly(t *testing.T, addr, path string) net.Conn {
	t.Helper()
	d := net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) {
			_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 64<<10)
			_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_MAXSEG, 1400) // the loopback's would fill it at once
		})
	}}
	conn, err := d.Dial("tcp", addr)
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	_, err = io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n")
	must(t, err)
	return conn
}

// slowly reads a little at a time, with pauses.
type slowly struct{ io.Reader }

func (s slowly) Read(b []byte) (int, error) {
	time.Sleep(50 * time.Millisecond)
	return s.Reader.Read(b[:min(len(b), 12<<10)])
}

// Who takes his answer slowly, for many times as long as a piece of it may take,
// gets it whole; who takes nothing is cut off, and his call ends.
func TestSlowTakers(t *testing.T) {
	addr, v := serveSlow(t)
	var slow sync.WaitGroup
	for _, kind := range []string{"/streamed", "/held"} {
		conn := askSlowly(t, addr, kind+"/slow")
		slow.Go(func() {
			resp, err := http.ReadResponse(bufio.NewReaderSize(slowly{conn}, 12<<10), nil)
			if err != nil {
				t.Error(err)
				return
			}
			if n, err := io.Copy(io.Discard, resp.Body); n != longAnswer || err != nil {
				t.Errorf("%s: %d bytes arrive slowly: %v", kind, n, err)
			}
		})
	}
	for _, kind := range []string{"/streamed", "/held"} {
		conn := askSlowly(t, addr, kind+"/stalled")
		for deadline := time.Now().Add(time.Minute); !ended(v, kind+"/stalled"); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Errorf("%s: the call of who takes nothing does not end", kind)
				break
			}
		}
		if n, err := io.Copy(io.Discard, conn); n >= longAnswer {
			t.Errorf("%s: %d bytes arrive where nothing was taken: %v", kind, n, err)
		}
	}
	slow.Wait()
}

func ended(v *visor.Visor, path string) bool {
	for _, s := range v.Snapshots() {
		if s.Path == path && s.State == "ended" {
			return true
		}
	}
	return false
}
