package shim

import (
	"os"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/processctl/family"
)

// signal sends sig to a command: to all of its family when collecting, else to
// its first process as long as that is not reaped.
func (s *server) signal(id uint32, sig syscall.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.settings.Collect {
		if id == s.current {
			s.signalFamily(sig)
		}
		return
	}
	for pid, of := range s.commands {
		if of == id {
			_ = syscall.Kill(pid, sig)
		}
	}
}

// signalFamily sends sig to every descendant. Children cannot have been reaped
// while the lock is held.
func (s *server) signalFamily(sig syscall.Signal) {
	if sig == syscall.SIGKILL {
		killChildren()
	}
	for _, m := range family.Below(os.Getpid()) {
		if m.Near {
			_ = syscall.Kill(m.PID, sig)
		} else {
			m.Signal(sig)
		}
	}
}

// killChildren kills the children, the youngest first and a few times over: it may
// be about to fork the next and end, long before a look at all processes finds it.
// Each goes with its process group, which the kernel ends between two forks: as
// long as the child is not reaped, nobody else's group has that number.
func killChildren() {
	own := unix.Getpgrp()
	for range 10 {
		children, _ := family.Children()
		for _, pid := range slices.Backward(children) {
			if group, err := unix.Getpgid(pid); err == nil && group > 1 && group != own {
				_ = syscall.Kill(-group, syscall.SIGKILL)
			}
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

// endAll kills what is left, until there is no child any more, which only the
// kernel can tell: a process that was forked while it was looked for is not seen,
// and may be the only one that lives. It falls to this process in its turn.
func (s *server) endAll() {
	_ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
	again := time.NewTicker(2 * time.Millisecond)
	defer again.Stop()
	for {
		s.mu.Lock()
		s.signalFamily(syscall.SIGKILL)
		pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
		for err == syscall.EINTR || pid > 0 {
			pid, err = syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
		}
		s.mu.Unlock()
		if err == syscall.ECHILD {
			return
		}
		<-again.C
	}
}
