package e2e

import (
	"slices"
	"syscall"
	"testing"
	"time"
)

// A chain of processes, each of which starts the next and ends, so that whoever
// looks for them comes too late: it ends with its call, and with a program that
// is killed.
func TestChainOfProcesses(t *testing.T) {
	t.Parallel()
	for name, top := range map[string]keys{"as it comes": nil, "without cgroups": {"cgroup": "off"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setup{top: top, files: map[string]string{"link.sh": "#!/bin/sh\n\"$0\" \"$1\" &\n"}, ops: ops{
				"get /ends":  {"cmd": sh("./link.sh @DIR@; sleep 0.1; printf x"), "reply": "stdout", "grace": "100ms"},
				"get /stays": {"cmd": sh("./link.sh @DIR@; " + noteID + "sleep 100"), "env": tenv, "reply": "stdout", "timeout": "2m"},
			}}
			g := start(t, s)
			g.get(t, "/ends").want(t, 200, "x")
			eventually(t, "its call is over", func() bool { return g.procs(t)[0].State == "ended" })
			g.wantNoLink(t)

			stays := g.begin(t, "GET", "/stays")
			g.idOf(t, stays.token)
			shims := g.shims()
			g.crashed = true
			g.signal(syscall.SIGKILL)
			g.exitCode()
			eventually(t, "the shims have ended", func() bool { return !slices.ContainsFunc(shims, alive) })
			g.crashed = false // the next start cleans up what is left of a group
			g.launch(s)
			g.waitUp()
			g.wantNoLink(t)
		})
	}
}

// wantNoLink looks for a while: any one look may miss what is always another.
func (g *gateway) wantNoLink(t *testing.T) {
	t.Helper()
	for range 50 {
		for _, pid := range g.marked() {
			if line := cmdline(pid); line != "" && alive(pid) && !slices.Contains(g.shims(), pid) {
				t.Fatalf("process %d %s is left", pid, line)
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
}
