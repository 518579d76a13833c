package vm

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestMain(m *testing.M) {
	if task := os.Getenv("VM_TASK"); task != "" {
		tasks[task]()
		os.Exit(0)
	}
	if os.Getenv("UROCKET_VM") != "" {
		os.Exit(m.Run())
	}
	code, err := boot()
	if err != nil {
		fmt.Println("vm:", err)
		os.Exit(1)
	}
	os.Exit(code)
}

// boot runs this package in the machine. A machine that dies (125) is booted
// once more: the emulator does that now and then.
func boot() (int, error) {
	root, err := filepath.Abs("../..")
	if err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp("", "urocket-vm-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	program, tests := filepath.Join(dir, "urocket"), filepath.Join(dir, "vm.test")
	for _, build := range [][]string{{"build", "-o", program, "./cmd/urocket"}, {"test", "-c", "-o", tests, "./e2e/vm"}} {
		cmd := exec.Command("go", build...)
		cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0", "GOARCH=amd64")
		if out, err := cmd.CombinedOutput(); err != nil {
			return 0, fmt.Errorf("go %v: %w\n%s", build, err, out)
		}
	}
	for try := range 2 {
		cmd := exec.Command(filepath.Join(root, "scripts/vm/run.sh"), "-t", "400", "-f", program, "-f", tests, "./vm.test", "-test.v", "-test.timeout", "380s")
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		err = cmd.Run()
		if cmd.ProcessState == nil {
			return 0, err
		}
		if code := cmd.ProcessState.ExitCode(); code != 125 || try == 1 {
			return code, nil
		}
	}
	return 0, err
}
