package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"slices"
	"time"

	"github.com/urocket/urocket/bench/load"
	"github.com/urocket/urocket/bench/measure"
)

// A contender is a row that is a server.
type contender struct {
	row measure.Row
	// ways to start it. At each number of connections the one that is best counts.
	ways []way
	// after looks, when it has stopped, whether all is as it should be. answers have been
	// counted by the caller, at most cut requests were given up by him.
	after func(s *site, answers, cut int64) error
}

// A way is one to start a server.
type way struct {
	// start starts it and says what is to be asked.
	start func(*site) (url string, err error)
	// fits says whether it is tried at so many connections; nil: at any.
	fits func(conns int) bool
}

// question is the body of every request.
const question = `{"ping":"hello"}`

// run measures a contender at each number of connections. What fails makes an error of it,
// even if it was done better in another way.
func (b *bench) run(ctx context.Context, c contender) map[int]measure.Sample {
	best := map[int]measure.Sample{}
	for _, w := range c.ways {
		for n, s := range b.try(ctx, c, w) {
			if before, done := best[n]; !done || before.Err == "" && (s.Err != "" || s.Rate > before.Rate) {
				best[n] = s
			}
		}
	}
	return best
}

// try starts a contender in one way, and measures it at the numbers of connections that fit,
// one after the other. What fails makes errors of all of these samples.
func (b *bench) try(ctx context.Context, c contender, w way) map[int]measure.Sample {
	samples := map[int]measure.Sample{}
	conns := slices.DeleteFunc(slices.Clone(b.results.Conns), func(n int) bool { return w.fits != nil && !w.fits(n) })
	if len(conns) == 0 {
		return nil
	}
	if err := b.drive(ctx, c, w, conns, samples); err != nil {
		for _, n := range conns {
			samples[n] = measure.Sample{Err: err.Error()}
		}
	}
	return samples
}

func (b *bench) drive(ctx context.Context, c contender, w way, conns []int, samples map[int]measure.Sample) (err error) {
	s, err := b.newSite(c.row.Name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	url, err := w.start(s)
	if err != nil {
		return err
	}
	if err := awaitAnswer(ctx, url); err != nil {
		return fmt.Errorf("%w: %s", err, s.lastWords())
	}
	answers, cut, err := b.loads(ctx, s, url, conns, samples)
	if err != nil {
		return err
	}
	if err := rightAnswer(ctx, url); err != nil {
		return fmt.Errorf("after the load: %w", err)
	}
	err = s.stop()
	if c.after == nil {
		return nil // how a peer ends is no matter of ours
	}
	if err != nil {
		return err
	}
	return c.after(s, answers+2, cut)
}

// loads drives a server that runs. It counts the answers that it was given.
func (b *bench) loads(ctx context.Context, s *site, url string, conns []int, samples map[int]measure.Sample) (answers, cut int64, err error) {
	warm, err := load.Run(ctx, load.Job{URL: url, Body: []byte(question), ContentType: "application/json", Conns: 8, Duration: 300 * time.Millisecond, Own: true}, nil)
	if err != nil {
		return 0, 0, err
	}
	answers = warm.Answers
	for _, n := range conns {
		job := load.Job{URL: url, Body: []byte(question), ContentType: "application/json", Conns: n, Duration: b.duration}
		samples[n], err = b.calm(func() (measure.Sample, error) {
			cut += int64(n)
			w := s.ground.watch(rowGroup)
			r, err := load.Run(ctx, job, (*exec.Cmd).Start)
			cpu, foreign := w.end()
			answers += r.Answers
			return sampleOf(r, cpu, foreign, resident(s.pids())), err
		})
		if err != nil {
			return 0, 0, err
		}
		if b.php && n == 1 {
			alone, err := b.alone(ctx, job)
			if err != nil {
				return 0, 0, err
			}
			answers, cut = answers+alone.Answers, cut+1
			one := samples[n]
			one.Alone = ms(alone.P50)
			samples[n] = one
		}
	}
	return answers, cut, nil
}

// pause is how long nothing is asked between one call and the next: long enough for what a PHP
// does after its answer, and for another to be started in its place.
const pause = 60 * time.Millisecond

// alone drives a server by one call at a time, with a pause behind each: what a call costs after its answer
// is not counted to the next one.
func (b *bench) alone(ctx context.Context, j load.Job) (load.Result, error) {
	j.Own, j.Pause = true, pause
	return load.Run(ctx, j, nil)
}

func sampleOf(r load.Result, cpu time.Duration, foreign, rss float64) measure.Sample {
	s := measure.Sample{Rate: r.Rate, P50: ms(r.P50), P99: ms(r.P99), RSS: rss, Foreign: foreign}
	if r.Answers > 0 {
		s.CPU = float64(cpu.Microseconds()) / float64(r.Answers)
	}
	if err := r.Fault(); err != nil {
		s.Err = err.Error()
	}
	return s
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// disturbed is the share of processor time in other hands from which on a figure is
// taken a second time.
const disturbed = 0.10

// calm takes a figure, and once more if the first was disturbed or is none; of two
// it is the one with less of others in it.
func (b *bench) calm(take func() (measure.Sample, error)) (measure.Sample, error) {
	first, err := take()
	if err != nil || first.Err == "" && first.Foreign <= disturbed {
		return first, err
	}
	second, err := take()
	if err != nil || second.Err != "" || first.Err == "" && first.Foreign <= second.Foreign {
		return first, err
	}
	return second, nil
}

// awaitAnswer waits until a server that was just started answers.
func awaitAnswer(ctx context.Context, url string) (err error) {
	for range 200 {
		if err = rightAnswer(ctx, url); err == nil || ctx.Err() != nil {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
	return err
}

// rightAnswer asks once, and looks at the answer.
func rightAnswer(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader([]byte(question)))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK || !bytes.Contains(body, []byte(`"ok":true`)) {
		return fmt.Errorf("not the right answer: %d %.100q", resp.StatusCode, body)
	}
	return nil
}
