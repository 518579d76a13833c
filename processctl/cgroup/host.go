package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/prometheus/procfs"
)

// ErrNone says that no group can be made on this host or in this container.
var ErrNone = errors.New("no writable cgroup v2")

// place is a directory of the cgroup2 hierarchy and its path as
// /proc/PID/cgroup shows it.
type place struct {
	dir  string
	path string
}

func (p place) child(name string) place {
	return place{dir: filepath.Join(p.dir, name), path: strings.TrimSuffix(p.path, "/") + "/" + name}
}

// subtreeControl is the file with the controllers that a group hands down.
func (p place) subtreeControl() string { return filepath.Join(p.dir, "cgroup.subtree_control") }

// own finds the group that this process is in.
func own() (place, error) {
	mounts, err := procfs.GetMounts()
	if err != nil {
		return place{}, fmt.Errorf("read mountinfo: %w", err)
	}
	path, err := pathOf("self")
	if err != nil {
		return place{}, err
	}
	for _, m := range mounts {
		if m.FSType != "cgroup2" {
			continue
		}
		// A bind mount shows a part of the hierarchy only: Root is where it begins.
		rest, ok := below(path, m.Root)
		if !ok {
			continue
		}
		return place{dir: filepath.Join(m.MountPoint, rest), path: path}, nil
	}
	return place{}, fmt.Errorf("%w: no cgroup2 mount shows our own group %q", ErrNone, path)
}

// at finds the path of a directory that the operator named.
func at(dir string) (place, error) {
	mounts, err := procfs.GetMounts()
	if err != nil {
		return place{}, fmt.Errorf("read mountinfo: %w", err)
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return place{}, fmt.Errorf("find cgroup parent: %w", err)
	}
	for _, m := range mounts {
		if m.FSType != "cgroup2" {
			continue
		}
		if rest, ok := below(dir, m.MountPoint); ok {
			return place{dir: dir, path: filepath.Join("/", m.Root, rest)}, nil
		}
	}
	return place{}, fmt.Errorf("%w: %s is not on a cgroup2 mount", ErrNone, dir)
}

// below cuts root off path; false when path is not at or under root. A path
// with ".." belongs to a hierarchy outside our cgroup namespace.
func below(path, root string) (string, bool) {
	if strings.Contains(path, "/..") || strings.Contains(root, "/..") {
		return "", false
	}
	root = strings.TrimSuffix(root, "/")
	rest, ok := strings.CutPrefix(path, root)
	if !ok || (rest != "" && rest[0] != '/') {
		return "", false
	}
	return rest, true
}

// pathOf reads the v2 line of /proc/PID/cgroup. A group that was removed while
// its last process was dying is shown with " (deleted)" behind its path.
func pathOf(pid string) (string, error) {
	text, err := os.ReadFile("/proc/" + pid + "/cgroup")
	if err != nil {
		return "", fmt.Errorf("read cgroup of process %s: %w", pid, err)
	}
	for line := range strings.Lines(string(text)) {
		if path, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "0::"); ok {
			return strings.TrimSuffix(path, " (deleted)"), nil
		}
	}
	return "", fmt.Errorf("%w: process %s is in no cgroup v2", ErrNone, pid)
}
