package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// nextUser numbers users that nobody else on this machine is: what they have
// running is the gateway's.
var nextUser atomic.Int32

func newUser() int { return 54000 + int(nextUser.Add(1)) }

// startAs starts a gateway as a user.
func startAs(t *testing.T, user int, s setup) *gateway {
	t.Helper()
	g := prepare(t, s)
	check(t, filepath.WalkDir(g.dir, func(p string, _ os.DirEntry, err error) error {
		if err == nil {
			err = os.Lchown(p, user, user)
		}
		return err
	}))
	if s.sysProc == nil {
		s.sysProc = &syscall.SysProcAttr{}
	}
	s.sysProc.Credential = &syscall.Credential{Uid: uint32(user), Gid: uint32(user)}
	g.launch(s)
	g.waitUp()
	return g
}

// delegated makes a cgroup that is the user's, for a program to be born into.
func delegated(t *testing.T, user int) *syscall.SysProcAttr {
	t.Helper()
	dir := filepath.Join(filepath.Dir(start(t, setup{}).parentGroup(t)), "e2e-user-"+token())
	check(t, os.Mkdir(dir, 0o755))
	t.Cleanup(func() { check(t, os.Remove(dir)) })
	for _, name := range []string{"", "cgroup.procs", "cgroup.subtree_control", "cgroup.threads"} {
		check(t, os.Chown(filepath.Join(dir, name), user, user))
	}
	f, err := os.Open(dir)
	check(t, err)
	t.Cleanup(func() { _ = f.Close() })
	return &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(f.Fd())}
}

// threadsOf counts what RLIMIT_NPROC counts.
func threadsOf(user int) (n int) {
	for _, pid := range allPIDs() {
		status := string(readFile(fmt.Sprintf("/proc/%d/status", pid)))
		if _, rest, ok := strings.Cut(status, "\nUid:\t"); !ok || !strings.HasPrefix(rest, strconv.Itoa(user)+"\t") {
			continue
		}
		_, rest, _ := strings.Cut(status, "\nThreads:\t")
		threads, _, _ := strings.Cut(rest, "\n")
		k, _ := strconv.Atoi(threads)
		n += k
	}
	return n
}

// allowProcesses lets the program start n more processes or threads, until the
// function that it returns is called. The limit is inherited by what it starts.
func (g *gateway) allowProcesses(t *testing.T, user, n int) (restore func()) {
	t.Helper()
	limit := func(soft string) {
		cmd := exec.Command("prlimit", "--nproc="+soft+":", "--pid", strconv.Itoa(g.pid()))
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(user), Gid: uint32(user)}}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("prlimit: %v %s", err, out)
		}
	}
	limit(strconv.Itoa(max(1, threadsOf(user)+n)))
	return func() { limit("5000") }
}

// The kernel has no more processes for the program: that is an answer for who
// needs one, and nothing else comes of it, however many ask.
func TestProcessesUsedUp(t *testing.T) {
	t.Parallel()
	asRoot(t)
	s := setup{ops: ops{
		"get /x":    {"cmd": "/bin/echo fine", "reply": "stdout"},
		"post /in":  {"cmd": "/bin/cat", "channel": "stdin", "encoding": "raw", "reply": "stdout", "tmpdir": "own"},
		"post /big": {"cmd": "/bin/cat {{payloadfile}}", "channel": "file", "encoding": "raw", "reply": "report"},
	}}
	for name, top := range levels {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, user := s, newUser()
			s.top = top
			if name == "cgroup" {
				s.sysProc = delegated(t, user)
			}
			g := startAs(t, user, s)
			if level := g.logLines("serving", "no cgroups"); (len(level) > 0) != (name == "none") {
				t.Fatalf("it has started with %q", g.logLines("serving"))
			}
			for _, n := range []int{0, 1, 3, 6, 10} {
				restore := g.allowProcesses(t, user, n)
				// A shim that stands already has a limit of its own.
				if refused := g.refused(t, 30); n == 0 && (refused == 0 || refused < 30 && name == "cgroup") {
					t.Errorf("with no process at all %d of 30 are refused", refused)
				}
				restore()
				for range 5 {
					g.get(t, "/x").want(t, 200, "fine\n")
				}
			}
			if len(g.logLines("resource temporarily unavailable")) == 0 {
				t.Error("the log does not say what is short")
			}
		})
	}
}

// refused makes so many calls at once, and counts those that are told that there
// is no process for them; the others are served.
func (g *gateway) refused(t *testing.T, calls int) int {
	t.Helper()
	var callers sync.WaitGroup
	var refused atomic.Int32
	for i := range calls {
		callers.Go(func() {
			r := request{path: "/x"}
			if i%3 > 0 {
				r = request{method: "POST", path: []string{"/in", "/big"}[i%3-1], body: make([]byte, 500000), header: asRaw}
			}
			a, err := g.try(r)
			switch {
			case err != nil:
				t.Error(err)
			case a.status == 500 && strings.Contains(string(a.body), "urn:urocket:internal"):
				refused.Add(1)
			case a.status != 200 || a.broken != nil:
				t.Errorf("%s: %d %v %s", r.path, a.status, a.broken, short(a.body))
			}
		})
	}
	callers.Wait()
	return int(refused.Load())
}
