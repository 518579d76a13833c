package vm

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// cgroupfs is where the machine's hierarchy is mounted.
const cgroupfs = "/sys/fs/cgroup"

// groups lists the directories below those that urockets make, whose path
// holds a text.
func groups(text string) []string {
	var dirs []string
	_ = filepath.WalkDir(cgroupfs, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && strings.Contains(path, "/urocket-") && strings.Contains(path, text) {
			dirs = append(dirs, path)
		}
		return nil
	})
	return dirs
}

// callGroups lists those of calls, which are numbers.
func (g *gateway) callGroups() []string {
	return slices.DeleteFunc(groups(""), func(dir string) bool {
		_, err := strconv.Atoi(filepath.Base(dir))
		return err != nil
	})
}

// callGroup waits for the group of the only call that runs now.
func (g *gateway) callGroup() (dir string) {
	g.t.Helper()
	waitFor(g.t, "a call has its group", func() bool {
		for _, dir = range g.callGroups() {
			if read(dir, "cgroup.procs") != "" {
				return true
			}
		}
		return false
	})
	return dir
}

// quiet waits until nothing is left of earlier calls.
func (g *gateway) quiet() {
	g.t.Helper()
	waitFor(g.t, "the calls' groups are gone", func() bool { return len(g.callGroups()) == 0 })
}

// read returns a file of a group, without the last line's end.
func read(dir, file string) string {
	text, _ := os.ReadFile(filepath.Join(dir, file))
	return strings.TrimSuffix(string(text), "\n")
}

// machine are the processes that were there before the first test.
var machine = map[int]bool{}

// strangers are the processes, zombies too, that neither the machine nor a
// test needs.
func strangers() []int {
	var pids []int
	for _, pid := range processes() {
		if !machine[pid] && pid != os.Getpid() && (commandLine(pid) != "" || state(pid) == "Z") {
			pids = append(pids, pid)
		}
	}
	return pids
}

func processes() []int {
	var pids []int
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// commandLine is empty for kernel threads and zombies.
func commandLine(pid int) string {
	return strings.ReplaceAll(read("/proc", strconv.Itoa(pid)+"/cmdline"), "\x00", " ")
}

// state is the letter of /proc/PID/stat; "" once the process is gone.
func state(pid int) string {
	_, rest, _ := strings.Cut(read("/proc", strconv.Itoa(pid)+"/stat"), ") ")
	letter, _, _ := strings.Cut(rest, " ")
	return letter
}

// running counts the living processes whose command line holds a text.
func running(text string) int {
	n := 0
	for _, pid := range processes() {
		if pid != os.Getpid() && strings.Contains(commandLine(pid), text) {
			n++
		}
	}
	return n
}

// waitFor polls for what no event tells; the machine is slow.
func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			var left []string
			for _, pid := range strangers() {
				left = append(left, strconv.Itoa(pid)+" "+state(pid)+" "+commandLine(pid))
			}
			t.Fatalf("never: %s; processes: %q", what, left)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}
