package soak

import (
	"fmt"
	"slices"
	"strings"
)

// judge holds every call that has ended against what is known of it, and counts
// it. Notes and the last lines of the log may come a moment after the answer.
func (s *soak) judge(l *life) {
	calls, hits := l.take()
	known := map[string]*facts{}
	var bad []string
	complete := func() bool {
		s.notes.collect(known)
		for _, f := range known {
			f.log = nil
		}
		bad = l.readLog(known)
		return l.over() || !slices.ContainsFunc(calls, func(c *call) bool { return len(factsOf(known, c.token).log) == 0 && c.reached() })
	}
	holds(complete)
	for _, line := range bad[l.told:] {
		s.fault("life %d logs %s", l.number, line)
	}
	l.told = len(bad)
	for _, c := range calls {
		f := factsOf(known, c.token)
		f.hit = hits[c.token] || l.shot(c, f)
		s.table.add(c.op.name()+"\t"+c.short(), 1)
		if why := c.faults(f); len(why) > 0 {
			s.fault("%s, %s (%s): %s\n  ended: %s: %s\n  script: started %q, told %v, disturbed %t; life %d, ended by %s\n  log: %s",
				c.op.name(), c.token, c.manner.name, strings.Join(why, "; "), c.end, c.detail, f.starts, f.told, f.hit, l.number, endings[l.ending.Load()],
				l.of(append(f.starts, c.token, c.id)...))
		}
	}
}

// shot tells whether the process of a call was disturbed while it seemed to wait for
// one. If it has not noted that it was started, any may have been that.
func (l *life) shot(c *call, f *facts) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(f.starts) == 0 {
		return c.op.driver != "" && len(l.shots) > 0
	}
	return slices.ContainsFunc(f.pids, func(pid int) bool { return l.shots[pid] })
}

// short is the end without its details, for the table.
func (c *call) short() string {
	end, _, _ := strings.Cut(c.end, ":")
	return end
}

// reached tells whether the program must know of the call.
func (c *call) reached() bool {
	return c.end != noResponse && c.end != notReached && c.end != callerLeft
}

// faults says what is wrong with how a call has ended.
func (c *call) faults(f *facts) (why []string) {
	wrong := func(format string, args ...any) { why = append(why, fmt.Sprintf(format, args...)) }
	if !c.rightEnd(f) {
		wrong("it cannot end like this")
	}
	for _, bad := range f.bad {
		wrong("the script notes %q", bad)
	}
	c.judgeStart(f, wrong)
	c.judgeTold(f, wrong)
	c.judgeLog(f, wrong)
	return why
}

// rightEnd tells whether the call may end so: by its operation, or by what was
// done to the program, the script or the connection.
func (c *call) rightEnd(f *facts) bool {
	how := c.life.ending.Load()
	switch {
	case c.lone:
		return slices.Contains(c.op.ends, c.end)
	case c.op.may(c.end), c.end == callerLeft, c.end == notReached:
		return true
	case c.end == draining:
		return how == stopping || how == hurried
	case c.end == noWorker: // if several in a row were ended before they had a request
		c.life.mu.Lock()
		defer c.life.mu.Unlock()
		return c.op.queues() && len(c.life.shots) > 0
	case c.end == internal:
		return c.lostShim(f)
	case c.end == gone:
		return c.left
	case c.end == noResponse && how != nothingYet:
		// A stop waits for what was started; what was not may find the door closed.
		return how >= hurried || len(f.starts) == 0
	case c.end == noResponse:
		return c.lostRefusal(f)
	case c.end == brokenOff && c.op.streamed():
		return f.hit || c.left || how != nothingYet
	case (c.end == shortened || c.end == answered) && c.manner.old && c.op.streamed() && how == killed:
		return true // the end of the connection is the end of the body, and nobody is left to reset it
	case c.end == brokenOff:
		return how >= hurried || c.left
	}
	return f.hit && slices.Contains([]string{noAnswer, badReply, timedOut, shortened, disturbed, answered}, c.end)
}

// lostRefusal tells whether the caller may have lost a refusal: it was still
// sending, and a connection that is closed meanwhile is reset.
func (c *call) lostRefusal(f *facts) bool {
	return len(c.body) > 256<<10 && len(f.log) == 1 && f.log[0].Type != ""
}

// lostShim tells whether a shim was killed that was to start the call. Whether it
// had done so, nobody knows.
func (c *call) lostShim(f *facts) bool {
	return c.life.struck.Load() > 0 && len(f.log) == 1 && f.log[0].lostShim()
}

// judgeStart demands that a script is started once, or not at all.
func (c *call) judgeStart(f *facts, wrong func(string, ...any)) {
	n := len(f.starts)
	refused := slices.Contains(refusals, c.end)
	if n > 1 || n > 0 && (c.op.silent || refused) {
		wrong("its script was started %d times", n)
	}
	whole := c.end == answered || c.end == brokenOff
	if n == 0 && whole && !c.op.silent && !f.hit && c.life.ending.Load() == nothingYet {
		wrong("its script has not noted its start")
	}
	if n == 1 && c.id != "" && f.starts[0] != c.id {
		wrong("the script was started as %s, the answer is of %s", f.starts[0], c.id)
	}
}

// judgeTold demands that exactly the poster of the answer was told so.
func (c *call) judgeTold(f *facts, wrong func(string, ...any)) {
	how, accepted := c.life.ending.Load(), 0
	disturbed := f.hit || c.left || how != nothingYet
	for _, code := range f.told {
		switch {
		case code == 200:
			accepted++
		case slices.Contains(c.op.told, code):
		case (code == 409 || code == 410) && disturbed:
		case (code < 200 || code == 404) && (f.hit || how != nothingYet): // nothing, or no more than that it may go on
		default:
			wrong("a poster was told %03d", code)
		}
	}
	if accepted > 1 {
		wrong("%d posters were told that theirs is the answer", accepted)
	}
	if !c.op.onSocket() {
		return
	}
	if accepted > 0 && c.end != answered && c.end != shortened && !c.left && how < hurried {
		wrong("a poster was told that his is the answer, and the caller did not get it")
	}
	if accepted == 0 && c.end == answered && c.op.whole != nil && !c.op.loose && !disturbed {
		wrong("no poster was told that his is the answer")
	}
}

// judgeLog demands one line in the log, and that it tells what the caller saw.
func (c *call) judgeLog(f *facts, wrong func(string, ...any)) {
	n, how := len(f.log), c.life.ending.Load()
	if n > 1 || n == 0 && c.reached() && how < hurried {
		wrong("%d lines of it in the log", n)
	}
	if n == 0 {
		return
	}
	e := f.log[0]
	if e.Type != "" && len(f.starts) > 0 && !c.lostShim(f) {
		wrong("the log says that it was refused, and it was started")
	}
	if c.status != 0 && e.Status != c.status {
		wrong("the log tells of status %d", e.Status)
	}
	want := map[string]string{answered: "reply", noAnswer: "exit", timedOut: "timeout", gone: "caller-gone", draining: "draining"}[c.end]
	if c.op.whole == nil && c.op.check != nil && c.end == answered && !c.op.streamed() {
		want = "exit" // a report
	}
	if want != "" && e.End != "" && e.End != want {
		wrong("the log tells of the end %q", e.End)
	}
}
