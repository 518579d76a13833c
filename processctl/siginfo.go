package processctl

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// childInfo is the head of siginfo_t as waitid(2) fills it for SIGCHLD: three
// ints, then, aligned to a pointer, the union that begins with si_pid.
type childInfo struct {
	signo, errno, code int32
	_                  [unsafe.Sizeof(uintptr(0)) - 4]byte
	pid                int32
}

func siginfoPID(info *unix.Siginfo) int {
	return int((*childInfo)(unsafe.Pointer(info)).pid)
}
