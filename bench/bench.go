package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/bench/load"
	"github.com/urocket/urocket/bench/measure"
)

// A bench is one run: its rows, and what was measured so far.
type bench struct {
	options
	work       string // scratch: children, configurations, logs
	ground     *ground
	bounds     []bound
	contenders []contender
	results    measure.Results
}

func newBench(o options) (b *bench, err error) {
	b = &bench{options: o, ground: newGround()}
	b.results.Conns, b.results.Rounds, b.results.Seconds = o.conns, o.rounds, o.duration.Seconds()
	b.results.Date, b.results.Tool = time.Now().UTC().Format(time.DateOnly), load.Tool()
	if b.work, err = os.MkdirTemp("", "bench-urocket-"); err == nil {
		err = os.Chmod(b.work, 0o755) // servers may run as another user
	}
	if err == nil {
		err = buildChildren(b.work)
	}
	if err != nil {
		return nil, errors.Join(err, b.close())
	}
	if err := b.field(); err != nil {
		return nil, errors.Join(err, b.close())
	}
	if o.save != "" {
		b.results.Machine = b.describe()
	}
	return b, nil
}

// field lines the rows up.
func (b *bench) field() error {
	limits := bounds()
	if b.php {
		limits = b.phpBounds()
		if err := b.buildPHP(); err != nil {
			return err
		}
		for _, u := range b.urockets {
			b.contenders = append(b.contenders, b.phpRows(u)...)
		}
	} else {
		b.contenders = b.ceilingRows()
		for _, u := range b.urockets {
			b.contenders = append(b.contenders, b.urocketRows(u)...)
		}
		b.contenders = append(b.contenders, b.peerRows()...)
	}
	b.choose(limits)
	return nil
}

// choose keeps the rows that were asked for, and the limits that they need.
func (b *bench) choose(limits []bound) {
	wanted := func(name string) bool {
		if b.quick && b.only == nil {
			_, guarded := floorOf(name)
			return guarded
		}
		if b.only != nil {
			return b.only.MatchString(name)
		}
		return true
	}
	needed := map[string]bool{}
	b.contenders = slices.DeleteFunc(b.contenders, func(c contender) bool {
		if !wanted(c.row.Name) {
			return true
		}
		needed[c.row.Limit] = true
		return false
	})
	for _, l := range limits {
		if l.groups && b.ground.dir == "" {
			l.row.Gone = "no cgroup v2 here: " + b.ground.missing
		}
		if needed[l.row.Name] || wanted(l.row.Name) {
			b.bounds = append(b.bounds, l)
			b.results.Rows = append(b.results.Rows, l.row)
		}
	}
	for _, c := range b.contenders {
		b.results.Rows = append(b.results.Rows, c.row)
	}
}

// rounds runs every row once in each round, beginning with another row each time.
func (b *bench) rounds(ctx context.Context) error {
	n := len(b.bounds) + len(b.contenders)
	for round := range b.options.rounds {
		fmt.Fprintf(os.Stderr, "round %d of %d, load average %s\n", round+1, b.options.rounds, loadAverage())
		for i := range n {
			// Limits and servers take turns, so that each server has a limit near it.
			at := (i + round*max(1, n/b.options.rounds)) % n
			if err := b.turn(ctx, interleave(at, len(b.bounds), n)); err != nil {
				return err
			}
		}
	}
	return nil
}

// interleave spreads the first k of n rows evenly over n places: it says which row
// stands at a place.
func interleave(place, k, n int) int {
	before := (place*k + n - 1) / n // how many of the first k stand at places before
	if before < k && before*n/k == place {
		return before
	}
	return k + place - before
}

// turn runs one row.
func (b *bench) turn(ctx context.Context, i int) error {
	unlock, err := takeLock(b.lock)
	if err != nil {
		return err
	}
	defer unlock()
	var row measure.Row
	var samples map[int]measure.Sample
	if i < len(b.bounds) {
		if row = b.bounds[i].row; row.Gone == "" {
			samples = b.bounds[i].run(ctx, b)
		}
	} else {
		c := b.contenders[i-len(b.bounds)]
		if row = c.row; row.Gone == "" {
			samples = b.run(ctx, c)
		}
	}
	for _, n := range b.results.Conns {
		if s, ok := samples[n]; ok {
			b.results.Add(row.Name, n, s)
		}
	}
	progress(row, b.results.Conns, samples)
	return ctx.Err()
}

// takeLock holds a lock on a file while others measure here too; "" is none.
func takeLock(file string) (unlock func(), err error) {
	if file == "" {
		return func() {}, nil
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR|unix.O_CLOEXEC, 0o644)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", file, err), f.Close())
	}
	return func() { _ = f.Close() }, nil
}

func (b *bench) close() error {
	return errors.Join(b.ground.close(), os.RemoveAll(b.work))
}
