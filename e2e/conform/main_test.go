package conform

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/processctl"
)

var (
	write = flag.Bool("write", false, "write the table of differences into docs/drivers.md")
	full  = flag.Bool("full", false, "all trials, and fork with the extension that leaves PHP's end out; else each script in one way")
	keep  = flag.Bool("keep", false, "keep the files of a run")
)

// The programs: urocket, which is under test, and what stands in for PHP.
var program, standin string

// TestMain builds the program with the race detector (UROCKET_BIN names a binary
// to take instead), and the stand-in.
func TestMain(m *testing.M) {
	flag.Parse()
	moreAtOnce()
	asUrocketStarts()
	dir, err := os.MkdirTemp("", "urocket-conform-bin-")
	code := 1
	if err == nil {
		err = build(dir)
	}
	if err == nil {
		code = m.Run()
	} else {
		fmt.Fprintln(os.Stderr, "conform:", err)
	}
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// moreAtOnce raises -parallel unless the command line names it: some trials wait.
func moreAtOnce() {
	named := false
	flag.Visit(func(f *flag.Flag) { named = named || f.Name == "test.parallel" })
	if !named {
		_ = flag.Set("test.parallel", "6")
	}
}

// asUrocketStarts makes this process one whose children are as urocket's: no
// descriptor of whoever started the tests, no signal that he ignores (make ignores
// one), no file of a crash.
func asUrocketStarts() {
	if err := processctl.Inheritable(); err != nil {
		fmt.Fprintln(os.Stderr, "conform:", err)
		os.Exit(1)
	}
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
}

func build(dir string) error {
	standin, program = filepath.Join(dir, "standin"), filepath.Join(dir, "urocket")
	if given := os.Getenv("UROCKET_BIN"); given != "" {
		abs, err := filepath.Abs(given)
		if program = abs; err != nil {
			return err
		}
	} else if err := compile("github.com/urocket/urocket/cmd/urocket", program, "-race"); err != nil {
		return err
	}
	if err := compile("github.com/urocket/urocket/e2e/conform/standin", standin); err != nil {
		return err
	}
	// A process of another user must be able to start it.
	return os.Chmod(dir, 0o755)
}

func compile(what, to string, flags ...string) error {
	out, err := exec.Command("go", append(append([]string{"build", "-o", to}, flags...), what)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("build %s: %w\n%s", what, err, out)
	}
	return nil
}
