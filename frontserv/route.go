package frontserv

import (
	"time"

	"github.com/urocket/urocket/processctl"
	"github.com/urocket/urocket/processctl/cgroup"
	"github.com/urocket/urocket/processctl/command"
	"github.com/urocket/urocket/processctl/shim"
	"github.com/urocket/urocket/processctl/worker"
	"github.com/urocket/urocket/visor"
)

// Channel is the payload's way into the process.
type Channel int

// As arguments and variables, on standard input, or in a file.
const (
	Cmdline Channel = iota
	Stdin
	File
)

// Route is an operation that has a command: one (path, verb) of the callback map.
type Route struct {
	Path, Method string // the document's path; the verb in capitals

	ValidateIn, ValidateOut bool

	Mode         visor.Mode
	OnExit       visor.OnExit
	OnDisconnect visor.OnDisconnect
	OwnOnly      bool   // replies only from the process's own group
	ContentType  string // of a stdout answer; "": what the document says
	Script       string // SCRIPT_FILENAME of a CGI answer, absolute, or ""

	Stats     bool
	StatsWait time.Duration // how long an answer waits for the process's end, for its figures
	LogOutput bool

	Running, Queued int // visor.NoLimit where there is none

	Command   *command.Command
	Dir       string   // absolute
	PassEnv   []string // NAME=value, taken over from our own environment
	Account   []string // NAME=value: HOME, USER and so on of who it runs as, if that is not who we are
	Channel   Channel
	Raw       bool // the payload as it came; else JSON
	Timeout   time.Duration
	Grace     time.Duration
	Limits    cgroup.Limits
	Isolation *shim.Settings // user, umask and rlimits; nil: none
	OwnTmp    bool           // a temporary directory for each call

	Pool *worker.Pool     // of the workers that have the calls; nil: a process for each
	Warm *processctl.Warm // what bears the processes, if anything does; nil: they are started
}

func (r *Route) operation() visor.Operation {
	return visor.Operation{Path: r.Path, Method: r.Method, Running: r.Running, Queued: r.Queued}
}

// Fault is something wrong between a route and the document. Key names the key
// of the route that is to blame, or is "".
type Fault struct {
	Path, Method, Key, Message string
}
