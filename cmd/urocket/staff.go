package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/urocket/urocket/backserv"
	"github.com/urocket/urocket/config"
	"github.com/urocket/urocket/frontserv"
	"github.com/urocket/urocket/processctl"
	"github.com/urocket/urocket/processctl/worker"
)

// staff is the pools of workers that there are: those of the configuration that is
// served, of one that is being loaded, and of earlier ones whose last callers have not
// been answered.
type staff struct {
	log        *slog.Logger
	controller *processctl.Controller

	mu     sync.Mutex
	pools  map[*worker.Pool]time.Time // with when they were retired; zero: they are not
	closed bool
}

func newStaff(log *slog.Logger, c *processctl.Controller) *staff {
	return &staff{log: log, controller: c, pools: map[*worker.Pool]time.Time{}}
}

// staff gives the operations of l their workers. Those that running has as well keep
// theirs. What is new is waited for where something runs that it is to replace: the
// error says which of it cannot be started, and then all of it is let go.
func (l *loaded) staff(s *staff, running *loaded) error {
	l.pools = map[*config.Operation]*worker.Pool{}
	var fresh []*config.Operation
	for i, op := range l.service.Operations {
		if op.Driver != config.DriverWorker {
			continue
		}
		pool := running.poolOf(op)
		if pool == nil {
			pool = s.open(l.poolOptions(op, &l.options.Routes[i], s))
			fresh = append(fresh, op)
		}
		l.pools[op] = pool
		l.edition.UsePool(op.Path, op.Method, pool)
	}
	if running == nil {
		return nil
	}
	return l.await(s, fresh)
}

// await waits for the first of each new pool's workers.
func (l *loaded) await(s *staff, fresh []*config.Operation) error {
	var faults config.Faults
	for _, op := range fresh {
		late, cancel := context.WithTimeout(context.Background(), op.Worker.BootTimeout+lastAnswers)
		err := l.pools[op].Await(late)
		cancel()
		if err != nil {
			faults = append(faults, l.service.FaultAt(op.Path, op.Method, "cmd", fmt.Sprintf("%v; the workers that run go on", err)))
		}
	}
	if len(faults) == 0 {
		return nil
	}
	for _, op := range fresh {
		s.retire(l.pools[op])
	}
	return faults
}

// poolOf is the pool that has the workers which an operation wants; nil: there is none.
func (l *loaded) poolOf(op *config.Operation) *worker.Pool {
	if l == nil {
		return nil
	}
	for have, pool := range l.pools {
		if have.SameWorkers(op) {
			return pool
		}
	}
	return nil
}

func (l *loaded) poolOptions(op *config.Operation, r *frontserv.Route, s *staff) worker.Options {
	w := op.Worker
	log := s.log.With("method", op.Method, "path", op.Path)
	options := worker.Options{
		Start: s.controller.Start, Spec: l.options.WorkerSpec(r),
		Min: w.Min, Max: w.Max, MaxRequests: w.MaxRequests, MaxAge: w.MaxAge, MaxMemory: w.MaxMemory, BootTimeout: w.BootTimeout,
		Notify: func(e worker.Event) { logWorker(log, e) },
	}
	if op.LogStdout {
		options.Line = func(l processctl.Line) { log.Info("output", "stream", l.Stream.String(), "text", string(l.Text)) }
	}
	return options
}

// logWorker tells what has happened to a worker.
func logWorker(log *slog.Logger, e worker.Event) {
	attrs := []any{"pid", e.PID}
	if e.Err != nil {
		attrs = append(attrs, "error", e.Err)
	}
	if len(e.Output) > 0 {
		attrs = append(attrs, "last_output", string(e.Output))
	}
	switch e.Kind {
	case worker.Ready:
		log.Debug("worker ready", attrs...)
	case worker.BootFailed:
		log.Error("a worker could not be started", append(attrs, "in_a_row", e.Failures)...)
	case worker.Failing:
		if e.GivenUp {
			log.Error("what was started is no worker: callers are refused until a reload or a restart", append(attrs,
				"hint", "a worker says on descriptor 3 that it is ready, see docs/worker.md; a script that runs once wants driver: spawn or fork")...)
			return
		}
		log.Error("no worker can be started: callers are refused until one can", attrs...)
	case worker.Recovered:
		log.Info("workers can be started again", attrs...)
	case worker.Ended:
		level := slog.LevelInfo
		if e.Err != nil || e.Reason == worker.ReasonTimeout {
			level = slog.LevelWarn
		}
		log.Log(context.Background(), level, "worker ended", append(attrs, "reason", e.Reason.String())...)
	}
}

// open makes a pool. Once the staff is dismissed it starts nothing any more.
func (s *staff) open(o worker.Options) *worker.Pool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		o.Min = 0
	}
	p := worker.New(o)
	s.pools[p] = time.Time{}
	return p
}

// retire lets a pool run dry.
func (s *staff) retire(p *worker.Pool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.retireLocked(p)
}

func (s *staff) retireLocked(p *worker.Pool) {
	if s.pools[p].IsZero() {
		s.pools[p] = time.Now()
		p.Retire()
	}
}

// forgetAfter is when nobody can come to a retired pool any more, who was on his way.
const forgetAfter = time.Hour

// retain retires all pools but these, and forgets those that are empty.
func (s *staff) retain(pools map[*config.Operation]*worker.Pool) {
	keep := map[*worker.Pool]bool{}
	for _, p := range pools {
		keep[p] = true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for p, retired := range s.pools {
		switch {
		case keep[p]:
			p.Revive()
		case !retired.IsZero() && time.Since(retired) > forgetAfter && p.Empty():
			delete(s.pools, p)
		default:
			s.retireLocked(p)
		}
	}
}

// dismiss retires all pools, and those that are opened from now on.
func (s *staff) dismiss() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for p := range s.pools {
		s.retireLocked(p)
	}
}

// close waits until nothing is left of any pool; what is left when ctx is done is killed.
func (s *staff) close(ctx context.Context) {
	s.dismiss()
	s.mu.Lock()
	defer s.mu.Unlock()
	var pools sync.WaitGroup
	for p := range s.pools {
		pools.Go(func() { p.Close(ctx) })
	}
	pools.Wait()
}

// endStaff closes the pools when no call is left.
func (p *program) endStaff(now <-chan struct{}) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	over := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case <-now:
			cancel()
		case <-over:
		}
	})
	p.staff.close(ctx)
	close(over)
	watch.Wait()
}

// ready says why calls would not be served now; nil: they would.
func (p *program) ready() error {
	for op, pool := range p.current.Load().pools {
		if err := pool.Ready(); err != nil {
			return fmt.Errorf("%s %s: %w", op.Method, op.Path, err)
		}
	}
	return nil
}

// poolStates are the pools as the socket shows them.
func (p *program) poolStates() []backserv.Pool {
	l := p.current.Load()
	var list []backserv.Pool
	for _, op := range l.service.Operations {
		if pool := l.pools[op]; pool != nil {
			list = append(list, backserv.NewPool(op.Path, op.Method, p.visor.Waiting(op.Path, op.Method), pool.Stats()))
		}
	}
	return list
}
