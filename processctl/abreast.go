package processctl

const (
	// With 64 callers of a short program, eight of it abreast on each processor had the
	// slowest answers come up to twice as late as four, and carried no more; two carried
	// 8 % less.
	abreastInGroups = 4

	// Below shims each process is two, each in a session of its own, for which the kernel
	// has a group of its own (autogroup, sched(7)) that is fair to all others: with four
	// abreast, one in a thousand starts took a third of a second, because some thread was
	// not run for so long; with two 8 ms, and 1 to 5 % less was carried.
	abreastBelowShims = 2
)

// Abreast is how many processes that were just started do best side by side, for each
// processor. More wait for each other: each takes longer, in no fair order, and nothing
// gets done sooner.
func (c *Controller) Abreast() int {
	if c != nil && c.parent == nil {
		return abreastBelowShims
	}
	return abreastInGroups
}
