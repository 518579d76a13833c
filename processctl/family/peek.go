package family

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Death is what wait4(2) says of a process.
type Death struct {
	Status syscall.WaitStatus
	Rusage syscall.Rusage
	At     time.Time // when it was reaped
}

// Peek names a child of this program that can be reaped, and leaves it as it is.
// It waits for one unless options hold WNOHANG (waitid(2)); 0 means that there is
// none now. ECHILD: there are no children at all.
func Peek(options int) (pid int, err error) {
	var info unix.Siginfo
	for {
		err := unix.Waitid(unix.P_ALL, 0, &info, unix.WEXITED|unix.WNOWAIT|options, nil)
		if err == unix.EINTR {
			continue
		}
		return int((*childInfo)(unsafe.Pointer(&info)).pid), err
	}
}

// childInfo is the head of siginfo_t as waitid(2) fills it for SIGCHLD: three
// ints, then, aligned to a pointer, the union that begins with si_pid.
type childInfo struct {
	signo, errno, code int32
	_                  [unsafe.Sizeof(uintptr(0)) - 4]byte
	pid                int32
}
