package e2e

import (
	"fmt"
	"testing"
)

// A call that waits for its reply outlives its process, and the process's number
// is given to a stranger: neither the timeout nor the stop touches that one.
func TestPIDGivenToAStranger(t *testing.T) {
	t.Parallel()
	for name, top := range levels {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			op := waiting(keys{"cmd": sh(`echo $$ >ids/$T.pid; ` + noteID), "timeout": "5s", "grace": "200ms"})
			g := start(t, asPID1(t, top, ops{"get /wait": op}))
			h := g.hold(t, "GET", "/wait")
			pid := atoi(t, g.path("ids", h.token+".pid"))
			g.inside(t, fmt.Sprintf("while kill -0 %d 2>/dev/null; do sleep 0.02; done", pid))
			// The kernel gives the number after the last one that is free.
			g.inside(t, fmt.Sprintf(`for i in $(seq 500); do
				echo %d >/proc/sys/kernel/ns_last_pid
				setsid sleep 300 </dev/null >/dev/null 2>&1 &
				[ $! = %[2]d ] && exit 0
				kill $!
			done; echo "number %[2]d cannot be had"; exit 1`, pid-1, pid))
			if !h.waits() {
				t.Fatal("the call has ended too early")
			}
			h.answer(t).wantProblem(t, 504, "timeout")
			eventually(t, "nothing is left of the call", func() bool { return len(g.logLines(h.id, `"end":"timeout"`)) == 1 })
			g.inside(t, fmt.Sprintf("kill -0 %d", pid))
		})
	}
}
