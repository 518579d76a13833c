package cgroup

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
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
	place
	own         place // our own group, or the one that the operator named
	delegation  delegation
	controllers []string // those that hold for the groups
	lock        *os.File // the directory; its flock says that its urocket lives
	next        atomic.Uint64
}

// Options say where groups are made.
type Options struct {
	Dir  string // a cgroup directory that is ours to use; "": our own group
	Name string // part of the directory's name: [a-z0-9-]
}

// Open makes the parent directory "urocket-NAME.PID" below the options' directory
// or our own group, and has as many controllers handed to it as can be had. For
// that the processes of our own group are moved to a leaf of it. Groups that a
// crashed urocket of the same name left are ended and removed first. The error
// wraps [ErrNone] where no group can be made.
func Open(o Options) (*Parent, error) {
	base, err := own()
	if err == nil {
		base = delegated(base)
	}
	if o.Dir != "" {
		base, err = at(o.Dir)
	}
	if err != nil {
		return nil, err
	}
	prefix := "urocket-" + o.Name + "."
	sweep(base, prefix)
	p := &Parent{own: base, place: base.child(prefix + strconv.Itoa(os.Getpid()))}
	err = p.create()
	if errors.Is(err, unix.EWOULDBLOCK) {
		// Another with our pid, in another pid namespace.
		p.place = base.child(prefix + strconv.Itoa(os.Getpid()) + "-" + strings.ToLower(rand.Text()[:8]))
		err = p.create()
	}
	if err != nil {
		return nil, fmt.Errorf("%w (%s)", err, remedy(base, err))
	}
	p.delegation = delegate(base, o.Dir == "")
	p.controllers = enable(p.dir, wanted)
	return p, nil
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
	return Track, "the controllers " + strings.Join(missing, ", ") + " are missing: " + remedy(p.own, nil)
}

// Missing lists the controllers that the limits need and that are not to be had.
func (p *Parent) Missing(l Limits) []string {
	return slices.DeleteFunc(l.Controllers(), func(c string) bool { return slices.Contains(p.controllers, c) })
}

// create makes and locks the directory. Between the two another urocket may
// take it for a leftover and remove it; then it is made again.
func (p *Parent) create() error {
	for {
		if err := os.Mkdir(p.dir, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
			return fmt.Errorf("%w: %w", ErrNone, err)
		}
		lock, err := lockDir(p.dir)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("%w: lock %s: %w", ErrNone, p.dir, err)
		}
		if _, err := os.Stat(p.dir); err == nil {
			p.lock = lock
			// A script that is root may make groups inside its own, but not without end.
			_ = os.WriteFile(filepath.Join(p.dir, "cgroup.max.depth"), []byte(maxDepth), 0)
			return nil
		}
		_ = lock.Close()
	}
}

func lockDir(dir string) (*os.File, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// sweep removes what dead urockets of this name left behind. A directory whose
// lock is held belongs to a live one and is not touched.
func sweep(base place, prefix string) {
	entries, err := os.ReadDir(base.dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		rest, ours := strings.CutPrefix(e.Name(), prefix)
		pid, _, _ := strings.Cut(rest, "-")
		if _, err := strconv.Atoi(pid); err != nil || !ours {
			continue
		}
		left := base.child(e.Name())
		lock, err := lockDir(left.dir)
		if err != nil {
			continue
		}
		_ = (&Group{place: left}).end(sweepTime)
		_ = lock.Close()
	}
}

// maxDepth is how deep groups may lie below the parent: a process's own, and a
// few more inside it.
const maxDepth = "16"

// sweepTime bounds how long a start or a stop waits for killed processes to go.
const sweepTime = 5 * time.Second

// Dir is the parent's directory, for log lines.
func (p *Parent) Dir() string { return p.dir }

// NewGroup makes a group for one process.
func (p *Parent) NewGroup() (*Group, error) {
	g := &Group{place: p.child(strconv.FormatUint(p.next.Add(1), 10))}
	if err := os.Mkdir(g.dir, 0o755); err != nil {
		return nil, fmt.Errorf("make cgroup: %w", err)
	}
	f, err := os.Open(g.dir)
	if err != nil {
		_ = unix.Rmdir(g.dir)
		return nil, fmt.Errorf("open cgroup: %w", err)
	}
	g.f = f
	return g, nil
}

// Contains says whether the process pid is in one of the parent's groups. The
// error wraps [os.ErrNotExist] when there is no such process.
func (p *Parent) Contains(pid int) (bool, error) {
	path, err := pathOf(strconv.Itoa(pid))
	if err != nil {
		return false, err
	}
	_, ok := below(path, p.path)
	return ok, nil
}

// PathOf is the path of the group that a process is in, as /proc/PID/cgroup
// shows it. The error wraps [os.ErrNotExist] when there is no such process.
func PathOf(pid int) (string, error) { return pathOf(strconv.Itoa(pid)) }

// Close ends what is still in the parent's groups and removes the directory.
func (p *Parent) Close() error {
	err := (&Group{place: p.place}).end(sweepTime)
	p.delegation.undo()
	return errors.Join(err, p.lock.Close())
}

// subgroups lists the directories below dir; a script that runs as root can
// make groups inside its own.
func subgroups(dir string) []string {
	entries, _ := os.ReadDir(dir)
	var dirs []string
	for _, e := range entries {
		if e.IsDir() {
			dirs = append(dirs, filepath.Join(dir, e.Name()))
		}
	}
	return dirs
}
