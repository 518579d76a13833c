package vfork

import (
	"os"
	"slices"
	"testing"
)

// Whoever watches is told of each start, whether it comes to anything, before the
// program runs and when it does.
func TestStartsAreWatched(t *testing.T) {
	var told []string
	Watch(func() { told = append(told, "starting") }, func() { told = append(told, "started") })
	defer watching.Store(nil)
	want := []string{"starting", "started"}
	output(t, Start, Command{Path: "/bin/true", Argv: []string{"true"}})
	if !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
	told = nil
	null, err := os.Open(os.DevNull)
	check(t, err)
	defer null.Close()
	fd := int(null.Fd())
	if _, err := Start(&Command{Path: "/nonexistent", Argv: []string{"x"}, Files: [3]int{fd, fd, fd}, Cgroup: -1}); err == nil {
		t.Error("a program that does not exist was started")
	}
	if !slices.Equal(told, want) {
		t.Errorf("of a start that fails: told %q, want %q", told, want)
	}
	told = nil
	Waiting()()
	if !slices.Equal(told, want) {
		t.Errorf("of somebody else's start: told %q, want %q", told, want)
	}
}
