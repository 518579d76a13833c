package frontserv

import (
	"net/http"
	"time"

	"github.com/urocket/urocket/visor"
)

// Outcome is how a request went, for statistics.
type Outcome struct {
	ID        string           // REQUEST_ID
	Operation *visor.Operation // nil: the request matched none that has a command
	Status    int              // of the answer
	Problem   string           // the word of its type, where no process was started; "": it is no problem
	BrokenOff bool             // the answer had begun and could not be completed
	Answered  time.Duration    // from the arrival of the headers to the end of the answer
	Summary   *visor.Summary   // nil: no process was started
}

// Observe has f told of each request, once: of one that no process was started for
// when it is answered, of another when nothing is left of its process. f is called
// from many goroutines, must not block, and must not keep the summary. It is to be
// set before the server serves.
func (s *Server) Observe(f func(Outcome)) { s.observe = f }

// observeRefused tells of a request that no process was started for.
func (x *exchange) observeRefused(status int, problem string) {
	if x.observe == nil {
		return
	}
	o := Outcome{ID: x.id, Status: status, Problem: problem, Answered: time.Since(x.begun)}
	if x.endpoint != nil {
		o.Operation = x.places
	}
	x.observe(o)
}

// observeEnded tells of a call that is over.
func (x *exchange) observeEnded(s *visor.Summary) {
	if x.observe == nil {
		return
	}
	status := x.status
	if status == 0 { // a fault of ours; it is answered next
		status = http.StatusInternalServerError
	}
	x.observe(Outcome{ID: x.id, Operation: x.places, Status: status, BrokenOff: x.broken, Answered: x.answered, Summary: s})
}
