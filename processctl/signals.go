package processctl

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Inheritable takes from this program all that its children must not inherit
// from whoever started it: blocked signals, ignored signals, open descriptors,
// core dumps. Go starts children with the signal mask that the program itself was
// started with and leaves ignored signals ignored, so a mask is cleared by
// executing the program once more. Call it first of all in main.
func Inheritable() error {
	if err := unblockSignals(); err != nil {
		return fmt.Errorf("clear the inherited signal mask: %w", err)
	}
	heedIgnored()
	// Descriptors from 3 up are ours only if we open them ourselves.
	if err := unix.CloseRange(3, ^uint(0), unix.CLOSE_RANGE_CLOEXEC); err != nil && err != unix.ENOSYS {
		return fmt.Errorf("close inherited descriptors on exec: %w", err)
	}
	var core unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &core); err == nil && core.Cur != 0 {
		core.Cur = 0
		if err := unix.Setrlimit(unix.RLIMIT_CORE, &core); err != nil {
			return fmt.Errorf("turn core dumps off: %w", err)
		}
	}
	return nil
}

func unblockSignals() error {
	mask, err := statusMask("SigBlk")
	if err != nil || mask == 0 {
		return err
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var none [1]uint64
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, uintptr(unsafe.Pointer(&none)), 0, unsafe.Sizeof(none), 0, 0)
	if errno != 0 {
		return errno
	}
	return syscall.Exec("/proc/self/exe", os.Args, os.Environ())
}

// heedIgnored installs a handler for each signal that was ignored when the
// program was started (nohup does that): handlers are reset at exec, ignored
// signals are not.
func heedIgnored() {
	mask, err := statusMask("SigIgn")
	if err != nil {
		return
	}
	drop := make(chan os.Signal, 1)
	for n := 1; n <= 64; n++ {
		if mask&(1<<(n-1)) != 0 {
			signal.Notify(drop, syscall.Signal(n))
		}
	}
	// Go leaves the two signals that C libraries use internally alone, and glibc's
	// posix_spawn, with which make and others start programs, ignores them.
	mask, err = statusMask("SigIgn")
	if err != nil {
		return
	}
	for n := 1; n <= 64; n++ {
		if mask&(1<<(n-1)) != 0 {
			var act [4]uint64 // struct sigaction of the kernel: SIG_DFL, no flags
			_, _, _ = unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(n), uintptr(unsafe.Pointer(&act)), 0, unsafe.Sizeof(act[3]), 0, 0)
		}
	}
}

// statusMask reads a signal mask of this thread from /proc.
func statusMask(key string) (uint64, error) {
	text, err := os.ReadFile("/proc/thread-self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, key+":"); ok {
			return strconv.ParseUint(strings.TrimSpace(value), 16, 64)
		}
	}
	return 0, fmt.Errorf("no %s in /proc/thread-self/status", key)
}
