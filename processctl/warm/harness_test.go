package warm

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/internal/notrun"
	"github.com/urocket/urocket/processctl/cgroup"
)

func write(t *testing.T, file, text string) {
	t.Helper()
	must(t, os.WriteFile(file, []byte(text), 0o644))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// kitchen starts PHP as [Host] says, with what a test has and no more.
type kitchen struct {
	t      *testing.T
	parent *cgroup.Parent
	null   *os.File
	dir    string

	mu     sync.Mutex
	starts int
	told   []string
}

func newKitchen(t *testing.T) *kitchen {
	t.Helper()
	k := &kitchen{t: t, dir: t.TempDir()}
	var err error
	k.parent, err = cgroup.Open(cgroup.Options{Name: "warmtest"})
	must(t, err)
	t.Cleanup(func() { must(t, k.parent.Close()) })
	k.null, err = os.Open(os.DevNull)
	must(t, err)
	t.Cleanup(func() { _ = k.null.Close() })
	must(t, os.Mkdir(k.path("preludes"), 0o755))
	must(t, Preludes(k.path("preludes")))
	p := k.program()
	must(t, p.Probe(func(argv []string) (string, error) { return k.run(argv, nil) }))
	if why := p.Forks(); why != nil {
		notrun.Here(t, "php cannot fork: "+why.Error())
	}
	return k
}

func (k *kitchen) path(name string) string { return filepath.Join(k.dir, name) }

func (k *kitchen) program() Program {
	return Program{PHP: "/usr/bin/php", Script: "a.php", Dir: k.dir, Env: []string{"PATH=/usr/bin:/bin"}, Title: "a test's", Kind: Fork, Prelude: k.path("preludes")}
}

func (k *kitchen) host() Host {
	return Host{Start: k.start, Group: k.group, Run: k.run, Null: int(k.null.Fd()), Boots: make(chan struct{}, 1)}
}

func (k *kitchen) start(c Command) (*Child, error) {
	k.mu.Lock()
	k.starts++
	k.mu.Unlock()
	said := &strings.Builder{}
	cmd := exec.Command(c.Path, c.Argv[1:]...)
	cmd.Env, cmd.Dir, cmd.ExtraFiles, cmd.Stdout, cmd.Stderr = c.Env, c.Dir, []*os.File{c.Conn}, said, said
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	gone := make(chan struct{})
	go func() { _ = cmd.Wait(); close(gone) }()
	return &Child{PID: cmd.Process.Pid, Gone: gone, Kill: func() { _ = cmd.Process.Kill() }, Said: func() string {
		<-gone
		return strings.Join(strings.Fields(said.String()), " ")
	}}, nil
}

func (k *kitchen) group() (Group, func(), error) {
	g, err := k.parent.NewGroup()
	if err != nil {
		return nil, nil, err
	}
	return g, func() {
		for errors.Is(g.Remove(), cgroup.ErrBusy) {
			time.Sleep(time.Millisecond)
		}
	}, nil
}

func (k *kitchen) run(argv []string, _ <-chan struct{}) (string, error) {
	out, err := exec.Command("/usr/bin/php", argv[1:]...).Output()
	return string(out), err
}

// keep keeps a PHP until the test ends.
func (k *kitchen) keep(p Program) *Keeper {
	k.t.Helper()
	keeper := Keep(k.host(), p, func(text string) {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.told = append(k.told, text)
	})
	k.t.Cleanup(keeper.Close)
	return keeper
}

func (k *kitchen) started() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.starts
}

func (k *kitchen) words() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return strings.Join(k.told, "\n")
}

// serving waits for a PHP other than one.
func (k *kitchen) serving(keeper *Keeper, other int) (pid int) {
	k.t.Helper()
	k.eventually("a warm PHP", func() bool {
		pid, _ = keeper.Serving()
		return pid > 0 && pid != other
	})
	return pid
}

func (k *kitchen) eventually(what string, holds func() bool) {
	k.t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			k.t.Fatalf("never: %s; told:\n%s", what, k.words())
		}
	}
}

// fork has the script run and returns what it has written, and its exit code.
func (k *kitchen) fork(keeper *Keeper, args ...string) (string, int, error) {
	k.t.Helper()
	r, w, err := os.Pipe()
	must(k.t, err)
	defer r.Close()
	group, remove, err := k.group()
	must(k.t, err)
	pid, err := keeper.Fork(func() *Request {
		return &Request{
			Call:  Call{Dir: k.dir, Script: "a.php", Words: append([]string{"php", "a.php"}, args...), Args: 2, Env: []string{"A=1"}},
			Stdin: int(k.null.Fd()), Stdout: int(w.Fd()), Stderr: int(w.Fd()), Group: group,
		}
	})
	_ = w.Close()
	if err != nil {
		remove()
		return "", 0, err
	}
	var out strings.Builder
	buf := make([]byte, 4096)
	for {
		n, err := r.Read(buf)
		out.Write(buf[:n])
		if err != nil {
			break
		}
	}
	var status unix.WaitStatus
	_, err = unix.Wait4(pid, &status, 0, nil)
	must(k.t, err)
	remove()
	return out.String(), status.ExitStatus(), nil
}

func ended(pid int) bool { return syscall.Kill(pid, 0) != nil }
