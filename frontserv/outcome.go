package frontserv

import (
	"net/http"
	"time"

	"github.com/urocket/urocket/visor"
)

// Outcome is how a request went, for statistics and traces. What a caller can choose
// is as he has sent it: of any length up to 32 KiB, and not always UTF-8.
type Outcome struct {
	ID     string // REQUEST_ID
	Method string // as the caller has sent it
	Path   string // so too, without the query
	TLS    bool
	Begun  time.Time // when the request's head had come

	Operation *visor.Operation // nil: the request matched none that has a command
	Status    int              // of the answer
	Problem   string           // the word of its type, where no process was started; "": it is no problem
	BrokenOff bool             // the answer had begun and could not be completed
	Replied   time.Duration    // from Begun to the head of the answer; 0: there is none
	Answered  time.Duration    // from Begun to the end of the answer
	Summary   *visor.Summary   // nil: no process was started
}

// Observe has f told of each request, once: of one that no process was started for
// when it is answered, of another when nothing is left of its process. f is called
// from many goroutines, must not block, and must not keep the summary. It is to be
// set before the server serves.
func (s *Server) Observe(f func(Outcome)) { s.observe = f }

// tell tells whoever wants to know.
func (x *exchange) tell(o Outcome) {
	o.ID, o.Method, o.Path, o.TLS, o.Begun, o.Replied = x.id, x.r.Method, rawPath(x.r), x.r.TLS != nil, x.begun, x.replied
	if x.endpoint != nil {
		o.Operation = x.places
	}
	if x.observe != nil {
		x.observe(o)
	}
	if x.span.End != nil {
		x.span.End(o)
	}
}

// tellRefused tells of a request that no process was started for.
func (x *exchange) tellRefused(status int, problem string) {
	x.tell(Outcome{Status: status, Problem: problem, Answered: time.Since(x.begun)})
}

// tellEnded tells of a call that is over.
func (x *exchange) tellEnded(s *visor.Summary) {
	status := x.status
	if status == 0 { // a fault of ours; it is answered next
		status = http.StatusInternalServerError
	}
	x.tell(Outcome{Status: status, BrokenOff: x.broken, Answered: x.answered, Summary: s})
}
