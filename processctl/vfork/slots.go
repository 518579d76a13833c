package vfork

import (
	"os"
	"runtime"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/processctl/brief"
)

// A child gets a copy of its parent's table of descriptors, and closes nearly all of
// them when it executes its program: with ten thousand connections that takes longer
// than anything else. So a child begins with its parent's own table (CLONE_FILES),
// and makes one for itself that holds the first few descriptors alone: close_range(2)
// with CLOSE_RANGE_UNSHARE (Linux 5.9) copies nothing that it would close. For that
// the descriptors that the program is to have are put in low places, which are kept
// free for them.

// slots are places of four descriptors each, numbers in a row of those that are
// lowest above 3; nil: there are none.
type slots struct {
	free chan [4]int
	last int // the highest number of them all
	null *os.File
}

// parallel is how many children can begin at a time; others wait. A thread of the Go
// runtime that starts a child can do nothing else until that has executed its program,
// from a disk that is slow perhaps; one of those that run Go at a time is left for
// everything else. Where few descriptors may be open there are fewer places, or none.
func parallel() int {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return int(min(mostParallel, limit.Cur/64, uint64(max(1, runtime.GOMAXPROCS(0)-1))))
}

const mostParallel = 8

// Files is how many descriptors [Prepare] takes, at most.
const Files = 4*mostParallel + 1

var reserved atomic.Pointer[slots]

// reserve takes the places.
func reserve() error {
	n := parallel()
	if n == 0 {
		return nil
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	s := &slots{free: make(chan [4]int, n), null: null}
	for range n {
		var set [4]int
		for i := range set { // above 3: dup3(2) refuses to put a descriptor where it is
			if set[i], err = unix.FcntlInt(null.Fd(), unix.F_DUPFD_CLOEXEC, 4); err != nil {
				return err // what was taken stays: nobody can go on without descriptors
			}
			s.last = max(s.last, set[i])
		}
		s.free <- set
	}
	reserved.Store(s)
	return nil
}

// from is the first descriptor that a child does not copy: a multiple of the size of a
// word, in which the kernel copies anyway (and some kernels wrongly, if it is not).
func (s *slots) from() int { return (s.last/64 + 1) * 64 }

// put puts descriptors in places of their own; done makes those free again.
func (s *slots) put(files []int) (set [4]int, done func(), err error) {
	set = <-s.free
	done = func() {
		for _, fd := range set[:len(files)] {
			// Else the file would stay open. It may be the last of a pipe, whose lock is waited for.
			_ = unix.Dup3(int(s.null.Fd()), fd, unix.O_CLOEXEC)
		}
		s.free <- set
	}
	for i, fd := range files {
		if err := brief.Dup(fd, set[i], unix.O_CLOEXEC); err != nil {
			done()
			return set, nil, err
		}
	}
	return set, done, nil
}
