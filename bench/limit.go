package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/urocket/urocket/bench/measure"
)

// A bound is a row that is a limit: children started by c/limit.c.
type bound struct {
	row    measure.Row
	child  string   // one of ours
	argv   []string // or any program, with its arguments
	post   bool     // the child answers on a socket; else it prints
	groups bool     // a cgroup for each child
}

const (
	limitPostGroup  = "limit: post, cgroup each"
	limitPost       = "limit: post"
	limitPrintGroup = "limit: print, cgroup each"
	limitPrint      = "limit: print"
)

func bounds() []bound {
	row := func(name, note string) measure.Row { return measure.Row{Name: name, Group: "limit", Note: note} }
	return []bound{
		{row: row(limitPostGroup, "mkdir, clone3 into the group, exec, accept, read, write, wait4, rmdir"), child: "child-post", post: true, groups: true},
		{row: row(limitPost, "vfork, exec, accept, read, write, wait4"), child: "child-post", post: true, groups: false},
		{row: row(limitPrintGroup, "mkdir, pipe, clone3 into the group, exec, read, wait4, rmdir"), child: "child-print", post: false, groups: true},
		{row: row(limitPrint, "pipe, vfork, exec, read, wait4"), child: "child-print", post: false, groups: false},
	}
}

// run measures a limit: at one connection with one thread, at more with whichever
// of 1, 2 and 4 threads is best now.
func (l bound) run(ctx context.Context, b *bench) map[int]measure.Sample {
	samples, threads := map[int]measure.Sample{}, map[int]measure.Sample{}
	for _, n := range b.results.Conns {
		var tried []measure.Sample
		for _, t := range []int{1, 2, 4} {
			if t > n || b.quick && t == 1 && n > 1 {
				continue
			}
			if _, done := threads[t]; !done {
				threads[t] = l.measure(ctx, b, t)
			}
			tried = append(tried, threads[t])
		}
		samples[n] = measure.Best(tried...)
	}
	return samples
}

func (l bound) measure(ctx context.Context, b *bench, threads int) measure.Sample {
	s, err := b.calm(func() (measure.Sample, error) { return l.once(ctx, b, threads) })
	if err != nil {
		return measure.Sample{Err: err.Error()}
	}
	return s
}

// limitGroup is the cgroup of a limit that runs.
const limitGroup = "limit"

func (l bound) once(ctx context.Context, b *bench, threads int) (s measure.Sample, err error) {
	c := exec.CommandContext(ctx, filepath.Join(b.work, "limit"), "-t", strconv.Itoa(threads), "-d", strconv.FormatFloat(b.duration.Seconds(), 'f', 1, 64))
	if b.ground.dir != "" {
		defer func() { err = errors.Join(err, b.ground.remove(limitGroup)) }()
		leaf, groups, err := b.ground.parentOf(limitGroup)
		if err != nil {
			return s, err
		}
		defer func() { _ = leaf.Close() }()
		c.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(leaf.Fd())}
		if l.groups {
			c.Args = append(c.Args, "-g", groups)
		}
	}
	if l.post {
		c.Args = append(c.Args, "-s", filepath.Join(b.work, "limit.sock"))
	}
	c.Args = append(c.Args, "--")
	if l.argv == nil {
		l.argv = []string{filepath.Join(b.work, l.child), question}
	}
	c.Args = append(c.Args, l.argv...)
	var out, fault bytes.Buffer
	c.Stdout, c.Stderr = &out, &fault
	w := b.ground.watch(limitGroup)
	err = c.Run()
	cpu, foreign := w.end()
	if err != nil {
		return s, fmt.Errorf("limit: %w: %s", err, bytes.TrimSpace(fault.Bytes()))
	}
	s, n := parseLimit(out.String())
	s.Foreign = foreign
	if n > 0 {
		s.CPU = float64(cpu.Microseconds()) / n
	}
	return s, nil
}

// The groups that parentOf makes.
const (
	mainGroup     = "main"
	childrenGroup = "groups"
)

// parentOf makes, in the group of a row that starts children, a group for the row itself,
// and a directory for those of its children: as deep as urocket's are, and with the same
// controllers. A group that hands controllers down can have no processes, hence the leaf.
func (g *ground) parentOf(row string) (leaf *os.File, groups string, err error) {
	top, err := g.group(row)
	if err != nil {
		return nil, "", err
	}
	handDown(top)
	if groups, err = g.group(filepath.Join(row, childrenGroup)); err != nil {
		return nil, "", err
	}
	handDown(groups)
	main, err := g.group(filepath.Join(row, mainGroup))
	if err != nil {
		return nil, "", err
	}
	leaf, err = os.Open(main)
	return leaf, groups, err
}

// parseLimit reads the line that limit prints, and says how many children there were.
func parseLimit(line string) (s measure.Sample, n float64) {
	v := map[string]float64{}
	for word := range strings.FieldsSeq(line) {
		key, value, _ := strings.Cut(word, "=")
		v[key], _ = strconv.ParseFloat(value, 64)
	}
	s = measure.Sample{Rate: v["rate"], P50: v["p50us"] / 1000, P99: v["p99us"] / 1000}
	if v["err"] > 0 || v["n"] == 0 {
		s.Err = fmt.Sprintf("%.0f of %.0f children failed", v["err"], v["n"])
	}
	return s, v["n"]
}
