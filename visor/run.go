package visor

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/urocket/urocket/processctl"
)

// Linger is how long a reply that was already sent may take to arrive after the
// process has ended. A script may post and exit at once: its exit can be seen
// before its reply.
const Linger = 100 * time.Millisecond

// Run is a call whose process was started.
type Run struct {
	visor   *Visor
	call    *Call
	arrived time.Time
	queued  time.Duration // how long it waited for its place

	young   atomic.Bool   // its process is, see pace
	wanted  atomic.Int32  // what an operator wants of it, see terminate
	starts  atomic.Int64  // since when its process is being started, with mu held, after epoch; 0: it is not
	leaving func() bool   // takes the watch over the caller's leaving back
	decided chan struct{} // closed when end is set
	exited  chan struct{} // closed when result is set

	mu         sync.Mutex
	proc       process
	ticket     *ticket // for its place; nil: it has not had to wait
	cut        bool    // an operator had its process ended
	refused    bool    // a reply was
	end        End
	reply      *Reply
	result     *processctl.Result
	deliveries int         // announced, neither committed nor aborted
	linger     *time.Timer // runs between the exit and the end of the linger
	lingered   bool
	answered   bool // Close was called
	ended      *processctl.Result
	over       bool
	stopped    End // why we have asked the process to end before it did; see Summary
}

// decide sets the end, if there is none yet. The caller holds the lock.
func (r *Run) decide(e End) bool {
	if r.end != EndNone {
		return false
	}
	r.end = e
	close(r.decided)
	if r.linger != nil {
		r.linger.Stop()
	}
	if r.call.Mode.Streamed() && e != EndReply && e != EndExit && e != EndOOM {
		r.proc.Stdout().Interrupt()
	}
	r.proc.Release()
	return true
}

// exitEnd tells a death by the memory limit from others.
func exitEnd(result *processctl.Result) End {
	if g := result.Usage.Group; g != nil && g.OOM {
		return EndOOM
	}
	return EndExit
}

func (r *Run) onExited(result processctl.Result) {
	r.grow()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result = &result
	close(r.exited)
	switch {
	case r.call.Mode == ReplyReport:
		r.decide(exitEnd(r.result))
	case r.call.Mode.Streamed():
		// What it wrote has not been read yet: the reader decides.
	case r.end == EndNone && (r.call.OnExit != ExitWait || r.wanted.Load() != 0):
		r.linger = time.AfterFunc(Linger, r.onLingered)
	}
}

func (r *Run) onLingered() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lingered = true
	r.exitWithoutReply()
}

// exitWithoutReply decides for the exit once no reply can come any more, or an operator
// does not want to wait for it: nothing is left then that could run out of time.
func (r *Run) exitWithoutReply() {
	if r.lingered && (r.deliveries == 0 || r.wanted.Load() != 0) {
		r.decide(exitEnd(r.result))
	}
}

func (r *Run) onTimedOut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.noteStop(EndTimeout)
	if !r.decide(EndTimeout) {
		r.breakOff()
	}
}

func (r *Run) onEnded(result processctl.Result) {
	r.mu.Lock()
	r.ended = &result
	r.mu.Unlock()
	r.finish()
}

func (r *Run) callerGone() {
	r.mu.Lock()
	defer r.mu.Unlock()
	won := r.decide(EndCallerGone)
	streaming := r.call.Mode.Streamed() && !won
	if streaming {
		r.proc.Stdout().Interrupt()
	}
	if (won || streaming) && r.call.OnDisconnect == DisconnectKill {
		r.stopProcess(EndCallerGone)
	}
}

// stopProcess ends the process. The caller holds the lock.
func (r *Run) stopProcess(why End) {
	r.noteStop(why)
	r.proc.Stop()
}

// noteStop notes why the process is made to end, unless it has ended already.
func (r *Run) noteStop(why End) {
	if r.result == nil && r.stopped == EndNone {
		r.stopped = why
	}
}

// stop ends the call because the service stops.
func (r *Run) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.proc == nil {
		return // not started: Begin fails by itself
	}
	if !r.decide(EndDraining) {
		r.breakOff()
	}
	r.stopProcess(EndDraining)
}

// breakOff ends a stream whose process is being stopped. One whose process has
// ended by itself is whole: what it wrote is in the pipe.
func (r *Run) breakOff() {
	if r.call.Mode.Streamed() && r.result == nil {
		r.proc.Stdout().Interrupt()
	}
}

