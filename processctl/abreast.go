package processctl

import (
	"bytes"
	"os"

	"github.com/urocket/urocket/processctl/cgroup"
)

const (
	// With 64 callers of a short program, eight of it abreast on each processor had the
	// slowest answers come up to twice as late as four, and carried no more; two carried
	// 8 % less.
	abreast = 4

	// Below shims each process is two, each in a session of its own. Where the kernel is
	// fair to sessions and not to processes, four abreast had one in a thousand starts
	// take a third of a second, because some thread was not run for so long; with two it
	// was 8 ms, and 1 to 5 % less was carried.
	abreastSessions = 2
)

// Abreast is how many processes that were just started do best side by side, for each
// processor. More wait for each other: each takes longer, in no fair order, and nothing
// gets done sooner.
func (c *Controller) Abreast() int {
	if c != nil && c.parent == nil && autogroups() {
		return abreastSessions
	}
	return abreast
}

// autogroups says whether the kernel shares the processors out by session: sched(7), "The
// autogroup feature". It does so only among what is in no group of the cpu controller.
func autogroups() bool {
	on, err := os.ReadFile("/proc/sys/kernel/sched_autogroup_enabled") // not there: the kernel has none
	return err == nil && string(bytes.TrimSpace(on)) == "1" && !cgroup.SharesProcessors()
}
