package cgroup

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/processctl/brief"
)

// ErrBusy says that a group still has processes in it.
var ErrBusy = errors.New("cgroup still has processes")

// Group is the group of one process and of all that it starts.
type Group struct {
	place
	parent *Parent
	fd     int // of its directory; 0: none
}

// FD is the directory's descriptor, for SysProcAttr.CgroupFD and for openat(2); nothing
// can be read from it itself (O_PATH). It is valid until
// [Group.Remove] has succeeded.
func (g *Group) FD() int { return g.fd }

// Holds says whether a path, as [PathOf] tells it, is the group's or that of a
// group inside it.
func (g *Group) Holds(path string) bool {
	_, ok := below(path, g.path)
	return ok
}

// Signal sends sig to every process in the group. Each process is pinned by a
// pidfd and looked up again before it is signalled, so that a pid that was given
// to a stranger meanwhile is left alone. It says whether the process first was
// among them.
func (g *Group) Signal(sig syscall.Signal, first int) (found bool) {
	for dirs := []string{g.dir}; len(dirs) > 0; {
		dir := dirs[0]
		dirs = append(dirs[1:], subgroups(dir)...)
		text, _ := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
		for _, field := range strings.Fields(string(text)) {
			if pid, err := strconv.Atoi(field); err == nil && pid > 0 {
				sent := g.signalMember(pid, sig)
				found = found || sent && pid == first
			}
		}
	}
	return found
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

func (g *Group) signalMember(pid int, sig syscall.Signal) bool {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	path, err := pathOf(strconv.Itoa(pid))
	if err != nil {
		return false
	}
	_, ok := below(path, g.path)
	return ok && unix.PidfdSendSignal(fd, sig, nil, 0) == nil
}

// Kill sends SIGKILL to every process of the group and of groups below it. They
// are not gone when it returns.
//
// cgroup.kill (Linux 5.14) misses none that is forked meanwhile. But it signals
// each process's first thread, and does nothing where that has ended and others
// run on: such a process is signalled by its pid.
func (g *Group) Kill() {
	_ = os.WriteFile(filepath.Join(g.dir, "cgroup.kill"), []byte("1"), 0)
	g.Signal(syscall.SIGKILL, 0)
}

// Remove removes the group, and groups that the process made inside it. It
// returns [ErrBusy] while a process lives there; zombies do not count. Any other
// error leaves an empty directory behind.
func (g *Group) Remove() error {
	err := removeDir(g.dir)
	if errors.Is(err, ErrBusy) && !g.populated() {
		// rmdir says EBUSY for groups below too.
		if root, rerr := os.OpenRoot(g.dir); rerr == nil {
			removeBelow(root)
			_ = root.Close()
			err = removeDir(g.dir)
		}
	}
	if errors.Is(err, ErrBusy) || err != nil && g.populated() {
		return ErrBusy // perhaps the last process has only just gone
	}
	if g.fd > 0 {
		_ = brief.Close(g.fd)
		g.fd = 0
	}
	return err
}

// Finish is Remove, and tells what the group's processes have used until then; known
// says whether that can be told.
func (g *Group) Finish() (u Usage, known bool, err error) {
	u, err = g.Usage()
	known = err == nil
	return u, known, g.Remove()
}

func removeDir(dir string) error {
	switch err := brief.RemoveDir(unix.AT_FDCWD, dir); {
	case err == nil, errors.Is(err, unix.ENOENT):
		return nil
	case errors.Is(err, unix.EBUSY), errors.Is(err, unix.ENOTEMPTY):
		return ErrBusy
	default:
		return fmt.Errorf("remove cgroup: %w", err)
	}
}

// Deserted says that a process was in the group and none is any more.
func (g *Group) Deserted() bool {
	used, err := g.value("cpu.stat", "usage_usec")
	return err == nil && used > 0 && !g.populated()
}

// Populated says whether a process lives in the group. What cannot be found out counts
// as populated.
func (g *Group) Populated() bool { return g.populated() }

// populated says whether a process lives in the group or in one inside it. What
// cannot be found out counts as populated.
func (g *Group) populated() bool {
	text, err := os.ReadFile(filepath.Join(g.dir, "cgroup.events"))
	if errors.Is(err, os.ErrNotExist) {
		return false
	}
	return err != nil || bytes.Contains(text, []byte("populated 1"))
}

// removeBelow removes the groups inside one, name by name: their paths may be
// longer than the kernel takes.
func removeBelow(root *os.Root) {
	f, err := root.Open(".")
	if err != nil {
		return
	}
	entries, _ := f.ReadDir(-1)
	_ = f.Close()
	for _, e := range entries {
		if !e.IsDir() || root.Remove(e.Name()) == nil {
			continue
		}
		if sub, err := root.OpenRoot(e.Name()); err == nil {
			removeBelow(sub)
			_ = sub.Close()
			_ = root.Remove(e.Name())
		}
	}
}

// end kills the group until it can be removed, at most for the time given.
func (g *Group) end(limit time.Duration) error {
	for wait := time.Millisecond; ; wait *= 2 {
		err := g.Remove()
		if !errors.Is(err, ErrBusy) || limit <= 0 {
			return err
		}
		g.Kill()
		time.Sleep(wait)
		limit -= wait
	}
}
