// Package config reads urocket-service.yaml.
//
// [Load] turns the file into a [Service]: every key checked, every default
// filled in, every relative path made absolute, every command compiled. What
// it returns can be used without looking at the file again. Where the file is
// wrong, it returns [Faults]: all of them at once, each with the
// line it stands on and what would be right. The program prints them and ends
// with exit code 2.
//
// # What is checked here
//
// The shape of the file (one YAML document, known keys in their places, each
// key, path and verb once), the type and range of every value, that files,
// folders, programs, users and groups exist, and that each placeholder of a
// command can be filled from the operation's path. What this version reads but
// cannot do yet is refused as well, never ignored.
//
// # What is not checked here
//
// The OpenAPI document. This package knows that the file exists and nothing of
// what is in it. Whoever reads it reports its faults as (path, verb, key,
// message), and [Service.FaultAt] adds file and line. Nothing is run, bound or
// created, and cgroups are not looked at.
//
// # Defaults
//
// An operation is read as if the keys of `inject`, of `limits` and its own were
// one flat map, laid over the map under `defaults`, laid over the built-in
// values. A default that means nothing for an operation (contenttype where the
// reply is not stdout) is no fault there; the same key written in the operation
// itself is one.
//
// # Lines
//
// A fault carries the line on which the value stands. For something missing it
// is the line of the map that lacks it; for a value reached through a YAML
// alias, the line where the anchor is.
package config

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/urocket/urocket/processctl/command"
)

// Service is a whole urocket-service.yaml with all defaults.
type Service struct {
	File string // as given to Load
	Name string // servicename, [a-z0-9-]

	Listen string // host:port of the public listener; ":8080" for port: 8080; port 0 takes a free one
	Admin  string // host:port of the admin listener, "" for none

	SocketPath  string      // absolute, 107 bytes at most
	SocketMode  fs.FileMode // permission bits only, default 0660
	SocketGroup *int        // gid, nil: left as it is

	OpenAPI  string    // absolute path of the document, which exists
	BasePath *string   // without a trailing slash; nil: from the document
	Security Security  // default SecurityNone
	Schemes  []*Scheme // of the map, in the order of the file
	TLS      *TLS      // of the public listener; nil: none

	MaxBody   int64         // bytes of a request or reply, default 10 MiB, at least 1
	Running   int           // processes at once, default 64, at least 1
	Queued    int           // callers waiting for a place, default 256
	QueueWait time.Duration // default 10 s
	Drain     time.Duration // default 25 s

	Cgroup       CgroupMode // default auto
	CgroupParent string     // absolute directory, "" for urocket's own group

	Operations []*Operation // in the order of the file

	warnings Faults
	hints    Faults
	lines    lines
}

// Operation is one entry of `paths`: what happens when a caller sends this
// method to this path.
type Operation struct {
	Path   string // as in the file, with {names}
	Method string // in capitals: GET

	ValidateIn  bool // default true
	ValidateOut bool // default false

	Reply        Reply        // default socket
	ContentType  string       // of a stdout answer, "": from the document
	OnExit       OnExit       // default fail; matters to socket replies alone
	ReplyFrom    ReplyFrom    // default anyone; matters to socket replies alone
	OnDisconnect OnDisconnect // default continue

	LogStdout bool
	Stats     bool
	StatsWait time.Duration // default 50 ms

	Running *int // processes of this operation at once, nil: no limit of its own
	Queued  *int // callers waiting for this operation, nil: no limit of its own

	Dir     string   // absolute working directory, which exists
	Env     []string // NAME=value, placeholders still in it
	PassEnv []string // NAME or PREFIX*; never lets REQUEST_ID or UROCKET_ names through
	Command *command.Command

	Channel  Channel       // default cmdline; stdin under cgi
	Encoding Encoding      // default json; raw under cgi
	Timeout  time.Duration // default 1 s, 0: none
	Grace    time.Duration // default 2 s, 0 kills at once
	TmpDir   TmpDir        // default inherit
	Script   string        // absolute, "" for none; under cgi alone
	Options  Options       // default refuse

	User   string       // name or number of an existing user, "": urocket's own
	Group  string       // name or number of an existing group, "": the user's
	Umask  *fs.FileMode // nil: inherited
	Driver Driver       // default spawn
	Worker *Worker      // of the driver of that name; nil with others

	Limits Limits

	line string   // cmd as one string, if it was one
	args []string // cmd as a list, if it was one
	lost *Fault
}

// Lost says that the body of a request, if the document lets it have one, does not reach
// the command; nil: it does, or the method seldom comes with one.
func (o *Operation) Lost() *Fault { return o.lost }

// Limits are the cgroup v2 limits and rlimits of one process and all that it
// starts. A nil pointer is a limit that is not set.
type Limits struct {
	Memory    *int64   // bytes, memory.max, at least 8 MiB
	Swap      *int64   // bytes, memory.swap.max
	PIDs      *int     // threads, pids.max
	CPUs      *float64 // cores, cpu.max
	CPUWeight *int     // 1 to 10000, cpu.weight
	IOMax     []string // lines of io.max
	IOWeight  *int     // 1 to 10000, io.weight
	NoFile    *int     // RLIMIT_NOFILE
	FSize     *int64   // bytes, RLIMIT_FSIZE
	Core      int64    // bytes, RLIMIT_CORE, default 0
	Mode      LimitMode
}

// Load reads and checks the file. The error is always of type [Faults]. With it
// comes a service, as long as the document it names is there and one operation
// can be read: not to be served, but so that what is wrong between the operations
// and the document can be told at the same time.
func Load(file string) (*Service, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, Faults{{File: file, Message: fmt.Sprintf("cannot read the configuration: %v", reason(err))}}
	}
	return load(file, text)
}

// checkable leaves what can be held against the document; nil: nothing.
func (s *Service) checkable() *Service {
	s.Operations = slices.DeleteFunc(s.Operations, func(o *Operation) bool { return o == nil || o.Command == nil })
	if s.OpenAPI == "" || len(s.Operations) == 0 {
		return nil
	}
	return s
}

// load is Load for a text that has been read already.
func load(file string, text []byte) (*Service, error) {
	c := &collector{file: file}
	folder, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return nil, Faults{{File: file, Message: fmt.Sprintf("cannot tell its folder: %v", err)}}
	}
	root := parse(text, c)
	if root == nil {
		return nil, c.sorted()
	}
	b := &builder{c: c, folder: folder, service: &Service{File: file}}
	b.read(root)
	if len(c.faults) > 0 {
		return b.service.checkable(), c.sorted()
	}
	b.service.warnings, b.service.hints = c.sortedWarnings(), c.sortedHints()
	return b.service, nil
}

// Warnings are findings that keep nothing from being served: a limit that is not
// enforced, a key without effect.
func (s *Service) Warnings() []Fault { return s.warnings }

// Hints are what may well be meant so, and is told only to who asks (dry): a
// payload that reaches no process.
func (s *Service) Hints() []Fault { return s.hints }
