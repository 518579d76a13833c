package cgroup

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// The answer is held against what the kernel says of this very process, in other words:
// cpu.max is there where cpu.weight is.
func TestSharesProcessors(t *testing.T) {
	text, err := exec.Command("sh", "-c", "grep -E '^[0-9]+:([^:]*,)?cpu(,[^:]*)?:' /proc/self/cgroup").Output()
	grouped := err == nil && !strings.HasSuffix(strings.TrimSpace(string(text)), ":/")
	if p, err := own(); err == nil {
		if _, err := os.ReadFile(p.dir + "/cpu.max"); err == nil {
			grouped = true
		}
	}
	if got := SharesProcessors(); got != grouped {
		t.Errorf("shares processors: %v, want %v", got, grouped)
	}
}
