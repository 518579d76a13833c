package backserv

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// lockTimeout is how long a start waits for another one in the same folder. A
// lock that is held for longer is not that of a start, and is not waited for.
const lockTimeout = time.Second

// errChanged says that an entry is not the one that was looked at.
var errChanged = errors.New("another program changes what is there")

// An inode is what tells one file from another.
type inode struct{ device, number uint64 }

func inodeOf(st *unix.Stat_t) inode { return inode{device: uint64(st.Dev), number: st.Ino} }

// A folder is an open directory: whatever happens to the path that led to it, or
// to the working directory, its entries stay the same.
type folder struct{ *os.File }

func openFolder(dir string) (folder, error) {
	if dir == "" {
		dir = "."
	}
	f, err := os.OpenFile(dir, os.O_RDONLY|unix.O_DIRECTORY, 0)
	if errors.Is(err, fs.ErrPermission) { // may be written to all the same
		f, err = os.OpenFile(dir, unix.O_PATH|unix.O_DIRECTORY, 0)
	}
	if err != nil {
		return folder{}, err
	}
	return folder{f}, nil
}

// fd stays valid while the folder is open, which its owner sees to.
func (d folder) fd() int { return int(d.Fd()) }

// entry is a short path of an entry, for calls that take nothing else.
func (d folder) entry(name string) string { return fmt.Sprintf("/proc/self/fd/%d/%s", d.fd(), name) }

// lock keeps other starts out of the folder until the function it returns is
// called. It is advice between urockets, and gives up where it cannot be had.
func (d folder) lock() (unlock func(), had bool) {
	for end := time.Now().Add(lockTimeout); ; time.Sleep(5 * time.Millisecond) {
		switch err := unix.Flock(d.fd(), unix.LOCK_EX|unix.LOCK_NB); {
		case err == nil:
			return func() { _ = unix.Flock(d.fd(), unix.LOCK_UN) }, true
		case err != unix.EINTR && err != unix.EWOULDBLOCK || time.Now().After(end):
			return func() {}, false
		}
	}
}

func (d folder) stat(name string) (inode, error) {
	var st unix.Stat_t
	if err := unix.Fstatat(d.fd(), name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return inode{}, os.NewSyscallError("stat", err)
	}
	return inodeOf(&st), nil
}

func (d folder) remove(name string) error {
	return os.NewSyscallError("unlink", unix.Unlinkat(d.fd(), name, 0))
}

// rename moves an entry to where old is; old zero: to where nothing is. It
// returns errChanged if something else is there.
func (d folder) rename(from, to string, old inode) error {
	if old != (inode{}) {
		if id, err := d.stat(to); err != nil || id != old {
			return errChanged
		}
		return os.NewSyscallError("rename", unix.Renameat(d.fd(), from, d.fd(), to))
	}
	err := unix.Renameat2(d.fd(), from, d.fd(), to, unix.RENAME_NOREPLACE)
	switch {
	case errors.Is(err, unix.EEXIST):
		return errChanged
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOSYS): // not on every file system
		err = unix.Renameat(d.fd(), from, d.fd(), to)
	}
	return os.NewSyscallError("rename", err)
}

// permit sets group and mode of a socket that was just made. It goes by a
// descriptor, so that whoever else may write to the folder cannot put something
// in its place.
func (d folder) permit(name string, mode fs.FileMode, gid int) (inode, error) {
	fd, st, err := d.open(name)
	if err != nil {
		return inode{}, err
	}
	defer unix.Close(fd)
	if st.Mode&unix.S_IFMT != unix.S_IFSOCK {
		return inode{}, errChanged
	}
	if gid >= 0 {
		if err := unix.Fchownat(fd, "", -1, gid, unix.AT_EMPTY_PATH); err != nil {
			return inode{}, fmt.Errorf("give the socket to group %d: %w", gid, err)
		}
	}
	if err := unix.Chmod(fmt.Sprintf("/proc/self/fd/%d", fd), uint32(mode.Perm())); err != nil {
		return inode{}, fmt.Errorf("set the socket's mode: %w", err)
	}
	return inodeOf(st), nil
}

// open returns a descriptor that stands for an entry, whatever it is, and can
// neither read nor write it.
func (d folder) open(name string) (int, *unix.Stat_t, error) {
	fd, err := unix.Openat(d.fd(), name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, nil, os.NewSyscallError("open", err)
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		unix.Close(fd)
		return -1, nil, os.NewSyscallError("stat", err)
	}
	return fd, &st, nil
}
