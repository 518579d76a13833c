package backserv

import (
	"io"
	"net/http"
	"strconv"
	"time"
)

// maxDrain is how much of an unwanted body is read and dropped so that its
// sender gets to see the answer, in bytes. A script that goes on after that is
// told by the end of the connection.
const maxDrain = 1 << 30

// An exchange is one request and its answer. It lets both take as long as they
// like, while they move.
type exchange struct {
	w     http.ResponseWriter
	r     *http.Request
	conn  *http.ResponseController
	limit time.Duration // without progress
	begun bool          // the body was asked for
	whole bool          // and it was read to its end
}

func (s *Server) exchange(w http.ResponseWriter, r *http.Request) *exchange {
	return &exchange{w: w, r: r, conn: http.NewResponseController(w), limit: s.progress}
}

// Read reads the body of the request, and asks for it if the sender waits to be
// asked. It fails with [os.ErrDeadlineExceeded] if nothing comes for too long.
func (x *exchange) Read(b []byte) (int, error) {
	x.begun = true
	deadline := time.Now().Add(x.limit)
	if err := x.conn.SetReadDeadline(deadline); err != nil {
		return 0, err
	}
	// Asking for the body ("100 Continue") is a write.
	if err := x.conn.SetWriteDeadline(deadline); err != nil {
		return 0, err
	}
	return x.r.Body.Read(b)
}

// Write writes a part of an answer that may be long.
func (x *exchange) Write(b []byte) (int, error) {
	if err := x.conn.SetWriteDeadline(time.Now().Add(x.limit)); err != nil {
		return 0, err
	}
	return x.w.Write(b)
}

// bodyTaken notes that the body was read to its end, and ends its time limit: from
// here on it is urocket that takes its time.
func (x *exchange) bodyTaken() {
	x.whole = true
	_ = x.conn.SetReadDeadline(time.Time{}) // fails only if the sender has gone
}

// answer sends a as plain text. It comes back by a panic if the connection is of
// no further use, as handlers of net/http do.
func (x *exchange) answer(a answer) {
	if a.status == 0 {
		panic(http.ErrAbortHandler)
	}
	// A body that is still coming is dropped while the answer is on its way: curl
	// stops sending when it sees it; most others look for it when they have sent
	// all. Errors of these calls mean that nobody is left to tell.
	_ = x.conn.EnableFullDuplex()
	h := x.w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(a.text)))
	if a.allow != "" {
		h.Set("Allow", a.allow)
	}
	if a.close {
		h.Set("Connection", "close")
	}
	_ = x.conn.SetWriteDeadline(time.Now().Add(x.limit))
	x.w.WriteHeader(a.status)
	_, _ = io.WriteString(x.w, a.text)
	if !a.close && x.r.ContentLength != 0 && !x.whole {
		x.drain()
	}
}

// drain drops what is left of the body. A sender that waits to be asked for it
// ("Expect: 100-continue") has been answered instead, and sends nothing.
func (x *exchange) drain() {
	if !x.begun && x.r.Header.Get("Expect") != "" {
		return
	}
	_ = x.conn.Flush()
	if _, err := io.CopyN(io.Discard, x, maxDrain); err != io.EOF {
		// What comes next must not be taken for a request.
		panic(http.ErrAbortHandler)
	}
}
