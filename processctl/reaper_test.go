package processctl

import (
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/urocket/urocket/internal/notrun"
)

// A pid that was given to another child is not signalled for the first one.
func TestSignalAfterItsPIDWasReused(t *testing.T) {
	r := newReaper()
	defer r.close()
	first := sleeper(t)
	begun := time.Now()
	mine := r.claim(first, begun)
	if !r.signal(first, mine, syscall.SIGKILL) {
		t.Fatal("a child that lives cannot be signalled")
	}
	<-mine
	second := sleeperAt(t, first)
	its := r.claim(second, begun)
	if r.signal(first, mine, syscall.SIGKILL) {
		t.Error("a stranger was signalled")
	}
	if len(its) > 0 || !alive(second) {
		t.Error("a stranger has ended")
	}
	if !r.signal(second, its, syscall.SIGKILL) {
		t.Error("the second child cannot be signalled")
	}
	if d := <-its; d.Status.Signal() != syscall.SIGKILL {
		t.Errorf("the second child ended with %v", d.Status)
	}
}

func sleeper(t *testing.T) int {
	t.Helper()
	pid, err := syscall.ForkExec("/bin/sleep", []string{"sleep", "1000"}, &syscall.ProcAttr{})
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// sleeperAt starts one with a number that is free: the kernel gives the number after
// the last one.
func sleeperAt(t *testing.T, want int) int {
	t.Helper()
	if os.Getuid() != 0 {
		notrun.Here(t, "only root chooses the next pid")
	}
	for range 500 {
		if err := os.WriteFile("/proc/sys/kernel/ns_last_pid", []byte(strconv.Itoa(want-1)), 0); err != nil {
			notrun.Here(t, err.Error())
		}
		pid := sleeper(t)
		if pid == want {
			return pid
		}
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	t.Fatalf("number %d cannot be had", want)
	return 0
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }
