package processctl

import (
	"errors"
	"syscall"
	"testing"
)

// Whose fault a start was. The kernel's lack of memory takes the same way as its
// lack of processes, which the tests of the built program bring about for real.
func TestForkErrorsTellWhoseFaultItWas(t *testing.T) {
	p := &Process{spec: Spec{Path: "/bin/x", Dir: "/"}}
	for errno, want := range map[syscall.Errno]string{
		syscall.ENOMEM: "resource", syscall.EAGAIN: "resource", syscall.EMFILE: "resource", syscall.ENFILE: "resource",
		syscall.EBUSY: "resource", syscall.ENODEV: "resource", syscall.EBADF: "resource",
		syscall.ENOENT: "start", syscall.EACCES: "start", syscall.ENOEXEC: "start", syscall.ENOTDIR: "start", syscall.ELOOP: "start", syscall.ETXTBSY: "start", syscall.EPERM: "start",
		syscall.E2BIG: "too long",
	} {
		err := p.forkError(errno)
		var resource *ResourceError
		var start *StartError
		got := "nobody"
		switch {
		case errors.As(err, &resource):
			got = "resource"
		case errors.As(err, &start):
			got = "start"
		case errors.Is(err, ErrTooLong):
			got = "too long"
		}
		if got != want || want != "too long" && !errors.Is(err, errno) {
			t.Errorf("%v: %s (%v), want %s", errno, got, err, want)
		}
	}
}
