package conform

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// layAnew makes the files of a trial what they were. Those that are so still stay:
// another file of the same name would be a change.
func (tr trial) layAnew(dir string) error {
	fresh := dir + ".new"
	if err := tr.lay(fresh); err != nil {
		return err
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		name := strings.TrimPrefix(path, dir)
		if same(path, fresh+name) {
			return nil
		}
		if err = os.RemoveAll(path); err == nil && d.IsDir() {
			err = fs.SkipDir
		}
		return err
	})
	if err == nil {
		err = filepath.WalkDir(fresh, func(path string, d fs.DirEntry, err error) error {
			to := dir + strings.TrimPrefix(path, fresh)
			if _, missing := os.Lstat(to); err != nil || missing == nil {
				return err
			}
			if err = os.Rename(path, to); err == nil && d.IsDir() {
				err = fs.SkipDir
			}
			return err
		})
	}
	return firstOf(err, os.RemoveAll(fresh))
}

// same tells whether two names are of the same kind and the same content.
func same(a, b string) bool {
	one, err := os.Lstat(a)
	other, erro := os.Lstat(b)
	if err != nil || erro != nil || one.Mode() != other.Mode() {
		return false
	}
	switch one.Mode().Type() {
	case fs.ModeDir:
		return true
	case fs.ModeSymlink:
		to, _ := os.Readlink(a)
		too, _ := os.Readlink(b)
		return to == too
	}
	text, _ := os.ReadFile(a)
	texto, _ := os.ReadFile(b)
	return bytes.Equal(text, texto)
}

func TestLayAnew(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "include")
	tr := trial{script: "include", before: func(dir string) error { return os.Symlink("one.php", filepath.Join(dir, "link")) }}
	check(t, tr.lay(dir))
	before, err := os.Stat(filepath.Join(dir, "one.php"))
	check(t, err)
	for _, spoil := range []error{
		put(dir, "side.php", "changed"), put(dir, "made/by/a/call", ""), os.RemoveAll(filepath.Join(dir, "sub")), os.Remove(filepath.Join(dir, "link")), os.Symlink("side.php", filepath.Join(dir, "link")),
	} {
		check(t, spoil)
	}
	check(t, tr.layAnew(dir))
	after, err := os.Stat(filepath.Join(dir, "one.php"))
	check(t, err)
	if !os.SameFile(before, after) {
		t.Error("a file that was not changed is another")
	}
	fresh := filepath.Join(t.TempDir(), "include")
	check(t, tr.lay(fresh))
	for _, name := range []string{"side.php", "sub/two.php", "link", "path"} {
		if !same(filepath.Join(dir, name), filepath.Join(fresh, name)) {
			t.Errorf("%s is not what it was", name)
		}
	}
	if _, err := os.Lstat(filepath.Join(dir, "made")); err == nil {
		t.Error("what was made is left")
	}
}
