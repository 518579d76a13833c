package backserv

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// ErrNotSocket says that something is at the path which is not a socket, and
// which is therefore left alone.
var ErrNotSocket = errors.New("not a socket, and only a socket is replaced")

// InUseError says that a live process serves the socket at the path.
type InUseError struct {
	PID     int    // 0: it cannot be seen from here
	Command string // its name in the process table; "": not known
}

func (e *InUseError) Error() string {
	switch {
	case e.PID == 0:
		return "another process serves it"
	case e.Command == "":
		return fmt.Sprintf("process %d serves it", e.PID)
	}
	return fmt.Sprintf("process %d (%q) serves it", e.PID, e.Command)
}

// inspect returns the stale socket that may be replaced; zero where nothing is.
// All else is an error.
func (d folder) inspect(name string) (inode, error) {
	fd, st, err := d.open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return inode{}, nil
	}
	if err != nil {
		return inode{}, err
	}
	defer unix.Close(fd)
	if kind := st.Mode & unix.S_IFMT; kind != unix.S_IFSOCK {
		return inode{}, fmt.Errorf("%s is there: %w", kindOf(kind), ErrNotSocket)
	}
	if err := refuseLive(fd); err != nil {
		return inode{}, err
	}
	return inodeOf(st), nil
}

func kindOf(kind uint32) string {
	switch kind {
	case unix.S_IFREG:
		return "a regular file"
	case unix.S_IFDIR:
		return "a directory"
	case unix.S_IFLNK:
		return "a symbolic link"
	}
	return "a special file"
}

// refuseLive connects to the socket that file stands for and returns nil if
// nobody is there.
func refuseLive(file int) error {
	// It must not block: the queue of a live server may be full.
	s, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer unix.Close(s)
	// By descriptor, so that it is the one that was looked at.
	err = unix.Connect(s, &unix.SockaddrUnix{Name: fmt.Sprintf("/proc/self/fd/%d", file)})
	switch {
	case err == nil:
		return whoServes(s)
	case errors.Is(err, unix.ECONNREFUSED):
		return nil
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EPROTOTYPE): // a full queue; a socket of another type
		return &InUseError{}
	}
	return fmt.Errorf("find out whether the socket is in use: %w", err)
}

// whoServes names the process that has called listen on the other end.
func whoServes(s int) error {
	cred, err := unix.GetsockoptUcred(s, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil || cred.Pid <= 0 {
		return &InUseError{}
	}
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", cred.Pid))
	if err != nil {
		name = nil // hidden, or it has handed the socket on and ended
	}
	return &InUseError{PID: int(cred.Pid), Command: string(bytes.TrimSpace(name))}
}
