package e2e

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// program is the path of the binary under test.
var program string

// TestMain becomes the script when it is started under the helper's name (as
// net/http/cgi's tests do), and otherwise builds the program and runs the tests.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == helperName {
		os.Exit(helper(os.Args[1:]))
	}
	flag.Parse()
	moreAtOnce()
	code, err := buildAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

// moreAtOnce raises -parallel unless the command line names it: most of these
// tests wait for processes and timers, not for a core.
func moreAtOnce() {
	named := false
	flag.Visit(func(f *flag.Flag) { named = named || f.Name == "test.parallel" })
	if !named {
		_ = flag.Set("test.parallel", "10")
	}
}

// buildAndRun builds the program with the race detector into a directory of its
// own. UROCKET_BIN names a binary to take instead.
func buildAndRun(m *testing.M) (int, error) {
	if program = os.Getenv("UROCKET_BIN"); program != "" {
		abs, err := filepath.Abs(program)
		program = abs
		if err != nil {
			return 1, err
		}
		return m.Run(), nil
	}
	dir, err := os.MkdirTemp("", "urocket-e2e-bin-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "urocket")
	build := exec.Command("go", "build", "-race", "-o", program, "github.com/urocket/urocket/cmd/urocket")
	if out, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("build the program: %w\n%s", err, out)
	}
	// A process of another user must be able to start it.
	if err := os.Chmod(dir, 0o755); err != nil {
		return 1, err
	}
	return m.Run(), nil
}
