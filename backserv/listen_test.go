package backserv

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// mustListen serves path until the end of the test.
func mustListen(t *testing.T, path string) *Listener {
	t.Helper()
	l, err := Listen(path, 0o600, -1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// checkReaches dials path and expects the connection at l.
func checkReaches(t *testing.T, path string, l *Listener) {
	t.Helper()
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	defer c.Close()
	if _, err := c.Write([]byte("x")); err != nil {
		t.Error(err)
	}
	for { // other starts may have looked who is here
		s, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		n, err := s.Read(make([]byte, 10))
		s.Close()
		if n == 1 {
			return
		}
		if err != io.EOF {
			t.Fatal(err)
		}
	}
}

// names lists a folder.
func names(t *testing.T, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, entry := range list {
		out = append(out, entry.Name())
	}
	return out
}

// stale leaves a socket at path that nobody serves, and returns what it is.
func stale(t *testing.T, path string) os.FileInfo {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return lstat(t, path)
}

func lstat(t *testing.T, path string) os.FileInfo {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func TestListenAndClose(t *testing.T) {
	dir := socketFolder(t)
	path := filepath.Join(dir, "u.sock")
	gid := os.Getgid()
	if os.Getuid() == 0 {
		gid = 12345
	}
	l, err := Listen(path, 0o640, gid)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	info := lstat(t, path)
	if info.Mode() != fs.ModeSocket|0o640 || int(info.Sys().(*syscall.Stat_t).Gid) != gid {
		t.Errorf("%v, group %d", info.Mode(), info.Sys().(*syscall.Stat_t).Gid)
	}
	if got := l.Addr().String(); got != path {
		t.Errorf("Addr() = %s", got)
	}
	checkReaches(t, path, l)
	for range 2 {
		if err := l.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	if left := names(t, dir); left != nil {
		t.Errorf("left behind: %q", left)
	}
}

func TestPathsThatCannotBe(t *testing.T) {
	dir := socketFolder(t)
	check(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
	for path, want := range map[string]string{
		"":                             "does not name a file",
		dir + "/":                      "does not name a file",
		dir + "/..":                    "does not name a file",
		"/" + strings.Repeat("x", 107): "108 bytes",
		dir + "/missing/u.sock":        "no such file",
		dir + "/file/u.sock":           "not a directory",
		dir + "/a\x00b":                "invalid argument",
		"/proc/u.sock":                 "create the socket",
	} {
		l, err := Listen(path, 0o600, -1)
		if err == nil {
			l.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", path, err, want)
		}
	}
	if left := names(t, dir); !slices.Equal(left, []string{"file"}) {
		t.Errorf("left behind: %q", left)
	}
}

func TestLongestPath(t *testing.T) {
	dir := socketFolder(t)
	for _, path := range []string{
		filepath.Join(dir, strings.Repeat("n", maxPath-len(dir)-1)),
		filepath.Join(dir, strings.Repeat("d", maxPath-len(dir)-3), "s"),
	} {
		if len(path) != maxPath {
			t.Fatalf("%d bytes", len(path))
		}
		check(t, os.MkdirAll(filepath.Dir(path), 0o700))
		for range 2 { // the second time over a stale one
			l := mustListen(t, path)
			checkReaches(t, path, l)
			var use *InUseError
			if _, err := Listen(path, 0o600, -1); !errors.As(err, &use) {
				t.Errorf("a second start: %v", err)
			}
			check(t, l.Close())
			stale(t, path)
		}
	}
}

func TestUnwritableFolder(t *testing.T) {
	dir := socketFolder(t)
	path := filepath.Join(dir, "u.sock")
	check(t, os.Chmod(dir, 0o555))
	var err error
	unprivileged(func() {
		var l *Listener
		if l, err = Listen(path, 0o600, -1); err == nil {
			l.Close()
		}
	})
	if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), path) {
		t.Errorf("%v", err)
	}
}

// A folder may be one that can be written to and not read.
func TestUnreadableFolder(t *testing.T) {
	dir := socketFolder(t)
	path := filepath.Join(dir, "u.sock")
	check(t, os.Chmod(dir, 0o333))
	var err error
	unprivileged(func() {
		var l *Listener
		if l, err = Listen(path, 0o600, -1); err == nil {
			err = l.Close()
		}
	})
	if err != nil {
		t.Error(err)
	}
	check(t, os.Chmod(dir, 0o755))
	if left := names(t, dir); left != nil {
		t.Errorf("left behind: %q", left)
	}
}

// unprivileged runs f as somebody who is bound by the modes of files.
func unprivileged(f func()) {
	var wg sync.WaitGroup
	wg.Go(func() {
		if os.Getuid() == 0 {
			// For this thread alone, which ends with the goroutine.
			runtime.LockOSThread()
			unix.Setfsgid(65534)
			unix.Setfsuid(65534)
		}
		f()
	})
	wg.Wait()
}

func TestGroupThatCannotBeGiven(t *testing.T) {
	dir := socketFolder(t)
	check(t, os.Chmod(dir, 0o777))
	path := filepath.Join(dir, "u.sock")
	was := stale(t, path)
	check(t, os.Chmod(path, 0o666))
	var err error
	unprivileged(func() { _, err = Listen(path, 0o600, 1) })
	if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "group 1") {
		t.Errorf("%v", err)
	}
	if left := names(t, dir); !slices.Equal(left, []string{"u.sock"}) || !os.SameFile(was, lstat(t, path)) {
		t.Errorf("left behind: %q", left)
	}
}

func TestCloseLeavesWhatIsNotOurs(t *testing.T) {
	replace := map[string]func(t *testing.T, path string){
		"another server":   func(t *testing.T, path string) { mustListen(t, path) },
		"a regular file":   func(t *testing.T, path string) { check(t, os.WriteFile(path, []byte("precious"), 0o600)) },
		"nothing any more": func(*testing.T, string) {},
	}
	for name, replace := range replace {
		t.Run(name, func(t *testing.T) {
			dir := socketFolder(t)
			path := filepath.Join(dir, "u.sock")
			l := mustListen(t, path)
			check(t, os.Remove(path))
			replace(t, path)
			before := names(t, dir)
			if err := l.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
			if left := names(t, dir); !slices.Equal(left, before) {
				t.Errorf("%q, was %q", left, before)
			}
		})
	}
}

// A relative path, and a folder that is reached through a link, mean what they
// meant when the listener was made.
func TestPathsThatMove(t *testing.T) {
	dir := socketFolder(t)
	check(t, os.MkdirAll(filepath.Join(dir, "one"), 0o700))
	check(t, os.MkdirAll(filepath.Join(dir, "two"), 0o700))
	link := filepath.Join(dir, "link")
	check(t, os.Symlink("one", link))
	t.Chdir(dir)
	linked := mustListen(t, "link/u.sock")
	plain := mustListen(t, "relative.sock")
	checkReaches(t, filepath.Join(dir, "one", "u.sock"), linked)
	checkReaches(t, filepath.Join(dir, "relative.sock"), plain)

	check(t, os.Remove(link))
	check(t, os.Symlink("two", link))
	check(t, os.Rename("one", "three"))
	stale(t, filepath.Join(dir, "two", "u.sock"))
	t.Chdir("/")
	check(t, linked.Close())
	check(t, plain.Close())
	for folder, want := range map[string][]string{"two": {"u.sock"}, "three": nil, ".": {"link", "three", "two"}} {
		if left := names(t, filepath.Join(dir, folder)); !slices.Equal(left, want) {
			t.Errorf("in %s: %q, want %q", folder, left, want)
		}
	}
}
