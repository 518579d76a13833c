package soak

// What the program promises by now beyond what it always has. Each is turned on
// where it is fulfilled, and judged from then on.
const (
	// daemonsEnd: without cgroups too, a process that leaves its session ends
	// with its call, and all of them with a program that was killed. Until then
	// they are found only when the program stops; the daemons of the scripts end
	// by themselves after a while, and what a SIGKILL leaves is counted and ended here.
	daemonsEnd = false

	// filesSwept: the start after a SIGKILL removes the files which the killed
	// program has left in its TMPDIR. Until then they are counted and removed here.
	filesSwept = false
)
