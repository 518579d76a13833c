package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/containerd/cgroups/v3"
	"golang.org/x/sys/unix"
)

// leafName is the group that the processes of our own group are moved to: a
// group that hands controllers to its children may have none itself (the
// no-internal-process rule of cgroup-v2.rst).
const leafName = "main"

// delegation is a group below which controllers were turned on, and how to undo it.
type delegation struct {
	place
	leaf place // where its processes are; "" where they did not have to move
	mine []string
}

// delegate makes base hand its controllers on. What the host does not allow is
// left out: the level says what holds. moved says whose processes may be moved:
// only our own group's, not those of a directory that the operator named.
func delegate(base place, ours bool) delegation {
	d := delegation{place: base}
	offered := listed(filepath.Join(base.dir, "cgroup.controllers"))
	on := listed(base.subtreeControl())
	var missing []string
	for _, c := range wanted {
		if slices.Contains(offered, c) && !slices.Contains(on, c) {
			missing = append(missing, c)
		}
	}
	if len(missing) == 0 {
		return d
	}
	if ours && !isRoot(base.dir) {
		leaf := base.child(leafName)
		if err := os.Mkdir(leaf.dir, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
			return d
		}
		d.leaf = leaf
		if err := moveAll(base.dir, leaf.dir); err != nil {
			return d
		}
	}
	for _, c := range enable(base, missing) {
		if slices.Contains(missing, c) {
			d.mine = append(d.mine, c)
		}
	}
	return d
}

// with adds what a later delegation of the same group has done.
func (d delegation) with(later delegation) delegation {
	if later.leaf.dir == "" {
		later.leaf = d.leaf
	}
	for _, c := range d.mine {
		if !slices.Contains(later.mine, c) {
			later.mine = append(later.mine, c)
		}
	}
	return later
}

// undo takes back what delegate did, as far as others allow it: another urocket
// may work below the same group.
func (d delegation) undo() {
	for _, c := range d.mine {
		if os.WriteFile(d.subtreeControl(), []byte("-"+c), 0) != nil {
			return
		}
	}
	if d.leaf.dir != "" && moveAll(d.leaf.dir, d.dir) == nil {
		_ = unix.Rmdir(d.leaf.dir)
	}
}

// isRoot tells the real root of the hierarchy, which may have processes and
// children with controllers: it alone has no cgroup.type.
func isRoot(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "cgroup.type"))
	return errors.Is(err, os.ErrNotExist)
}

// moveAll moves every process from one group to another, until none is left:
// those that are forked meanwhile are found the next time.
func moveAll(from, to string) error {
	for range 100 {
		pids := listed(filepath.Join(from, "cgroup.procs"))
		if len(pids) == 0 {
			return nil
		}
		for _, pid := range pids {
			err := os.WriteFile(filepath.Join(to, "cgroup.procs"), []byte(pid), 0)
			if err != nil && !errors.Is(err, unix.ESRCH) {
				return fmt.Errorf("move process %s to %s: %w", pid, to, err)
			}
		}
	}
	return fmt.Errorf("move the processes of %s: new ones come all the time", from)
}

// delegated is the group that was handed to us. systemd starts a service with
// DelegateSubgroup= in a leaf of it, and a second urocket may find itself in the
// leaf that the first one made: then it is the group above.
func delegated(own place) place {
	up := place{dir: filepath.Dir(own.dir), path: filepath.Dir(own.path)}
	if own.path == "/" || isRoot(own.dir) || unix.Access(filepath.Join(up.dir, "cgroup.procs"), unix.W_OK) != nil {
		return own
	}
	var flag [8]byte
	n, err := unix.Getxattr(up.dir, "user.delegate", flag[:])
	if err == nil && n > 0 && flag[0] == '1' {
		return up
	}
	if filepath.Base(own.dir) == leafName && len(listed(up.subtreeControl())) > 0 {
		return up
	}
	return own
}

// remedy says how this environment is made to allow what is missing.
func remedy(own place, cause error) string {
	switch {
	case errors.Is(cause, unix.EROFS):
		return "the cgroup mount is read-only in this container: docker run --security-opt writable-cgroups=true (Engine 28), podman --security-opt unmask=/sys/fs/cgroup, or a Kubernetes RuntimeClass with containerd's cgroup_writable"
	case strings.HasSuffix(own.path, ".service"):
		return "add Delegate=yes to the [Service] section of " + filepath.Base(own.path)
	case strings.HasSuffix(own.path, ".scope"):
		return "a login session is not delegated: start it with systemd-run --user --scope -p Delegate=yes, or as a service"
	case cgroups.Mode() == cgroups.Hybrid || cgroups.Mode() == cgroups.Legacy:
		return "this host gives its controllers to cgroup v1; boot it with systemd.unified_cgroup_hierarchy=1"
	case cause == nil && !slices.Contains(listed(filepath.Join(own.dir, "cgroup.controllers")), "memory"):
		return "the group " + own.path + " is not offered them by the one above"
	}
	return "let the user " + strconv.Itoa(os.Geteuid()) + " own the group " + own.path
}
