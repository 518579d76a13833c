package book

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// program is the path of the binary under test.
var program string

// counted are the shell blocks, by what became of them.
var counted = count{notRun: map[string]int{}}

type count struct {
	mu     sync.Mutex
	run    int
	notRun map[string]int // by reason
}

func (c *count) note(b block) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if b.notRun != "" {
		c.notRun[b.notRun]++
	} else {
		c.run++
	}
}

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := buildAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "book:", err)
		code = 1
	}
	os.Exit(code)
}

// buildAndRun builds the program as `make build` does; UROCKET_BIN names one to take instead. At the end it says
// how many blocks were run, also in the file that UROCKET_BOOK_SUMMARY names.
func buildAndRun(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "urocket-book-bin-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	if program = os.Getenv("UROCKET_BIN"); program != "" {
		if program, err = filepath.Abs(program); err != nil {
			return 1, err
		}
	} else {
		program = filepath.Join(dir, "urocket")
		build := exec.Command("go", "build", "-buildvcs=false", "-o", program, "github.com/urocket/urocket/cmd/urocket")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			return 1, fmt.Errorf("build the program: %w\n%s", err, out)
		}
	}
	code := m.Run()
	fmt.Print(summary())
	if file := os.Getenv("UROCKET_BOOK_SUMMARY"); file != "" {
		return code, os.WriteFile(file, []byte(summary()), 0o644)
	}
	return code, nil
}

// summary counts the shell blocks that were run, and those that were not by their reasons.
func summary() string {
	var b strings.Builder
	all := 0
	for _, n := range counted.notRun {
		all += n
	}
	fmt.Fprintf(&b, "the book: %d shell blocks were run, %d were read\n", counted.run, all)
	reasons := slices.Collect(maps.Keys(counted.notRun))
	slices.SortFunc(reasons, func(x, y string) int {
		return cmp.Or(cmp.Compare(counted.notRun[y], counted.notRun[x]), cmp.Compare(x, y))
	})
	for _, reason := range reasons {
		fmt.Fprintf(&b, "    %d not run: %s\n", counted.notRun[reason], reason)
	}
	return b.String()
}
