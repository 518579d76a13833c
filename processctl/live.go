package processctl

import "time"

// What is asked of a process that serves one call after another, between two of them.

// Memory is what the process uses now, in bytes: all of its group where memory is
// counted there, else its own resident set. 0: not known.
func (p *Process) Memory() int64 {
	if t, ok := p.tree.(*groupTree); ok {
		if n, ok := t.memory(); ok {
			return n
		}
	}
	return residentSize(p.pid)
}

// Times is what the process has used of the processors until now: all of its group, in
// Group, or where nobody counts that the process itself, in steps of 10 ms.
func (p *Process) Times() (u Usage) {
	if t, ok := p.tree.(*groupTree); ok {
		if d, ok := t.cpu(); ok {
			u.Group = &GroupUsage{CPU: d}
			return u
		}
	}
	u.User, u.System = cpuTimes(p.pid)
	return u
}

// Written is how many bytes of each stream were read until now.
func (p *Process) Written() (stdout, stderr int64) {
	return p.out[Stdout].total.Load(), p.out[Stderr].total.Load()
}

// CaughtUp waits until all that the process has written until now was read and, where
// it makes lines, told; at most as long as given, for it may write on and on. Not for
// [Spec.Stream].
func (p *Process) CaughtUp(limit time.Duration) {
	var end time.Time
	for s := Stdout; s <= Stderr; {
		if p.out[s].idle() {
			s++
			continue
		}
		switch now := time.Now(); {
		case end.IsZero():
			end = now.Add(limit)
		case now.After(end):
			return
		}
		time.Sleep(caughtUpNap)
	}
}

const caughtUpNap = 50 * time.Microsecond
