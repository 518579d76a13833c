package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A ground is the cgroup v2 in which the benchmark and all it starts run. It tells
// our processor time from that of others, and gives each row a place in which the
// same controllers can be had: the limit's groups cost what urocket's do.
//
// Where none can be made (not root, no cgroup v2) it is empty: the rows with
// groups are left out, and the processor time of others is only known as far as it
// was stolen by the host.
type ground struct {
	dir     string // empty: none
	before  string // the group that we came from
	missing string // why there is none
}

// controllers are handed down where this machine has them on cgroup v2.
var controllers = []string{"cpu", "memory", "pids", "io"}

func newGround() *ground {
	root, err := cgroupMount()
	if err != nil {
		return &ground{missing: err.Error()}
	}
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return &ground{missing: err.Error()}
	}
	sweep(root)
	g := &ground{dir: filepath.Join(root, groundPrefix+strconv.Itoa(os.Getpid()))}
	for line := range strings.Lines(string(own)) {
		if path, ok := strings.CutPrefix(strings.TrimSpace(line), "0::"); ok {
			g.before = filepath.Join(root, path)
		}
	}
	if err := os.Mkdir(g.dir, 0o755); err != nil {
		return &ground{missing: err.Error()}
	}
	handDown(g.dir)
	if err := g.enter(); err != nil {
		_ = os.Remove(g.dir)
		return &ground{missing: err.Error()}
	}
	return g
}

// groundPrefix begins the name of every ground.
const groundPrefix = "bench-urocket."

// sweep removes what benchmarks that were killed have left, as far as nothing runs in it:
// a group with processes cannot be removed.
func sweep(root string) {
	left, _ := filepath.Glob(filepath.Join(root, groundPrefix+"*"))
	for _, dir := range left {
		if _, err := os.Stat("/proc/" + strings.TrimPrefix(filepath.Base(dir), groundPrefix)); err == nil {
			continue // it may be about to use what is empty now
		}
		leaves, _ := filepath.Glob(filepath.Join(dir, "*/"))
		for _, d := range append(leaves, dir) {
			if info, err := os.Stat(d); err == nil && info.IsDir() {
				_ = os.Remove(d)
			}
		}
	}
}

// enter moves the benchmark itself into a leaf of its ground.
func (g *ground) enter() error {
	self, err := g.group("bench")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(self, "cgroup.procs"), []byte("0"), 0)
}

// handDown lets the groups below dir have what dir has; what cannot be had is left.
func handDown(dir string) {
	for _, c := range controllers {
		_ = os.WriteFile(filepath.Join(dir, "cgroup.subtree_control"), []byte("+"+c), 0)
	}
}

// group makes a group for a row.
func (g *ground) group(name string) (string, error) {
	if g.dir == "" {
		return "", errors.New(g.missing)
	}
	dir := filepath.Join(g.dir, name)
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return dir, nil
}

// used is the processor time of all that ran in a group so far, with those that
// have ended; "" is the whole ground.
func (g *ground) used(name string) time.Duration {
	if g.dir == "" {
		return 0
	}
	stat, _ := os.ReadFile(filepath.Join(g.dir, name, "cpu.stat"))
	us, _ := strconv.ParseInt(field(string(stat), "usage_usec "), 10, 64)
	return time.Duration(us) * time.Microsecond
}

// left are the groups below a row's that are still there.
func (g *ground) left(name string) (dirs []string) {
	top := filepath.Join(g.dir, name)
	_ = filepath.WalkDir(top, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() && path != top {
			dirs = append(dirs, strings.TrimPrefix(path, top+"/"))
		}
		return nil
	})
	return dirs
}

// pids are the processes of a row.
func (g *ground) pids(name string) (of []int) {
	_ = filepath.WalkDir(filepath.Join(g.dir, name), func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.IsDir() {
			return nil
		}
		text, _ := os.ReadFile(filepath.Join(path, "cgroup.procs"))
		for word := range strings.FieldsSeq(string(text)) {
			if pid, err := strconv.Atoi(word); err == nil {
				of = append(of, pid)
			}
		}
		return nil
	})
	return of
}

// remove ends what is left in a row's group, and the group.
func (g *ground) remove(name string) error {
	if g.dir == "" {
		return nil
	}
	dir := filepath.Join(g.dir, name)
	_ = os.WriteFile(filepath.Join(dir, "cgroup.kill"), []byte("1"), 0)
	var err error
	for range 100 {
		for _, d := range append(g.deepestFirst(name), dir) {
			err = os.Remove(d)
		}
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return fmt.Errorf("remove the group of a row: %w", err)
}

func (g *ground) deepestFirst(name string) []string {
	dirs := g.left(name)
	for i, j := 0, len(dirs)-1; i < j; i, j = i+1, j-1 {
		dirs[i], dirs[j] = dirs[j], dirs[i]
	}
	for i := range dirs {
		dirs[i] = filepath.Join(g.dir, name, dirs[i])
	}
	return dirs
}

// close goes back to where we came from, and removes the ground.
func (g *ground) close() error {
	if g.dir == "" {
		return nil
	}
	if err := os.WriteFile(filepath.Join(g.before, "cgroup.procs"), []byte("0"), 0); err != nil {
		return fmt.Errorf("leave the benchmark's group: %w", err)
	}
	return errors.Join(g.remove("bench"), os.Remove(g.dir))
}

// cgroupMount finds where cgroup v2 is mounted: it is not the same everywhere.
func cgroupMount() (string, error) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	for s := bufio.NewScanner(f); s.Scan(); {
		left, right, _ := strings.Cut(s.Text(), " - ")
		words := strings.Fields(left)
		if !strings.HasPrefix(right, "cgroup2 ") || len(words) < 5 {
			continue
		}
		if err := unix.Access(words[4], unix.W_OK); err != nil {
			return "", fmt.Errorf("no group can be made in %s: %w", words[4], err)
		}
		return words[4], nil
	}
	return "", errors.New("no cgroup v2 is mounted")
}

// field is what stands after a word at the start of a line.
func field(text, word string) string {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, word); ok {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}
