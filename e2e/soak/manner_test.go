package soak

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"time"
)

// manner is how a caller behaves.
type manner struct {
	name    string
	weight  int
	old     bool // HTTP/1.0
	keep    bool // the connection is used again
	chunked bool
	half    bool // it closes its sending side behind the request
	slow    bool // it sends and reads in small pieces, with pauses
	leaves  leaving
	lined   int // so many requests at once on one connection
}

type leaving int

const (
	never leaving = iota
	atOnce
	soon
	withinTheBody   // its own, which is never sent whole
	withinTheAnswer // after a few bytes of it
)

var manners = []*manner{
	{name: "plain", weight: 30},
	{name: "keep-alive", weight: 25, keep: true},
	{name: "chunked", weight: 8, chunked: true},
	{name: "HTTP/1.0", weight: 5, old: true},
	{name: "pipelined", weight: 5, keep: true, lined: 4},
	{name: "slow", weight: 6, slow: true},
	{name: "half-closed", weight: 4, half: true},
	{name: "leaves at once", weight: 3, leaves: atOnce},
	{name: "leaves soon", weight: 6, leaves: soon},
	{name: "leaves within the answer", weight: 4, leaves: withinTheAnswer},
	{name: "leaves within its body", weight: 2, leaves: withinTheBody},
}

func (m *manner) version() string {
	if m.old {
		return "1.0"
	}
	return "1.1"
}

// patience is how long anything may take before it counts as hung; nothing that
// works comes near it.
const patience = 3 * time.Minute

// piece is how much a slow caller sends or reads at a time, in bytes.
const piece = 64 << 10

// wire is a caller's connection.
type wire struct {
	net.Conn
	in   *bufio.Reader
	used time.Time // when the last answer was read
}

// dial connects to the program's public side.
func (s *soak) dial() (*wire, error) {
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		return nil, err
	}
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	return &wire{Conn: conn, in: bufio.NewReader(conn)}, nil
}

// make sends the call over w and reads its answer, both at once: a refusal may
// come, and the connection end, before the whole body has gone. The connection
// is fit for another call if true is returned.
func (c *call) make(r *rand.Rand, w *wire) bool {
	pause := time.Duration(r.IntN(300)) * time.Millisecond
	sent := make(chan error, 1)
	go func() { sent <- c.send(w, pause) }()
	if c.manner.leaves == never || c.manner.leaves == withinTheAnswer {
		c.receive(r, w)
	} else {
		c.left, c.end = true, callerLeft
		<-sent
		_ = w.Close()
		return false
	}
	if c.manner.keep && !c.left && !c.last {
		if err := <-sent; err == nil {
			return true
		}
		_ = w.Close()
		return false
	}
	_ = w.Close()
	<-sent
	return false
}

// send sends the request; a caller that leaves does so at its end.
func (c *call) send(w *wire, pause time.Duration) error {
	body := c.body
	if c.manner.leaves == withinTheBody {
		body = body[:len(body)/2]
	}
	var whole bytes.Buffer
	whole.WriteString(c.head())
	for c.manner.chunked && len(body) > 0 {
		n := min(len(body), 50_000)
		fmt.Fprintf(&whole, "%x\r\n%s\r\n", n, body[:n])
		body = body[n:]
	}
	if c.manner.chunked && c.body != nil {
		whole.WriteString("0\r\n\r\n")
	}
	whole.Write(body)
	err := c.write(w, whole.Bytes())
	switch {
	case c.manner.half && err == nil:
		err = w.Conn.(*net.TCPConn).CloseWrite()
	case c.manner.leaves == soon:
		time.Sleep(pause)
	}
	return err
}

func (c *call) write(w io.Writer, data []byte) error {
	for c.manner.slow && len(data) > piece {
		if _, err := w.Write(data[:piece]); err != nil {
			return err
		}
		data = data[piece:]
		time.Sleep(20 * time.Millisecond)
	}
	_, err := w.Write(data)
	return err
}

// receive reads the answer, or a part of it.
func (c *call) receive(r *rand.Rand, w *wire) {
	c.left = c.manner.half
	resp, err := http.ReadResponse(w.in, &http.Request{Method: http.MethodGet})
	if err != nil {
		c.last = true
		c.took(response{err: err})
		return
	}
	a := response{status: resp.StatusCode, header: resp.Header, close: resp.Close}
	if c.manner.leaves == withinTheAnswer {
		_, _ = io.CopyN(io.Discard, resp.Body, int64(r.IntN(100_000)))
		c.left, c.end = true, callerLeft
		return
	}
	a.body, a.err = c.read(resp.Body)
	c.took(a)
	if a.close && a.err == nil {
		c.wantEnd(w)
	}
	c.last = a.close || a.err != nil
	w.used = time.Now()
}

func (c *call) read(body io.Reader) ([]byte, error) {
	if !c.manner.slow {
		return io.ReadAll(body)
	}
	var got bytes.Buffer
	for {
		_, err := io.CopyN(&got, body, piece)
		if errors.Is(err, io.EOF) {
			return got.Bytes(), nil
		}
		if err != nil {
			return got.Bytes(), err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// wantEnd demands that nothing follows the answer.
func (c *call) wantEnd(w *wire) {
	if more, _ := io.ReadAll(io.LimitReader(w.in, 1000)); len(more) > 0 {
		c.end, c.detail = wrong+": more behind the answer", clip(more, 300)
	}
}
