package processctl

import (
	"slices"
	"time"

	"github.com/urocket/urocket/processctl/shim"
)

// retire ends the shims as soon as nobody has them any more.
func (c *crew) retire() {
	c.mu.Lock()
	c.closed = true
	var over []*worker
	if c.settings.Collect || c.users == 0 {
		over, c.idle = c.idle, nil
	}
	c.mu.Unlock()
	for _, w := range over {
		w.Close()
	}
}

// Retain ends the shims of all settings but these ([Spec.Isolation]), each when
// the last process that it has started is gone. Settings that are wanted again
// get new ones.
func (c *Controller) Retain(settings []*shim.Settings) {
	keep := map[*crew]bool{c.crew(nil): true}
	for _, s := range settings {
		keep[c.crew(s)] = true
	}
	var retired []*crew
	c.mu.Lock()
	for key, crew := range c.crews {
		if !keep[crew] {
			delete(c.crews, key)
			retired = append(retired, crew)
		}
	}
	c.mu.Unlock()
	for _, crew := range retired {
		crew.retire()
	}
}

// release gives a shim back that has nothing left to do.
func (c *crew) release(w *worker) {
	c.mu.Lock()
	c.users--
	var over []*worker
	switch {
	case !c.settings.Collect: // it is everybody's, and the last one's to end
		if c.closed && c.users == 0 {
			over, c.idle = c.idle, nil
		}
	case !c.closed && !w.lost() && len(c.idle) < idleShims:
		c.idle = append(c.idle, w)
		if len(c.idle) > restingShims && c.trims == nil {
			c.trims = time.AfterFunc(trimTime, c.trim)
		}
	default:
		over = []*worker{w}
	}
	c.mu.Unlock()
	for _, w := range over {
		w.Close()
	}
}

// trim ends the shims that have had nothing to do for the longest, down to
// restingShims.
func (c *crew) trim() {
	c.mu.Lock()
	c.trims = nil
	n := max(len(c.idle)-restingShims, 0)
	over := slices.Clone(c.idle[:n])
	c.idle = slices.Delete(c.idle, 0, n)
	c.mu.Unlock()
	for _, w := range over {
		w.Close()
	}
}

// close ends the shims that are not in use, and the others when they are given
// back.
func (c *crew) close() {
	c.mu.Lock()
	idle := c.idle
	c.idle, c.closed = nil, true
	if c.trims != nil {
		c.trims.Stop()
	}
	c.mu.Unlock()
	for _, w := range idle {
		w.Close()
	}
}
