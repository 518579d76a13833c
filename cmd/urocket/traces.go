package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/urocket/urocket/frontserv"
	"github.com/urocket/urocket/metrics"
	"github.com/urocket/urocket/tracing"
)

// trace begins to export what happens to calls, if the environment asks for it.
func (p *program) trace(l *loaded) error {
	e, err := tracing.New(tracing.Options{Service: l.service.Name, Version: buildVersion(), Logger: p.log})
	if err = l.tolerate(err); err != nil {
		return err
	}
	if l.tracesElsewhere() {
		p.log.Warn("traces are not exported by urocket, which was built without them (make build TAGS=otel); the variables that ask for it are passed on")
	}
	if e == nil {
		return nil
	}
	p.traces = e
	p.front.Trace(func(caller frontserv.TraceContext, at time.Time) frontserv.Span {
		s := e.Begin(caller.Parent, caller.State, at)
		return frontserv.Span{
			Context: frontserv.TraceContext{Parent: s.Traceparent(), State: s.Tracestate()},
			End:     func(o frontserv.Outcome) { s.End(tracing.Call(o)) },
		}
	})
	return nil
}

// checkTraces says why traces could not be exported as the environment wants it.
func (l *loaded) checkTraces() error { return l.tolerate(tracing.Check()) }

// tolerate lets an environment pass that asks for traces of a program without them, if
// an operation passes the variable on: then it is there for scripts.
func (l *loaded) tolerate(err error) error {
	var wrong *tracing.SettingError
	if !errors.As(err, &wrong) || !wrong.Unbuilt {
		return err
	}
	for _, r := range l.options.Routes {
		for _, entry := range r.PassEnv {
			if strings.HasPrefix(entry, wrong.Variable+"=") {
				return nil
			}
		}
	}
	return err
}

// tracesElsewhere says whether an environment is tolerated.
func (l *loaded) tracesElsewhere() bool { return tracing.Check() != nil && l.checkTraces() == nil }

// countSpans tells the metrics what has become of spans; nil: there are none.
func (p *program) countSpans() func() metrics.Spans {
	if p.traces == nil {
		return nil
	}
	return func() metrics.Spans { return metrics.Spans(p.traces.Counts()) }
}

// endTraces sends what there is still to be sent. A collector has little time for that,
// and none once now is closed.
func (p *program) endTraces(now <-chan struct{}) error {
	if p.traces == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), lastAnswers)
	defer cancel()
	over := make(chan struct{})
	go func() {
		defer close(over)
		select {
		case <-now:
			cancel()
		case <-ctx.Done():
		}
	}()
	err := p.traces.Close(ctx)
	cancel()
	<-over
	return err
}