func (r *Run) kill() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.proc != nil {
		r.proc.Kill()
	}
}

// Answer is how a call ended, for whoever answers the caller.
type Answer struct {
	End    End
	Reply  *Reply             // with EndReply of a [ReplySocket] call; to be closed
	Result *processctl.Result // with EndExit and EndOOM
}

// Wait waits for the end of a [ReplySocket] or [ReplyReport] call. Every call
// ends: the timeout, the exit or the caller's leaving sees to it.
func (r *Run) Wait() Answer {
	<-r.decided
	return r.answer()
}

func (r *Run) answer() Answer {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := Answer{End: r.end, Reply: r.reply}
	if r.end == EndExit || r.end == EndOOM {
		a.Result = r.result
	}
	return a
}

// Stdout is the output of a streamed call. Its Read fails as soon as the call
// ends otherwise.
func (r *Run) Stdout() processctl.Output { return r.proc.Stdout() }

// Claim makes what was read of a streamed call the caller's answer. False: the
// call has ended otherwise, see [Run.Wait].
func (r *Run) Claim() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.decide(EndReply)
}

// ClaimExit waits until the process of a streamed call, whose output is at its
// end, has ended, and decides for that unless the call has ended otherwise: exit
// code 0 makes what it wrote, perhaps nothing, the answer.
func (r *Run) ClaimExit() Answer {
	select {
	case <-r.exited:
	case <-r.decided:
		return r.answer()
	}
	r.mu.Lock()
	end := exitEnd(r.result)
	if r.result.Exit == 0 && r.result.Signal == 0 && !r.result.TimedOut && !r.cut {
		end = EndReply
	}
	r.decide(end)
	r.mu.Unlock()
	return r.answer()
}

// Outcome waits for the process of a claimed call whose output is at its end.
// False: it was stopped, or the caller has left.
func (r *Run) Outcome() (processctl.Result, bool) {
	<-r.exited
	r.mu.Lock()
	defer r.mu.Unlock()
	return *r.result, !r.result.TimedOut && !r.cut
}

// Stats are the call's figures for its answer. It waits for the end of the
// process at most as long as given; without that they are partial. Those of a
// timeout always are, even if its SIGTERM was quick.
func (r *Run) Stats(wait time.Duration) Stats {
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-r.exited:
		case <-timer.C:
		}
	}
	s := r.stats()
	if r.answer().End == EndTimeout {
		s.Partial, s.Exit, s.Signal = true, nil, 0
	}
	return s
}

func (r *Run) stats() Stats {
	usage, over := r.proc.Usage()
	r.mu.Lock()
	defer r.mu.Unlock()
	result := r.result
	if r.call.Pool != nil {
		s := newShare(r.queued, usage, over)
		s.OOM = result != nil && exitEnd(result) == EndOOM
		return s
	}
	if result == nil {
		return newStats(r.queued, usage, nil)
	}
	if r.ended != nil {
		result = r.ended
		out, errs := usage.Stdout, usage.Stderr // a stream may be read longer than its process lives
		usage = result.Usage
		usage.Stdout, usage.Stderr = out, errs
	}
	return newStats(r.queued, usage, result)
}

// Tail returns at most the last n bytes of a stream and how many it had.
func (r *Run) Tail(s processctl.Stream, n int) ([]byte, int64) { return r.proc.Tail(s, n) }

// Close says that the caller has the answer, or is gone.
func (r *Run) Close() {
	r.leaving()
	if r.call.Mode.Streamed() {
		_ = r.proc.Stdout().Close()
	}
	r.mu.Lock()
	r.decide(EndReply)
	r.answered = true
	r.mu.Unlock()
	r.finish()
}

// finish ends the call once it is answered and its process is gone. Each of the
// two calls it, and they may do so at the same time.
func (r *Run) finish() {
	r.mu.Lock()
	last := r.answered && r.ended != nil && !r.over
	r.over = r.over || last
	stopped, refused := r.stopped, r.refused
	r.mu.Unlock()
	if last {
		s := r.stats()
		r.visor.over(r, Summary{End: r.end, Stopped: stopped, Refused: refused, Driver: r.proc.Driver(), Result: *r.ended, Stats: s, Leftover: r.ended.Leftover, tail: r.proc.Tail})
	}
}
