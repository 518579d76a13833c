package brief

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Read is read(2).
func Read(fd int, b []byte) (n int, err error) { return read(fd, b) }

// Write is write(2).
func Write(fd int, b []byte) (n int, err error) { return write(fd, b) }

// Poll is poll(2) without waiting, of a descriptor to be read: whether there is something,
// or an end; and whether nobody can write any more.
func Poll(fd int) (readable, alone bool) {
	p := unix.PollFd{Fd: int32(fd), Events: unix.POLLIN}
	var now unix.Timespec
	_, _, errno := unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&p)), 1, uintptr(unsafe.Pointer(&now)), 0, 0, 0)
	return errno == 0 && p.Revents&unix.POLLIN != 0, errno == 0 && p.Revents&unix.POLLHUP != 0
}

// Close is close(2).
func Close(fd int) error {
	_, _, errno := unix.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0)
	return failure(errno)
}

// Pipe is pipe2(2): the reading end and the writing one.
func Pipe(flags int) (r, w int, err error) {
	var fds [2]int32
	_, _, errno := unix.RawSyscall(unix.SYS_PIPE2, uintptr(unsafe.Pointer(&fds)), uintptr(flags), 0)
	return int(fds[0]), int(fds[1]), failure(errno)
}

// Dup is dup3(2).
func Dup(fd, to, flags int) error {
	_, _, errno := unix.RawSyscall(unix.SYS_DUP3, uintptr(fd), uintptr(to), uintptr(flags))
	return failure(errno)
}

// SetFlags is F_SETFL of fcntl(2).
func SetFlags(fd, flags int) error {
	_, _, errno := unix.RawSyscall(unix.SYS_FCNTL, uintptr(fd), unix.F_SETFL, uintptr(flags))
	return failure(errno)
}

// Accept is accept4(2) on a socket that does not block.
func Accept(fd, flags int) (conn int, err error) {
	r, _, errno := unix.RawSyscall6(unix.SYS_ACCEPT4, uintptr(fd), 0, 0, uintptr(flags), 0, 0)
	if errno != 0 {
		return -1, errno
	}
	return int(r), nil
}

// Open is openat(2) of what is there already.
func Open(dir int, name string, flags int) (fd int, err error) {
	b, err := unix.BytePtrFromString(name)
	if err != nil {
		return -1, err
	}
	r, _, errno := unix.RawSyscall6(unix.SYS_OPENAT, uintptr(dir), uintptr(unsafe.Pointer(b)), uintptr(flags), 0, 0, 0)
	if errno != 0 {
		return -1, errno
	}
	return int(r), nil
}

// MakeDir is mkdirat(2).
func MakeDir(dir int, name string, mode uint32) error {
	b, err := unix.BytePtrFromString(name)
	if err != nil {
		return err
	}
	_, _, errno := unix.RawSyscall(unix.SYS_MKDIRAT, uintptr(dir), uintptr(unsafe.Pointer(b)), uintptr(mode))
	return failure(errno)
}

// RemoveDir is unlinkat(2) of a directory.
func RemoveDir(dir int, name string) error {
	b, err := unix.BytePtrFromString(name)
	if err != nil {
		return err
	}
	_, _, errno := unix.RawSyscall(unix.SYS_UNLINKAT, uintptr(dir), uintptr(unsafe.Pointer(b)), unix.AT_REMOVEDIR)
	return failure(errno)
}

// Reap is wait4(2) for any child that has ended; pid 0: none has.
func Reap(status *syscall.WaitStatus, usage *syscall.Rusage) (pid int, err error) {
	var s int32
	r, _, errno := unix.RawSyscall6(unix.SYS_WAIT4, ^uintptr(0), uintptr(unsafe.Pointer(&s)), unix.WNOHANG, uintptr(unsafe.Pointer(usage)), 0, 0)
	if errno != 0 {
		return -1, errno
	}
	*status = syscall.WaitStatus(s)
	return int(r), nil
}

// failure is the error of a call, nil for none: an errno 0 in an error is not nil.
func failure(errno syscall.Errno) error {
	if errno == 0 {
		return nil
	}
	return errno
}
