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
)

// ErrBusy says that a group still has processes in it.
var ErrBusy = errors.New("cgroup still has processes")

// Group is the group of one process and of all that it starts.
type Group struct {
	place
	f *os.File
}

// FD is the directory's descriptor, for SysProcAttr.CgroupFD. It is valid until
// [Group.Remove] has succeeded.
func (g *Group) FD() int { return int(g.f.Fd()) }

// Holds says whether a path, as [PathOf] tells it, is the group's or that of a
// group inside it.
func (g *Group) Holds(path string) bool {
	_, ok := below(path, g.path)
	return ok
}

// Signal sends sig to every process in the group. Each process is pinned by a
// pidfd and looked up again before it is signalled, so that a pid that was given
// to a stranger meanwhile is left alone.
func (g *Group) Signal(sig syscall.Signal) {
	for dirs := []string{g.dir}; len(dirs) > 0; {
		dir := dirs[0]
		dirs = append(dirs[1:], subgroups(dir)...)
		text, _ := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
		for _, field := range strings.Fields(string(text)) {
			if pid, err := strconv.Atoi(field); err == nil && pid > 0 {
				g.signalMember(pid, sig)
			}
		}
	}
}

func (g *Group) signalMember(pid int, sig syscall.Signal) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	path, err := pathOf(strconv.Itoa(pid))
	if err != nil {
		return
	}
	if _, ok := below(path, g.path); ok {
		_ = unix.PidfdSendSignal(fd, sig, nil, 0)
	}
}

// Kill sends SIGKILL to every process of the group and of groups below it. They
// are not gone when it returns.
func (g *Group) Kill() {
	if os.WriteFile(filepath.Join(g.dir, "cgroup.kill"), []byte("1"), 0) != nil {
		g.Signal(syscall.SIGKILL) // before Linux 5.14
	}
}

// Remove removes the group, and groups that the process made inside it. It
// returns [ErrBusy] while a process lives there; zombies do not count.
func (g *Group) Remove() error {
	if err := removeTree(g.dir); err != nil {
		return err
	}
	if g.f != nil {
		return g.f.Close()
	}
	return nil
}

func removeTree(dir string) error {
	err := unix.Rmdir(dir)
	if errors.Is(err, unix.EBUSY) || errors.Is(err, unix.ENOTEMPTY) {
		// rmdir says EBUSY for processes and for groups below alike.
		for _, sub := range subgroups(dir) {
			if err := removeTree(sub); err != nil {
				return err
			}
		}
		err = unix.Rmdir(dir)
	}
	switch {
	case err == nil, errors.Is(err, unix.ENOENT):
		return nil
	case errors.Is(err, unix.EBUSY):
		return ErrBusy
	}
	return fmt.Errorf("remove cgroup: %w", err)
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

// Usage is what a group's processes, living and dead, have used.
type Usage struct {
	CPU    time.Duration // user and system time, all processes
	Memory int64         // memory.peak in bytes; 0 without the memory controller
	OOM    bool          // the kernel killed a process of the group for its memory limit
}

// Usage reads the group's counters.
func (g *Group) Usage() (Usage, error) {
	var u Usage
	usec, err := g.value("cpu.stat", "usage_usec")
	if err != nil {
		return u, err
	}
	u.CPU = time.Duration(usec) * time.Microsecond
	if peak, err := g.value("memory.peak", ""); err == nil {
		u.Memory = peak
		kills, _ := g.value("memory.events", "oom_kill")
		u.OOM = kills > 0
	}
	return u, nil
}

// value reads one number of a flat keyed file, or of a file that is one number.
func (g *Group) value(file, key string) (int64, error) {
	buf := make([]byte, 512)
	fd, err := unix.Openat(g.FD(), file, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, fmt.Errorf("open %s: %w", file, err)
	}
	defer unix.Close(fd)
	n, err := unix.Read(fd, buf)
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", file, err)
	}
	for line := range bytes.Lines(buf[:n]) {
		name, number, ok := bytes.Cut(bytes.TrimSpace(line), []byte(" "))
		if key == "" {
			number, ok = name, true
		}
		if ok && (key == "" || string(name) == key) {
			return strconv.ParseInt(string(number), 10, 64)
		}
	}
	return 0, fmt.Errorf("read %s: no %s in it", file, key)
}
