package processctl

import (
	"errors"
	"syscall"
	"time"

	"github.com/urocket/urocket/processctl/family"
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

	deadline, grace, look, read alarm
	wait                        time.Duration // until the next look
	age                         int           // of ages, that it has reached
}

// alarm is a timer that is made when it is set first; few processes need all of them.
type alarm struct{ timer *time.Timer }

func (a *alarm) set(d time.Duration) {
	if a.timer == nil {
		a.timer = time.NewTimer(d)
		return
	}
	a.timer.Reset(d)
}

// rings has something when the time is over.
func (a *alarm) rings() <-chan time.Time {
	if a.timer == nil {
		return nil
	}
	return a.timer.C
}

func (a *alarm) stop() {
	if a.timer != nil {
		a.timer.Stop()
	}
}

// supervise tells the process's events and ends its group; it returns when
// nothing of it is left.
func (p *Process) supervise() {
	s := &supervisor{Process: p, wait: firstLook}
	defer s.deadline.stop()
	defer s.grace.stop()
	defer s.look.stop()
	defer s.read.stop()
	if p.spec.Timeout > 0 {
		s.deadline.set(time.Until(p.start.Add(p.spec.Timeout)))
	}
	s.read.set(time.Until(p.start.Add(ages[0])))
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

// next takes one event.
func (s *supervisor) next() {
	select {
	case d := <-s.exit:
		s.reaped(d)
	case <-s.deadline.rings():
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
	case <-s.grace.rings():
		s.killAll()
	case <-s.look.rings():
	case <-s.read.rings():
		if !s.exited {
			s.glance()
		}
	}
}

// glance looks at the output of a process at one of the ages.
func (s *supervisor) glance() {
	s.age++
	last := s.age == len(ages)
	for i, o := range s.out {
		if o.f == nil && (last || o.holds()) {
			s.startDrain(Stream(i))
		}
	}
	if !last {
		s.read.set(time.Until(s.start.Add(ages[s.age])))
	}
}

// reaped takes the death of the process itself. A group that nobody needs any more,
// and which is empty, goes first: then its counters are read but once.
func (s *supervisor) reaped(d family.Death) {
	s.exited = true
	select {
	case <-s.release:
		s.released = true
	default:
	}
	var leftover error
	if s.released || s.ending {
		s.gone, _, leftover = s.tree.remove()
	}
	s.result = s.settle(d, s.timedOut)
	s.suspect(s.result.Signal)
	if s.spec.Events.Exited != nil {
		s.spec.Events.Exited(s.result)
	}
	s.result.Leftover = leftover
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
	if s.gone || !s.exited || !s.released && !s.ending {
		return
	}
	gone, group, err := s.tree.remove()
	if group != nil {
		s.result.Usage.Group = group // strays have gone on using the processor
	}
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
	s.look.set(s.wait)
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
	s.grace.set(s.spec.Grace)
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
