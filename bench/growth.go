package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/urocket/urocket/bench/load"
	"github.com/urocket/urocket/bench/measure"
)

// growthRounds is how often each point of a curve is measured. The points take
// turns, as rows do.
const growthRounds = 3

// A stage is one point of a curve: an urocket, what it is asked, and how many
// callers wait meanwhile.
type stage struct {
	x       int
	start   func(*site) (url string, err error)
	job     load.Job
	waiting int
}

// A growth is a curve to be measured.
type growth struct {
	curve  measure.Curve
	stages []stage
}

// growing measures how things grow, and what there is before anything does.
func (b *bench) growing(ctx context.Context) error {
	idle, err := b.idle(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "  the example, idle: not measured:", err)
	}
	b.results.Idle = idle
	return b.grow(ctx)
}

// grow measures the curves of the first build of urocket that was named.
func (b *bench) grow(ctx context.Context) error {
	raiseDescriptors()
	for _, g := range b.growths() {
		if b.only != nil && !b.only.MatchString("growth: "+g.curve.Name) {
			continue
		}
		for _, s := range g.stages {
			g.curve.Points = append(g.curve.Points, measure.Point{X: float64(s.x)})
		}
		for range growthRounds {
			for i, s := range g.stages {
				sample, perCaller, err := b.stage(ctx, s)
				if err != nil {
					sample.Err = err.Error()
				}
				p := &g.curve.Points[i]
				p.Samples = append(p.Samples, sample)
				if s.waiting > 0 && err == nil {
					p.PerCaller = append(p.PerCaller, perCaller)
				}
				progress(measure.Row{Name: fmt.Sprintf("%s %d", g.curve.Name, s.x)}, []int{s.job.Conns}, map[int]measure.Sample{s.job.Conns: sample})
				if ctx.Err() != nil {
					return ctx.Err()
				}
			}
		}
		b.results.Growth = append(b.results.Growth, g.curve)
	}
	return nil
}

// stage measures one point once. perCaller is what each of those who wait holds of
// urocket's memory, bytes.
func (b *bench) stage(ctx context.Context, st stage) (sample measure.Sample, perCaller float64, err error) {
	unlock, err := takeLock(b.lock)
	if err != nil {
		return sample, 0, err
	}
	defer unlock()
	s, err := b.newSite("growth")
	if err != nil {
		return sample, 0, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	url, err := st.start(s)
	if err != nil {
		return sample, 0, err
	}
	st.job.URL = url + st.job.URL
	if err := settle(ctx, st.job); err != nil {
		return sample, 0, fmt.Errorf("%w: %s", err, s.lastWords())
	}
	gateway := []int{s.procs[0].Process.Pid}
	before := resident(gateway)
	callers, err := queue(s, st.waiting)
	if err != nil {
		return sample, 0, err
	}
	defer callers.leave()
	if st.waiting > 0 {
		perCaller = (resident(gateway) - before) * (1 << 20) / float64(st.waiting)
	}
	w := s.ground.watch(rowGroup)
	r, err := load.Run(ctx, st.job, (*exec.Cmd).Start)
	cpu, foreign := w.end()
	return sampleOf(r, cpu, foreign, resident(gateway)), perCaller, errors.Join(err, callers.allWait())
}

// settle waits until the server answers, and lets it answer for a while: what it
// makes at first is not what grows.
func settle(ctx context.Context, job load.Job) (err error) {
	job.Own, job.Duration = true, 300*time.Millisecond
	for range 100 {
		var r load.Result
		if r, err = load.Run(ctx, job, nil); err == nil {
			err = r.Fault()
		}
		if err == nil || ctx.Err() != nil {
			return err
		}
	}
	return err
}

// idle is what an urocket that serves the example holds when nobody calls, MiB.
func (b *bench) idle(ctx context.Context) (mib float64, err error) {
	s, err := b.newSite("idle")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if err := copyExample(s); err != nil {
		return 0, err
	}
	if err := s.start(b.urocket(), "run", "-c", s.file("examples/urocket-service.yaml")); err != nil {
		return 0, err
	}
	for range 100 {
		time.Sleep(50 * time.Millisecond)
		if _, err = os.Stat(s.file("sock")); err == nil || ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		return 0, fmt.Errorf("%w: %s", err, s.lastWords())
	}
	time.Sleep(time.Second)
	return resident([]int{s.procs[0].Process.Pid}), nil
}
