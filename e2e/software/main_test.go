package software

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// program is the path of the binary under test.
var program string

// TestMain builds the program with the race detector, unless UROCKET_BIN names
// a binary to take.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "urocket-software-bin-")
	if err == nil {
		err = build(dir)
	}
	code := 1
	if err == nil {
		code = m.Run()
	} else {
		fmt.Fprintln(os.Stderr, "software:", err)
	}
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

func build(dir string) (err error) {
	if program = os.Getenv("UROCKET_BIN"); program != "" {
		program, err = filepath.Abs(program)
		return err
	}
	program = filepath.Join(dir, "urocket")
	out, err := exec.Command("go", "build", "-race", "-o", program, "github.com/urocket/urocket/cmd/urocket").CombinedOutput()
	if err != nil {
		return fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return nil
}
