package family

import (
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Member is a living process below another.
type Member struct {
	PID     int
	Start   uint64 // when it was started, in clock ticks since boot (proc(5))
	Near    bool   // a child, not a further descendant
	Stopped bool   // by a signal: SIGCONT would have it go on
}

// Below lists the processes below pid, the nearest first; zombies are left
// out, what is below them is not. What is forked meanwhile may be missing. A
// process whose first thread has ended and others have not reads as a zombie, and
// is none.
func Below(pid int) []Member {
	stats := map[int]stat{}
	children := map[int][]int{}
	for _, n := range numbers("/proc") {
		if s, ok := readStat(n); ok {
			stats[n] = s
			children[s.parent] = append(children[s.parent], n)
		}
	}
	var list []Member
	queue := slices.Clone(children[pid])
	for i := 0; i < len(queue); i++ {
		child := queue[i]
		s := stats[child]
		if !s.over() {
			list = append(list, Member{PID: child, Start: s.start, Near: s.parent == pid, Stopped: s.state == 'T'})
		}
		queue = append(queue, children[child]...)
	}
	return list
}

// Signal sends sig to a process that [Below] has found, unless it has
// ended and its pid is another's: a pidfd stays with the process it was opened
// for (pidfd_open(2)).
func (m Member) Signal(sig syscall.Signal) {
	fd, err := unix.PidfdOpen(m.PID, 0)
	if err == unix.ESRCH {
		return
	}
	if s, ok := readStat(m.PID); !ok || s.start != m.Start {
		if err == nil {
			_ = unix.Close(fd)
		}
		return
	}
	if err != nil { // Linux before 5.3, or no descriptor is free
		_ = syscall.Kill(m.PID, sig)
		return
	}
	defer unix.Close(fd)
	_ = unix.PidfdSendSignal(fd, sig, nil, 0)
}

// numbers lists the entries of a directory that are numbers, as the processes in
// /proc. Here and below files are read by plain system calls: a shim has few
// descriptors, and package os takes two for itself.
func numbers(dir string) (list []int) {
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	buf := make([]byte, 32<<10)
	for {
		n, err := unix.ReadDirent(fd, buf)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n <= 0 {
			return list
		}
		_, _, names := unix.ParseDirent(buf[:n], -1, nil)
		for _, name := range names {
			if n, err := strconv.Atoi(name); err == nil {
				list = append(list, n)
			}
		}
	}
}

// stat is what is needed of /proc/PID/stat.
type stat struct {
	state   byte
	parent  int
	threads int // a zombie's first one counts until it is reaped
	start   uint64
}

// over says that no thread of the process runs any more.
func (s stat) over() bool { return s.state == 'X' || s.state == 'Z' && s.threads <= 1 }

func readStat(pid int) (s stat, ok bool) {
	fd, err := unix.Open("/proc/"+strconv.Itoa(pid)+"/stat", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return s, false
	}
	defer unix.Close(fd)
	var buf [1 << 10]byte // 52 numbers and a name of 64 bytes at most
	n, err := unix.Read(fd, buf[:])
	if err != nil {
		return s, false
	}
	text := buf[:n]
	// The name in parentheses is the program's own choice: fields are counted from
	// its last parenthesis.
	end := strings.LastIndexByte(string(text), ')')
	if end < 0 {
		return s, false
	}
	fields := strings.Fields(string(text[end+1:]))
	const state, parent, threads, start = 0, 1, 17, 19 // fields 3, 4, 20 and 22 of proc(5)
	if len(fields) <= start {
		return s, false
	}
	s.state = fields[state][0]
	s.parent, _ = strconv.Atoi(fields[parent])
	s.threads, _ = strconv.Atoi(fields[threads])
	s.start, err = strconv.ParseUint(fields[start], 10, 64)
	return s, err == nil
}

// State reads the state of a process (proc(5)): R for one that runs or wants to; 0
// when there is no such process.
func State(pid int) byte {
	s, _ := readStat(pid)
	return s.state
}

// Start reads when a process was started, as [Member.Start]; 0 when there is no
// such process.
func Start(pid int) uint64 {
	s, _ := readStat(pid)
	return s.start
}

// Parent reads the parent of a process; 0 when there is no such process.
func Parent(pid int) int {
	s, _ := readStat(pid)
	return s.parent
}

// Name reads the name of a process, of which the kernel keeps 15 bytes (proc(5),
// /proc/PID/comm); "" when there is no such process.
func Name(pid int) string {
	text, _ := readAll("/proc/" + strconv.Itoa(pid) + "/comm")
	return strings.TrimSuffix(text, "\n")
}
