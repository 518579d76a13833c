package backserv

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// What is at the path when urocket starts.
func TestWhatIsThere(t *testing.T) {
	self := &InUseError{PID: os.Getpid()}
	tests := []struct {
		name string
		make func(t *testing.T, path string)
		want error // nil: it is replaced
	}{
		{"nothing", func(*testing.T, string) {}, nil},
		{"a stale socket", func(t *testing.T, path string) { stale(t, path) }, nil},
		{"a stale socket that nobody may connect to", func(t *testing.T, path string) {
			stale(t, path)
			check(t, os.Chmod(path, 0))
		}, nil},
		{"a stale datagram socket", func(t *testing.T, path string) { datagram(t, path).Close() }, nil},
		{"a live server", func(t *testing.T, path string) { mustListen(t, path) }, self},
		{"a live server of another make", func(t *testing.T, path string) {
			l, err := net.Listen("unix", path)
			check(t, err)
			t.Cleanup(func() { l.Close() })
		}, self},
		{"a live server with a full queue", fullQueue, &InUseError{}},
		{"a live datagram socket", func(t *testing.T, path string) {
			c := datagram(t, path)
			t.Cleanup(func() { c.Close() })
		}, &InUseError{}},
		{"a regular file", func(t *testing.T, path string) { check(t, os.WriteFile(path, []byte("precious"), 0o600)) }, ErrNotSocket},
		{"an empty file", func(t *testing.T, path string) { check(t, os.WriteFile(path, nil, 0o600)) }, ErrNotSocket},
		{"a directory", func(t *testing.T, path string) { check(t, os.Mkdir(path, 0o700)) }, ErrNotSocket},
		{"a named pipe", func(t *testing.T, path string) { check(t, unix.Mkfifo(path, 0o600)) }, ErrNotSocket},
		{"a symbolic link to a stale socket", func(t *testing.T, path string) {
			stale(t, path+".target")
			check(t, os.Symlink(path+".target", path))
		}, ErrNotSocket},
		{"a symbolic link to a file", func(t *testing.T, path string) {
			check(t, os.WriteFile(path+".target", nil, 0o600))
			check(t, os.Symlink(path+".target", path))
		}, ErrNotSocket},
		{"a dangling symbolic link", func(t *testing.T, path string) { check(t, os.Symlink("nowhere", path)) }, ErrNotSocket},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := socketFolder(t)
			path := filepath.Join(dir, "u.sock")
			test.make(t, path)
			before := names(t, dir)
			var was os.FileInfo
			if test.want != nil {
				was = lstat(t, path)
			}
			l, err := Listen(path, 0o600, -1)
			if test.want == nil {
				if err != nil {
					t.Fatal(err)
				}
				defer l.Close()
				checkReaches(t, path, l)
				return
			}
			checkRefused(t, err, path, test.want)
			if now := lstat(t, path); !os.SameFile(was, now) || was.Mode() != now.Mode() || was.Size() != now.Size() {
				t.Errorf("it was changed: %v, now %v", was.Mode(), now.Mode())
			}
			if left := names(t, dir); !slices.Equal(left, before) {
				t.Errorf("left behind: %q", left)
			}
		})
	}
}

func checkRefused(t *testing.T, err error, path string, want error) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), path) {
		t.Fatalf("%v: does not say where", err)
	}
	var wantUse, use *InUseError
	if !errors.As(want, &wantUse) {
		if !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
		return
	}
	if !errors.As(err, &use) || use.PID != wantUse.PID {
		t.Fatalf("%v, want pid %d", err, wantUse.PID)
	}
	if use.PID > 0 && !strings.Contains(err.Error(), fmt.Sprintf("process %d (\"", use.PID)) {
		t.Errorf("%v: does not say who", err)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func datagram(t *testing.T, path string) *net.UnixConn {
	t.Helper()
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	check(t, err)
	return c
}

// fullQueue makes a server that accepts nothing, with no room for another
// connection.
func fullQueue(t *testing.T, path string) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	check(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	address := &unix.SockaddrUnix{Name: path}
	check(t, unix.Bind(fd, address))
	check(t, unix.Listen(fd, 0))
	for {
		c, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		check(t, err)
		t.Cleanup(func() { unix.Close(c) })
		if err := unix.Connect(c, address); errors.Is(err, unix.EAGAIN) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// Many starts at once over a stale socket: one wins, and stays the one that is
// reached; the others are told who it is.
func TestStartsAtTheSameTime(t *testing.T) {
	for range 20 {
		path := filepath.Join(socketFolder(t), "u.sock")
		stale(t, path)
		var wg sync.WaitGroup
		var mu sync.Mutex
		var won []*Listener
		for range 8 {
			wg.Go(func() {
				l, err := Listen(path, 0o600, -1)
				mu.Lock()
				defer mu.Unlock()
				var use *InUseError
				switch {
				case err == nil:
					won = append(won, l)
				case !errors.As(err, &use) || use.PID != os.Getpid():
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if len(won) != 1 {
			t.Fatalf("%d have won", len(won))
		}
		checkReaches(t, path, won[0])
		check(t, won[0].Close())
		if left := names(t, filepath.Dir(path)); left != nil {
			t.Errorf("left behind: %q", left)
		}
	}
}

// Something that comes in the last moment is not replaced unseen.
func TestRenameReplacesOnlyWhatWasSeen(t *testing.T) {
	dir := socketFolder(t)
	d, err := openFolder(dir)
	check(t, err)
	defer d.Close()
	for _, name := range []string{"new", "seen"} {
		stale(t, filepath.Join(dir, name))
	}
	seen, err := d.stat("seen")
	check(t, err)
	if err := d.rename("new", "seen", inode{}); !errors.Is(err, errChanged) {
		t.Errorf("over what was not there: %v", err)
	}
	if err := d.rename("new", "seen", inode{device: seen.device, number: seen.number + 1}); !errors.Is(err, errChanged) {
		t.Errorf("over another: %v", err)
	}
	if err := d.rename("new", "seen", seen); err != nil {
		t.Errorf("over the same: %v", err)
	}
	if left := names(t, dir); !slices.Equal(left, []string{"seen"}) {
		t.Errorf("left behind: %q", left)
	}
}

// A lock that a stranger holds is not waited for without end.
func TestStrangeLock(t *testing.T) {
	dir := socketFolder(t)
	d, err := openFolder(dir)
	check(t, err)
	defer d.Close()
	unlock, _ := d.lock()
	defer unlock()
	l := mustListen(t, filepath.Join(dir, "u.sock"))
	checkReaches(t, filepath.Join(dir, "u.sock"), l)
}

// A start that was killed before its socket had its name has left it.
func TestHiddenSocketsOfTheDeadAreSwept(t *testing.T) {
	dir := socketFolder(t)
	for _, name := range []string{".u.sock.0123abcd", ".u.sock.0123abcx", ".other.0123abcd", "u.sock.0123abcd"} {
		stale(t, filepath.Join(dir, name))
	}
	check(t, os.WriteFile(filepath.Join(dir, ".u.sock.00000000"), nil, 0o600))
	live := mustListen(t, filepath.Join(dir, ".u.sock.11111111"))
	mustListen(t, filepath.Join(dir, "u.sock"))
	want := []string{".other.0123abcd", ".u.sock.00000000", ".u.sock.0123abcx", ".u.sock.11111111", "u.sock", "u.sock.0123abcd"}
	if left := names(t, dir); !slices.Equal(left, want) {
		t.Errorf("there are %q, want %q", left, want)
	}
	checkReaches(t, filepath.Join(dir, ".u.sock.11111111"), live)
}
