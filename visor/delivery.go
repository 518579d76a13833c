package visor

import (
	"errors"

	"github.com/urocket/urocket/processctl/spool"
)

// Field is one header field of a reply.
type Field struct{ Name, Value string }

// Reply is an answer that a script has sent.
type Reply struct {
	Status      int
	ContentType string // "": none
	Header      []Field
	Body        *spool.Body

	// Fault is what a worker has sent in place of an answer, as [worker.Events] has it;
	// then there is nothing else.
	Fault error
}

// What a reply that comes to nothing is told.
var (
	ErrUnknown  = errors.New("no call has this id, or it ended too long ago")
	ErrAnswered = errors.New("the call is answered already")
	ErrNotHere  = errors.New("the call's operation does not take its answer from the socket")
	ErrForeign  = errors.New("the call takes replies only from its own process")
)

// GoneError says that the call has ended otherwise.
type GoneError struct{ End End }

func (e *GoneError) Error() string {
	switch e.End {
	case EndTimeout:
		return "the call has ended: its timeout passed"
	case EndExit:
		return "the call has ended: its process exited without a reply"
	case EndOOM:
		return "the call has ended: its process was out of memory"
	case EndCallerGone:
		return "the call has ended: the caller is gone"
	case EndDraining:
		return "the call has ended: the service is stopping"
	}
	return "the call has ended"
}

// RefusedError says that a reply is not fit to be the answer; the call stays
// open for a better one.
type RefusedError struct{ Err error }

func (e *RefusedError) Error() string { return e.Err.Error() }
func (e *RefusedError) Unwrap() error { return e.Err }

// Delivery is a reply on its way.
type Delivery struct {
	run  *Run
	done bool // committed or aborted; guarded by run.mu
}

// Deliver announces a reply: its first bytes have arrived. As long as it is
// under way the end of the process does not end the call. place is where the
// sender was when it connected ([processctl.Controller.Where]). The error is
// [ErrUnknown], [ErrAnswered], [ErrNotHere], [ErrForeign] or a [*GoneError];
// otherwise [Delivery.Abort] must be called in the end, committed or not.
func (v *Visor) Deliver(id, place string) (*Delivery, error) {
	v.mu.Lock()
	r := v.runs[id]
	v.mu.Unlock()
	if r == nil {
		if rec := v.records.find(id); rec != nil {
			return nil, lateError(rec.mode, rec.End)
		}
		return nil, ErrUnknown
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.proc == nil {
		return nil, ErrUnknown // it waits for its place: nobody was told the id yet
	}
	if r.call.Mode != ReplySocket || r.end != EndNone {
		return nil, lateError(r.call.Mode, r.end)
	}
	if r.call.OwnOnly && !r.proc.Holds(place) {
		return nil, ErrForeign
	}
	r.deliveries++
	return &Delivery{run: r}, nil
}

func lateError(m Mode, e End) error {
	switch {
	case m != ReplySocket:
		return ErrNotHere
	case e == EndReply:
		return ErrAnswered
	}
	return &GoneError{e}
}

// MaxReply is the call's [Call.MaxReply].
func (d *Delivery) MaxReply() int64 { return d.run.call.MaxReply }

// Commit offers a reply that has arrived whole. nil: it is the caller's answer,
// and its body is the visor's to close. The error is as Deliver's, or a
// [*RefusedError].
func (d *Delivery) Commit(reply *Reply) error {
	r := d.run
	if r.call.Check != nil {
		if err := r.call.Check(reply); err != nil {
			r.refuse()
			return &RefusedError{err}
		}
	}
	if r.call.Stats {
		r.proc.SamplePeak() // it lives at least until it is told
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.end == EndNone {
		r.reply = reply
		r.decide(EndReply)
		return nil
	}
	return lateError(r.call.Mode, r.end)
}

// refuse notes that a reply was refused, for the summary.
func (r *Run) refuse() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refused = true
}

// Abort ends a delivery. After Commit it does nothing more.
func (d *Delivery) Abort() {
	r := d.run
	r.mu.Lock()
	defer r.mu.Unlock()
	if d.done {
		return
	}
	d.done = true
	r.deliveries--
	if r.end == EndNone {
		r.exitWithoutReply()
	}
}
