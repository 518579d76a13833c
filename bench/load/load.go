// Package load asks a server as fast as it answers, over a fixed number of
// connections each of which has one request under way (a closed loop): with wrk
// where it is installed, else with a generator of its own.
//
// So at many connections the time an answer takes is mostly that of waiting for
// the others. How long a call takes by itself is the figure at one connection.
package load

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"
)

// A Job is what is asked, and how.
type Job struct {
	URL         string   // without a path if Paths is given
	Paths       []string // asked in turn; none: the URL as it is
	Body        []byte   // of each POST
	ContentType string
	Conns       int
	Duration    time.Duration // whole seconds, for wrk's sake
	Own         bool          // with the generator of our own, even if wrk is there
	Pause       time.Duration // between an answer and the next request, with the generator of our own
	Timeout     time.Duration // after which an answer counts as lost; default 2 s, as wrk's
}

// A Result is what came of a job.
type Result struct {
	Answers  int64
	Rate     float64 // answers per second
	P50, P99 time.Duration
	Bad      int64 // answers whose status was not 2xx
	Lost     int64 // errors of connections, and time-outs
}

// Start starts a program of the generator's. The caller may put it in a group of its own.
type Start func(*exec.Cmd) error

// Run does a job. An error is one of the generator; what the server did wrong is
// in the Result.
func Run(ctx context.Context, j Job, start Start) (Result, error) {
	if j.Timeout == 0 {
		j.Timeout = 2 * time.Second
	}
	if wrk, err := exec.LookPath("wrk"); err == nil && !j.Own {
		return runWrk(ctx, wrk, j, start)
	}
	return runOwn(ctx, j)
}

// Tool names what Run drives servers with.
func Tool() string {
	if _, err := exec.LookPath("wrk"); err == nil {
		return "wrk -t1"
	}
	return "the benchmark's own generator (wrk is not installed)"
}

// Fault says why a result is no figure, or nil.
func (r Result) Fault() error {
	switch {
	case r.Bad > 0:
		return fmt.Errorf("%d of %d answers were not 2xx", r.Bad, r.Answers)
	case r.Lost > 0:
		return fmt.Errorf("%d requests got no answer, %d did", r.Lost, r.Answers)
	case r.Answers == 0:
		return errors.New("no answers")
	}
	return nil
}
