package escape

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/urocket/urocket/e2e/leftovers"
)

// marked lists what runs of a row: processes whose arguments or environment name
// its directory.
func marked(dir string) (list []string) {
	for _, pid := range leftovers.Marked(dir + "/") {
		list = append(list, strconv.Itoa(pid)+" "+leftovers.CommandLine(pid))
	}
	return list
}

// looks is how often nothing must be found: any one look may miss what is always
// another process.
const looks = 5

// nothingRuns looks for what is left of a row, more than once.
func nothingRuns(dir string) bool {
	for range looks {
		if len(marked(dir)) > 0 {
			return false
		}
	}
	return true
}

// alive says whether a process runs; a zombie whose threads have all ended does
// not.
func alive(pid int) bool {
	tasks, _ := os.ReadDir(filepath.Join("/proc", strconv.Itoa(pid), "task"))
	for _, task := range tasks {
		_, rest, found := bytes.Cut(readOf(pid, "task/"+task.Name()+"/stat"), []byte(") "))
		if found && rest[0] != 'Z' && rest[0] != 'X' {
			return true
		}
	}
	return false
}

// peak is the most memory that a process had resident, in bytes.
func peak(pid int) int {
	for line := range strings.Lines(string(readOf(pid, "status"))) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, _ := strconv.Atoi(strings.Fields(rest)[0])
			return n << 10
		}
	}
	return 0
}

// readOf returns a file of a process; nothing if it has ended.
func readOf(pid int, file string) []byte {
	return read(filepath.Join("/proc", strconv.Itoa(pid), file))
}

func read(file string) []byte {
	text, _ := os.ReadFile(file)
	return text
}

// contains says whether a text has every word.
func contains(text string, words ...string) bool {
	for _, word := range words {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

func kill(pid int) error { return syscall.Kill(pid, syscall.SIGKILL) }
