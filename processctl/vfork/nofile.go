package vfork

import (
	"os"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// At its start Go raises the soft limit of descriptors to one below the hard one
// (package syscall), and [syscall.ForkExec] gives programs the limit that there was:
// many of them close or count all that they might have. It tells nobody what that
// was; a program that it starts shows it.

// noFile is the limit for programs.
var noFile atomic.Pointer[noFileLimit]

// noFileLimit is one; nil: what this program has.
type noFileLimit struct{ *syscall.Rlimit }

// now is the limit with the hard one of this moment, which may have been lowered.
func (l *noFileLimit) now() *syscall.Rlimit {
	var now syscall.Rlimit
	if l.Rlimit == nil || syscall.Getrlimit(syscall.RLIMIT_NOFILE, &now) != nil {
		return l.Rlimit
	}
	return &syscall.Rlimit{Cur: min(l.Cur, now.Max), Max: now.Max}
}

// Prepare finds out which limit of descriptors programs are to have. It waits for a
// child: call it before anybody waits for every child. Without it, and where it
// finds out nothing, [syscall.ForkExec] starts the programs. It also takes a few
// descriptors, for good: the earlier it is called, the lower they are, and the less
// a start has to copy.
func Prepare() {
	if limit, ok := probe(); ok {
		noFile.Store(&noFileLimit{limit})
	}
	if reserved.Load() == nil {
		_ = reserve() // without them it is slower
	}
}

// SoftLimit is what [Prepare] has found, to be told to another process of this
// program ([Inherit]): 0 where nothing is to be set. False: nothing is known.
func SoftLimit() (soft uint64, known bool) {
	limit := noFile.Load()
	switch {
	case limit == nil:
		return 0, false
	case limit.Rlimit == nil:
		return 0, true
	}
	return limit.Cur, true
}

// Inherit has programs start with a soft limit of descriptors, or with that of this
// program where it is 0.
func Inherit(soft uint64) {
	limit := &noFileLimit{}
	var now syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &now); soft > 0 && err == nil {
		limit.Rlimit = &syscall.Rlimit{Cur: min(soft, now.Max), Max: now.Max}
	}
	noFile.Store(limit)
}

func probe() (limit *syscall.Rlimit, ok bool) {
	var now unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &now); err != nil {
		return nil, false
	}
	if now.Cur != now.Max-1 {
		return nil, true // Go has not raised it
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, false
	}
	defer null.Close()
	for _, path := range []string{"/bin/true", "/usr/bin/true"} {
		pid, err := forkExec(&Command{Path: path, Argv: []string{"true"}, Files: [3]int{int(null.Fd()), int(null.Fd()), int(null.Fd())}, Cgroup: -1})
		if err != nil {
			continue
		}
		var its unix.Rlimit
		err = unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &its) // of a zombie too
		for {
			if _, werr := syscall.Wait4(pid, nil, 0, nil); werr != syscall.EINTR {
				break
			}
		}
		if err == nil {
			return &syscall.Rlimit{Cur: its.Cur, Max: its.Max}, true
		}
	}
	return nil, false
}
