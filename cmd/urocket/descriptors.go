package main

import (
	"fmt"
	"math"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/config"
	"github.com/urocket/urocket/processctl/vfork"
)

// How many descriptors are open at once, at most. The Go runtime raises our soft
// limit to the hard one, and gives processes the one that we were started with.
const (
	// ownFiles are urocket's: listeners, cgroups, the log, the spare connections on
	// the socket, and places for the descriptors of a child (package vfork).
	ownFiles = 64 + vfork.Files
	// spareReplies are connections on the socket that carry no call's reply.
	spareReplies = 16
	// moreReplies are so many more at most, if the limit has room for them.
	moreReplies = 1024
	// replyFiles are a connection's on the socket: itself, the process at its
	// other end.
	replyFiles = 2
	// callFiles are a running call's: two pipes, its cgroup, a connection on the
	// socket with the process at its other end, a file for a large reply, and
	// those that are open while it starts.
	callFiles = 8
	// workerFiles are a worker's: its socket, two pipes, its cgroup.
	workerFiles = 4
	// warmFiles are those of what waits for an operation's calls, and of what takes its
	// place: two pipes, stdin and a cgroup for each of a few PHPs.
	warmFiles = 24
	// adminFiles are the connections to the admin listener, at most.
	adminFiles = 64
	// callerFiles are a waiting caller's: his connection, a file for a large body.
	callerFiles = 2
)

// descriptorLimit is how many descriptors we may have open.
func descriptorLimit() int64 {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil || limit.Cur > math.MaxInt32 {
		return math.MaxInt32
	}
	return int64(limit.Cur)
}

// connections is how many callers' connections may be open, so that the calls
// that run are not left without descriptors. Half of them may be, whatever the
// service is set to.
func connections(s *config.Service) int {
	limit := descriptorLimit()
	return int(max(1, limit/2, limit-ownFiles-waiting(s)-callFiles*int64(s.Running)-replyFiles*surplus(s, limit)))
}

// socketConnections is how many connections on the socket may be open: one for
// each call that runs, and some more. A quarter of all descriptors may be theirs,
// whatever the service is set to.
func socketConnections(s *config.Service) int {
	limit := descriptorLimit()
	return int(max(2, min(int64(s.Running)+spareReplies+surplus(s, limit), limit/4/replyFiles)))
}

// surplus is how many more connections on the socket there may be than the
// spare ones, without a place less for a caller: half of what is left over.
func surplus(s *config.Service, limit int64) int64 {
	return min(moreReplies, max(0, limit-needed(s))/2/replyFiles)
}

// adminConnections is how many there may be to the admin listener: an eighth of all
// descriptors at most, so that whoever reaches it cannot take those of the calls.
func adminConnections() int { return int(max(1, min(adminFiles, descriptorLimit()/8))) }

// waiting is how many descriptors are those of processes that wait for calls, and of
// connections to the admin listener.
func waiting(s *config.Service) (n int64) {
	if s.Admin != "" {
		n = int64(adminConnections())
	}
	for _, op := range s.Operations {
		if op.Driver == config.DriverFork {
			n += warmFiles
		}
	}
	return n
}

// needed is how many descriptors serve all callers that running and queued admit.
func needed(s *config.Service) int64 {
	n := ownFiles + waiting(s) + (callFiles+1)*int64(s.Running) + callerFiles*int64(s.Queued)
	for _, op := range s.Operations {
		if op.Worker != nil {
			n += 2 * workerFiles * int64(op.Worker.Max) // while all of them are being replaced
		}
	}
	return n
}

// checkDescriptors warns of a limit under which not all callers can be served
// that running and queued admit.
func (l *loaded) checkDescriptors() {
	s := l.service
	need := needed(s)
	if limit := descriptorLimit(); need > limit {
		l.warnings = append(l.warnings, s.FaultAt("", "", "running", fmt.Sprintf(
			"running: %d and queued: %d may need %d open files at once, and urocket may have %d: raise the limit (LimitNOFILE= of systemd, ulimit -Hn of a shell)", s.Running, s.Queued, need, limit)))
	}
}
