package leftovers

import (
	"crypto/rand"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Files lists what lies below dir.
func Files(dir string) []string {
	var found []string
	_ = filepath.WalkDir(dir, func(p string, _ fs.DirEntry, err error) error {
		if err == nil && p != dir {
			found = append(found, p)
		}
		return nil
	})
	return found
}

// Clear removes a tree whatever the modes of its directories are.
func Clear(dir string) {
	_ = filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			_ = os.Chmod(p, 0o700)
		}
		return nil
	})
	_ = os.RemoveAll(dir)
}

// Groups lists the cgroup directories whose path holds name, innermost first.
func Groups(name string) []string {
	mount := CgroupMount()
	if mount == "" {
		return nil
	}
	var dirs []string
	_ = filepath.WalkDir(mount, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && strings.Contains(p, name) {
			dirs = append([]string{p}, dirs...)
		}
		return nil
	})
	return dirs
}

// CgroupMount is where cgroup v2 is mounted, wherever that is; "" if nowhere.
func CgroupMount() string {
	info, _ := os.ReadFile("/proc/self/mountinfo")
	for line := range strings.Lines(string(info)) {
		// ID PARENT DEV ROOT MOUNTPOINT OPTIONS [TAGS] - TYPE SOURCE SUPER, proc(5)
		before, after, _ := strings.Cut(line, " - ")
		if f := strings.Fields(before); strings.HasPrefix(after, "cgroup2 ") && len(f) > 4 {
			return f[4]
		}
	}
	return ""
}

// CgroupsWork tells whether groups can be made here; without, a program that
// has no cgroups promises less.
func CgroupsWork() bool {
	mount, own := CgroupMount(), ""
	text, _ := os.ReadFile("/proc/self/cgroup")
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "0::"); ok {
			own = strings.TrimSpace(rest)
		}
	}
	probe := filepath.Join(mount, own, "probe-"+strings.ToLower(rand.Text()))
	if mount == "" || os.Mkdir(probe, 0o755) != nil {
		return false
	}
	return os.Remove(probe) == nil
}
