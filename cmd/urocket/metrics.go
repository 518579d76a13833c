package main

import (
	"github.com/urocket/urocket/frontserv"
	"github.com/urocket/urocket/metrics"
)

// measure begins to count what happens to calls. What is counted of them is told
// by frontserv and backserv; the rest is asked for when somebody wants to see it.
func (p *program) measure(l *loaded) {
	level, _ := l.controller.Level()
	p.metrics = metrics.New(metrics.Options{
		Service: l.service.Name, Version: buildVersion(), Level: level.String(),
		Places: p.visor.Occupancy, Draining: p.visor.Draining,
		DroppedLines: p.lines.lost.Load, Total: l.controller.Total,
		Logger: p.log,
	})
	p.front.Observe(func(o frontserv.Outcome) { p.metrics.Count(metrics.Call(o)) })
}
