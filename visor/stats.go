package visor

import (
	"encoding/json"
	"log/slog"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/processctl"
)

// Stats are the figures of a call; a field that is nil is not known.
type Stats struct {
	Wall, Queue, Spawn time.Duration
	UTime, STime       *time.Duration
	MaxRSS             *int64 // bytes, of the process itself
	Exit               *int
	Signal             syscall.Signal // 0: none
	Stdout, Stderr     int64          // bytes
	CPU                *time.Duration // all descendants
	Memory             *int64         // bytes, peak of all descendants
	OOM                bool
	Partial            bool  // the process has not ended yet
	PIDsRefused        int64 // how often pids.max refused it a process; for the log alone
}

// SignalName is "SIGKILL" for 9, and "" for 0.
func SignalName(s syscall.Signal) string {
	if s == 0 {
		return ""
	}
	if name := unix.SignalName(s); name != "" {
		return name
	}
	return "SIG" + strconv.Itoa(int(s))
}

func newStats(queue time.Duration, u processctl.Usage, result *processctl.Result) Stats {
	s := Stats{
		Wall: u.Wall, Queue: queue, Spawn: u.Spawn, UTime: &u.User, STime: &u.System,
		Stdout: u.Stdout, Stderr: u.Stderr, Partial: result == nil,
	}
	if u.MaxRSS > 0 {
		s.MaxRSS = &u.MaxRSS
	}
	if g := u.Group; g != nil {
		s.CPU, s.OOM, s.PIDsRefused = &g.CPU, g.OOM, g.PIDsRefused
		if g.Memory > 0 {
			s.Memory = &g.Memory
		}
	}
	if result != nil {
		if s.Signal = result.Signal; s.Signal == 0 {
			s.Exit = &result.Exit
		}
	}
	return s
}

// newShare are the figures of a call that a worker had: its own share, as far as that
// can be told. How the worker ended, and its peak of memory, are not the call's.
func newShare(queue time.Duration, u processctl.Usage, over bool) Stats {
	s := Stats{Wall: u.Wall, Queue: queue, Stdout: u.Stdout, Stderr: u.Stderr, Partial: !over}
	switch g := u.Group; {
	case g != nil:
		s.CPU = &g.CPU
	case u.User > 0 || u.System > 0:
		s.UTime, s.STime = &u.User, &u.System
	}
	return s
}

// figure is one named value.
type figure struct {
	name  string
	unit  unit
	value int64
}

// unit says what a figure's value is.
type unit int

// A time in microseconds; a number as it is; true.
const (
	micros unit = iota
	plain
	flag
)

// maxFigures is how many there are at most.
const maxFigures = 13

// figures adds what is known to a list, in the order of the documentation.
func (s *Stats) figures(list []figure) []figure {
	add := func(name string, unit unit, value int64) { list = append(list, figure{name, unit, value}) }
	addTime := func(name string, d *time.Duration) {
		if d != nil {
			add(name, micros, microseconds(*d))
		}
	}
	addTime("wall", &s.Wall)
	addTime("utime", s.UTime)
	addTime("stime", s.STime)
	if s.MaxRSS != nil {
		add("maxrss", plain, *s.MaxRSS)
	}
	switch {
	case s.Signal != 0:
		add("signal", plain, int64(s.Signal))
	case s.Exit != nil:
		add("exit", plain, int64(*s.Exit))
	}
	add("stdout", plain, s.Stdout)
	add("stderr", plain, s.Stderr)
	addTime("queue", &s.Queue)
	addTime("spawn", &s.Spawn)
	addTime("cpu", s.CPU)
	if s.Memory != nil {
		add("memory", plain, *s.Memory)
	}
	if s.OOM {
		add("oom", flag, 1)
	}
	if s.Partial {
		add("partial", flag, 1)
	}
	return list
}

// microseconds rounds a duration.
func microseconds(d time.Duration) int64 {
	return max(d, 0).Round(time.Microsecond).Microseconds()
}

// append writes the value as JSON does.
func (f figure) append(b []byte) []byte {
	switch f.unit {
	case micros:
		return appendMillis(b, f.value)
	case flag:
		return append(b, "true"...)
	}
	return strconv.AppendInt(b, f.value, 10)
}

// appendMillis writes a time as a decimal of RFC 9651 section 3.3.2:
// milliseconds, with three places at most and at least one.
func appendMillis(b []byte, us int64) []byte {
	b = strconv.AppendInt(b, us/1000, 10)
	point := len(b)
	b = strconv.AppendInt(b, 1000+us%1000, 10)
	b[point] = '.' // in place of the 1
	for len(b) > point+2 && b[len(b)-1] == '0' {
		b = b[:len(b)-1]
	}
	return b
}

// Dictionary is the structured-field dictionary (RFC 9651 section 3.2) that the
// urocket-stats header carries: milliseconds and bytes; true is a bare key.
func (s Stats) Dictionary() string {
	var room [maxFigures]figure
	b := make([]byte, 0, 256)
	for i, f := range s.figures(room[:0]) {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(b, f.name...)
		if f.unit != flag {
			b = f.append(append(b, '='))
		}
	}
	return string(b)
}

// MarshalJSON writes the same names with numbers as numbers.
func (s Stats) MarshalJSON() ([]byte, error) {
	m := map[string]json.RawMessage{}
	for _, f := range s.figures(nil) {
		m[f.name] = f.append(nil)
	}
	return json.Marshal(m)
}

// MaxAttrs is how many [Stats.Attrs] adds at most.
const MaxAttrs = maxFigures + 1

// Attrs adds the same names to the attributes of a log line, as numbers.
func (s *Stats) Attrs(list []slog.Attr) []slog.Attr {
	var room [maxFigures]figure
	for _, f := range s.figures(room[:0]) {
		switch f.unit {
		case micros:
			list = append(list, slog.Float64(f.name, float64(f.value)/1000))
		case flag:
			list = append(list, slog.Bool(f.name, true))
		default:
			list = append(list, slog.Int64(f.name, f.value))
		}
	}
	if s.PIDsRefused > 0 {
		list = append(list, slog.Int64("pids_refused", s.PIDsRefused))
	}
	return list
}

// Timing is the value of a Server-Timing header: queue, spawn and run in
// milliseconds.
func (s Stats) Timing() string {
	b := make([]byte, 0, 64)
	b = appendMillis(append(b, "queue;dur="...), microseconds(s.Queue))
	b = appendMillis(append(b, ", spawn;dur="...), microseconds(s.Spawn))
	b = appendMillis(append(b, ", run;dur="...), microseconds(s.Wall))
	return string(b)
}
