package conform

import (
	"bytes"
	"fmt"
	"os"
	"syscall"

	"github.com/urocket/urocket/e2e/leftovers"
)

// clearAway ends the processes whose environment holds all of the marks, and
// returns their ids.
func clearAway(marks ...string) (pids []int) {
next:
	for _, pid := range leftovers.PIDs() {
		environ, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
		for _, mark := range marks {
			if pid == os.Getpid() || !bytes.Contains(environ, []byte(mark+"\x00")) {
				continue next
			}
		}
		_ = syscall.Kill(pid, syscall.SIGKILL)
		pids = append(pids, pid)
	}
	return pids
}

// left are the processes of all calls of a trial that are still there.
func (g *gateway) left(tr trial) int {
	return len(clearAway("UROCKET_SOCKET="+g.sock, "URIPATH=/"+tr.name()))
}
