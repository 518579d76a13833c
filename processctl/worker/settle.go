package worker

import (
	"errors"
	"math/rand/v2"
	"runtime"
	"time"

	"github.com/urocket/urocket/processctl"
)

const (
	// youth is how long a worker that has answered nothing may live for its end to
	// count as a start that came to nothing.
	youth = 10 * time.Second
	// idleTime is how long a worker beyond Min may have nothing to do.
	idleTime = 30 * time.Second
)

// target is how many workers there should be now, those to be replaced left out.
func (p *Pool) target() int {
	least := p.o.Min
	switch {
	case p.retired:
		least = 0
	case p.failures >= failingAfter:
		least = max(least, 1) // somebody has to find out whether it still fails
	}
	return min(max(least, p.busy()+p.waiting.Len()), p.o.Max)
}

// busy is how many workers have a request, or are promised one.
func (p *Pool) busy() int { return p.sound + p.replaced - len(p.idle) - len(p.old) }

// failing says that no worker can be had, and that nobody is to wait for one.
func (p *Pool) failing() bool {
	return (p.failures >= failingAfter || p.hopeless) && p.sound+p.replaced == 0
}

// settle starts workers that are wanted, and lets those go that are not.
func (p *Pool) settle() {
	for len(p.old) > 0 && p.sound >= p.target() {
		p.dismiss(p.old[0], p.old[0].reason)
	}
	for p.retired && len(p.idle) > 0 && p.waiting.Len() == 0 {
		p.dismiss(p.idle[0], ReasonRetired)
	}
	for p.sound+p.booting < p.target() && p.mayBoot() {
		if len(p.all) < 2*p.o.Max {
			p.boot()
			continue
		}
		// There is no room for another one. Those that have had all their requests
		// keep nobody's place.
		if len(p.old) > 0 {
			p.dismiss(p.old[0], p.old[0].reason)
		}
		return
	}
}

// mayBoot bounds how many are started at a time, and after a failure. The first one has to
// show that it is a worker before another is started.
func (p *Pool) mayBoot() bool {
	switch {
	case p.killed, p.hopeless, p.retry != nil:
		return false
	case p.booting > 0 && (p.failures > 0 || !p.proved):
		return false
	}
	return p.booting < max(2, runtime.NumCPU())
}

func (p *Pool) boot() {
	w := &worker{pool: p, ended: make(chan processctl.Result, 1)}
	p.all[w] = struct{}{}
	p.booting++
	p.workers.Add(1)
	go w.live()
}

// dismiss has an idle worker go.
func (p *Pool) dismiss(w *worker, reason Reason) {
	p.take(w)
	p.part(w, reason)
	w.link.dismiss()
}

// part counts a worker that lives as one that parts. It must not be listed.
func (p *Pool) part(w *worker, reason Reason) {
	switch {
	case w.state == booting:
		p.booting--
	case w.state == parting:
		return
	case w.reason == ReasonNone:
		p.sound--
	default:
		p.replaced--
	}
	w.state, w.reason = parting, reason
	p.parting++
}

// started notes the process of a worker that boots.
func (p *Pool) started(w *worker, proc *processctl.Process) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w.proc = proc
	if p.killed {
		proc.Kill()
	}
	if p.retired && p.waiting.Len() == 0 {
		w.link.stop()
	}
}

// ready takes a worker that has booted into the pool; false: it is not wanted any more.
func (p *Pool) ready(w *worker) bool {
	p.mu.Lock()
	recovered := p.told
	p.told, p.proved, p.hopeless = false, true, false
	p.hasTried()
	p.booting--
	p.sound++
	w.born, w.due = time.Now(), p.o.threshold()
	p.list(w)
	p.settle()
	wanted := w.state != parting
	p.mu.Unlock()
	if recovered {
		p.o.Notify(Event{Kind: Recovered, PID: w.proc.PID()})
	}
	p.o.Notify(Event{Kind: Ready, PID: w.proc.PID()})
	return wanted
}

