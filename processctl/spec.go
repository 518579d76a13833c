package processctl

import (
	"os"
	"syscall"
	"time"

	"github.com/urocket/urocket/processctl/cgroup"
	"github.com/urocket/urocket/processctl/shim"
	"github.com/urocket/urocket/processctl/spool"
)

// Spec says what to start and how it ends.
type Spec struct {
	Path string   // the program, absolute or relative to Dir
	Argv []string // Argv[0] included
	Env  []string // NAME=value; nothing else is inherited
	Dir  string   // working directory, absolute

	// DeadlineEnv names a variable that is given the moment at which Timeout
	// passes, in milliseconds since 1970. Not set when Timeout is 0.
	DeadlineEnv string

	Stdin *spool.Body // nil: /dev/null
	// Extra, if set, is descriptor 3 of the process. It stays the caller's, who
	// closes it once the process was started.
	Extra *os.File

	Scratch Scratch
	// ScratchBody is written to Scratch.File before the start.
	ScratchBody *spool.Body

	Stream bool // stdout is read through Process.Stdout, and waits for its reader
	Tail   int  // how much of the end of each stream is kept, in bytes

	// Line, if set, is given each line of both streams, without its end.
	Line func(Line)

	// Limits hold for the process and all that it starts, as far as
	// [Controller.Missing] says that they can.
	Limits cgroup.Limits

	// Isolation is what else the process is given; nil: nothing. Whether it can be
	// had is told by [Controller.Try].
	Isolation *shim.Settings

	// Warm is what bears the process sooner than a start does; nil: it is started.
	Warm *Warm

	Timeout time.Duration // life of the process and its group; 0: no limit
	Grace   time.Duration // from SIGTERM to SIGKILL; 0: SIGKILL at once

	Events Events
}

// extra is the descriptor of Extra; 0: there is none.
func (s *Spec) extra() int {
	if s.Extra == nil {
		return 0
	}
	return int(s.Extra.Fd())
}

// Events are told from the process's own goroutine, in the order Exited or
// TimedOut (either may come first), then Ended. They must not block.
type Events struct {
	Exited   func(Result) // the process itself has ended and was reaped
	TimedOut func()       // Timeout has passed; SIGTERM is sent next
	Ended    func(Result) // nothing of the process is left
}

// Stream tells stdout from stderr.
type Stream int

// The two output streams.
const (
	Stdout Stream = iota
	Stderr
)

func (s Stream) String() string { return [...]string{"stdout", "stderr"}[s] }

// Line is one line of output.
type Line struct {
	Stream Stream
	Text   []byte // valid during the call only
	Cut    bool   // the line was longer than LineLimit; its rest is dropped
}

// LineLimit is the length at which a line is cut, in bytes.
const LineLimit = 8 << 10

// Result is how a process ended.
type Result struct {
	Exit     int            // exit code, when Signal is 0
	Signal   syscall.Signal // the signal that ended it, or 0
	TimedOut bool
	Usage    Usage
	Strays   Strays // told with Ended
	Leftover error  // told with Ended: what could not be removed
}

// Strays says what became of the processes that a process has left behind.
type Strays int

// There were none; SIGTERM has ended them; some did not heed it.
const (
	NoStrays Strays = iota
	StraysTerminated
	StraysKilled
)

func (s Strays) String() string { return [...]string{"", "terminated", "killed"}[s] }

// Usage is what a process has used until now, or until its end.
type Usage struct {
	Start time.Time
	Wall  time.Duration // from the start of the process to its end, or to now
	Spawn time.Duration // what starting it took

	// User and System are the process's own, from wait4 once it has ended, from
	// /proc before that.
	User, System time.Duration

	// MaxRSS is the peak resident set of the process itself in bytes, 0 when it
	// is not known: the kernel lets a child's ru_maxrss begin at the peak of the
	// program that started it, so a smaller figure than our own says nothing.
	MaxRSS int64

	Stdout, Stderr int64 // bytes read so far

	Group *GroupUsage // nil without cgroups
}

// GroupUsage is what the process and all its descendants have used.
type GroupUsage struct {
	CPU    time.Duration
	Memory int64 // peak in bytes; 0: not known
	OOM    bool  // a process of the group was killed for the group's memory limit

	PIDsRefused int64 // how often pids.max refused it another process or thread
}
