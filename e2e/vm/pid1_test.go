package vm

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// startAsPID1 runs urocket as PID 1 of a pid namespace, as a container does.
func startAsPID1(t *testing.T, file string) *gateway {
	t.Helper()
	cmd := command(file, "proc")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS}
	return startCommand(t, file, cmd)
}

// inside runs a shell text in the namespace, as `docker exec` does: what it
// leaves behind falls to PID 1, which does not know it.
func (g *gateway) inside(text string) error {
	return exec.Command("/bin/nsenter", "-t", strconv.Itoa(g.cmd.Process.Pid), "-p", "/bin/sh", "-c", text).Run()
}

func zombies() int {
	n := 0
	for _, pid := range processes() {
		if state(pid) == "Z" {
			n++
		}
	}
	return n
}

// Orphans of all kinds end by the dozen, and each call still gets its own exit
// code.
func TestPID1ReapsWhatIsNotItsOwn(t *testing.T) {
	ops := map[string]keys{"/pid": script("readlink /proc/$PPID/exe; echo $PPID", nil)}
	for n := 1; n <= 8; n++ {
		ops["/exit/"+strconv.Itoa(n)] = script("(sleep 0.05 &); (setsid sleep 0.1 &); exit "+strconv.Itoa(n), nil)
	}
	g := startAsPID1(t, write(t, keys{"cgroup": "required"}, ops))
	g.get("/pid").want(t, 200, `/t/urocket\n1\n`)
	must(t, g.inside("setsid sleep 31007 </dev/null >/dev/null 2>&1 &"))
	var callers sync.WaitGroup
	for n := 1; n <= 8; n++ {
		callers.Go(func() {
			for range 5 {
				if a := g.ask("GET", "/exit/"+strconv.Itoa(n), ""); a.figure("exit") != float64(n) {
					t.Errorf("exit code %d: %+v", n, a)
				}
			}
		})
	}
	for range 5 {
		if err := g.inside("for n in 1 2 3 4 5; do (sleep 0.0$n; exit 77) & done; (setsid sleep 0.2 &); exit 0"); err != nil {
			t.Error(err)
		}
	}
	callers.Wait()
	waitFor(t, "no zombie is left", func() bool { return zombies() == 0 })
	if running("sleep 31007") != 1 {
		t.Error("a process that is nobody's call was ended")
	}
}

func TestPID1Drains(t *testing.T) {
	file := write(t, nil, map[string]keys{
		"/slow": script("setsid sleep 31008 & while [ ! -e go ]; do sleep 0.1; done; echo done", nil),
		"/x":    script("exit 0", nil),
	})
	g := startAsPID1(t, file)
	slow := g.begin("/slow")
	waitFor(t, "the call runs", func() bool { return running("sleep 31008") >= 2 }) // the shell's text has it too
	must(t, g.cmd.Process.Signal(syscall.SIGTERM))
	waitFor(t, "it drains", func() bool { return strings.Contains(g.logText(), "stopping") })
	if a := g.ask("GET", "/x", ""); a.err == nil && a.status != 503 {
		t.Errorf("a new call: %+v", a)
	}
	must(t, os.WriteFile(filepath.Join(filepath.Dir(file), "go"), nil, 0o644))
	slow.answer().want(t, 200, "done")
	waitFor(t, "PID 1 ends", g.hasEnded)
}
