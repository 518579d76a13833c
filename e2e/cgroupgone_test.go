package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/urocket/urocket/internal/notrun"
)

// parentGroup is the directory in which the program makes its groups.
func (g *gateway) parentGroup(t *testing.T) string {
	t.Helper()
	i := slices.IndexFunc(g.groups(), func(dir string) bool { return filepath.Base(dir) == "urocket-"+g.name+"."+strconv.Itoa(g.pid()) })
	if i < 0 {
		t.Fatalf("no group of the program among %q", g.groups())
	}
	return g.groups()[i]
}

// An operator, or systemd, removes the group below which the program makes its own.
func TestCgroupRemovedFromOutside(t *testing.T) {
	t.Parallel()
	if !cgroupsWork() {
		notrun.Here(t, "no cgroup can be made")
	}
	g := start(t, setup{ops: ops{"get /x": {"cmd": "/bin/cat /proc/self/cgroup", "reply": "stdout"}}})
	for n := 1; n < 4; n++ {
		g.get(t, "/x").want(t, 200)
		parent := g.parentGroup(t)
		eventually(t, "it can be removed", func() bool { return os.Remove(parent) == nil })
		if text := string(g.get(t, "/x").want(t, 200).body); !strings.Contains(text, filepath.Base(parent)+"/") {
			t.Errorf("the next process is in %s", text)
		}
		if lines := g.logLines("WARN", parent, "removed by somebody"); len(lines) != n {
			t.Errorf("the log says %q", lines)
		}
	}
}

// The group that the operator has named is removed as well: calls are 500 until
// it is there again, and the log says what to do.
func TestNamedCgroupRemovedFromOutside(t *testing.T) {
	t.Parallel()
	if !cgroupsWork() {
		notrun.Here(t, "no cgroup can be made")
	}
	named := filepath.Join(filepath.Dir(start(t, setup{}).parentGroup(t)), "e2e-named-"+token())
	check(t, os.Mkdir(named, 0o755))
	t.Cleanup(func() { check(t, os.Remove(named)) })
	g := start(t, setup{
		top: keys{"cgroup": keys{"mode": "auto", "parent": named}},
		ops: ops{"get /x": {"cmd": "/bin/cat /proc/self/cgroup", "reply": "stdout", "tmpdir": "own"}},
	})
	g.get(t, "/x").want(t, 200)
	eventually(t, "it can be removed", func() bool { return os.Remove(g.parentGroup(t)) == nil })
	check(t, os.Remove(named))
	for range 3 {
		g.get(t, "/x").wantProblem(t, 500, "internal")
	}
	eventually(t, "the log says each time what to do", func() bool {
		return len(g.logLines("ERROR", named, "make it again, or restart urocket")) == 3
	})
	check(t, os.Mkdir(named, 0o755))
	if text := string(g.get(t, "/x").want(t, 200).body); !strings.Contains(text, filepath.Base(named)+"/urocket-"+g.name) {
		t.Errorf("the next process is in %s", text)
	}
}
