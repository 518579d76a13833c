package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/urocket/urocket/internal/notrun"
)

// asPID1 is a setup in which the program is PID 1 of a pid namespace with a
// /proc of its own, as in a container.
func asPID1(t *testing.T, top keys, o ops) setup {
	t.Helper()
	s := setup{top: top, ops: o, via: []string{"launch", "proc"}, sysProc: mayMount()}
	s.sysProc.Cloneflags |= syscall.CLONE_NEWPID
	self, err := os.Executable()
	check(t, err)
	probe := exec.Command(self, append(s.via, "--", "/bin/true")...)
	probe.Args[0], probe.SysProcAttr = helperName, s.sysProc
	if out, err := probe.CombinedOutput(); err != nil {
		notrun.Here(t, fmt.Sprintf("no pid namespace with a /proc of its own: %v %s", err, out))
	}
	return s
}

// inside runs a shell text in the program's pid namespace, as `docker exec`
// does: what it leaves behind falls to PID 1, which does not know it.
func (g *gateway) inside(t *testing.T, text string) {
	t.Helper()
	args := []string{"-t", strconv.Itoa(g.pid()), "-p"}
	if os.Getuid() != 0 {
		args = append(args, "-U", "--preserve-credentials")
	}
	cmd := exec.Command("nsenter", append(args, "/bin/sh", "-c", text)...)
	cmd.Env = append(os.Environ(), "MARK="+g.dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("nsenter: %v %s", err, out)
	}
}

// children lists the program's own children but for its shims, by state and command line.
func (g *gateway) children() (list []string) {
	for _, pid := range allPIDs() {
		stat := string(readFile("/proc/" + strconv.Itoa(pid) + "/stat"))
		_, rest, _ := strings.Cut(stat, ") ")
		f := strings.Fields(rest)
		if len(f) > 1 && f[1] == strconv.Itoa(g.pid()) && !strings.HasPrefix(cmdline(pid), "urocket-shim") {
			list = append(list, f[0]+" "+cmdline(pid))
		}
	}
	return list
}

// As PID 1 the program reaps orphans that it does not know, while each call
// still gets its own exit code.
func TestPID1(t *testing.T) {
	t.Parallel()
	for name, top := range map[string]keys{"as it comes": nil, "without cgroups": {"cgroup": "off"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := ops{"get /pid": {"cmd": sh("cat /proc/1/comm"), "reply": "stdout"}}
			for n := 1; n <= 8; n++ {
				code := strconv.Itoa(n)
				o["get /exit/"+code] = keys{"cmd": sh("(sleep 0.05 &); (setsid sleep 0.1 &); exit " + code), "reply": "report"}
			}
			g := start(t, asPID1(t, top, o))
			g.get(t, "/pid").want(t, 200, filepath.Base(program)+"\n")
			g.inside(t, "setsid sleep 300 </dev/null >/dev/null 2>&1 &")
			g.stormOfOrphans(t)
			eventually(t, "only the process that is no call's is left", func() bool {
				left := g.children()
				return len(left) == 1 && strings.Contains(left[0], "sleep 300")
			})
		})
	}
}

// stormOfOrphans makes calls that end with a code of their own while orphans
// of nobody end.
func (g *gateway) stormOfOrphans(t *testing.T) {
	t.Helper()
	var callers sync.WaitGroup
	for n := 1; n <= 8; n++ {
		callers.Go(func() {
			for range 25 {
				a, err := g.try(request{path: "/exit/" + strconv.Itoa(n)})
				if err != nil || !strings.Contains(string(a.body), `"exitcode":`+strconv.Itoa(n)+",") {
					t.Errorf("exit code %d: %v %+v", n, err, a)
				}
			}
		})
	}
	for range 25 {
		g.inside(t, "for n in 1 2 3 4 5; do (sleep 0.0$n; exit 77) & done; (setsid sleep 0.2 &); exit 0")
	}
	callers.Wait()
}

// SIGTERM drains PID 1 too, for which the kernel has no default action.
func TestPID1Drains(t *testing.T) {
	t.Parallel()
	g := start(t, asPID1(t, nil, ops{"get /live": living(nil)}))
	g.inside(t, "setsid sleep 300 </dev/null >/dev/null 2>&1 &")
	h := g.hold(t, "GET", "/live")
	g.signal(syscall.SIGTERM)
	eventually(t, "/readyz says no", func() bool { return g.back(t, "GET", "/readyz", "").status == 503 })
	g.reply(t, h.id, "in time").want(t, 200)
	g.release(t, h.token)
	h.answer(t).want(t, 200, "in time")
	if code := g.exitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
