package cgroup

import (
	"math"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// SpareFiles is how many descriptors spare groups may have open where limit are
// allowed.
func SpareFiles(limit int64) int64 { return filesEach * maxSpares(limit) }

// filesEach are those of one group.
const filesEach = 4

// maxSpares is how many empty groups are kept to be used again. To make a group and
// to remove it costs more than a system call should, and all of a host do it one at
// a time, under one lock of the kernel.
func maxSpares(limit int64) int64 { return min(64, limit/64) }

// spares are groups whose processes have all ended. Only groups without controllers
// are used again: nothing of a limit, a peak, or memory that is still charged can
// pass from one call to the next there. What a group counts all the same, the time
// of the processor, is counted from its last use.
type spares struct {
	mu   sync.Mutex
	list []*Group
	max  int
}

func newSpares() spares {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return spares{}
	}
	return spares{max: int(maxSpares(int64(min(limit.Cur, math.MaxInt32))))}
}

func (s *spares) take() *Group {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.list) == 0 {
		return nil
	}
	g := s.list[len(s.list)-1]
	s.list = s.list[:len(s.list)-1]
	return g
}

func (s *spares) keep(g *Group) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.list) >= s.max {
		return false
	}
	s.list = append(s.list, g)
	return true
}

// takeSpare finds a spare group that is as good as a new one.
func (p *Parent) takeSpare() *Group {
	for g := p.spares.take(); g != nil; g = p.spares.take() {
		if g.idle() {
			return g
		}
		if g.discard() != nil { // somebody has put a process there; the stop removes it
			_ = g.close()
		}
	}
	return nil
}

// readies opens what a group needs to become a spare; without it, it is removed
// after its use.
func (g *Group) readies() {
	for file, f := range map[string]**os.File{"cpu.stat": &g.stat, "cgroup.events": &g.events, "cgroup.type": &g.kind} {
		opened, err := g.open(file)
		if err != nil {
			return
		}
		*f = opened
	}
	g.again = true
}

func (g *Group) open(file string) (*os.File, error) {
	fd, err := unix.Openat(g.FD(), file, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), file), nil
}

// idle says that nothing is in the group, that it is as it was made (a script that
// is root may have changed it), and that it is there: the files of a group that was
// removed give ENODEV.
func (g *Group) idle() bool {
	var b [64]byte
	for _, file := range [...]struct {
		*os.File
		want string
	}{{g.events, "populated 0\nfrozen 0\n"}, {g.kind, "domain\n"}} {
		n, err := unix.Pread(int(file.Fd()), b[:], 0)
		if err != nil || string(b[:n]) != file.want {
			return false
		}
	}
	var st unix.Stat_t
	return unix.Fstat(g.FD(), &st) == nil && st.Nlink == 2 // no groups inside
}

// Spoil keeps the group from being used again. It is for one whose cgroup.kill was
// written to, or may have been by a script that is root: from then on Linux (6.18,
// kill_seq in cgroup_css_set_fork) kills every process that is born into it from
// another group. It counts the kills of a group so that none that is just being
// born is missed, but compares with the count of the parent's group.
func (g *Group) Spoil() { g.spoiled = true }

// spare keeps the group for its next use, if it may be used again and is empty, and
// tells what it was used for.
func (g *Group) spare() (u Usage, ok bool) {
	if !g.again || g.spoiled || !g.idle() {
		return u, false
	}
	used, err := g.cpu()
	if err != nil {
		return u, false
	}
	next := *g
	next.used = used
	if !g.parent.spares.keep(&next) {
		return u, false
	}
	u.CPU = time.Duration(used-g.used) * time.Microsecond
	*g = Group{place: g.place, parent: g.parent} // the files are the next one's
	return u, true
}

// statBuffers hold what a file says.
var statBuffers = sync.Pool{New: func() any { return new([512]byte) }}

// cpu is what the group has counted of the processor's time since it was made, in
// microseconds.
func (g *Group) cpu() (int64, error) {
	if !g.again {
		return g.value("cpu.stat", "usage_usec")
	}
	b := statBuffers.Get().(*[512]byte)
	defer statBuffers.Put(b)
	n, err := unix.Pread(int(g.stat.Fd()), b[:], 0)
	if err != nil {
		return 0, err
	}
	return number("cpu.stat", b[:n], "usage_usec")
}
