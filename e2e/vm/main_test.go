package vm

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && helpers[os.Args[1]] != nil {
		if err := helpers[os.Args[1]](os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, os.Args[1], err)
			os.Exit(98)
		}
		os.Exit(0)
	}
	if os.Getenv("UROCKET_VM") != "" {
		release, _ := os.ReadFile("/proc/sys/kernel/osrelease")
		fmt.Printf("%sLinux %s", kernelLine, release)
		for _, pid := range processes() {
			machine[pid] = true
		}
		os.Exit(m.Run())
	}
	flag.Parse()
	code, err := boot(os.Stdout)
	if err != nil {
		fmt.Println("vm:", err)
		code = 1
	}
	os.Exit(code)
}

// machineDied is what scripts/vm/run.sh ends with when the emulator, and not a
// test, has failed. That happens now and then; a second boot tells.
const machineDied = 125

// boot builds the program and this package for the machine, runs the tests there
// and says what ran.
func boot(out io.Writer) (int, error) {
	if runtime.GOARCH != "amd64" {
		return 0, say(out, "VM: CANNOT RUN HERE: the machine of these tests is an amd64 that runs what is installed here, and here is "+runtime.GOARCH)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp("", "urocket-vm-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	args, err := build(root, dir)
	if err != nil {
		return 0, err
	}
	args = append(args, "./vm.test", "-test.v", "-test.timeout", "1200s", "-test.parallel", "12", "-test.run", flag.Lookup("test.run").Value.String())
	for try := 1; ; try++ {
		count := &counter{out: out}
		cmd := exec.Command(filepath.Join(root, "scripts/vm/run.sh"), args...)
		cmd.Stdout, cmd.Stderr = count, os.Stderr
		err = cmd.Run()
		if cmd.ProcessState == nil {
			return 0, err
		}
		code := cmd.ProcessState.ExitCode()
		if code == machineDied && try == 1 {
			fmt.Fprintf(out, "VM: the machine died after %s; once more\n", count)
			continue
		}
		return code, say(out, fmt.Sprintf("VM: %s, exit code %d", count, code))
	}
}

// build makes what goes into the machine; the result are arguments for run.sh.
func build(root, dir string) ([]string, error) {
	args := []string{"-t", "800", "-f", filepath.Join(root, "examples"), "-f", filepath.Join(root, "scripts")}
	for name, command := range map[string][]string{
		"urocket": {"build", "-buildvcs=false", "-o", filepath.Join(dir, "urocket"), "./cmd/urocket"},
		"vm.test": {"test", "-c", "-o", filepath.Join(dir, "vm.test"), "./e2e/vm"},
	} {
		cmd := exec.Command("go", command...)
		cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0", "GOARCH=amd64")
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("go %v: %w\n%s", command, err, out)
		}
		args = append(args, "-f", filepath.Join(dir, name))
	}
	return args, nil
}

// say prints the summary, and writes it to the file that UROCKET_VM_SUMMARY
// names: `go test` of many packages shows nothing of one that passed.
func say(out io.Writer, summary string) error {
	fmt.Fprintln(out, summary)
	if file := os.Getenv("UROCKET_VM_SUMMARY"); file != "" {
		return os.WriteFile(file, []byte(summary+"\n"), 0o644)
	}
	return nil
}
