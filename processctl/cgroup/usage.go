package cgroup

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/processctl/brief"
)

// Usage is what a group's processes, living and dead, have used.
type Usage struct {
	CPU    time.Duration // user and system time, all processes
	Memory int64         // memory.peak in bytes; 0 without the memory controller
	OOM    bool          // the kernel killed a process of the group for its memory limit

	// Refused is how often the kernel refused a process or thread of the group
	// another one for pids.max (pids.events): the group's own, or that of a group
	// above it on kernels before 6.12.
	Refused int64
}

// Usage reads the group's counters.
func (g *Group) Usage() (Usage, error) {
	var u Usage
	usec, err := g.value("cpu.stat", "usage_usec")
	if err != nil {
		return u, err
	}
	u.CPU = time.Duration(usec) * time.Microsecond
	if len(g.parent.controllers) == 0 {
		return u, nil
	}
	if peak, err := g.value("memory.peak", ""); err == nil {
		u.Memory = peak
		kills, _ := g.value("memory.events", "oom_kill")
		u.OOM = kills > 0
	}
	u.Refused, _ = g.value("pids.events", "max") // 0 without the pids controller
	return u, nil
}

// CPU is what the group's processes have used of the processors.
func (g *Group) CPU() (time.Duration, error) {
	usec, err := g.value("cpu.stat", "usage_usec")
	return time.Duration(usec) * time.Microsecond, err
}

// Memory is what the group uses now, in bytes; an error without the memory controller.
func (g *Group) Memory() (int64, error) { return g.value("memory.current", "") }

// buffers hold what a file of a group says.
var buffers = sync.Pool{New: func() any { return new([512]byte) }}

// value reads one number of a file of the group.
func (g *Group) value(file, key string) (int64, error) {
	buf := buffers.Get().(*[512]byte)
	defer buffers.Put(buf)
	if g.fd == 0 {
		return 0, fmt.Errorf("open %s: %w", file, os.ErrClosed)
	}
	fd, err := brief.Open(g.fd, file, unix.O_RDONLY|unix.O_CLOEXEC)
	if err != nil {
		return 0, fmt.Errorf("open %s: %w", file, err)
	}
	defer brief.Close(fd)
	n, err := brief.Read(fd, buf[:])
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", file, err)
	}
	return number(file, buf[:n], key)
}

// readValue is value for any file.
func readValue(file, key string) (int64, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	return number(file, text, key)
}

// number finds a number in a flat keyed file, or with no key in a file that is one.
func number(file string, text []byte, key string) (int64, error) {
	for line := range bytes.Lines(text) {
		name, value, ok := bytes.Cut(bytes.TrimSpace(line), []byte(" "))
		if key == "" {
			value, ok = name, true
		}
		if ok && (key == "" || string(name) == key) {
			return strconv.ParseInt(string(value), 10, 64)
		}
	}
	return 0, fmt.Errorf("read %s: no %q in it", file, key)
}
