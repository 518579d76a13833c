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
		if _, err := os.Stat(filepath.Join(own.dir, "cpu.weight")); err == nil {
			return true // the root has none
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
