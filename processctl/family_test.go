package processctl

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// escape is a script that leaves a daemon with nothing in common with it: a
// double fork, a session of its own, a clean environment, other streams. It
// writes its pid to the file and lives on with the first words of body.
func escape(file, body string) string {
	daemon := "trap '' HUP; " + body + "; echo $$ >" + file + ".new; mv " + file + ".new " + file + "; while :; do sleep 0.05; done"
	return "env -i PATH=$PATH setsid sh -c 'setsid sh -c \"$1\" </dev/null >/dev/null 2>&1 & exit' sh '" + strings.ReplaceAll(daemon, "'", `'"'"'`) + "'; while [ ! -e " + file + " ]; do sleep 0.02; done; "
}

func pidIn(t *testing.T, file string) int {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// gone says whether pid was reaped, or soon is: an empty group may have held
// zombies.
func gone(pid int) bool {
	for range 100 {
		if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			return true
		}
		if text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat"); err == nil && !strings.Contains(string(text), ") Z ") {
			return false
		}
		time.Sleep(20 * time.Millisecond)
	}
	return false
}

// What a process has left anywhere is gone when its end is told, with and
// without cgroups.
func TestDaemonEndsWithItsCall(t *testing.T) {
	controllers(t, func(t *testing.T, c *Controller) {
		file := filepath.Join(t.TempDir(), "pid")
		r := start(t, c, escape(file, ":")+"exit 3", nil)
		if res := get(t, r.exited, "exited"); res.Exit != 3 {
			t.Errorf("exit %d", res.Exit)
		}
		if pid := pidIn(t, file); gone(pid) {
			t.Error("it ended before the call was released")
		}
		r.Release()
		get(t, r.ended, "ended")
		if pid := pidIn(t, file); !gone(pid) {
			t.Errorf("%d is alive", pid)
		}
	})
}

// SIGTERM comes first, to the daemon too.
func TestDaemonIsAskedToEnd(t *testing.T) {
	controllers(t, func(t *testing.T, c *Controller) {
		file := filepath.Join(t.TempDir(), "pid")
		r := start(t, c, escape(file, "trap \"echo asked >"+file+".term; exit\" TERM")+"exit 0", func(s *Spec) { s.Grace = time.Minute })
		get(t, r.exited, "exited")
		r.Release()
		get(t, r.ended, "ended")
		if _, err := os.Stat(file + ".term"); err != nil {
			t.Error(err)
		}
	})
}

// A timeout reaches a daemon of a process that still runs.
func TestDaemonEndsAtTheTimeout(t *testing.T) {
	controllers(t, func(t *testing.T, c *Controller) {
		file := filepath.Join(t.TempDir(), "pid")
		r := start(t, c, escape(file, "trap \"\" TERM")+"sleep 1000", func(s *Spec) { s.Timeout, s.Grace = time.Second, 50*time.Millisecond })
		get(t, r.timedOut, "timed out")
		get(t, r.ended, "ended")
		if pid := pidIn(t, file); !gone(pid) {
			t.Errorf("%d is alive", pid)
		}
	})
}

// Calls do not touch each other's daemons.
func TestDaemonOfAnotherCallLivesOn(t *testing.T) {
	controllers(t, func(t *testing.T, c *Controller) {
		dir := t.TempDir()
		long := start(t, c, escape(filepath.Join(dir, "long"), ":")+"exit 0", nil)
		get(t, long.exited, "exited")
		for range 5 {
			short := start(t, c, escape(filepath.Join(dir, "short"), ":")+"rm "+filepath.Join(dir, "short"), nil)
			short.Release()
			get(t, short.ended, "ended")
		}
		if gone(pidIn(t, filepath.Join(dir, "long"))) {
			t.Error("the other call's daemon was ended")
		}
		long.Release()
		get(t, long.ended, "ended")
		if !gone(pidIn(t, filepath.Join(dir, "long"))) {
			t.Error("the daemon lives on")
		}
	})
}

// A tree that forks all the time is ended too.
func TestForkingTreeEnds(t *testing.T) {
	controllers(t, func(t *testing.T, c *Controller) {
		// Each link forks the next and ends, so that no scan ever sees the last.
		r := start(t, c, "link() { sleep 0.01; (link &) ; }; (link &); (link &); (link &); sleep 0.2; exit 0", nil)
		r.Release()
		get(t, r.ended, "ended")
	})
}
