package cgroup

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// restore makes the parent's directory again after somebody has removed it, which
// is possible as long as no group is in it. It does what a start does.
func (p *Parent) restore() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dir.stands() {
		return nil // another call was first
	}
	lost := p.dir
	dir, err := claim(p.base, p.name, p.warn)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("the cgroup %s, below which urocket made its own, was removed while it ran: make it again, or restart urocket: %w", p.base.dir, err)
	}
	if err != nil {
		return fmt.Errorf("the cgroup %s was removed while urocket ran and cannot be made again: %w (%s)", lost.dir, err, remedy(p.base, err))
	}
	_ = lost.lock.Close()
	p.dir = dir
	text := "the cgroup " + lost.dir + " was removed by somebody while urocket ran; it was made again"
	if err := p.handDown(); err != nil {
		text += ", but " + err.Error()
	}
	p.warn(text)
	return nil
}

// giveBack turns the controllers on again that held at the start. It is called
// when the file of a limit is not there.
func (p *Parent) giveBack() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	had := listed(p.dir.subtreeControl())
	if err := p.handDown(); err != nil {
		return err
	}
	if now := listed(p.dir.subtreeControl()); len(now) > len(had) {
		p.warn("cgroup controllers were taken away from " + p.dir.dir + " while urocket ran; they are turned on again")
	}
	return nil
}

// handDown has the controllers handed down to the parent's groups. The error names
// those that held at the start and cannot be had any more.
func (p *Parent) handDown() error {
	p.delegation = p.delegation.with(delegate(p.base, p.ours))
	on := enable(p.dir.place, wanted)
	var lost []string
	for _, c := range p.controllers {
		if !slices.Contains(on, c) {
			lost = append(lost, c)
		}
	}
	if len(lost) > 0 {
		return fmt.Errorf("the cgroup controllers %s were taken away while urocket ran: somebody has changed %s, or the same file of a group above; turn them on there, or restart urocket",
			strings.Join(lost, ", "), p.base.subtreeControl())
	}
	return nil
}
