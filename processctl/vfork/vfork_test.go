package vfork

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/internal/notrun"
)

func TestMain(m *testing.M) {
	Prepare()
	os.Exit(m.Run())
}

// both runs a test with the own way to start a program and with the standard
// library's.
func both(t *testing.T, f func(t *testing.T, start func(*Command) (int, error))) {
	t.Run("own", func(t *testing.T) {
		if !supported {
			notrun.Here(t, "not written for "+runtime.GOARCH)
		}
		f(t, Start)
		if reserved.Load() == nil {
			t.Error("close_range was given up")
		}
		places := reserved.Swap(nil)
		f(t, Start)
		reserved.Store(places)
		if broken.Load() {
			t.Error("clone3 was given up")
		}
	})
	t.Run("standard", func(t *testing.T) { f(t, forkExec) })
}

// output starts a program and returns what it prints, and how it ends.
func output(t *testing.T, start func(*Command) (int, error), c Command) (string, syscall.WaitStatus) {
	t.Helper()
	null, err := os.Open(os.DevNull)
	check(t, err)
	defer null.Close()
	r, w, err := os.Pipe()
	check(t, err)
	defer r.Close()
	c.Files = [3]int{int(null.Fd()), int(w.Fd()), int(w.Fd())}
	if c.Cgroup == 0 {
		c.Cgroup = -1
	}
	pid, err := start(&c)
	check(t, w.Close())
	check(t, err)
	text := make([]byte, 1<<20)
	n := 0
	for n < len(text) {
		m, err := r.Read(text[n:])
		if err != nil {
			break
		}
		n += m
	}
	var status syscall.WaitStatus
	_, err = syscall.Wait4(pid, &status, 0, nil)
	check(t, err)
	return string(text[:n]), status
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestStart(t *testing.T) {
	dir := t.TempDir()
	both(t, func(t *testing.T, start func(*Command) (int, error)) {
		got, status := output(t, start, Command{
			Path: "/bin/sh", Argv: []string{"a0", "-c", `pwd; echo "$0" "$1" "$X" "$#"; env | grep -v -e PWD -e SHLVL -e '^_='; exit 7`, "zero", "a b"},
			Env: []string{"X=y z"}, Dir: dir,
		})
		if want := dir + "\nzero a b y z 1\nX=y z\n"; got != want || status.ExitStatus() != 7 {
			t.Errorf("got %q, want %q; %v", got, want, status)
		}
	})
}

// The program begins with a session of its own, no signal blocked, those ignored that
// the standard library would have ignored, and nothing that was opened to be closed on
// exec.
func TestWhatIsInherited(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "open-here"))
	check(t, err)
	defer f.Close()
	signal.Ignore(syscall.SIGUSR1)
	defer signal.Reset(syscall.SIGUSR1)
	ignored := ""
	both(t, func(t *testing.T, start func(*Command) (int, error)) {
		got, _ := output(t, start, Command{
			Path: "/bin/sh", Argv: []string{"sh", "-c", `echo $$; cut -d' ' -f1,6 /proc/$$/stat; ls -l /proc/$$/fd 2>/dev/null | grep -c open-here; exec grep -E '^Sig(Blk|Ign)' /proc/self/status`},
			Env: []string{"PATH=/usr/bin:/bin"},
		})
		lines := strings.Split(strings.TrimSpace(got), "\n")
		if len(lines) != 5 || lines[1] != lines[0]+" "+lines[0] || lines[2] != "0" {
			t.Fatalf("%q", got)
		}
		if _, mask, _ := strings.Cut(lines[3], "\t"); strings.Trim(mask, "0") != "" {
			t.Error(lines[3])
		}
		if ignored == "" {
			ignored = lines[4]
		}
		if lines[4] != ignored || strings.HasSuffix(lines[4], "0000000000000000") {
			t.Errorf("%s, and otherwise %s", lines[4], ignored)
		}
	})
}

