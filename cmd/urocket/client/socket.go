// Package client is what urocket's command line does with a urocket that runs: it
// replies to a request, shows and ends calls, and makes one.
//
// [Commands] are the commands. All but call speak to the unix socket (socket.go),
// which they find as find.go says; call speaks to the public listener, as any
// caller does, so that a crontab's line and HTTP share places and locks.
//
// Everything that is asked ends: who does not answer within [patience] is given up.
// Whatever came from a script is printed byte for byte to a file or a pipe; on a
// terminal, which obeys control characters, these are shown in place of being
// written (terminal.go).
package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"
)

// How long urocket may take to accept, and to answer or to take some more bytes.
const (
	connectTime = 5 * time.Second
	patience    = 60 * time.Second
)

// socket is the unix socket of a running urocket.
type socket struct {
	path string
	http *http.Client
}

func at(path string) *socket {
	return &socket{path: path, http: &http.Client{Transport: &http.Transport{
		DialContext:        func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx, path) },
		DisableCompression: true, ResponseHeaderTimeout: patience,
	}}}
}

// dial connects. Where the queue of the socket is full it tries again, for a while.
func dial(ctx context.Context, path string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	for {
		c, err := (&net.Dialer{}).DialContext(ctx, "unix", path)
		if err == nil {
			return steady{c}, nil
		}
		if !errors.Is(err, syscall.EAGAIN) || ctx.Err() != nil {
			return nil, unreachable(path, err)
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

// unreachable says what is wrong with a socket that nobody can connect to.
func unreachable(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no socket %s: no urocket serves it (does it run, and with this configuration?)", path)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("nobody serves the socket %s any more: its urocket has ended", path)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("you may not connect to the socket %s%s: be root, its owner or of its group", path, owners(path))
	case errors.Is(err, syscall.ENOTSOCK), errors.Is(err, syscall.EPROTOTYPE):
		return fmt.Errorf("%s is not the socket of a urocket", path)
	}
	return fmt.Errorf("connect to the socket %s: %w", path, err)
}

// owners shows who may connect to a socket.
func owners(path string) string {
	info, err := os.Lstat(path)
	if err != nil {
		return ""
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	return fmt.Sprintf(" (uid %d, gid %d, mode %04o)", st.Uid, st.Gid, info.Mode().Perm())
}

// steady is a connection on which no write may stand still for too long.
type steady struct{ net.Conn }

func (s steady) Write(b []byte) (int, error) {
	if err := s.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return 0, err
	}
	return s.Conn.Write(b)
}

// refusal is what the socket has against a request, in its own words.
type refusal struct {
	status int
	text   string
}

func (r *refusal) Error() string {
	return fmt.Sprintf("%d %s: %s", r.status, strings.ToLower(http.StatusText(r.status)), strings.TrimSpace(visible(r.text)))
}

// ask sends a request and returns the body of its answer, which is no longer than
// most bytes; anything but a 2xx is a *refusal.
func (s *socket) ask(r *http.Request, most int64) ([]byte, error) {
	a, err := s.http.Do(r)
	if err != nil {
		return nil, s.failed(err)
	}
	defer a.Body.Close()
	stop := time.AfterFunc(patience, func() { _ = a.Body.Close() })
	defer stop.Stop()
	text, err := io.ReadAll(io.LimitReader(a.Body, most))
	if a.StatusCode/100 != 2 {
		return nil, &refusal{a.StatusCode, string(text)}
	}
	if err != nil {
		return nil, s.failed(err)
	}
	return text, nil
}

// failed leaves out what net/http says around the cause.
func (s *socket) failed(err error) error {
	var at *url.Error
	if errors.As(err, &at) {
		err = at.Err
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return fmt.Errorf("the socket %s has not answered: %w", s.path, op.Err)
	}
	return err
}

// mostText is the longest answer of a few words.
const mostText = 64 << 10

// request is one without a body.
func (s *socket) request(method, path string) *http.Request {
	r, err := http.NewRequest(method, "http://urocket"+path, nil)
	if err != nil { // the paths are ours, what is in them is escaped
		panic(err)
	}
	return r
}

// get reads JSON of at most 1 GiB: ten thousand calls with their output.
func (s *socket) get(path string, into any) error {
	text, err := s.ask(s.request(http.MethodGet, path), 1<<30)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s is served by something that is no urocket: %w", s.path, err)
	}
	return nil
}
