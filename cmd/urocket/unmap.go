package main

import (
	"os"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

// unmapProgram gives back the pages of the program's file that the start has needed: more
// than half of what an idle urocket would count as resident. What is needed again the
// kernel maps again from its cache, some pages at a time (madvise(2), MADV_DONTNEED). Only
// what cannot be written to is given back, so nothing can be lost; and where the mappings
// cannot be read all stays as it is.
func unmapProgram() {
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	self, err := procfs.Self()
	if err != nil {
		return
	}
	mappings, err := self.ProcMaps()
	if err != nil {
		return
	}
	for _, m := range mappings {
		if m.Pathname == program && m.Perms.Read && !m.Perms.Write {
			_, _, _ = unix.Syscall(unix.SYS_MADVISE, m.StartAddr, m.EndAddr-m.StartAddr, unix.MADV_DONTNEED)
		}
	}
}
