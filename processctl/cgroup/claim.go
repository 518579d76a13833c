package cgroup

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// claimed is a directory that is ours as long as it is locked.
type claimed struct {
	place
	lock *os.File // the directory; its flock(2) says that its urocket lives
}

// claim makes and locks a directory in base whose name begins with prefix, after
// it has removed what dead urockets left under such names; warn is told of processes
// among that.
func claim(base place, prefix string, warn func(string)) (claimed, error) {
	if n := sweep(base, prefix); n > 0 && warn != nil {
		warn(fmt.Sprintf("an urocket of this name has died before; what it had started still ran and was killed: %d processes", n))
	}
	c := claimed{place: base.child(prefix + strconv.Itoa(os.Getpid()))}
	err := c.make()
	if errors.Is(err, unix.EWOULDBLOCK) {
		// Another with our pid, in another pid namespace.
		c.place = base.child(prefix + strconv.Itoa(os.Getpid()) + "-" + strings.ToLower(rand.Text()[:8]))
		err = c.make()
	}
	return c, err
}

// maxDepth is how deep groups may lie below the parent: a process's own, and a
// few more inside it.
const maxDepth = "16"

// make makes and locks the directory. Between the two another urocket may take it
// for a leftover and remove it; then it is made again.
func (c *claimed) make() error {
	for {
		if err := os.Mkdir(c.dir, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
			return fmt.Errorf("%w: %w", ErrNone, err)
		}
		lock, err := lockDir(c.dir)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("%w: lock %s: %w", ErrNone, c.dir, err)
		}
		c.lock = lock
		if c.stands() {
			// A script that is root may make groups inside its own, but not without end.
			_ = os.WriteFile(filepath.Join(c.dir, "cgroup.max.depth"), []byte(maxDepth), 0)
			return nil
		}
		_ = lock.Close()
	}
}

// stands says whether the directory of that name is the one that is locked.
func (c *claimed) stands() bool {
	locked, err := c.lock.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(c.dir)
	return err == nil && os.SameFile(locked, there)
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
// lock is held belongs to a live one and is not touched. It says how many processes
// were killed.
func sweep(base place, prefix string) (killed int) {
	entries, err := os.ReadDir(base.dir)
	if err != nil {
		return 0
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
		killed += left.count()
		_ = (&Group{place: left}).end(endTime)
		_ = lock.Close()
	}
	return killed
}

// count says how many processes are in a group and those below it.
func (p place) count() (n int) {
	_ = filepath.WalkDir(p.dir, func(dir string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() {
			pids, _ := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
			n += bytes.Count(pids, []byte("\n"))
		}
		return nil
	})
	return n
}
