package visor

import (
	"encoding/json"
	"log/slog"
	"strconv"
	"strings"
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

// figure is one named value: a number, or true.
type figure struct{ name, value string }

// figures lists what is known, in the order of the documentation.
func (s Stats) figures() []figure {
	f := []figure{{"wall", millis(s.Wall)}}
	add := func(name, value string) { f = append(f, figure{name, value}) }
	if s.UTime != nil {
		add("utime", millis(*s.UTime))
	}
	if s.STime != nil {
		add("stime", millis(*s.STime))
	}
	if s.MaxRSS != nil {
		add("maxrss", strconv.FormatInt(*s.MaxRSS, 10))
	}
	switch {
	case s.Signal != 0:
		add("signal", strconv.Itoa(int(s.Signal)))
	case s.Exit != nil:
		add("exit", strconv.Itoa(*s.Exit))
	}
	add("stdout", strconv.FormatInt(s.Stdout, 10))
	add("stderr", strconv.FormatInt(s.Stderr, 10))
	add("queue", millis(s.Queue))
	add("spawn", millis(s.Spawn))
	if s.CPU != nil {
		add("cpu", millis(*s.CPU))
	}
	if s.Memory != nil {
		add("memory", strconv.FormatInt(*s.Memory, 10))
	}
	if s.OOM {
		add("oom", "true")
	}
	if s.Partial {
		add("partial", "true")
	}
	return f
}

// millis writes a duration as a decimal of RFC 9651 section 3.3.2:
// milliseconds, with three places at most and at least one.
func millis(d time.Duration) string {
	us := max(d, 0).Round(time.Microsecond).Microseconds()
	text := strconv.FormatInt(us/1000, 10) + "." + strconv.FormatInt(1000+us%1000, 10)[1:]
	text = strings.TrimRight(text, "0")
	if strings.HasSuffix(text, ".") {
		text += "0"
	}
	return text
}

// Dictionary is the structured-field dictionary (RFC 9651 section 3.2) that the
// urocket-stats header carries: milliseconds and bytes; true is a bare key.
func (s Stats) Dictionary() string {
	var b strings.Builder
	for i, f := range s.figures() {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(f.name)
		if f.value != "true" {
			b.WriteString("=" + f.value)
		}
	}
	return b.String()
}

// MarshalJSON writes the same names with numbers as numbers.
func (s Stats) MarshalJSON() ([]byte, error) {
	m := map[string]json.RawMessage{}
	for _, f := range s.figures() {
		m[f.name] = json.RawMessage(f.value)
	}
	return json.Marshal(m)
}

// LogValue gives the same names to a log, as numbers.
func (s Stats) LogValue() slog.Value {
	var attrs []slog.Attr
	for _, f := range s.figures() {
		switch n, err := strconv.ParseFloat(f.value, 64); {
		case err != nil:
			attrs = append(attrs, slog.Bool(f.name, true))
		case strings.Contains(f.value, "."):
			attrs = append(attrs, slog.Float64(f.name, n))
		default:
			attrs = append(attrs, slog.Int64(f.name, int64(n)))
		}
	}
	if s.PIDsRefused > 0 {
		attrs = append(attrs, slog.Int64("pids_refused", s.PIDsRefused))
	}
	return slog.GroupValue(attrs...)
}

// Timing is the value of a Server-Timing header: queue, spawn and run in
// milliseconds.
func (s Stats) Timing() string {
	return "queue;dur=" + millis(s.Queue) + ", spawn;dur=" + millis(s.Spawn) + ", run;dur=" + millis(s.Wall)
}
