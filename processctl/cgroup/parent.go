package cgroup

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/processctl/brief"
)

// Level is what holds for the groups of a host.
type Level int

// Levels. None: no groups at all. Track: groups can be entered, killed and read,
// but no limit holds. Full: memory, pids and cpu limits hold as well.
const (
	None Level = iota
	Track
	Full
)

func (l Level) String() string {
	return [...]string{"none", "track", "full"}[l]
}

// Parent is the directory in which the groups of one urocket lie.
type Parent struct {
	base place // our own group, or the one that the operator named
	ours bool  // the processes in base are our own group's and may be moved
	name string
	warn func(string)
	next atomic.Uint64 // number of the last group

	controllers []string // those that held for the groups at the start

	mu         sync.RWMutex // held for reading while the directory is in use
	dir        claimed
	delegation delegation

	dying sync.Once // the warning
}

// Options say where groups are made.
type Options struct {
	Dir  string       // a cgroup directory that is ours to use; "": our own group
	Name string       // part of the directory's name: [a-z0-9-]
	Warn func(string) // told what the operator should know while groups are in use; nil: nobody
}

// Open makes the parent directory "urocket-NAME.PID" below the options' directory
// or our own group, and has as many controllers handed to it as can be had. For
// that the processes of our own group are moved to a leaf of it. Groups that a
// crashed urocket of the same name left are ended and removed first. The error
// wraps [ErrNone] where no group can be made.
func Open(o Options) (*Parent, error) {
	base, ours, err := o.base()
	if err != nil {
		return nil, err
	}
	p := &Parent{base: base, ours: ours, name: "urocket-" + o.Name + ".", warn: o.Warn}
	if p.warn == nil {
		p.warn = func(string) {}
	}
	if p.dir, err = claim(base, p.name, p.warn); err != nil {
		return nil, fmt.Errorf("%w (%s)", err, remedy(base, err))
	}
	p.delegation = delegate(base, p.ours)
	p.controllers = enable(p.dir.place, wanted)
	return p, nil
}

// base is the group to work below, and whether its processes are our own group's.
func (o Options) base() (base place, ours bool, err error) {
	own, err := own()
	if o.Dir == "" {
		if err != nil {
			return place{}, false, err
		}
		return delegated(own), true, nil
	}
	base, aterr := at(o.Dir)
	return base, err == nil && base.path == own.path, aterr
}

// Level says what holds for the groups, and what would have to be done for more;
// "" where nothing is missing.
func (p *Parent) Level() (Level, string) {
	var missing []string
	for _, c := range []string{"memory", "pids", "cpu"} {
		if !slices.Contains(p.controllers, c) {
			missing = append(missing, c)
		}
	}
	if len(missing) == 0 {
		return Full, ""
	}
	if !p.ours && populous(p.base) {
		return Track, "the group " + p.base.dir + " has processes of its own, and such a group can hand no controllers on: name an empty one"
	}
	return Track, "the controllers " + strings.Join(missing, ", ") + " are missing: " + remedy(p.base, nil)
}

// Missing lists the controllers that the limits need and that are not to be had.
func (p *Parent) Missing(l Limits) []string {
	return slices.DeleteFunc(l.Controllers(), func(c string) bool { return slices.Contains(p.controllers, c) })
}

// Dir is the parent's directory, for log lines.
func (p *Parent) Dir() string { return p.place().dir }

func (p *Parent) place() place {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.dir.place
}

// NewGroup makes a group for one process. If somebody has removed the parent's
// directory it is made again.
func (p *Parent) NewGroup() (*Group, error) {
	number := p.next.Add(1)
	if number%dyingEvery == 0 {
		p.watchDying()
	}
	g, err := p.makeGroup(strconv.FormatUint(number, 10))
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENODEV) {
		if err := p.restore(); err != nil {
			return nil, err
		}
		g, err = p.makeGroup(strconv.FormatUint(number, 10))
	}
	return g, err
}

// makeGroup makes a group in the very directory that is locked, whatever has its
// name by now: only in that one no other urocket looks for leftovers.
func (p *Parent) makeGroup(name string) (*Group, error) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	parent := int(p.dir.lock.Fd())
	g := &Group{place: p.dir.child(name), parent: p}
	if err := brief.MakeDir(parent, name, 0o755); err != nil {
		return nil, &os.PathError{Op: "make cgroup", Path: g.dir, Err: err}
	}
	fd, err := brief.Open(parent, name, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC)
	if err != nil {
		_ = unix.Unlinkat(parent, name, unix.AT_REMOVEDIR)
		return nil, &os.PathError{Op: "open cgroup", Path: g.dir, Err: err}
	}
	g.fd = fd
	return g, nil
}

// Contains says whether the process pid is in one of the parent's groups. The
// error wraps [os.ErrNotExist] when there is no such process.
func (p *Parent) Contains(pid int) (bool, error) {
	path, err := pathOf(strconv.Itoa(pid))
	if err != nil {
		return false, err
	}
	_, ok := below(path, p.place().path)
	return ok, nil
}

// PathOf is the path of the group that a process is in, as /proc/PID/cgroup
// shows it. The error wraps [os.ErrNotExist] when there is no such process.
func PathOf(pid int) (string, error) { return pathOf(strconv.Itoa(pid)) }

// endTime bounds how long a start or a stop waits for killed processes to go.
const endTime = 5 * time.Second

// Close ends what is still in the parent's groups and removes the directory.
func (p *Parent) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	err := (&Group{place: p.dir.place}).end(endTime)
	p.delegation.undo()
	return errors.Join(err, p.dir.lock.Close())
}
