package processctl

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// claimByte is where a claim is locked: far behind the end of every file, so that
// it is in nobody's way. Scripts lock their files with flock(2), or from the
// beginning.
const claimByte = 1 << 62

// claim marks a file or directory that was just made as one whose urocket lives.
// The mark is a lock of the open file description (fcntl(2)), which the kernel
// takes back when the program ends, however it does. The error wraps
// [fs.ErrNotExist] if another start has swept it away first.
//
// A directory cannot be opened for writing, as an exclusive lock demands, so the
// sweep can only ask for the mark. That it does not come between the making and
// the marking both hold the flock(2) lock meanwhile, which is free again before
// the script is started.
func claim(f *os.File) error {
	if err := flock(f, unix.LOCK_SH); err == nil {
		defer func() { _ = flock(f, unix.LOCK_UN) }()
	}
	// Where locks cannot be had, isAbandoned finds that out as well.
	_ = setClaim(f, unix.F_RDLCK)
	if there, err := os.Lstat(f.Name()); err != nil || !sameFile(f, there) {
		return fmt.Errorf("claim %s: %w", f.Name(), fs.ErrNotExist)
	}
	return nil
}

// isAbandoned says that no urocket that lives has made f. What cannot be found
// out counts as claimed. Until f is closed nobody can claim it.
func isAbandoned(f *os.File) bool {
	if flock(f, unix.LOCK_EX|unix.LOCK_NB) != nil {
		return false
	}
	asked := unix.Flock_t{Type: unix.F_WRLCK, Start: claimByte, Len: 1}
	if err := unix.FcntlFlock(f.Fd(), unix.F_OFD_GETLK, &asked); err != nil || asked.Type != unix.F_UNLCK {
		return false
	}
	return setClaim(f, unix.F_RDLCK) == nil // else no claim would hold here
}

func setClaim(f *os.File, kind int16) error {
	return unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{Type: kind, Start: claimByte, Len: 1})
}

func flock(f *os.File, how int) error {
	for {
		if err := unix.Flock(int(f.Fd()), how); err != unix.EINTR {
			return err
		}
	}
}

func sameFile(f *os.File, there fs.FileInfo) bool {
	own, err := f.Stat()
	return err == nil && os.SameFile(own, there)
}

// openScratch opens what lies at a path, without waiting for it and without
// following a link. A directory that its script has closed to all is opened up.
func openScratch(path string) (*os.File, error) {
	const flags = os.O_RDONLY | unix.O_NOFOLLOW | unix.O_NONBLOCK
	f, err := os.OpenFile(path, flags, 0)
	if !errors.Is(err, fs.ErrPermission) {
		return f, err
	}
	if err := allowOwner(path); err != nil {
		return nil, err
	}
	return os.OpenFile(path, flags, 0)
}

// allowOwner gives a directory of ours its permissions back. It goes by a
// descriptor: whoever owns the directory could put a link in its place.
func allowOwner(path string) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_NOFOLLOW|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return os.Chmod(fmt.Sprintf("/proc/self/fd/%d", fd), 0o700)
}
