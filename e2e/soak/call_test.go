package soak

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"syscall"
)

// call is one request and what became of it.
type call struct {
	soak   *soak
	op     *operation
	life   *life
	manner *manner
	token  string
	n      int
	body   []byte // nil: none is sent

	generation int64 // of the configuration when it was sent
	edition    int64 // of the script that is edited, the same
	lone       bool  // nothing disturbs it: only its operation's own ends are right

	end    string
	status int    // of the answer, if it was taken whole
	id     string // the request id, if the answer tells it
	detail string // what was got, for messages
	left   bool   // the caller went away, or closed its sending side
	last   bool   // the connection ended with it
}

// newCall makes a call of an operation, with choices of r.
func (s *soak) newCall(r *rand.Rand, l *life, o *operation, m *manner) *call {
	c := &call{soak: s, op: o, life: l, manner: m, token: fmt.Sprintf("t%d-%d", l.number, s.sent.Add(1)), generation: l.confirmed.Load(), edition: s.script.confirmed.Load()}
	if o.n != nil {
		c.n = o.n(r)
	}
	if o.body != nil {
		c.body = s.payload(r, c.token, o.body(r), o.inject["channel"] != "stdin")
	}
	return c
}

// payload is size bytes that begin with the token.
func (s *soak) payload(r *rand.Rand, token string, size int, text bool) []byte {
	at := r.IntN(len(s.noise) / 2)
	body := append([]byte(token), s.noise[at:at+size]...)[:size]
	if text {
		for i, c := range body {
			body[i] = ' ' + c%64
		}
		copy(body, token)
	}
	return body
}

// target is what the request line asks for.
func (c *call) target() string {
	at := c.op.path
	if c.op.at != nil {
		at = c.op.at(c)
	}
	return fmt.Sprintf("%s?t=%s&n=%d&w=%s", at, c.token, c.n, c.op.what)
}

// head is the request line and the headers.
func (c *call) head() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/%s\r\nHost: soak.test\r\nX-Request-Id: %s\r\n", strings.ToUpper(c.op.verb), c.target(), c.manner.version(), c.token)
	if !c.manner.keep {
		b.WriteString("Connection: close\r\n")
	}
	switch {
	case c.body == nil:
	case c.manner.chunked:
		b.WriteString("Content-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n")
	default:
		fmt.Fprintf(&b, "Content-Type: application/octet-stream\r\nContent-Length: %d\r\n", len(c.body))
	}
	return b.String() + "\r\n"
}

// response is what a caller has read.
type response struct {
	status int
	header http.Header
	body   []byte
	err    error // before the answer, or why its body did not end cleanly
	close  bool  // the connection takes no further request
}

// took says how the call has ended with this answer.
func (c *call) took(a response) {
	c.end = c.classify(a)
	if a.status != 0 && a.err == nil {
		c.status = a.status
	}
	c.detail = fmt.Sprintf("status %d, %d bytes %s", a.status, len(a.body), clip(a.body, 300))
	if a.err != nil {
		c.detail += fmt.Sprintf(", then %v", a.err)
	}
}

func (c *call) classify(a response) string {
	if errors.Is(a.err, os.ErrDeadlineExceeded) {
		return hung
	}
	if a.status == 0 {
		if c.manner.old && c.op.streamed() && errors.Is(a.err, syscall.ECONNRESET) {
			return brokenOff // a reset takes what was not read yet with it
		}
		return noResponse
	}
	if got := a.header.Get("X-Request-Id"); got != c.token {
		return wrong + ": the answer to " + got
	}
	if a.header.Get("Content-Type") == "application/problem+json" {
		return c.problem(a)
	}
	return c.own(a)
}

// problem is an answer of the program's.
func (c *call) problem(a response) string {
	var p struct {
		Type, Title, Detail string
		Status              int
		RequestID           string `json:"request_id"`
	}
	if a.err != nil {
		return wrong + ": a problem that breaks off"
	}
	if err := json.Unmarshal(a.body, &p); err != nil || p.Status != a.status || p.Title == "" || p.RequestID == "" {
		return wrong + ": a problem that is none"
	}
	c.id = p.RequestID
	return fmt.Sprintf("%d %s", a.status, strings.TrimPrefix(p.Type, "urn:urocket:"))
}

// own is an answer of the script's, or a report of it.
func (c *call) own(a response) string {
	o := c.op
	reported := o.op["reply"] == "report" || o.op["onexit"] == "report"
	if want := max(o.status, http.StatusOK); a.status != want && !reported {
		return fmt.Sprintf("%s: status %d", wrong, a.status)
	}
	if o.whole != nil && !bytes.Equal(a.body, o.whole(c)) || o.whole != nil && a.err != nil {
		return c.part(a)
	}
	if a.err != nil {
		return brokenOff
	}
	if o.check == nil {
		return answered
	}
	err := o.check(c, a)
	switch r, rerr := reportOf(a); {
	case err == nil:
		c.id = r.RequestID
		return answered
	case reported && rerr == nil:
		c.id = r.RequestID
		return disturbed
	}
	return wrong + ": " + err.Error()
}

// part is an answer that is not whole: it has to be a beginning.
func (c *call) part(a response) string {
	switch {
	case !bytes.HasPrefix(c.op.whole(c), a.body) && (c.op.spoilt == nil || !bytes.HasPrefix(c.op.spoilt(c), a.body)):
		return wrong + ": another body"
	case a.err != nil:
		return brokenOff
	}
	return shortened
}

// clip shows the beginning of a body.
func clip(b []byte, n int) string {
	if len(b) > n {
		return fmt.Sprintf("%q…", b[:n])
	}
	return fmt.Sprintf("%q", b)
}
