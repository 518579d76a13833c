package cgroup

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Limits are what a group's processes may use together. Zero values and nil
// pointers set nothing.
type Limits struct {
	Memory    int64    // memory.max in bytes; swap is then off unless Swap says otherwise
	Swap      *int64   // memory.swap.max in bytes
	PIDs      int      // pids.max; counts threads
	CPUs      float64  // cpu.max: processors' worth of time in each 100 ms
	CPUWeight int      // cpu.weight, 1 to 10000
	IOMax     []string // lines of io.max: "MAJ:MIN key=value ..."
	IOWeight  int      // io.weight, 1 to 10000

	// BestEffort leaves out what the kernel refuses, a device that is not there for
	// example.
	BestEffort bool
}

// Controllers lists the controllers that the limits need.
func (l Limits) Controllers() []string {
	var names []string
	if l.Memory > 0 || l.Swap != nil {
		names = append(names, "memory")
	}
	if l.PIDs > 0 {
		names = append(names, "pids")
	}
	if l.CPUs > 0 || l.CPUWeight > 0 {
		names = append(names, "cpu")
	}
	if len(l.IOMax) > 0 || l.IOWeight > 0 {
		names = append(names, "io")
	}
	return names
}

// Possible leaves of the limits those whose controllers the parent has.
func (p *Parent) Possible(l Limits) Limits {
	for _, c := range p.Missing(l) {
		switch c {
		case "memory":
			l.Memory, l.Swap = 0, nil
		case "pids":
			l.PIDs = 0
		case "cpu":
			l.CPUs, l.CPUWeight = 0, 0
		case "io":
			l.IOMax, l.IOWeight = nil, 0
		}
	}
	return l
}

// cpuPeriod is the period of cpu.max in microseconds, the kernel's default.
const cpuPeriod = 100_000

// setting is one line to be written into one file of a group.
type setting struct{ file, value string }

func (l Limits) settings() []setting {
	var list []setting
	add := func(file, value string) { list = append(list, setting{file, value}) }
	if l.Memory > 0 {
		add("memory.max", strconv.FormatInt(l.Memory, 10))
		// One process less does not help a script: its group dies as a whole.
		add("memory.oom.group", "1")
		if l.Swap == nil {
			add("memory.swap.max", "0")
		}
	}
	if l.Swap != nil {
		add("memory.swap.max", strconv.FormatInt(*l.Swap, 10))
	}
	if l.PIDs > 0 {
		add("pids.max", strconv.Itoa(l.PIDs))
	}
	if l.CPUs > 0 {
		add("cpu.max", fmt.Sprintf("%d %d", int64(l.CPUs*cpuPeriod), cpuPeriod))
	}
	if l.CPUWeight > 0 {
		add("cpu.weight", strconv.Itoa(l.CPUWeight))
	}
	for _, line := range l.IOMax {
		add("io.max", line)
	}
	if l.IOWeight > 0 {
		add("io.weight", "default "+strconv.Itoa(l.IOWeight))
	}
	return list
}

// LimitError says which limit the kernel has refused.
type LimitError struct {
	File, Value string // io.max, 8:0 rbps=1
	Err         error
}

func (e *LimitError) Error() string { return fmt.Sprintf("set %s to %q: %v", e.File, e.Value, e.Err) }
func (e *LimitError) Unwrap() error { return e.Err }

// Try proves, on a group of its own, that limits can be set here. The error is a
// [*LimitError] where the kernel has refused one.
func (p *Parent) Try(l Limits) error {
	g, err := p.NewGroup()
	if err != nil {
		return err
	}
	l.BestEffort = false
	return errors.Join(g.Limit(p.Possible(l)), g.Remove())
}

// Limit writes limits into a group that nothing has entered yet. A controller that
// was there at the start and was taken away is turned on again.
func (g *Group) Limit(l Limits) error {
	err := g.limit(l, func(err error) bool { return l.BestEffort && !errors.Is(err, unix.ENOENT) })
	if errors.Is(err, unix.ENOENT) {
		if err := g.parent.giveBack(); err != nil {
			return err
		}
		err = g.limit(l, func(error) bool { return l.BestEffort })
	}
	return err
}

// limit writes them, but for those whose errors can be left out.
func (g *Group) limit(l Limits, leave func(error) bool) error {
	for _, s := range l.settings() {
		if err := writeFile(g.FD(), s.file, s.value); err != nil {
			// A kernel without swap accounting has nothing to limit.
			if s.file == "memory.swap.max" && errors.Is(err, unix.ENOENT) || leave(err) {
				continue
			}
			return &LimitError{File: s.file, Value: s.value, Err: err}
		}
	}
	return nil
}

func writeFile(dirfd int, name, value string) error {
	fd, err := unix.Openat(dirfd, name, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	_, err = unix.Write(fd, []byte(value))
	return errors.Join(err, unix.Close(fd))
}

// wanted are the controllers that urocket has a use for.
var wanted = []string{"memory", "pids", "cpu", "io"}

// enable turns controllers on for the children of dir, one by one: a list is
// refused as a whole. It returns those that are on afterwards.
func enable(dir place, controllers []string) []string {
	control := dir.subtreeControl()
	for _, c := range controllers {
		_ = os.WriteFile(control, []byte("+"+c), 0)
	}
	return listed(control)
}

// listed reads a file of blank separated words.
func listed(file string) []string {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	return strings.Fields(string(text))
}
