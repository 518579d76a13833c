package cgroup

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// SharesProcessors says whether this program is in a group among which the cpu controller,
// of version 1 or 2, shares the processors out. What cannot be found out counts as no.
func SharesProcessors() bool {
	if own, err := own(); err == nil {
		// The controller may have been handed down a part of the way only; the root has no
		// such file, and what is above the mount is no cgroup.
		for dir := own.dir; dir != "/"; dir = filepath.Dir(dir) {
			if _, err := os.Stat(filepath.Join(dir, "cpu.weight")); err == nil {
				return true
			}
		}
	}
	text, _ := os.ReadFile("/proc/self/cgroup")
	for line := range strings.Lines(string(text)) {
		if of := strings.SplitN(strings.TrimSpace(line), ":", 3); len(of) == 3 && of[2] != "/" && slices.Contains(strings.Split(of[1], ","), "cpu") {
			return true
		}
	}
	return false
}