// handed counts a request that a worker has been handed.
func (p *Pool) handed(w *worker) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w.served++
	if w.due > 0 && w.served >= w.due {
		p.worn(w, ReasonRequests)
	}
}

// wear counts a worker among those to be replaced. It serves on until another one is
// ready.
func (p *Pool) wear(w *worker, reason Reason) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.worn(w, reason)
}

func (p *Pool) worn(w *worker, reason Reason) {
	if w.state == parting || w.reason != ReasonNone {
		return
	}
	listed := p.take(w)
	w.reason = reason
	p.sound--
	p.replaced++
	if listed {
		p.list(w)
	}
	p.settle()
}

// free takes a worker back that has answered; over: it is to go.
func (p *Pool) free(w *worker, memory int64) (reason Reason, over bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failures = 0
	if memory > p.o.MaxMemory {
		p.worn(w, ReasonMemory)
	}
	return p.listed(w)
}

// put takes a worker back that was asked nothing.
func (p *Pool) put(w *worker) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w.state == leased { // it may have ended meanwhile
		p.listed(w)
	}
}

func (p *Pool) listed(w *worker) (reason Reason, over bool) {
	p.list(w)
	if w.reason != ReasonNone || p.retired {
		p.settle()
	}
	return w.reason, w.state == parting
}

// reason is why a worker was dismissed.
func (p *Pool) reason(w *worker) Reason {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w.state != parting {
		return ReasonRetired // before it could be idle
	}
	return w.reason
}

// leaving counts a worker that is to go, and has another one take its place.
func (p *Pool) leaving(w *worker, end ending) {
	p.mu.Lock()
	p.take(w)
	booted := w.state != booting
	p.part(w, end.reason)
	p.total.reasons[end.reason]++
	var failing, early bool
	stopped := errors.Is(end.err, errStopped) // by us, who do not want it any more
	if early = !stopped && (!booted || end.err != nil && w.served == 0 && time.Since(w.born) < youth); early {
		failing = p.fail(end.err)
	}
	p.give() // those who may serve on while no other can be started
	p.settle()
	failures, hopeless := p.failures, p.hopeless
	p.mu.Unlock()
	if stopped {
		return
	}
	event := Event{Kind: Ended, Reason: end.reason, Err: end.err}
	if w.proc != nil {
		event.PID = w.proc.PID()
		if end.err != nil {
			event.Output = lastOutput(w.proc)
		}
	}
	if early {
		event.Kind, event.Failures = BootFailed, failures
	}
	p.o.Notify(event)
	if failing {
		p.o.Notify(Event{Kind: Failing, Err: end.err, Failures: failures, GivenUp: hopeless})
	}
}

// gone forgets a worker of which nothing is left.
func (p *Pool) gone(w *worker) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.all, w)
	p.parting--
	p.settle()
}

// trimLater looks later whether workers have nothing to do.
func (p *Pool) trimLater() {
	if p.trim == nil && !p.retired && p.sound > p.o.Min && len(p.idle) > 0 {
		p.trim = time.AfterFunc(time.Until(p.idle[0].since.Add(p.idleTime)), p.trimNow)
	}
}

// trimNow lets those go that have had nothing to do for long. They stand first.
func (p *Pool) trimNow() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trim = nil
	for p.sound > p.o.Min && len(p.idle) > 0 && time.Since(p.idle[0].since) >= p.idleTime {
		p.dismiss(p.idle[0], ReasonIdle)
	}
	p.trimLater()
}

// age has a worker replaced for its age, somewhere in the last tenth of MaxAge, unless
// the function that it returns is called before.
func (p *Pool) age(w *worker) (stop func() bool) {
	if p.o.MaxAge == 0 {
		return func() bool { return false }
	}
	return time.AfterFunc(p.o.MaxAge-rand.N(p.o.MaxAge/10+1), func() { p.wear(w, ReasonAge) }).Stop
}
