package vm

import (
	"encoding/json"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// cgroupfs is where the machine's hierarchy is mounted.
const cgroupfs = "/sys/fs/cgroup"

// gateway is a running urocket.
type gateway struct {
	t     *testing.T
	cmd   *exec.Cmd
	url   string
	sock  string
	log   *os.File
	http  *http.Client
	ended chan struct{} // closed once it was reaped

	crashed bool // killed by the test; nothing is expected of it
}

// start runs urocket, in surroundings that words for [enter] make, and waits
// until it serves. At the end of the test it must stop cleanly and leave no group
// and no process.
func start(t *testing.T, file string, words ...string) *gateway {
	t.Helper()
	return startCommand(t, file, command(file, words...))
}

func startCommand(t *testing.T, file string, cmd *exec.Cmd) *gateway {
	t.Helper()
	text, err := os.ReadFile(file)
	must(t, err)
	var conf struct{ Listen, Socketpath string }
	must(t, json.Unmarshal(text, &conf))
	g := &gateway{t: t, cmd: cmd, url: "http://" + conf.Listen, sock: conf.Socketpath}
	g.launch(file)
	return g
}

// command is what runs urocket on a configuration.
func command(file string, words ...string) *exec.Cmd {
	argv := []string{"/t/urocket", "run", "-c", file}
	if len(words) > 0 {
		argv = append(append([]string{"/t/vm.test", "enter"}, append(words, "--")...), argv...)
	}
	return exec.Command(argv[0], argv[1:]...)
}

// launch starts g.cmd, with the log beside its configuration, and waits until
// it serves.
func (g *gateway) launch(file string) {
	t := g.t
	t.Helper()
	log, err := os.Create(file + ".log")
	must(t, err)
	g.log, g.ended = log, make(chan struct{})
	g.http = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	g.cmd.Stdout, g.cmd.Stderr = log, log
	must(t, g.cmd.Start())
	go func() { _ = g.cmd.Wait(); close(g.ended) }()
	t.Cleanup(g.stop)
	waitFor(t, "urocket serves", func() bool {
		if g.hasEnded() {
			t.Fatalf("urocket ended at start: %v: %s", g.cmd.ProcessState, g.logText())
		}
		c, err := net.Dial("tcp", strings.TrimPrefix(g.url, "http://"))
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}

func (g *gateway) hasEnded() bool {
	select {
	case <-g.ended:
		return true
	default:
		return false
	}
}

func (g *gateway) logText() string {
	text, _ := os.ReadFile(g.log.Name())
	return string(text)
}

// kill ends urocket as a crash does.
func (g *gateway) kill() {
	g.crashed = true
	must(g.t, g.cmd.Process.Kill())
	<-g.ended
}

func (g *gateway) stop() {
	t := g.t
	defer g.log.Close()
	if g.crashed {
		return
	}
	if !g.hasEnded() {
		must(t, g.cmd.Process.Signal(syscall.SIGTERM))
	}
	waitFor(t, "urocket ends", g.hasEnded)
	if code := g.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("urocket ended with %v", g.cmd.ProcessState)
	}
	for _, dir := range groups("") {
		t.Errorf("group left: %s", dir)
	}
	// What was killed last may be a zombie of the machine's init for a moment.
	waitFor(t, "no process is left", func() bool { return len(strangers()) == 0 })
	if strings.Contains(g.logText(), "panic:") || strings.Contains(g.logText(), "fatal error:") {
		t.Error("it panicked")
	}
	if t.Failed() {
		t.Logf("log of urocket:\n%s", g.logText())
	}
}

// groups lists the directories below those that urockets make, whose path
// holds a text.
func groups(text string) []string {
	var dirs []string
	_ = filepath.WalkDir(cgroupfs, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && strings.Contains(path, "/urocket-") && strings.Contains(path, text) {
			dirs = append(dirs, path)
		}
		return nil
	})
	return dirs
}

// callGroups lists those of calls, which are numbers.
func (g *gateway) callGroups() []string {
	return slices.DeleteFunc(groups(""), func(dir string) bool {
		_, err := strconv.Atoi(filepath.Base(dir))
		return err != nil
	})
}

// callGroup waits for the group of the only call that runs now.
func (g *gateway) callGroup() (dir string) {
	g.t.Helper()
	waitFor(g.t, "a call has its group", func() bool {
		for _, dir = range g.callGroups() {
			if read(dir, "cgroup.procs") != "" {
				return true
			}
		}
		return false
	})
	return dir
}

// quiet waits until nothing is left of earlier calls.
func (g *gateway) quiet() {
	g.t.Helper()
	waitFor(g.t, "the calls' groups are gone", func() bool { return len(g.callGroups()) == 0 })
}

// read returns a file of a group, without the last line's end.
func read(dir, file string) string {
	text, _ := os.ReadFile(filepath.Join(dir, file))
	return strings.TrimSuffix(string(text), "\n")
}

// machine are the processes that were there before the first test.
var machine = map[int]bool{}

// strangers are the processes, zombies too, that neither the machine nor a
// test needs.
func strangers() []int {
	var pids []int
	for _, pid := range processes() {
		if !machine[pid] && pid != os.Getpid() && (commandLine(pid) != "" || state(pid) == "Z") {
			pids = append(pids, pid)
		}
	}
	return pids
}

func processes() []int {
	var pids []int
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// commandLine is empty for kernel threads and zombies.
func commandLine(pid int) string {
	return strings.ReplaceAll(read("/proc", strconv.Itoa(pid)+"/cmdline"), "\x00", " ")
}

// state is the letter of /proc/PID/stat; "" once the process is gone.
func state(pid int) string {
	_, rest, _ := strings.Cut(read("/proc", strconv.Itoa(pid)+"/stat"), ") ")
	letter, _, _ := strings.Cut(rest, " ")
	return letter
}

// running counts the living processes whose command line holds a text.
func running(text string) int {
	n := 0
	for _, pid := range processes() {
		if pid != os.Getpid() && strings.Contains(commandLine(pid), text) {
			n++
		}
	}
	return n
}

// waitFor polls for what no event tells; the machine is slow.
func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			var left []string
			for _, pid := range strangers() {
				left = append(left, strconv.Itoa(pid)+" "+state(pid)+" "+commandLine(pid))
			}
			t.Fatalf("never: %s; processes: %q", what, left)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