func TestErrors(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	check(t, os.WriteFile(text, []byte("echo"), 0o755))
	locked := filepath.Join(dir, "locked")
	check(t, os.WriteFile(locked, []byte("#!/bin/sh\n"), 0o644))
	both(t, func(t *testing.T, start func(*Command) (int, error)) {
		null, err := os.Open(os.DevNull)
		check(t, err)
		defer null.Close()
		fd := int(null.Fd())
		for name, c := range map[string]struct {
			Command
			want syscall.Errno
		}{
			"no program":       {Command{Path: "/nonexistent/x"}, syscall.ENOENT},
			"no #! line":       {Command{Path: text}, syscall.ENOEXEC},
			"not executable":   {Command{Path: locked}, syscall.EACCES},
			"no directory":     {Command{Path: "/bin/true", Dir: "/nonexistent"}, syscall.ENOENT},
			"a long argument":  {Command{Path: "/bin/true", Argv: []string{"true", strings.Repeat("x", 1<<18)}}, syscall.E2BIG},
			"no descriptor":    {Command{Path: "/bin/true", Files: [3]int{fd, 999999, fd}}, syscall.EBADF},
			"no such cgroup":   {Command{Path: "/bin/true", Cgroup: fd}, syscall.EBADF},
			"a NUL":            {Command{Path: "/bin/true", Argv: []string{"a\x00b"}}, syscall.EINVAL},
			"a NUL in a value": {Command{Path: "/bin/true", Env: []string{"A=\x00"}}, syscall.EINVAL},
		} {
			cmd := c.Command
			if cmd.Cgroup == 0 {
				cmd.Cgroup = -1
			}
			if cmd.Argv == nil {
				cmd.Argv = []string{"x"}
			}
			if cmd.Files == [3]int{} {
				cmd.Files = [3]int{fd, fd, fd}
			}
			pid, err := start(&cmd)
			if !errors.Is(err, c.want) {
				t.Errorf("%s: pid %d, %v, want %v", name, pid, err, c.want)
			}
		}
		if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); err != syscall.ECHILD {
			t.Errorf("a child is left: %d, %v", pid, err)
		}
	})
}

// A program has the limit of descriptors that this one was started with, not the one
// that Go has made of it.
func TestNoFile(t *testing.T) {
	if os.Getenv("VFORK_TEST_NOFILE") == "" {
		for _, limits := range []string{"ulimit -Sn 777; ulimit -Hn 2000", "ulimit -Sn 2000; ulimit -Hn 2000", "ulimit -Sn 1999; ulimit -Hn 2000"} {
			cmd := exec.Command("sh", "-c", limits+`; exec "$0" -test.run '^TestNoFile$' -test.v`, os.Args[0])
			cmd.Env = append(os.Environ(), "VFORK_TEST_NOFILE="+limits)
			if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestNoFile/own") {
				t.Errorf("%s: %v\n%s", limits, err, out)
			}
		}
		return
	}
	want := strings.Fields(os.Getenv("VFORK_TEST_NOFILE"))[2]
	both(t, func(t *testing.T, start func(*Command) (int, error)) {
		got, _ := output(t, start, Command{Path: "/bin/sh", Argv: []string{"sh", "-c", "ulimit -Sn; ulimit -Hn"}})
		if got != strings.TrimSuffix(want, ";")+"\n2000\n" {
			t.Errorf("got %q, want %s", got, want)
		}
	})
}

