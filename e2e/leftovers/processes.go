package leftovers

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// PIDs lists all processes that can be seen.
func PIDs() []int {
	var pids []int
	names, _ := os.ReadDir("/proc")
	for _, n := range names {
		if pid, err := strconv.Atoi(n.Name()); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// Marked lists the processes, but this one, whose command line or environment
// holds mark. Zombies have neither.
func Marked(mark string) []int {
	var pids []int
	for _, pid := range PIDs() {
		if pid == os.Getpid() {
			continue
		}
		if bytes.Contains(proc(pid, "cmdline"), []byte(mark)) || bytes.Contains(proc(pid, "environ"), []byte(mark)) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// Zombies lists the ended children that parent has not waited for.
func Zombies(parent int) []int {
	var pids []int
	for _, pid := range PIDs() {
		if f := fields(pid); len(f) > 1 && f[0] == "Z" && Parent(pid) == parent {
			pids = append(pids, pid)
		}
	}
	return pids
}

// Parent is the pid of the parent of pid; 0 when there is none.
func Parent(pid int) int {
	if f := fields(pid); len(f) > 1 {
		parent, _ := strconv.Atoi(f[1])
		return parent
	}
	return 0
}

// Alive tells whether pid runs; a zombie does not.
func Alive(pid int) bool {
	f := fields(pid)
	return len(f) > 0 && f[0] != "Z" && f[0] != "X"
}

// CommandLine is what pid was started with, for messages.
func CommandLine(pid int) string {
	return string(bytes.ReplaceAll(proc(pid, "cmdline"), []byte{0}, []byte{' '}))
}

// Variable is the value of a variable that pid was started with; "" without it.
func Variable(pid int, name string) string {
	for v := range bytes.SplitSeq(proc(pid, "environ"), []byte{0}) {
		if value, ok := bytes.CutPrefix(v, []byte(name+"=")); ok {
			return string(value)
		}
	}
	return ""
}

// Descriptors says what the open descriptors of a process are.
func Descriptors(pid int) []string {
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	names, _ := os.ReadDir(dir)
	var list []string
	for _, n := range names {
		if target, err := os.Readlink(filepath.Join(dir, n.Name())); err == nil {
			list = append(list, n.Name()+"="+target)
		}
	}
	return list
}

// proc is a file of /proc/PID; nothing when the process has ended meanwhile.
func proc(pid int, name string) []byte {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, name))
	return b
}

// fields are those of /proc/PID/stat from the state on, proc(5): a command name
// may hold anything.
func fields(pid int) []string {
	stat := string(proc(pid, "stat"))
	return strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
}
