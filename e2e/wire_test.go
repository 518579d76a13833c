package e2e

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// wire is a connection spoken by hand, byte for byte.
type wire struct {
	t *testing.T
	net.Conn
	in *bufio.Reader
}

// dial opens a connection to the public address; it ends with the test.
func (g *gateway) dial(t *testing.T) *wire {
	t.Helper()
	w := wired(t, "tcp", g.addr)
	if g.secure != nil {
		w.Conn = tls.Client(w.Conn, g.secure)
		w.in = bufio.NewReader(w.Conn)
	}
	return w
}

// dialBack opens a connection to the socket.
func (g *gateway) dialBack(t *testing.T) *wire {
	t.Helper()
	return wired(t, "unix", g.sock)
}

func wired(t *testing.T, network, addr string) *wire {
	t.Helper()
	c, err := net.Dial(network, addr)
	check(t, err)
	check(t, c.SetDeadline(time.Now().Add(3*patience)))
	t.Cleanup(func() { _ = c.Close() })
	return &wire{t: t, Conn: c, in: bufio.NewReader(c)}
}

// say sends text. A refused write is no fault: the answer may have come before.
func (w *wire) say(text ...string) *wire {
	w.t.Helper()
	_, err := io.WriteString(w.Conn, strings.Join(text, ""))
	if err != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		w.t.Fatalf("send: %v", err)
	}
	return w
}

// ask sends a request line with headers; Host is added.
func (w *wire) ask(line string, header ...string) *wire {
	w.t.Helper()
	return w.say(line, " HTTP/1.1\r\nHost: gateway.test\r\n", strings.Join(append(header, "\r\n"), "\r\n"))
}

// response reads the head of the next response.
func (w *wire) response(method string) *http.Response {
	w.t.Helper()
	resp, err := http.ReadResponse(w.in, &http.Request{Method: method})
	if err != nil {
		w.t.Fatalf("read the response: %v", err)
	}
	return resp
}

// answer reads the next response whole.
func (w *wire) answer(method string) answer {
	w.t.Helper()
	resp := w.response(method)
	a := answer{status: resp.StatusCode, header: resp.Header}
	a.body, a.broken = io.ReadAll(resp.Body)
	a.trailer = resp.Trailer
	if resp.Close {
		a.header.Set("Connection", "close")
	}
	return a
}

// rest reads until the other side ends the connection, and how it did: nil for
// a clean end, an error for a reset.
func (w *wire) rest() (string, error) {
	w.t.Helper()
	b, err := io.ReadAll(w.in)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		w.t.Fatalf("the connection stays open; read %s", short(b))
	}
	return string(b), err
}

// untilSeen reads until text has arrived.
func (w *wire) untilSeen(text string) string {
	w.t.Helper()
	var got strings.Builder
	for !strings.Contains(got.String(), text) {
		b, err := w.in.ReadByte()
		if err != nil {
			w.t.Fatalf("%q never came; read %q: %v", text, got.String(), err)
		}
		got.WriteByte(b)
	}
	return got.String()
}

// closeWrite closes our sending side and leaves the other open.
func (w *wire) closeWrite() {
	w.t.Helper()
	check(w.t, w.Conn.(interface{ CloseWrite() error }).CloseWrite())
}

// tail is the end of a long text.
func tail(s string, n int) string {
	if len(s) > n {
		return "…" + s[len(s)-n:]
	}
	return s
}

// short is a value cut for a message.
func short(b []byte) string {
	const most = 300
	if len(b) > most {
		return fmt.Sprintf("%q… (%d bytes)", b[:most], len(b))
	}
	return fmt.Sprintf("%q", bytes.Clone(b))
}
