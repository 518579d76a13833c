package processctl

import (
	"errors"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/urocket/urocket/processctl/family"
)

// Process is one process and all that it starts.
type Process struct {
	spec   Spec
	reaper *reaper
	tree   tree
	pid    int
	start  time.Time
	spawn  time.Duration
	driver string // how it came to be, and why not as was wanted
	exit   <-chan family.Death

	childFDs [3]int
	spare    *spare    // that it was; nil: it was none
	nest     *nest     // of its operation, which counts it; nil: there is none
	nestling *nestling // that it is to be; nil: it is not, or is already
	claim    *os.File  // on the scratch files; nil: there are none
	out      [2]*pipe
	tails    [2]tail
	lines    [2]*lines
	drains   sync.WaitGroup

	release, stop, kill chan struct{} // one wish each
	ended               chan struct{}

	mu       sync.Mutex
	final    *Result // set once the process was reaped
	peak     int64   // VmHWM when it was last looked at
	reading  bool    // somebody reads the streamed stdout
	finished bool    // the group is gone
}

// PID is the process id, which is also that of its session.
func (p *Process) PID() int { return p.pid }

// Started is when the process was started.
func (p *Process) Started() time.Time { return p.start }

// Driver says how the process came to be: spawn, fork or spare; and, if that is not what
// was wanted, why ("fork -> spawn: the warm PHP is being started").
func (p *Process) Driver() string { return p.driver }

// Holds says whether a place is inside the process's group: whoever was there is
// the process or descends from it. Without cgroups nothing can be proved and it
// is always false.
func (p *Process) Holds(place string) bool { return place != "" && p.tree.holds(place) }

// Release says that nobody needs the process's group any more: once the process
// itself has ended, so does the rest of its group.
func (p *Process) Release() { wish(p.release) }

// Stop ends the process and its group: SIGTERM, grace, SIGKILL.
func (p *Process) Stop() { wish(p.stop) }

// Kill ends the process and its group at once.
func (p *Process) Kill() { wish(p.kill) }

// Ended is closed when nothing of the process is left.
func (p *Process) Ended() <-chan struct{} { return p.ended }

func wish(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // wished already
	}
}

// Output is the streamed stdout of a process. One goroutine reads it.
type Output struct{ p *Process }

// Stdout returns the streamed output of a process with [Spec.Stream]; it must
// be closed.
func (p *Process) Stdout() Output { return Output{p} }

// Read reads what the process has written; io.EOF once the process has ended
// and all that it wrote was read, or nobody can write any more. After
// [Output.Interrupt] it returns an error at once.
func (o Output) Read(b []byte) (n int, err error) {
	err = o.p.out[Stdout].read(len(b), func(data []byte) { n = copy(b, data) })
	return n, err
}

// Interrupt makes Read fail, now and later.
func (o Output) Interrupt() { o.p.out[Stdout].interrupt() }

// Close has the rest read and dropped, so that the process is not blocked. Read
// must not be called any more.
func (o Output) Close() error {
	p := o.p
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.reading {
		return nil
	}
	p.reading = false
	if p.finished {
		p.out[Stdout].close()
		p.flush(Stdout)
		return nil
	}
	p.out[Stdout].resume()
	p.drain(Stdout)
	return nil
}

// startDrain reads a stream that nobody waits for, from now on.
func (p *Process) startDrain(s Stream) {
	p.out[s].open()
	p.drain(s)
}

func (p *Process) drain(s Stream) {
	p.drains.Add(1)
	go func() {
		defer p.drains.Done()
		p.out[s].drain()
		p.flush(s)
	}()
}

// flush tells the last line of a stream, which has no end.
func (p *Process) flush(s Stream) {
	if p.lines[s] != nil {
		p.lines[s].flush(false)
	}
}

// Tail returns at most the last n bytes of a stream, and how many bytes it had
// up to the end of these.
func (p *Process) Tail(s Stream, n int) ([]byte, int64) { return p.tails[s].bytes(n) }

// SamplePeak looks at the process's peak memory while it lives; what is found
// is reported when the end tells nothing better.
func (p *Process) SamplePeak() {
	peak := peakRSS(p.pid)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.final == nil { // else the pid may be somebody else's
		p.peak = max(p.peak, peak)
	}
}

// Usage is what the process has used until now, from /proc and its group, or
// until its end. The second value says whether it has ended.
func (p *Process) Usage() (Usage, bool) {
	p.mu.Lock()
	final := p.final
	p.mu.Unlock()
	if final != nil {
		u := final.Usage
		u.Stdout, u.Stderr = p.out[Stdout].total.Load(), p.out[Stderr].total.Load()
		return u, true
	}
	p.SamplePeak()
	u := p.usage(time.Now())
	u.User, u.System = cpuTimes(p.pid)
	p.mu.Lock()
	defer p.mu.Unlock()
	u.MaxRSS = p.peak
	if p.final != nil { // it ended while we looked
		u = p.final.Usage
	}
	return u, p.final != nil
}

func (p *Process) usage(now time.Time) Usage {
	return Usage{
		Start: p.start, Wall: now.Sub(p.start), Spawn: p.spawn,
		Stdout: p.out[Stdout].total.Load(), Stderr: p.out[Stderr].total.Load(),
		Group: p.tree.usage(),
	}
}

// settle makes the result of a process that was reaped, once all that it wrote
// is read. A stream that somebody else reads is not waited for.
func (p *Process) settle(d family.Death, timedOut bool) Result {
	for s, o := range p.out {
		p.settleOutput(Stream(s), o)
	}
	u := p.usage(d.At)
	u.User = time.Duration(d.Rusage.Utime.Nano())
	u.System = time.Duration(d.Rusage.Stime.Nano())
	r := Result{TimedOut: timedOut}
	if d.Status.Signaled() {
		r.Signal = d.Status.Signal()
	} else {
		r.Exit = d.Status.ExitStatus()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	u.MaxRSS = max(p.peak, p.maxRSS(&d.Rusage))
	r.Usage = u
	p.final = &r
	return r
}

// settleOutput returns when all that the process wrote to a stream is read. What others go
// on writing to it is read by a goroutine, from now on if not before.
func (p *Process) settleOutput(s Stream, o *pipe) {
	switch {
	case o.f != nil:
		o.settle()
		if !(p.spec.Stream && s == Stdout) {
			<-o.settled
		}
	case o.soak():
		p.flush(s)
	default:
		p.startDrain(s)
	}
}

// finish gives back what is left once the group is gone. A streamed stdout that
// is still being read stays open for its reader.
func (p *Process) finish() (err error) {
	p.mu.Lock()
	p.finished = true
	reading := p.reading
	p.mu.Unlock()
	mine := p.out[:]
	if reading {
		mine = p.out[Stderr:]
	}
	for _, o := range mine {
		o.stop()
	}
	if p.spare != nil {
		p.spare.closeStdin() // somebody outside may have its other end, and not read
	}
	p.drains.Wait()
	for _, o := range mine {
		o.close()
	}
	defer p.leaveNest()
	return p.removeScratch()
}

// scratchTries bounds how often descriptors are waited for, [lastLook] each time:
// half a minute.
const scratchTries = 600

// removeScratch removes the scratch files and gives up the claim on them. Looking
// into a directory takes a descriptor, which is waited for.
func (p *Process) removeScratch() error {
	if p.claim == nil {
		return nil
	}
	err := p.spec.Scratch.remove(p.claim)
	for again := 0; again < scratchTries && (errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)); again++ {
		<-time.After(lastLook)
		err = p.spec.Scratch.remove(p.claim)
	}
	return errors.Join(err, p.claim.Close())
}
