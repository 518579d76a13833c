package visor

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/urocket/urocket/processctl"
	"github.com/urocket/urocket/processctl/worker"
)

// Visor is the calls of one service.
type Visor struct {
	start   func(processctl.Spec) (process, error)
	places  places
	pace    *pace
	records records
	calls   sync.WaitGroup // calls that are not over: unanswered, or with processes left

	mu       sync.Mutex
	runs     map[string]*Run
	draining bool
	stopping bool            // what runs is being stopped; nothing more may begin
	drained  context.Context // over when draining is set
	drain    context.CancelFunc
}

// New makes a visor that starts processes with c.
func New(c *processctl.Controller, limits Limits) *Visor {
	drained, drain := context.WithCancel(context.Background())
	v := &Visor{
		start: func(spec processctl.Spec) (process, error) { return c.Start(spec) },
		runs:  map[string]*Run{},
		pace:  newPace(c.Abreast()),

		drained: drained, drain: drain,
	}
	v.places.set(limits)
	return v
}

// SetLimits changes the limits while calls run and wait. They keep what they
// have: no process is ended and no caller refused because a limit was lowered,
// and one who waits does so for as long as he was to. An operation that the new
// limits do not name keeps its places until the last call of it is over, so that
// one that is named again later finds them taken still.
func (v *Visor) SetLimits(limits Limits) { v.places.set(limits) }

// process is what the visor needs of a [processctl.Process].
type process interface {
	PID() int
	Driver() string
	Started() time.Time
	Release()
	Stop()
	Kill()
	SamplePeak()
	Usage() (processctl.Usage, bool)
	Holds(place string) bool
	Tail(s processctl.Stream, n int) ([]byte, int64)
	Stdout() processctl.Output
}

// Busy says whether a call of the operation would have to wait if it came now.
func (v *Visor) Busy(o *Operation) bool { return v.places.busy(o) }

// Waiting is how many callers wait for a place of an operation.
func (v *Visor) Waiting(path, method string) int {
	return v.places.waits(&Operation{Path: path, Method: method})
}

// Call is one request for a process.
type Call struct {
	ID           string // unguessable: who knows it may reply
	Operation    *Operation
	Mode         Mode
	OnExit       OnExit
	OnDisconnect OnDisconnect
	Argv         []string // the command as the operator wrote it, for snapshots

	// Spec says what to start, but for Events and Stream, which the visor sets. It is
	// asked when the process is about to be started, and its error is that of Begin:
	// thousands may wait for their places, and need not have their specs with them.
	Spec func() (processctl.Spec, error)

	// Pool, if set, is whose worker has the call, with Request; no process is
	// started for it, and Mode is [ReplyWorker].
	Pool    *worker.Pool
	Request *worker.Request

	// Stats says that figures will be asked for when the reply has come.
	Stats bool

	// OwnOnly takes replies only from the process and its descendants.
	OwnOnly bool

	// MaxReply is how large a reply may be, in bytes. It is for whoever takes
	// replies to see to.
	MaxReply int64

	// Check, if set, refuses replies that are not fit to be the answer.
	Check func(*Reply) error

	// Done is told once, when the call has its answer and nothing is left of its
	// process. Not told when Begin fails.
	Done func(Summary)
}

// Summary is how a call went.
type Summary struct {
	End      End
	Stopped  End    // why the process was made to end: its timeout, the caller gone, draining; EndNone: it was not
	Refused  bool   // a reply was posted that was not fit to be the answer
	Driver   string // how it came to be, as of [processctl.Process.Driver]; worker
	Result   processctl.Result
	Stats    Stats
	Leftover error // what could not be cleaned up

	tail func(processctl.Stream, int) ([]byte, int64)
}

// Tail returns at most the last n bytes of a stream and how many it had.
func (s Summary) Tail(stream processctl.Stream, n int) ([]byte, int64) { return s.tail(stream, n) }

// Begin waits for a place and starts the call's process. ctx is the caller's
// presence: when it ends, the caller has left. The error is a [*BusyError],
// [ErrDraining], [ErrTerminated], ctx's error, or that of [processctl.Controller.Start] or
// [worker.Pool.Acquire]; then the call is over. Otherwise [Run.Close] must be called once it is answered.
func (v *Visor) Begin(ctx context.Context, c *Call) (*Run, error) {
	r := newRun(v, c)
	if err := v.enlist(r); err != nil {
		return nil, err
	}
	if err := v.places.enter(ctx, c.Operation, r.queue); err != nil {
		v.forget(r)
		return nil, err
	}
	var err error
	if c.Pool != nil {
		err = r.beginLeased(ctx)
	} else {
		err = r.beginPaced(ctx)
	}
	if err != nil {
		v.places.leave(c.Operation)
		v.forget(r)
		return nil, err
	}
	r.leaving = context.AfterFunc(ctx, r.callerGone)
	return r, nil
}

// enlist makes the call known by its id.
func (v *Visor) enlist(r *Run) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.draining {
		return ErrDraining
	}
	if _, ok := v.runs[r.call.ID]; ok {
		return fmt.Errorf("begin call: id %s is in use", r.call.ID)
	}
	v.runs[r.call.ID] = r
	v.calls.Add(1)
	return nil
}

// forget drops a call that never had a process.
func (v *Visor) forget(r *Run) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.runs, r.call.ID)
	v.calls.Done()
}

// over moves a call to the records.
func (v *Visor) over(r *Run, s Summary) {
	v.places.leave(r.call.Operation)
	v.records.add(r.record(&s))
	v.forget(r)
	if r.call.Done != nil {
		r.call.Done(s)
	}
}

// stopped says that no process may be started any more.
func (v *Visor) stopped() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.stopping
}

func (v *Visor) all() []*Run {
	v.mu.Lock()
	defer v.mu.Unlock()
	runs := make([]*Run, 0, len(v.runs))
	for _, r := range v.runs {
		runs = append(runs, r)
	}
	return runs
}

// Draining says that nothing is started any more.
func (v *Visor) Draining() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.draining
}

// Drain stops the service: callers in the queue and new ones get [ErrDraining],
// running calls go on until ctx is done. Then those without an answer end with
// [EndDraining], and every process is stopped. Drain returns when no call and no
// process is left. Now kills at once whatever is left, whenever it is closed;
// after that Drain does not wait for long.
func (v *Visor) Drain(ctx context.Context, now <-chan struct{}) {
	v.mu.Lock()
	v.draining = true
	v.mu.Unlock()
	v.drain()
	v.places.drain()

	over := make(chan struct{})
	go func() { v.calls.Wait(); close(over) }()
	select {
	case <-over:
		return
	case <-ctx.Done():
	case <-now:
	}
	v.mu.Lock()
	v.stopping = true
	v.mu.Unlock()
	// Side by side: one whose process is being started has to be waited for.
	var stops sync.WaitGroup
	for _, r := range v.all() {
		stops.Go(r.stop)
	}
	select {
	case <-over:
		stops.Wait()
		return
	case <-now:
	}
	for _, r := range v.all() {
		stops.Go(func() { r.stop(); r.kill() }) // in this order: its caller is told why
	}
	last := time.NewTimer(killTime)
	defer last.Stop()
	select {
	case <-over:
		stops.Wait()
	case <-last.C: // the kernel holds a process, or it has gone where it cannot be found
	}
}

// killTime is how long processes that were killed at once are waited for.
const killTime = 5 * time.Second
