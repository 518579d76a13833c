package vm

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

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
