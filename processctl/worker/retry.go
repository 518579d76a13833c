package worker

import (
	"errors"
	"time"
)

const (
	// The wait after a start that came to nothing doubles with each in a row.
	firstRetry = 100 * time.Millisecond
	lastRetry  = 10 * time.Second
	// failingAfter so many starts in a row, callers are not kept waiting any more.
	failingAfter = 5
)

// hasTried notes that it is known whether a worker can be started.
func (p *Pool) hasTried() {
	if !p.hasBeenTried() {
		close(p.tried)
	}
}

func (p *Pool) hasBeenTried() bool {
	select {
	case <-p.tried:
		return true
	default:
		return false
	}
}

// fail counts a start that came to nothing; true: the pool is failing, or gives up, from
// now on.
//
// What ends well and was never a worker does its work with each start: a job that is to be
// run once a night, say. It is not tried again before [Pool.Revive].
func (p *Pool) fail(err error) bool {
	p.failures++
	p.failed = err
	givesUp := !p.hopeless && !p.proved && errors.Is(err, errDone)
	p.hopeless = p.hopeless || givesUp
	p.hasTried()
	if p.retry != nil { // two were started at the same time
		p.retry.Stop()
	}
	p.retry = nil
	if !p.hopeless {
		p.retryLater()
	}
	if !p.failing() {
		return false
	}
	for e := p.waiting.Front(); e != nil; e = p.waiting.Front() {
		p.waiting.Remove(e)
		close(e.Value.(*ticket).given)
	}
	first := !p.told
	p.told = true
	return first || givesUp
}

func (p *Pool) retryLater() {
	p.retry = time.AfterFunc(retryAfter(p.failures), func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.retry = nil
		p.settle()
	})
}

// Revive has a pool try again that has given up. A pool gives up when a worker exits with
// code 0 before it was ready and none has ever been.
func (p *Pool) Revive() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.hopeless {
		p.hopeless = false
		p.settle()
	}
}

// retryAfter is the wait after so many failures in a row.
func retryAfter(failures int) time.Duration {
	return min(firstRetry<<min(failures-1, 10), lastRetry)
}
