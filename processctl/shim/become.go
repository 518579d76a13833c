package shim

import (
	"os"
	"slices"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/processctl/vfork"
)

// become takes settings on and executes a program; it returns only when it cannot.
// The caller's thread is the one that goes on as the program.
func become(args, command []string) int {
	settings, err := parse(args)
	var user *vfork.User
	if err == nil {
		user, err = settings.apply()
	}
	if err == nil && user != nil {
		err = assume(user)
	}
	if err == nil && len(command) > 1 {
		err = &os.PathError{Op: "execute", Path: command[0], Err: syscall.Exec(command[0], command[1:], os.Environ())}
	}
	_, _ = unix.Write(connFD, append([]byte("failed\x00"), err.Error()...))
	return 1
}

// assume makes this thread that of a user.
func assume(u *vfork.User) error {
	if u.Groups != nil {
		groups := make([]uint32, max(len(u.Groups), 1))
		for i, g := range u.Groups {
			groups[i] = uint32(g)
		}
		if _, _, errno := unix.RawSyscall(unix.SYS_SETGROUPS, uintptr(len(u.Groups)), uintptr(unsafe.Pointer(&groups[0])), 0); errno != 0 {
			return os.NewSyscallError("setgroups", errno)
		}
	}
	for _, call := range []struct {
		name   string
		number uintptr
		id     int
	}{{"setgid", unix.SYS_SETGID, u.GID}, {"setuid", unix.SYS_SETUID, u.UID}} {
		if _, _, errno := unix.RawSyscall(call.number, uintptr(call.id), 0, 0); errno != 0 {
			return os.NewSyscallError(call.name, errno)
		}
	}
	return nil
}

// isExec finds the program in the arguments of a shim that becomes one.
func isExec(args []string) (settings, command []string, yes bool) {
	i := slices.Index(args, execWord)
	if i < 0 {
		return args, nil, false
	}
	return args[:i], args[i+1:], true
}
