package visor

import (
	"errors"
	"runtime"
	"time"
)

// ErrTerminated says that an operator has ended the call before it was started.
var ErrTerminated = errors.New("an operator has ended the call while it waited for its place")

// Terminate ends a call because an operator wants it: its processes get SIGTERM and,
// after the grace, SIGKILL; with now SIGKILL at once. What its caller gets is what he
// would if the process had died so by itself; a reply that is complete by then is his
// answer. With [ExitWait] the call does not outlive its process, and one whose process
// has ended already ends now. Who waits for his place gets [ErrTerminated]. The error
// is [ErrUnknown], or a [*GoneError] for a call that is over.
func (v *Visor) Terminate(id string, now bool) error {
	v.mu.Lock()
	r := v.runs[id]
	v.mu.Unlock()
	if r != nil {
		r.terminate(now)
		return nil
	}
	if rec := v.records.find(id); rec != nil {
		return &GoneError{rec.End}
	}
	return ErrUnknown
}

// What an operator wants of a call.
const (
	terminated int32 = iota + 1
	killed
)

func (r *Run) terminate(now bool) {
	wish := terminated
	if now {
		wish = killed
	}
	r.wanted.Store(max(wish, r.wanted.Load())) // first: who holds the lock looks when he lets go of it
	if !r.lock() {
		return // begin sees to it
	}
	defer r.mu.Unlock()
	if r.proc == nil {
		if r.ticket != nil {
			r.visor.places.dismiss(r.ticket)
		}
		return // begin starts nothing any more
	}
	r.endProcess()
}

// endProcess does what an operator wants. The caller holds the lock.
func (r *Run) endProcess() {
	if r.result == nil {
		r.cut = true
	} else if r.end == EndNone && r.call.Mode == ReplySocket {
		r.lingered = true
		r.exitWithoutReply()
	}
	r.proc.Stop()
	if r.wanted.Load() == killed {
		r.proc.Kill()
	}
}

// startTime is how long a start may take before nobody waits for it who only wants to
// look at the call. A script may be at work before its start has come back.
const startTime = time.Second

// epoch is what the times of starts count from.
var epoch = time.Now()

// lock takes the lock. False: the start of its process hangs.
func (r *Run) lock() bool {
	for !r.mu.TryLock() {
		began := time.Duration(r.starts.Load())
		switch {
		case began == 0:
			runtime.Gosched() // nobody else holds it for long
		case time.Since(epoch)-began > startTime:
			return false
		default:
			time.Sleep(time.Millisecond)
		}
	}
	return true
}

// queue notes that the call waits for its place, unless it is not to.
func (r *Run) queue(t *ticket) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ticket = t; r.wanted.Load() != 0 {
		r.visor.places.dismiss(t)
	}
}

// dismiss refuses a caller who waits.
func (p *places) dismiss(t *ticket) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !t.told() {
		p.refuse(t, ErrTerminated)
	}
}
