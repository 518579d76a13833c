package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// options are what the command line and the environment ask for.
type options struct {
	quick    bool
	php      bool   // the rows of PHP in place of all others
	fastexit string // contrib/fastexit, built; "": it is not
	growth   string // with: the curves too; without; only
	only     *regexp.Regexp
	rounds   int
	duration time.Duration
	conns    []int
	urockets []binary
	peers    string // directory of peers that go install has made
	lock     string
	docs     string // where the report goes; empty: none is written
	save     string // where the figures go
	rewrite  string // figures of an earlier run, to write the report of
}

// A binary is a build of urocket.
type binary struct{ name, path string }

func parseOptions(args []string) (o options, err error) {
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.BoolVar(&o.quick, "quick", false, "a few rows only; fail if urocket is below its floor")
	fs.StringVar(&o.growth, "growth", "", "with, without or only: whether the curves are measured (default with; quick, or a choice of rows: without)")
	fs.BoolVar(&o.php, "php", false, "measure PHP scripts under each driver, and nothing else")
	fs.StringVar(&o.fastexit, "fastexit", "", "the `file` of the extension of contrib/fastexit")
	only := fs.String("only", "", "rows whose names match this `regexp`, and the limits they need")
	fs.IntVar(&o.rounds, "rounds", 5, "how often each row runs")
	fs.DurationVar(&o.duration, "d", 0, "how long one load lasts; whole seconds (default 2s; quick: 1s)")
	conns := fs.String("conns", "", "numbers of connections (default 1,16,64; quick: 16,64)")
	binaries := fs.String("urocket", cmp.Or(os.Getenv("UROCKET_BIN"), "bin/urocket"), "`PATH`, or NAME=PATH,NAME=PATH to compare builds (env UROCKET_BIN)")
	fs.StringVar(&o.peers, "peers", "bin/peers", "`directory` of peers made by go install")
	fs.StringVar(&o.lock, "lock", os.Getenv("BENCH_LOCK"), "hold a lock on this `file` while a row runs, for machines on which others measure too (env BENCH_LOCK)")
	fs.StringVar(&o.docs, "docs", "", "write the report to this `directory` (default docs; quick, or a choice of rows: none)")
	fs.StringVar(&o.save, "save", "", "keep the figures in this `file` (default bin/bench.json, if a report is written)")
	fs.StringVar(&o.rewrite, "rewrite", "", "measure nothing, write the report of the figures in this `file`")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	if fs.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	if *only != "" {
		if o.only, err = regexp.Compile(*only); err != nil {
			return o, fmt.Errorf("-only: %w", err)
		}
	}
	o.urockets = parseBinaries(*binaries)
	if o.conns, err = parseInts(cmp.Or(*conns, o.usualConns())); err != nil {
		return o, fmt.Errorf("-conns: %w", err)
	}
	o.complete()
	if o.duration == 0 {
		o.duration, _ = time.ParseDuration(o.either("1s", "2s"))
	}
	if o.rounds < 1 || o.duration < time.Second {
		return o, fmt.Errorf("at least one round and one second")
	}
	return o, nil
}

// complete fills in what follows from the rest: a run of some rows only is for who looks
// at it, one of all makes the report.
func (o *options) complete() {
	some := o.quick || o.only != nil
	if o.php {
		o.growth = "without"
		if !some && o.docs == "" || o.rewrite != "" {
			o.docs = "docs"
		}
		if o.save == "" && o.docs != "" {
			o.save = "bin/bench-php.json"
		}
		return
	}
	if o.growth == "" {
		o.growth = "with"
		if some {
			o.growth = "without"
		}
	}
	if o.docs == "" && (!some && o.growth == "with" || o.rewrite != "") {
		o.docs = "docs"
	}
	if o.save == "" && o.docs != "" {
		o.save = "bin/bench.json"
	}
}

func (o options) usualConns() string {
	if o.php {
		return "1,4"
	}
	return o.either("16,64", "1,16,64")
}

func (o options) either(quick, full string) string {
	if o.quick {
		return quick
	}
	return full
}

// parseBinaries reads PATH or NAME=PATH,NAME=PATH.
func parseBinaries(list string) (of []binary) {
	for item := range strings.SplitSeq(list, ",") {
		name, path, named := strings.Cut(item, "=")
		if !named {
			name, path = "urocket", item
		}
		of = append(of, binary{name, path})
	}
	return of
}

func parseInts(list string) (of []int, err error) {
	for item := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(item))
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%q is no number of connections", item)
		}
		of = append(of, n)
	}
	return of, nil
}
