package e2e

import (
	"crypto/tls"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/urocket/urocket/processctl/family"
)

// gateway is one running program with a directory of its own, which holds its
// configuration, its socket, its scripts and its TMPDIR. The directory's path
// marks whatever the program starts: it stands in UROCKET_SOCKET.
type gateway struct {
	t    *testing.T
	dir  string // the program's files; removed at the end
	name string // servicename; none begins with another's
	addr string // host:port of the public listener
	sock string
	cmd  *exec.Cmd
	idle int // descriptors of the program before the first request

	secure *tls.Config // what callers that dial speak; nil: no TLS

	ended    chan struct{} // closed once the program has been reaped
	wantCode int           // exit code that the end of the test demands
	crashed  bool          // the test ended it by a signal that it cannot handle
}

// start writes the configuration, starts the program on it, waits until
// /healthz answers, and has everything checked at the end of the test.
func start(t *testing.T, s setup) *gateway {
	t.Helper()
	g := prepare(t, s)
	g.launch(s)
	g.waitUp()
	return g
}

// prepare makes the directory and the files of a gateway without starting it.
func prepare(t *testing.T, s setup) *gateway {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "ure2e-") // short: a socket's path holds 107 bytes
	check(t, err)
	check(t, os.Chmod(dir, 0o755))
	g := &gateway{
		t: t, dir: dir, name: "e2e-" + token() + "z", addr: freeAddress(t),
		sock: filepath.Join(dir, "u.sock"),
	}
	t.Cleanup(func() { removeAll(dir) })
	for _, sub := range []string{"tmp", "ids", "marks"} {
		check(t, os.Mkdir(g.path(sub), 0o755))
	}
	self, err := os.Executable()
	check(t, err)
	check(t, os.Symlink(self, g.path(helperName)))
	g.writeConfig(s)
	return g
}

// launch starts the program on the gateway's configuration. Its descriptors,
// signals and environment are those of s.
func (g *gateway) launch(s setup) {
	g.t.Helper()
	g.launchArgs(s, append([]string{"run", "-c", g.path("urocket-service.yaml")}, s.args...)...)
}

// launchArgs starts the program with just these arguments.
func (g *gateway) launchArgs(s setup, args ...string) {
	g.t.Helper()
	log, err := os.OpenFile(g.logPath(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	check(g.t, err)
	defer log.Close()
	g.launchOn(s, log, args...)
}

// launchOn starts the program with its log on a file of the test's.
func (g *gateway) launchOn(s setup, log *os.File, args ...string) {
	g.t.Helper()
	if len(args) == 0 {
		args = []string{"run", "-c", g.path("urocket-service.yaml")}
	}
	which := program
	if s.program != "" {
		which = s.program
	}
	cmd := exec.Command(which, args...)
	if len(s.via) > 0 { // started by a helper that prepares what it inherits
		cmd = exec.Command(g.path(helperName), append(append(s.via, "--", which), args...)...)
	}
	cmd.Dir = "/"
	cmd.Env = append(g.environment(), s.environ...)
	cmd.ExtraFiles = s.extraFiles
	cmd.SysProcAttr = s.sysProc
	cmd.Stdout, cmd.Stderr = log, log
	check(g.t, cmd.Start())
	g.cmd, g.ended = cmd, make(chan struct{})
	go func(ended chan struct{}) { _ = cmd.Wait(); close(ended) }(g.ended)
	g.t.Cleanup(func() { g.finish() })
}

// environment is what the program itself is given: little, known, and with
// values that must not reach a script.
func (g *gateway) environment() []string {
	return []string{
		"PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME=/gateway-home", "USER=gateway-user",
		"LANG=C.UTF-8", "LC_ALL=C.UTF-8", "TZ=UTC", "TMPDIR=" + g.path("tmp"), "GATEWAY_SECRET=" + secret,
	}
}

// waitUp waits until the socket answers and notes the idle descriptors.
func (g *gateway) waitUp() {
	g.t.Helper()
	eventually(g.t, "the program answers /healthz", func() bool {
		if g.hasEnded() {
			g.t.Fatalf("the program ended at start with code %d\n%s", g.cmd.ProcessState.ExitCode(), g.log())
		}
		a, err := g.tryBack("GET", "/healthz", nil)
		return err == nil && a.status == 200
	})
	// One will have been forked ahead for each that forks: a group and a connection.
	g.idle = g.descriptors() + 2*len(forking.FindAll(readFile(g.path("urocket-service.yaml")), -1))
}

var forking = regexp.MustCompile(`\bdriver"?: "?fork\b`)

func (g *gateway) hasEnded() bool {
	select {
	case <-g.ended:
		return true
	default:
		return false
	}
}

// signal sends sig to the program.
func (g *gateway) signal(sig syscall.Signal) {
	g.t.Helper()
	check(g.t, g.cmd.Process.Signal(sig))
}

// exitCode waits for the program's end.
func (g *gateway) exitCode() int {
	g.t.Helper()
	select {
	case <-g.ended:
	case <-time.After(patience):
		_ = g.cmd.Process.Kill()
		<-g.ended
		g.t.Errorf("the program did not end within %v of being told to; log:\n%s", patience, tail(g.log(), 3000))
	}
	return g.cmd.ProcessState.ExitCode()
}

// finish stops the program, if the test has not, and looks for what is left.
func (g *gateway) finish() {
	t := g.t
	if !g.hasEnded() {
		g.wantIdle(t)
		g.signal(syscall.SIGTERM)
	}
	if code := g.exitCode(); code != g.wantCode && !g.crashed {
		t.Errorf("exit code %d, want %d", code, g.wantCode)
	}
	if !g.crashed {
		g.wantNothingLeft(t)
	}
	if t.Failed() {
		t.Logf("log of the program:\n%s", tail(g.log(), 6000))
	}
}

func (g *gateway) path(elem ...string) string {
	return filepath.Join(append([]string{g.dir}, elem...)...)
}

// write puts a file into the gateway's directory.
func (g *gateway) write(name, content string, mode os.FileMode) {
	g.t.Helper()
	check(g.t, os.MkdirAll(filepath.Dir(g.path(name)), 0o755))
	check(g.t, os.WriteFile(g.path(name), []byte(content), mode))
	check(g.t, os.Chmod(g.path(name), mode))
}

func (g *gateway) logPath() string { return g.path("log") }

func (g *gateway) log() string {
	b, _ := os.ReadFile(g.logPath())
	return string(b)
}

// logLines returns the lines of the log that hold every one of words.
func (g *gateway) logLines(words ...string) []string {
	var found []string
next:
	for line := range strings.Lines(g.log()) {
		for _, w := range words {
			if !strings.Contains(line, w) {
				continue next
			}
		}
		found = append(found, line)
	}
	return found
}

// pid is the program's process id.
func (g *gateway) pid() int { return g.cmd.Process.Pid }

// descriptors counts the program's open descriptors, but for the one that it
// holds for each of its shims, which are kept for the next calls.
func (g *gateway) descriptors() int { return len(fdsOf(g.pid())) - len(g.shims()) }

// shims are the processes of the program that start others for it.
func (g *gateway) shims() (pids []int) {
	for _, pid := range allPIDs() {
		if strings.HasPrefix(cmdline(pid), "urocket-shim") && family.Parent(pid) == g.pid() {
			pids = append(pids, pid)
		}
	}
	return pids
}
