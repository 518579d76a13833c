package config

import "math"

// minNoFile is what it takes to start a process: a loader opens files too.
const minNoFile = 16

// limits reads the keys of `limits`.
func limits(l *Limits, s *scope) {
	l.Memory = s.size("memory", minMemory)
	l.Swap = s.size("swap", 0)
	l.PIDs = s.whole("pids", 1, math.MaxInt32)
	l.CPUs = s.cores("cpus")
	l.CPUWeight = s.whole("cpuweight", 1, 10_000)
	l.IOMax = s.texts("iomax", `["8:0 rbps=1048576"]`, checkIOMax)
	l.IOWeight = s.whole("ioweight", 1, 10_000)
	l.NoFile = s.whole("nofile", minNoFile, math.MaxInt32)
	l.FSize = s.size("fsize", 0)
	l.Core = or(s.size("core", 0), 0)
	l.Mode = choose(s, "mode", LimitEnforce, LimitBestEffort)
}
