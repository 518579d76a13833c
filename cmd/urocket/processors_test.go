package main

import (
	"testing"
	"time"
)

func TestThreadsForALoad(t *testing.T) {
	for _, c := range []struct {
		now, processors int
		own, idle       float64
		want            int
	}{
		{1, 2, 0.01, 2, 1},    // idle
		{1, 2, 0.8, 1, 1},     // it keeps up
		{1, 2, 0.95, 0.9, 2},  // it does not, and there is a processor for it
		{1, 2, 0.97, 0.1, 1},  // others need that more
		{2, 2, 1.95, 0.9, 2},  // there are no more processors
		{1, 64, 0.99, 62, 2},  // twice as many at a time
		{4, 64, 3.9, 50, 8},   // twice as many
		{32, 64, 31.5, 3, 35}, // so many are idle
		{60, 64, 59, 9, 64},   // so many there are
		{2, 2, 1.9, 0, 2},     // it uses both, whoever else would like to
		{2, 2, 1.2, 0, 1},     // it uses little of the second one, which others want
		{2, 2, 1.2, 0.5, 2},   // which nobody wants
		{2, 2, 0.5, 1.2, 1},   // it would keep up with one
		{64, 64, 3, 20, 5},    // many too many
		{64, 64, 0, 64, 1},    // idle again
		{1, 1, 0.99, 0.9, 1},  // there is one
	} {
		if got := threadsFor(c.now, c.processors, c.own, c.idle); got != c.want {
			t.Errorf("%d threads of %d use %.2f, %.2f are idle: %d, want %d", c.now, c.processors, c.own, c.idle, got, c.want)
		}
	}
}

// clockwork is a governor of four processors that looks when it is told to.
type clockwork struct {
	*governor
	t    *testing.T
	used usedUp
	sets []int
}

func newClockwork(t *testing.T) *clockwork {
	c := &clockwork{t: t, used: usedUp{at: time.Now()}}
	c.governor = newGovernor(4, func(n int) { c.sets = append(c.sets, n) }, func() usedUp { return c.used })
	t.Cleanup(func() { c.timer.Stop() })
	return c
}

// pass lets an hour pass in which so many processors were used, and looks.
func (c *clockwork) pass(own, idle float64) {
	c.timer.Stop()
	const hour = 3600
	c.used.at = c.used.at.Add(hour * time.Second)
	c.used.own += own * hour
	c.used.idle += idle * hour
	c.look()
	c.timer.Stop()
}

func (c *clockwork) want(threads int, why string) {
	c.t.Helper()
	if got := c.sets[len(c.sets)-1]; got != threads || c.now != threads {
		c.t.Fatalf("%s: %d threads were set, %d noted, want %d", why, got, c.now, threads)
	}
}

func TestThreadsForStarts(t *testing.T) {
	c := newClockwork(t)
	c.want(8, "at the start of urocket")
	c.pass(0, 4)
	c.want(1, "nothing was started for long")
	c.starting()
	c.want(8, "before a start")
	c.starting()
	c.started()
	c.pass(0, 4)
	c.want(8, "while a start is under way, for an hour")
	c.started()
	c.pass(7, 1)
	c.want(3, "after the last start, under load")
	if changes := len(c.sets); changes != 4 {
		t.Errorf("%d changes, want 4: %v", changes, c.sets)
	}
}

// More threads that have not had more requests answered are taken back, and not tried
// again for long.
func TestThreadsThatDoNotHelp(t *testing.T) {
	const hour = 3600
	for name, c := range map[string]struct {
		before, after int64 // requests a second
		want          int
	}{"no more": {1000, 1050, 1}, "more": {1000, 1500, 2}, "few": {10, 10, 2}} {
		t.Run(name, func(t *testing.T) {
			g := newClockwork(t)
			g.pass(0, 4)
			g.requests.Add(c.before * hour)
			g.pass(0.97, 2)
			g.want(2, "one was not enough")
			for range trialLooks {
				g.want(2, "it is being tried")
				g.requests.Add(c.after * hour)
				g.pass(1.2, 1)
			}
			g.want(c.want, "after the trial")
			if c.want == 1 {
				g.trial.next = g.used.at.Add(2 * hour * time.Second)
				g.pass(0.97, 2)
				g.want(1, "it was tried not long ago")
				g.pass(0.97, 2)
				g.pass(0.97, 2)
				g.want(2, "it was tried long ago")
			}
		})
	}
}

func TestThreadsForRequests(t *testing.T) {
	c := newClockwork(t)
	c.pass(0, 4)
	c.asked()
	c.pass(0.97, 2)
	c.want(2, "one was not enough")
	for range trialLooks - 1 {
		c.pass(0.3, 3)
	}
	for range calmLooks - 1 {
		c.pass(0.3, 3)
		c.want(2, "little load may be little for a moment")
	}
	c.pass(0.3, 3)
	c.want(1, "little load for some time")
}

func TestIdleGovernorSleeps(t *testing.T) {
	c := newClockwork(t)
	c.pass(0, 4)
	if c.watching.Load() || c.timer.Stop() {
		t.Error("the load of an idle urocket is looked at")
	}
	c.asked()
	if !c.watching.Load() || !c.timer.Stop() {
		t.Error("the load is not looked at though there are requests")
	}
	c.pass(0.5, 3)
	if !c.watching.Load() {
		t.Error("the load is not looked at any more though there is some")
	}
}
