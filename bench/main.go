// Bench measures urocket against what the machine allows, and against others that
// start a process per request, in one run.
//
//	make bench               everything; writes docs/benchmarks.md and its charts
//	make bench-php           PHP scripts under each driver; writes docs/benchmarks-php.md
//	make bench BENCH=quick   a few rows; fails if urocket falls below its share of the limit
//	bin/bench -only 'limit post|socket' -conns 16,64 -urocket old=/tmp/a,new=bin/urocket
//
// How fast a process can be started differs from machine to machine, and on a
// shared one from minute to minute. So nothing here is judged by the clock: the
// yardstick is the limit (c/limit.c), a C program that starts the same static
// children with vfork, exec and wait4, takes their answers, and does nothing else.
// It runs in the same rounds as what is held against it, and a row's figure is its
// share of the limit. How much of that a server can have at all is measured too: a
// ceiling (c/front.c; package gofront in Go) has callers, HTTP and the same children, and nothing else.
//
// A run has rounds; in each, every row runs once, in an order that is another in
// each round. A row is a server, started afresh, asked for a right answer, driven at
// each number of connections, asked again, and stopped. An answer that is not
// right makes it an error and no figure. Processor time that went to others
// meanwhile is measured (the benchmark and all it starts have a cgroup of their
// own), shown, and makes a run that it has disturbed be done once again.
//
// The parts: measure keeps samples and sums them up, load drives a server, chart
// draws; here are the rows, and the report made of them.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/urocket/urocket/bench/measure"
)

func main() {
	if len(os.Args) > 2 && os.Args[1] == "serve" {
		fail(serve(os.Args[2:]))
		return
	}
	o, err := parseOptions(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err = run(ctx, o)
	stop()
	fail(err)
}

func fail(err error) {
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "bench:", err)
	os.Exit(1)
}

// run does what the options ask for.
func run(ctx context.Context, o options) (err error) {
	if o.rewrite != "" {
		return rewrite(o.rewrite, o.docs, o.writer())
	}
	b, err := newBench(o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	if o.growth != "only" {
		if err := b.rounds(ctx); err != nil {
			return err
		}
		printTable(os.Stdout, &b.results)
	}
	if o.growth != "without" {
		if err := b.growing(ctx); err != nil {
			return err
		}
		printGrowth(os.Stdout, &b.results)
	}
	if o.save != "" {
		if err := save(o.save, &b.results); err != nil {
			return err
		}
	}
	if o.docs != "" {
		if err := o.writer()(o.docs, &b.results); err != nil {
			return err
		}
	}
	if o.quick {
		return guard(&b.results)
	}
	return nil
}

// writer is what writes the report of such a run.
func (o options) writer() func(dir string, r *measure.Results) error {
	if o.php {
		return writePHPReport
	}
	return writeReport
}
