package worker

import (
	"sync"
	"time"

	"github.com/urocket/urocket/processctl"
	"github.com/urocket/urocket/processctl/spool"
)

// Events of a job are told from the worker's goroutine: one of Answered, Exited and
// TimedOut, unless the job was stopped, and then Ended. They must not block.
type Events struct {
	// Answered tells the worker's answer, or what it sent in its place: a
	// [*FailedError], a [*BrokenError]; or a [*spool.StorageError], if it could not be
	// kept.
	Answered func(*Answer, error)
	Exited   func(processctl.Result) // the worker has ended and had not answered
	TimedOut func()                  // the request's timeout has passed; the worker is ended next
	// Ended tells that the worker has no more to do with the request: it is ready for
	// another one, or nothing is left of it.
	Ended func(processctl.Result)
}

// Job is a request in the hands of a worker. What [processctl.Process] tells of a
// process, it tells of a worker's time with this one request.
type Job struct {
	worker  *worker
	request *Request
	events  Events
	begun   time.Time
	out     [2]int64 // what the worker had written before

	sent   chan error        // told once the request was written; nil: it is written at once
	before *processctl.Usage // the processor time used before; nil: not to be measured

	mu    sync.Mutex
	final *final // once it is over
}

// final is what is known of a job that is over.
type final struct {
	usage processctl.Usage
	tails [2][]byte
}

// PID is the worker's.
func (j *Job) PID() int { return j.worker.proc.PID() }

// Driver says how the process came to be.
func (j *Job) Driver() string { return "worker" }

// Started is when the request was handed over.
func (j *Job) Started() time.Time { return j.begun }

// Release does nothing: the worker is not the request's.
func (j *Job) Release() {}

// Stop ends the worker if it still has the request: SIGTERM, grace, SIGKILL.
func (j *Job) Stop() { j.worker.link.stopFor(j) }

// Kill ends the worker at once if it still has the request, or is being ended for it.
func (j *Job) Kill() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.worker.link.stopFor(j)
	if j.final == nil {
		j.worker.proc.Kill()
	}
}

// SamplePeak does nothing: the worker's peak is not the request's.
func (j *Job) SamplePeak() {}

// Holds says whether a place is inside the worker's group.
func (j *Job) Holds(place string) bool { return j.worker.proc.Holds(place) }

// Stdout is of no use: what a worker writes to its stdout is no answer.
func (j *Job) Stdout() processctl.Output { return processctl.Output{} }

// Usage is what the worker has used for the request until now, or until its end. Its
// processor time, if it was to be measured, is as of [processctl.Process.Times].
func (j *Job) Usage() (processctl.Usage, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.final != nil {
		return j.final.usage, true
	}
	return j.usage(time.Now()), false
}

func (j *Job) usage(now time.Time) processctl.Usage {
	u := processctl.Usage{Start: j.begun, Wall: now.Sub(j.begun)}
	out, errs := j.worker.proc.Written()
	u.Stdout, u.Stderr = out-j.out[processctl.Stdout], errs-j.out[processctl.Stderr]
	if j.before != nil {
		after := j.worker.proc.Times()
		u.User, u.System = after.User-j.before.User, after.System-j.before.System
		if before := j.before.Group; before != nil && after.Group != nil {
			u.Group = &processctl.GroupUsage{CPU: after.Group.CPU - before.CPU}
		}
	}
	return u
}

// Tail returns at most the last n bytes of what the worker has written of a stream
// since it was handed the request, and how many there were.
func (j *Job) Tail(s processctl.Stream, n int) ([]byte, int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.final == nil {
		return j.tail(s, n)
	}
	total := j.final.usage.Stdout
	if s == processctl.Stderr {
		total = j.final.usage.Stderr
	}
	kept := j.final.tails[s]
	return kept[max(0, len(kept)-n):], total
}

func (j *Job) tail(s processctl.Stream, n int) ([]byte, int64) {
	out, errs := j.worker.proc.Written()
	written := [2]int64{out, errs}[s] - j.out[s]
	if written == 0 {
		return nil, 0
	}
	tail, _ := j.worker.proc.Tail(s, int(min(written, int64(n))))
	return tail, written
}

// write writes the request while the caller goes on.
func (j *Job) write(frame []byte, whole bool) {
	err := j.request.send(j.worker.link, frame, whole)
	_ = j.request.Body.Close()
	j.sent <- err
	if errorIs[*spool.StorageError](err) {
		j.worker.link.stopFor(j)
	}
}

// begin notes what the worker has used before.
func (j *Job) begin() {
	out, errs := j.worker.proc.Written()
	j.out = [2]int64{out, errs}
	if j.request.Measure {
		before := j.worker.proc.Times()
		j.before = &before
	}
}

// tailSize is how much of each stream is remembered of a job, in bytes.
const tailSize = 4 << 10

// finish notes what the worker has used, before it does anything else. The first time
// counts.
func (j *Job) finish() {
	if j.final != nil { // written by this goroutine alone
		return
	}
	f := &final{usage: j.usage(time.Now())}
	for s := range f.tails {
		f.tails[s], _ = j.tail(processctl.Stream(s), tailSize)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.final = f
}

// result is how the worker has ended, with what it has used for the job alone.
func (j *Job) result(r processctl.Result) processctl.Result {
	oom := r.Usage.Group != nil && r.Usage.Group.OOM
	r.Usage = j.final.usage
	if oom {
		r.Usage.Group = &processctl.GroupUsage{OOM: true}
	}
	return r
}
