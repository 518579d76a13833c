package threads

import (
	"os"
	"testing"
)

func TestReservedThreadsStay(t *testing.T) {
	const n = 40
	Reserve(n)
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil || len(tasks) < n {
		t.Errorf("%d threads, %v", len(tasks), err)
	}
}
