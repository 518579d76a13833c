//go:build !race

package brief

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

func read(fd int, b []byte) (n int, err error) { return transfer(unix.SYS_READ, fd, b) }

func write(fd int, b []byte) (n int, err error) { return transfer(unix.SYS_WRITE, fd, b) }

func transfer(trap uintptr, fd int, b []byte) (n int, err error) {
	r, _, errno := unix.RawSyscall(trap, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	if errno != 0 {
		return -1, errno
	}
	return int(r), nil
}
