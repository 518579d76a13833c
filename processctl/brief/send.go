package brief

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Short is how much [Send] is for, in bytes: what is copied in a few microseconds.
const Short = 16 << 10

// Send writes all of b to a socket, and waits as long as that does not take it. The error
// is the connection's, which is closed or past its deadline, or a [syscall.Errno].
func Send(c syscall.RawConn, b []byte) (n int, err error) {
	closed := c.Write(func(fd uintptr) bool {
		for n < len(b) {
			var m int
			switch m, err = Write(int(fd), b[n:]); err {
			case nil:
				n += m
			case unix.EINTR:
			case unix.EAGAIN:
				return false
			default:
				return true
			}
		}
		return true
	})
	if closed != nil {
		return n, closed
	}
	return n, err
}

// SendMessage is sendmsg(2) on a connected socket that does not block: bytes and, with
// the first of them, control data.
func SendMessage(fd int, b, oob []byte) (n int, err error) {
	text := unix.Iovec{Base: unsafe.SliceData(b)}
	text.SetLen(len(b))
	m := unix.Msghdr{Iov: &text, Control: unsafe.SliceData(oob)}
	m.SetIovlen(1)
	m.SetControllen(len(oob))
	r, _, errno := unix.RawSyscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(&m)), unix.MSG_NOSIGNAL)
	if errno != 0 {
		return -1, errno
	}
	return int(r), nil
}
