package processctl

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

const (
	eraseBatch = 1000             // names that are read at a time
	eraseTime  = 30 * time.Second // somebody may go on making files
)

// erase removes everything in the directory that top has open, whatever a script
// has put there. It goes by descriptors only, so links lead nowhere, and takes
// three of them however deep the tree is: a directory that is not empty is emptied
// into top. Permissions that were taken away are given back first.
func erase(top *os.File) error {
	_ = top.Chmod(0o700)
	late := time.NewTimer(eraseTime)
	defer late.Stop()
	e := eraser{top: int(top.Fd())}
	for {
		names, err := namesIn(e.top)
		if err != nil || len(names) == 0 {
			return err
		}
		e.removed, e.err = 0, nil
		for _, name := range names {
			e.remove(e.top, name)
		}
		if e.removed == 0 {
			return e.err
		}
		select {
		case <-late.C:
			return fmt.Errorf("empty %s: it fills as fast as it is emptied", top.Name())
		default:
		}
	}
}

type eraser struct {
	top     int
	moved   int // names given to directories that were moved to the top
	removed int
	err     error // what could not be removed
}

// namesIn reads the first names of a directory; there are none in one that its
// script has removed.
func namesIn(dir int) ([]string, error) {
	fd, err := unix.Openat(dir, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("openat", err)
	}
	f := os.NewFile(uintptr(fd), ".")
	defer f.Close()
	names, err := f.Readdirnames(eraseBatch)
	if errors.Is(err, io.EOF) || errors.Is(err, unix.ENOENT) {
		err = nil
	}
	return names, err
}

// remove removes what has a name in a directory. What is a directory with
// something in it is emptied, or moved to the top if it is not there already.
func (e *eraser) remove(dir int, name string) {
	err := unix.Unlinkat(dir, name, 0)
	if err == unix.EISDIR || err == unix.EPERM {
		err = unix.Unlinkat(dir, name, unix.AT_REMOVEDIR)
	}
	switch {
	case err == nil:
		e.removed++
	case err == unix.ENOENT:
	case (err == unix.ENOTEMPTY || err == unix.EEXIST) && dir == e.top:
		e.empty(name)
	case err == unix.ENOTEMPTY || err == unix.EEXIST:
		e.move(dir, name)
	default:
		e.fail("remove", name, err)
	}
}

func (e *eraser) fail(what, name string, err error) {
	e.err = fmt.Errorf("%s %s: %w", what, name, err)
}

// empty removes a directory of the top with all that is in it, but for the
// directories that it moves to the top.
func (e *eraser) empty(name string) {
	fd, err := e.open(name)
	if err != nil {
		e.fail("open", name, err)
		return
	}
	defer unix.Close(fd)
	for before := -1; before != e.removed+e.moved; {
		before = e.removed + e.moved
		names, err := namesIn(fd)
		if err != nil {
			e.fail("read", name, err)
			return
		}
		for _, below := range names {
			e.remove(fd, below)
		}
	}
	if unix.Unlinkat(e.top, name, unix.AT_REMOVEDIR) == nil {
		e.removed++
	}
}

// open opens a directory of the top, which its script may have closed to all.
func (e *eraser) open(name string) (int, error) {
	const flags = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC
	fd, err := unix.Openat(e.top, name, flags, 0)
	if err == unix.EACCES {
		allow(e.top, name)
		fd, err = unix.Openat(e.top, name, flags, 0)
	}
	if err == nil {
		_ = unix.Fchmod(fd, 0o700)
	}
	return fd, err
}

// move moves a directory to the top, where it is found again.
func (e *eraser) move(dir int, name string) {
	for {
		e.moved++
		to := fmt.Sprintf("urocket-erase-%d", e.moved)
		err := unix.Renameat2(dir, name, e.top, to, unix.RENAME_NOREPLACE)
		if err == unix.EACCES { // it wants to be written to: its .. changes
			allow(dir, name)
			err = unix.Renameat2(dir, name, e.top, to, unix.RENAME_NOREPLACE)
		}
		switch err {
		case nil:
			return
		case unix.EEXIST:
			continue
		}
		e.moved--
		e.fail("move", name, err)
		return
	}
}

// allow gives a directory its permissions back, by a descriptor: whoever owns what
// is around it could put a link in its place.
func allow(dir int, name string) {
	fd, err := unix.Openat(dir, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	_ = os.Chmod(fmt.Sprintf("/proc/self/fd/%d", fd), 0o700)
}