// Another user gets his ids, and his groups or those that there were.
func TestUser(t *testing.T) {
	if os.Getuid() != 0 {
		notrun.Here(t, "only root becomes another user")
	}
	both(t, func(t *testing.T, start func(*Command) (int, error)) {
		for want, u := range map[string]*User{
			"65534 65534 65534 4 5": {UID: 65534, GID: 65534, Groups: []int{4, 5}},
			"65534 7 7":             {UID: 65534, GID: 7, Groups: []int{}},
		} {
			got, _ := output(t, start, Command{
				Path: "/bin/sh", Argv: []string{"sh", "-c", "echo $(id -u) $(id -g) $(id -G)"}, Env: []string{"PATH=/usr/bin:/bin"}, User: u,
			})
			if strings.TrimSpace(got) != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
	})
}

// Many threads start programs while the runtime collects, preempts and grows
// stacks: nobody's memory is touched.
func TestManyAtOnce(t *testing.T) {
	null, err := os.Open(os.DevNull)
	check(t, err)
	defer null.Close()
	fd := int(null.Fd())
	stop := make(chan struct{})
	var noise, starts sync.WaitGroup
	noise.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				runtime.GC()
				time.Sleep(time.Millisecond)
			}
		}
	})
	for n := range 8 {
		starts.Go(func() {
			for i := range 100 {
				path, want := "/bin/true", 0
				if i%4 == n%4 {
					path, want = "/nonexistent", int(syscall.ENOENT)
				}
				deep(30, func() {
					pid, err := Start(&Command{Path: path, Argv: []string{"x", strings.Repeat("y", i*100)}, Env: []string{"A=b"}, Files: [3]int{fd, fd, fd}, Cgroup: -1})
					if want != 0 {
						if err != syscall.Errno(want) {
							t.Errorf("%v", err)
						}
						return
					}
					if err != nil {
						t.Error(err)
						return
					}
					var status syscall.WaitStatus
					for {
						if _, err = syscall.Wait4(pid, &status, 0, nil); err != syscall.EINTR {
							break
						}
					}
					if err != nil || !status.Exited() || status.ExitStatus() != 0 {
						t.Errorf("%v, %v", status, err)
					}
				})
			}
		})
	}
	starts.Wait()
	close(stop)
	noise.Wait()
}

func deep(n int, f func()) {
	var room [200]byte
	room[n] = byte(n)
	if n == 0 {
		f()
		return
	}
	deep(n-1, f)
	runtime.KeepAlive(room)
}

// A program can be born into a cgroup.
func TestCgroup(t *testing.T) {
	const root = "/sys/fs/cgroup"
	base := root + "/unified"
	if _, err := os.Stat(base + "/cgroup.procs"); err != nil {
		base = root
	}
	dir := filepath.Join(base, "urocket-vfork-test")
	if err := os.Mkdir(dir, 0o755); err != nil {
		notrun.Here(t, "no cgroup can be made: "+err.Error())
	}
	defer os.Remove(dir)
	f, err := os.Open(dir)
	check(t, err)
	defer f.Close()
	both(t, func(t *testing.T, start func(*Command) (int, error)) {
		got, _ := output(t, start, Command{Path: "/bin/cat", Argv: []string{"cat", "/proc/self/cgroup"}, Cgroup: int(f.Fd())})
		if !strings.Contains(got, "0::") || !strings.Contains(got, "/urocket-vfork-test\n") {
			t.Errorf("%q", got)
		}
	})
}

func BenchmarkStart(b *testing.B) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		b.Fatal(err)
	}
	defer null.Close()
	fd := int(null.Fd())
	c := &Command{Path: "/bin/true", Argv: []string{"true"}, Files: [3]int{fd, fd, fd}, Cgroup: -1}
	if p := os.Getenv("PROGRAM"); p != "" {
		c.Path = p
	}
	for name, start := range map[string]func(*Command) (int, error){"own": Start, "standard": forkExec} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				pid, err := start(c)
				if err != nil {
					b.Fatal(err)
				}
				_, _ = unix.Wait4(pid, nil, 0, nil)
			}
		})
	}
}

// Descriptor 3 is what was asked for, whatever number it has here, and nothing where
// nothing was asked for.
func TestExtraDescriptor(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "extra"))
	check(t, err)
	defer f.Close()
	both(t, func(t *testing.T, start func(*Command) (int, error)) {
		for _, extra := range []*os.File{f, nil, f} {
			c, want := Command{Path: "/usr/bin/readlink", Argv: []string{"readlink", "/proc/self/fd/3"}}, ""
			if extra != nil {
				c.Extra, want = int(extra.Fd()), extra.Name()+"\n"
			}
			if got, _ := output(t, start, c); got != want {
				t.Errorf("its descriptor 3 is %q, want %q", got, want)
			}
		}
	})
}
