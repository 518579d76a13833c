package processctl

import (
	"errors"
	"syscall"
	"time"
)

// How often a group that should end is looked at: soon at first, then rarely.
const (
	firstLook = time.Millisecond
	lastLook  = 50 * time.Millisecond
)

// supervisor is the life of one process, owned by one goroutine.
type supervisor struct {
	*Process
	result   Result
	exited   bool // reaped and settled
	released bool // nobody needs the group
	ending   bool // SIGTERM was sent
	timedOut bool
	killed   bool // SIGKILL was sent
	gone     bool

	deadline, grace, look *time.Timer
	wait                  time.Duration // until the next look
}

// supervise tells the process's events and ends its group; it returns when
// nothing of it is left.
func (p *Process) supervise() {
	s := &supervisor{Process: p, wait: firstLook, deadline: idleTimer(), grace: idleTimer(), look: idleTimer()}
	defer s.deadline.Stop()
	defer s.grace.Stop()
	defer s.look.Stop()
	if p.spec.Timeout > 0 {
		s.deadline.Reset(time.Until(p.start.Add(p.spec.Timeout)))
	}
	for !s.gone {
		s.next()
		s.tidy()
	}
	s.result.Leftover = errors.Join(s.result.Leftover, p.finish())
	s.result.Usage.Stdout, s.result.Usage.Stderr = p.out[Stdout].total.Load(), p.out[Stderr].total.Load()
	close(p.ended)
	if p.spec.Events.Ended != nil {
		p.spec.Events.Ended(s.result)
	}
}

func idleTimer() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}

// next takes one event.
func (s *supervisor) next() {
	select {
	case d := <-s.exit:
		s.result = s.settle(d, s.timedOut)
		s.exited = true
		if s.spec.Events.Exited != nil {
			s.spec.Events.Exited(s.result)
		}
	case <-s.deadline.C:
		s.timedOut = true
		s.result.TimedOut = true
		if s.spec.Events.TimedOut != nil {
			s.spec.Events.TimedOut()
		}
		s.end()
	case <-s.release:
		s.released = true
	case <-s.stop:
		s.end()
	case <-s.kill:
		s.killAll()
	case <-s.grace.C:
		s.killAll()
	case <-s.look.C:
	}
}

// tidy ends what is left once the process itself has ended and its group is
// not needed any more, and looks whether it is gone.
func (s *supervisor) tidy() {
	if s.killed && !s.exited {
		// It may not have been reached: no descriptor was free to look for it.
		s.tree.kill()
		s.lookAgain()
		return
	}
	if !s.exited || !s.released && !s.ending {
		return
	}
	if group := s.tree.usage(); group != nil {
		s.result.Usage.Group = group // strays have gone on using the processor
	}
	gone, err := s.tree.remove()
	if gone {
		s.gone, s.result.Leftover = true, err
		return
	}
	switch {
	case !s.ending:
		s.result.Strays = StraysTerminated
		s.end()
	case s.killed:
		s.tree.kill() // what was forked meanwhile, where there is no cgroup.kill
	}
	s.lookAgain()
}

func (s *supervisor) lookAgain() {
	s.look.Reset(s.wait)
	s.wait = min(2*s.wait, lastLook)
}

// end asks every process of the group to end, and gives them the grace.
func (s *supervisor) end() {
	if s.ending {
		return
	}
	s.ending = true
	if s.spec.Grace <= 0 {
		s.killAll()
		return
	}
	if !s.exited {
		s.SamplePeak()
	}
	s.tree.signal(syscall.SIGTERM)
	s.tree.signal(syscall.SIGCONT) // a stopped process gets its SIGTERM only now
	s.grace.Reset(s.spec.Grace)
}

func (s *supervisor) killAll() {
	switch {
	case s.killed:
	case s.exited:
		s.result.Strays = StraysKilled
	default:
		s.SamplePeak()
	}
	s.ending, s.killed = true, true
	s.wait = firstLook
	s.tree.kill()
}
