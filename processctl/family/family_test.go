package family

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// sleeper starts a process that waits, and one below it.
func sleeper(t *testing.T) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("/bin/sh", "-c", "sleep 300 & wait")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, m := range Below(cmd.Process.Pid) {
			m.Signal(syscall.SIGKILL)
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd
}

func TestBelow(t *testing.T) {
	cmd := sleeper(t)
	for range 500 { // until the shell has forked
		list := Below(os.Getpid())
		if len(list) == 2 {
			if list[0].PID != cmd.Process.Pid || !list[0].Near || list[1].Near || Parent(list[1].PID) != cmd.Process.Pid {
				t.Errorf("%+v", list)
			}
			if list[0].Start != Start(cmd.Process.Pid) || list[0].Start == 0 {
				t.Errorf("start %d", list[0].Start)
			}
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%+v", Below(os.Getpid()))
}

// A process that has another's pid is not signalled in its place.
func TestSignalOfAnOlderProcess(t *testing.T) {
	cmd := sleeper(t)
	Member{PID: cmd.Process.Pid, Start: Start(cmd.Process.Pid) - 1}.Signal(syscall.SIGKILL)
	if pid, err := Peek(unix.WNOHANG); pid != 0 || err != nil {
		t.Fatalf("%d, %v: it was killed", pid, err)
	}
	Member{PID: cmd.Process.Pid, Start: Start(cmd.Process.Pid)}.Signal(syscall.SIGKILL)
	if pid, err := Peek(0); pid != cmd.Process.Pid || err != nil {
		t.Errorf("%d, %v", pid, err)
	}
}

func TestPeekWithoutChildren(t *testing.T) {
	if _, err := Peek(unix.WNOHANG); err != unix.ECHILD {
		t.Errorf("%v", err)
	}
}
