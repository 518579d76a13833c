package family

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Near lists the living children of this program, as [Below] does, but at once:
// the kernel keeps the list (proc(5), CONFIG_PROC_CHILDREN). A process that forks
// its successor and ends is gone before a look at all processes comes to it. Where
// there is no such list, it is that look.
func Near() []Member {
	children, ok := Children()
	if !ok {
		var near []Member
		for _, m := range Below(os.Getpid()) {
			if m.Near {
				near = append(near, m)
			}
		}
		return near
	}
	var near []Member
	for _, pid := range children {
		if s, ok := readStat(pid); ok && !s.over() {
			near = append(near, Member{PID: pid, Start: s.start, Near: true})
		}
	}
	return near
}

// Children lists the children of this program, zombies among them and the last one
// it got at the end; false where the kernel keeps no such list.
func Children() (pids []int, ok bool) {
	for _, thread := range numbers("/proc/self/task") {
		text, err := readAll("/proc/self/task/" + strconv.Itoa(thread) + "/children")
		if err == unix.ENOENT && !ok { // the first thread is always there
			return nil, false
		}
		ok = true
		for word := range strings.FieldsSeq(text) {
			if pid, err := strconv.Atoi(word); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids, ok
}

// readAll reads a file by plain system calls, as numbers does.
func readAll(path string) (string, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", err
	}
	defer unix.Close(fd)
	var text []byte
	var buf [4 << 10]byte
	for {
		n, err := unix.Read(fd, buf[:])
		if err == unix.EINTR {
			continue
		}
		if err != nil || n <= 0 {
			return string(text), err
		}
		text = append(text, buf[:n]...)
	}
}
