package backserv

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/processctl/stack"
)

// A door lets connections in. It reads the beginning of each: a plain reply it has
// taken and answered itself, and anything else it hands to net/http, which sees it
// from its first byte. It is a listener that accepts nothing: what net/http gets of
// it is how to go on when the kernel cannot accept.
type door struct {
	*peerListener
	server *Server
	others handed
}

// Accept serves connections until none can be accepted.
func (d *door) Accept() (net.Conn, error) {
	for {
		c, err := d.peerListener.Accept()
		if err != nil {
			return nil, err
		}
		p := c.(*peerConn)
		if !d.server.plains.add(p) {
			_ = p.Close()
			continue
		}
		go func() {
			defer d.server.plains.remove(p)
			stack.Grow()
			d.meet(p)
		}()
	}
}

// buffers hold what is read first of a request.
var buffers = sync.Pool{New: func() any { return new([plainSize]byte) }}

// meet serves a connection as long as its requests are plain.
func (d *door) meet(c *peerConn) {
	buf := buffers.Get().(*[plainSize]byte)
	defer buffers.Put(buf)
	for wait := headerTimeout; ; wait = idleTimeout {
		n, err := c.hear(buf[:], wait, d.server.plains.goOn)
		if err != nil {
			_ = c.Close()
			return
		}
		p, ok := parsePlain(buf[:n])
		if !ok {
			c.unread = bytes.Clone(buf[:n])
			d.others.give(c)
			return
		}
		if !d.server.servePlain(c, p) {
			_ = c.Close()
			return
		}
		c.idle()
		if !d.server.plains.goOn() {
			_ = c.Close()
			return
		}
	}
}

// servePlain takes a reply and says what became of it. False: the connection is of
// no further use.
func (s *Server) servePlain(c *peerConn, p plain) (again bool) {
	if !s.running.TryRLock() {
		return false
	}
	defer s.running.RUnlock()
	defer func() {
		if fault := recover(); fault != nil {
			s.opt.Logger.Error("a fault of urocket itself", "panic", fmt.Sprint(fault), "stack", string(debug.Stack()))
			again = false
		}
	}()
	a := s.take(&posting{
		ctx: context.Background(), conn: c, id: p.id, header: p.header,
		length: int64(len(p.body)), body: bytes.NewReader(p.body), taken: func() {},
	})
	if a.status == 0 {
		return false
	}
	return c.say(a.plainly(p.close), s.progress) == nil && !p.close
}

// hear reads what has come, or will within the time given; nothing more is waited for when
// that is not wanted, which is asked after others could see that nothing is being read.
func (c *peerConn) hear(b []byte, wait time.Duration, wanted func() bool) (int, error) {
	n, err := c.readNow(b)
	switch {
	case err == unix.EAGAIN && !wanted():
		return 0, net.ErrClosed
	case err == unix.EAGAIN:
		_ = c.SetReadDeadline(time.Now().Add(wait)) // fails only on one that is closed
		return c.Read(b)
	case n == 0 && err == nil:
		err = io.EOF
	}
	c.heard(n)
	return n, err
}

// say writes an answer, at most for as long as given.
func (c *peerConn) say(b []byte, wait time.Duration) error {
	n, err := c.writeNow(b)
	if err != nil || n == len(b) {
		return err
	}
	_ = c.SetWriteDeadline(time.Now().Add(wait))
	_, err = c.Write(b[n:])
	return err
}

// plainly is the answer as it goes over the wire.
func (a answer) plainly(closing bool) []byte {
	b := make([]byte, 0, 256+len(a.text))
	b = append(b, "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(a.status), 10)
	b = append(append(b, ' '), http.StatusText(a.status)...)
	b = append(b, "\r\nContent-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\nDate: "...)
	b = time.Now().UTC().AppendFormat(b, http.TimeFormat)
	b = append(b, "\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(a.text)), 10)
	if closing {
		b = append(b, "\r\nConnection: close"...)
	}
	return append(append(b, "\r\n\r\n"...), a.text...)
}

// handed is a listener for net/http, of connections that were accepted already.
type handed struct {
	net.Listener
	conns   chan net.Conn
	closing chan struct{}
	once    sync.Once
}

func (h *handed) give(c net.Conn) {
	select {
	case h.conns <- c:
	case <-h.closing:
		_ = c.Close()
	}
}

func (h *handed) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.closing:
		return nil, net.ErrClosed
	}
}

func (h *handed) Close() error {
	h.once.Do(func() { close(h.closing) })
	return nil
}
