package main

import (
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/urocket/urocket/config"
	"github.com/urocket/urocket/frontserv/guard"
)

// A reload reads and checks the whole configuration beside the one that is
// served, in a goroutine of its own, and then puts it in place of that one as a
// whole or not at all: what a file says of which a part is wrong is not what its
// author wants. What was made at the start (listeners, socket, cgroup) is not
// made again, so a file that wants another is refused too.

// reload is the reloading of one program. The goroutine that lives for the
// signals owns it.
type reload struct {
	file  string
	done  chan attempt // nil: none is under way
	again bool         // asked for once more meanwhile: the file may have changed
}

// attempt is what a reload has come to.
type attempt struct {
	loaded *loaded
	err    error // [config.Faults], or a fault of ours
	begun  time.Time
}

// startRead reads the configuration. Who is told to stop does not wait for it.
func startRead(file string, sources *guard.Sources) <-chan *loaded {
	done := make(chan *loaded, 1)
	go func() { done <- read(file, sources) }()
	return done
}

// beginReload starts a reload, or has another one follow the one under way.
func (p *program) beginReload() {
	if p.reload.done != nil {
		p.reload.again = true
		return
	}
	done, file, running, sources := make(chan attempt, 1), p.reload.file, p.loaded, p.sources
	p.reload.done = done
	p.manager.reloading()
	p.log.Info("reloading", "file", file)
	go func() { done <- reloaded(file, running, p.staff, sources) }()
}

// reloaded makes the attempt. What goes on being served is not to die of a file.
func reloaded(file string, running *loaded, staff *staff, sources *guard.Sources) (a attempt) {
	a.begun = time.Now()
	defer func() {
		if fault := recover(); fault != nil {
			a.err = fmt.Errorf("read %s: a fault of urocket itself: %v\n%s", file, fault, debug.Stack())
		}
	}()
	a.loaded = read(file, sources)
	if a.err = a.loaded.succeed(running); a.err == nil {
		a.err = a.loaded.staff(staff, running)
	}
	return a
}

// endReload puts what was loaded in place, or tells why not.
func (p *program) endReload(a attempt) {
	p.reload.done = nil
	if a.err != nil {
		p.refuseReload(a.err)
		p.metrics.ReloadRefused()
		p.retain() // what it was tried with
	} else {
		old := p.loaded
		p.adopt(a.loaded)
		c := a.loaded.service.Since(old.service)
		p.log.Info("reloaded", "operations", len(p.service.Operations), "added", c.Added, "removed", c.Removed, "changed", c.Changed,
			"keys", strings.Join(c.Keys, " "), "document_changed", !p.edition.SameDocument(old.edition), "took", time.Since(a.begun).Round(time.Millisecond).String())
	}
	if p.reload.again {
		p.reload.again = false
		p.beginReload()
		return
	}
	p.manager.ready() // with the new one or with the old one
}

// refuseReload logs every fault at its line.
func (p *program) refuseReload(err error) {
	faults, ok := err.(config.Faults)
	if !ok {
		p.log.Error("not reloaded: the old configuration is served on", "error", err)
		return
	}
	for _, f := range faults {
		p.log.Error(f.Message, "at", f.Place())
	}
	p.log.Error("not reloaded: the old configuration is served on", "file", p.reload.file, "faults", len(faults))
}

// adopt serves l from now on, in one step for each request. What a call of l
// needs of the rest is there before the first can begin.
func (p *program) adopt(l *loaded) {
	for _, w := range l.warnings {
		p.log.Warn(w.Message, "at", w.Place())
	}
	for _, op := range l.service.Operations {
		p.grace = max(p.grace, op.Grace)
		if op.ReplyFrom == config.FromProcess {
			p.located.Store(true)
		}
	}
	p.metrics.Adopt(l.edition.Operations())
	p.adoptPage(l)
	p.visor.SetLimits(l.places())
	p.keepWarm(l)
	p.front.Switch(l.edition)
	p.staff.retain(l.pools)
	p.loaded = l
	p.current.Store(l)
	p.retain()
}

// retain lets go what processes of other configurations were started with.
func (p *program) retain() {
	p.controller.Retain(slices.Collect(maps.Values(p.isolations)))
}
