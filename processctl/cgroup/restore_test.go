package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/internal/notrun"
)

// openAt is open with a directory of the test's own as the one that the operator
// named, and with what the operator is told.
func openAt(t *testing.T) (p *Parent, told *[]string) {
	t.Helper()
	base, err := own()
	must(t, err)
	dir := filepath.Join(base.dir, "urocket-test-base-"+strconv.Itoa(os.Getpid()))
	must(t, os.Mkdir(dir, 0o755))
	told = &[]string{}
	p, err = Open(Options{Dir: dir, Name: "test", Warn: func(text string) { *told = append(*told, text) }})
	must(t, err)
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if left, _ := os.ReadDir(p.Dir()); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
		must(t, os.Remove(dir))
	})
	return p, told
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// usable makes a group, has a process born in it, and ends it.
func usable(t *testing.T, p *Parent) {
	t.Helper()
	g := group(t, p)
	pid := shell(t, g, "sleep 60")
	if in, err := p.Contains(pid); !in || err != nil {
		t.Errorf("its process is in a group of the parent: %v, %v", in, err)
	}
	if f, err := lockDir(p.Dir()); !errors.Is(err, unix.EWOULDBLOCK) {
		t.Errorf("the parent is not locked: %v", err)
		_ = f.Close()
	}
	sweep(p.base, p.name) // by the start of another one
	if members(g) == 0 {
		t.Error("another one's start has ended the process")
	}
	g.Kill()
	until(t, "the group is removed", func() bool { return g.Remove() == nil })
}

// Somebody removes the parent's directory, once and again.
func TestParentThatIsRemoved(t *testing.T) {
	p, told := openAt(t)
	usable(t, p)
	for n := 1; n < 3; n++ {
		must(t, os.Remove(p.Dir()))
		usable(t, p)
		if len(*told) != n || !strings.Contains((*told)[n-1], p.Dir()) {
			t.Errorf("told %q", *told)
		}
		if text, _ := os.ReadFile(filepath.Join(p.Dir(), "cgroup.max.depth")); strings.TrimSpace(string(text)) != maxDepth {
			t.Errorf("it may hold groups to a depth of %s", text)
		}
	}
}

// Somebody removes the directory and makes another of that name: it is not ours
// until it is locked.
func TestParentThatIsReplaced(t *testing.T) {
	p, told := openAt(t)
	must(t, os.Remove(p.Dir()))
	must(t, os.Mkdir(p.Dir(), 0o755))
	usable(t, p)
	if len(*told) != 1 {
		t.Errorf("told %q", *told)
	}
}

// Another one has taken the name meanwhile, as one with our pid in another pid
// namespace can.
func TestParentWhoseNameIsTaken(t *testing.T) {
	p, _ := openAt(t)
	before := p.Dir()
	must(t, os.Remove(before))
	must(t, os.Mkdir(before, 0o755))
	other, err := lockDir(before)
	must(t, err)
	usable(t, p)
	if p.Dir() == before || !strings.HasPrefix(p.Dir(), before+"-") {
		t.Errorf("it is now %s", p.Dir())
	}
	must(t, os.Remove(before))
	must(t, other.Close())
}

// The group above is removed as well: that is for the operator to make again.
func TestBaseThatIsRemoved(t *testing.T) {
	p, _ := openAt(t)
	must(t, os.Remove(p.Dir()))
	must(t, os.Remove(p.base.dir))
	for range 2 {
		if _, err := p.NewGroup(); !errors.Is(err, ErrNone) || !strings.Contains(err.Error(), p.base.dir+", below which urocket made its own, was removed") {
			t.Errorf("told %v", err)
		}
	}
	must(t, os.Mkdir(p.base.dir, 0o755))
	usable(t, p)
}

// It is made again once, however many calls find it gone.
func TestParentIsMadeAgainOnce(t *testing.T) {
	p, told := openAt(t)
	must(t, os.Remove(p.Dir()))
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			g, err := p.NewGroup()
			if err != nil {
				t.Error(err)
				return
			}
			if err := g.Remove(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	usable(t, p)
	if len(*told) != 1 {
		t.Errorf("told %q", *told)
	}
}

// A host on which the kernel offers no such file has no such limit; the error
// says who took it away.
func TestControllersThatAreGone(t *testing.T) {
	p, _ := openAt(t)
	p.controllers = []string{"memory"} // as if it had been there at the start
	g := group(t, p)
	defer g.Remove()
	if listed := listed(filepath.Join(g.dir, "cgroup.controllers")); len(listed) > 0 {
		notrun.Here(t, fmt.Sprintf("this host has the controllers %v", listed))
	}
	err := g.Limit(Limits{Memory: 64 << 20})
	if err == nil || !strings.Contains(err.Error(), "memory were taken away") || !strings.Contains(err.Error(), p.base.subtreeControl()) {
		t.Errorf("told %v", err)
	}
}

// A plain directory stands for the parent: the kernel keeps no groups where it has
// no memory controller.
func TestDyingGroupsAreToldOnce(t *testing.T) {
	dir := t.TempDir()
	lock, err := os.Open(dir)
	must(t, err)
	defer lock.Close()
	var told []string
	p := &Parent{dir: claimed{place{dir: dir}, lock}, warn: func(text string) { told = append(told, text) }}
	for _, n := range []string{"", "9999", "10000", "20000"} {
		must(t, os.WriteFile(filepath.Join(dir, "cgroup.stat"), []byte("nr_descendants 1\nnr_dying_descendants "+n+"\n"), 0o600))
		for range dyingEvery {
			must(t, group(t, p).Remove())
		}
	}
	if len(told) != 1 || !strings.Contains(told[0], " 10000 ") {
		t.Errorf("told %q", told)
	}
}

func TestDyingGroupsAreCountedByTheKernel(t *testing.T) {
	if _, err := readValue(filepath.Join(open(t).Dir(), "cgroup.stat"), "nr_dying_descendants"); err != nil {
		t.Error(err)
	}
}
