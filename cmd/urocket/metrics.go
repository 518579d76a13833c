package main

import (
	"github.com/urocket/urocket/frontserv"
	"github.com/urocket/urocket/metrics"
	"github.com/urocket/urocket/processctl/worker"
)

// measure begins to count what happens to calls. What is counted of them is told
// by frontserv and backserv; the rest is asked for when somebody wants to see it.
func (p *program) measure(l *loaded) {
	level, _ := l.controller.Level()
	p.metrics = metrics.New(metrics.Options{
		Service: l.service.Name, Version: buildVersion(), Level: level.String(),
		Places: p.visor.Occupancy, Draining: p.visor.Draining,
		DroppedLines: p.lines.lost.Load, Total: l.controller.Total, Pools: p.measurePools, Spans: p.countSpans(),
		Logger: p.log,
	})
	p.front.Observe(func(o frontserv.Outcome) {
		p.asked()
		p.metrics.Count(metrics.Call{
			Operation: o.Operation, Status: o.Status, Problem: o.Problem, BrokenOff: o.BrokenOff, Answered: o.Answered, Summary: o.Summary,
		})
		if p.page != nil {
			p.page.Count(pageCall(o))
		}
	})
}

// measurePools tells of the workers of the configuration that is in force.
func (p *program) measurePools() (list []metrics.Pool) {
	l := p.current.Load()
	if l == nil {
		return nil // not yet
	}
	for op, pool := range l.pools {
		list = append(list, measuredPool(op.Path, op.Method, pool.Stats()))
	}
	return list
}

func measuredPool(path, method string, s worker.Stats) metrics.Pool {
	p := metrics.Pool{
		Path: path, Method: method, Driver: "worker", Max: s.Max, Failing: s.Failing != nil,
		States: map[string]int{"booting": s.Booting, "idle": s.Alive - s.Busy, "busy": s.Busy, "ending": s.Ending},
		Ended:  map[string]int64{}, Requests: map[string]int64{},
	}
	for reason, n := range s.Ends {
		p.Ended[reason.String()] = n
	}
	for outcome, n := range s.Outcomes {
		p.Requests[outcome.String()] = n
	}
	return p
}
