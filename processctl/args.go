package processctl

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// ErrTooLong says that an argument, a variable or all of them together are more
// than execve(2) takes. ErrNUL says that one holds a NUL byte, which no C string can.
var (
	ErrTooLong = errors.New("too long for an argument or variable")
	ErrNUL     = errors.New("a NUL byte in an argument or variable")
)

// MaxArg is the kernel's MAX_ARG_STRLEN less the NUL, in bytes: the longest
// argument or NAME=value that a process can be given.
const MaxArg = 32*4096 - 1

// CheckArgs says before a start whether the kernel would take these strings.
// The error wraps [ErrTooLong] or [ErrNUL] and holds none of them.
func CheckArgs(path string, argv, env []string) error {
	sum := len(path) + 1
	for _, list := range [][]string{argv, env} {
		for _, s := range list {
			if strings.IndexByte(s, 0) >= 0 {
				return ErrNUL
			}
			if len(s) > MaxArg {
				return fmt.Errorf("%w: %d bytes, %d are possible", ErrTooLong, len(s), MaxArg)
			}
			sum += len(s) + 1
		}
	}
	if limit := argSpace(len(argv) + len(env)); sum > limit {
		return fmt.Errorf("%w: %d bytes together, %d are possible", ErrTooLong, sum, limit)
	}
	return nil
}

// argSpace is how many bytes the strings of execve(2) may have together:
// bprm_stack_limits in fs/exec.c of the kernel. A quarter of the stack limit, at
// most 6 MiB and at least 128 KiB, less a pointer for each string.
func argSpace(count int) int {
	limit := uint64(6 << 20)
	var stack unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_STACK, &stack); err == nil {
		limit = min(limit, stack.Cur/4)
	}
	return int(max(limit, 128<<10)) - 8*count
}
