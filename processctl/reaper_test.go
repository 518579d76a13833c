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

// What is said to have been forked is believed of a child inside the group that nobody
// waits for, and of nothing else: who says it may lie.
func TestForkedOfWhatIsNone(t *testing.T) {
	r := newReaper()
	defer r.close()
	begun := time.Now()
	inside := func(int) bool { return true }
	outside := func(int) bool { return false }

	waited := sleeper(t)
	its := r.claim(waited, begun)
	for name, c := range map[string]struct {
		pid    int
		inside func(int) bool
	}{
		"init":                             {1, inside},
		"itself":                           {os.Getpid(), inside},
		"no process":                       {1 << 30, inside},
		"a child that another waits for":   {waited, inside},
		"a child that is not in the group": {sleeper(t), outside},
	} {
		if _, ours := r.forked(c.pid, begun, c.inside); ours {
			t.Errorf("%s is believed", name)
		}
		if c.pid != waited && c.pid != os.Getpid() && c.pid != 1 && c.pid != 1<<30 {
			_ = syscall.Kill(c.pid, syscall.SIGKILL)
		}
	}
	if !r.signal(waited, its, syscall.SIGKILL) {
		t.Error("who waited for the child has lost it")
	}
	<-its

	b, ours := r.forked(sleeper(t), begun, inside)
	if !ours {
		t.Fatal("a child of ours is not believed")
	}
	b.signal(syscall.SIGTERM)
	if d := <-b.exit; d.Status.Signal() != syscall.SIGTERM {
		t.Errorf("it ended with %v", d.Status)
	}
}

// One that has ended before it was told of is known all the same; one that had ended
// before the call began was another.
func TestForkedThatHasEnded(t *testing.T) {
	r := newReaper()
	defer r.close()
	inside := func(int) bool { t.Error("asked of a process that is no more"); return true }
	for name, since := range map[string]time.Time{"this one": time.Now(), "another": time.Now().Add(time.Hour)} {
		pid := sleeper(t)
		before := r.countStrangers()
		_ = syscall.Kill(pid, syscall.SIGKILL)
		for r.countStrangers() == before {
			time.Sleep(time.Millisecond)
		}
		b, ours := r.forked(pid, since, inside)
		if ours != (name == "this one") {
			t.Fatalf("%s: believed %v", name, ours)
		}
		if ours && (<-b.exit).Status.Signal() != syscall.SIGKILL {
			t.Errorf("%s has another end", name)
		}
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
