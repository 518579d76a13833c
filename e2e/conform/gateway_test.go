package conform

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/urocket/urocket/e2e/escape"
	"github.com/urocket/urocket/e2e/leftovers"
)

// patience bounds every wait of the suite. It detects a hang and nothing else.
const patience = 60 * time.Second

// gateway is one running program. The paths of all of them have one length, so
// that what scripts count is the same.
type gateway struct {
	t    *testing.T
	dir  string
	name string // servicename
	addr string
	sock string
	cmd  *exec.Cmd
	end  chan struct{} // closed once the program has been reaped
}

// prepare makes the folder of a gateway: configuration, a folder for each trial.
func prepare(t *testing.T, trials []trial, op func(g *gateway, tr trial) escape.Keys) *gateway {
	t.Helper()
	id := token()
	g := &gateway{t: t, dir: "/tmp/urcf" + id, name: "conform-" + id, addr: freeAddress(t), end: make(chan struct{})}
	g.sock = g.path("u.sock")
	check(t, os.Mkdir(g.dir, 0o755))
	t.Cleanup(func() {
		if !*keep {
			leftovers.Clear(g.dir)
		}
	})
	for _, sub := range []string{"tmp", "noted"} {
		check(t, os.Mkdir(g.path(sub), 0o777))
		check(t, os.Chmod(g.path(sub), 0o777))
	}
	paths := escape.Keys{}
	for _, tr := range trials {
		check(t, tr.lay(g.folder(tr)))
		top, inject, limits := escape.Nested(op(g, tr))
		top["inject"], top["limits"] = inject, limits
		paths["/"+tr.name()] = escape.Keys{"post": top}
	}
	g.configure(paths)
	return g
}

// configure writes the document and the service file; JSON is YAML.
func (g *gateway) configure(paths escape.Keys) {
	g.t.Helper()
	conf, err := json.MarshalIndent(escape.Keys{
		"servicename": g.name, "listen": g.addr, "socketpath": g.sock, "socketmode": "0666", "openapi": "api.json", "maxbody": "12MiB",
		"running": 200, "queued": 2000, "queuewait": "60s", "drain": "3s", "paths": paths,
		"defaults": escape.Keys{"timeout": patience.String(), "grace": "5s", "encoding": "raw", "validatein": false, "mode": "besteffort"},
	}, "", " ")
	check(g.t, err)
	check(g.t, os.WriteFile(g.path("urocket-service.yaml"), conf, 0o644))
	check(g.t, os.WriteFile(g.path("api.json"), []byte(`{"openapi": "3.0.3", "info": {"title": "conform", "version": "1"}, "paths": {}}`), 0o644))
}

// program is a command of urocket on the gateway's configuration.
func (g *gateway) program(word string, more ...string) *exec.Cmd {
	cmd := exec.Command(program, append([]string{word, "-c", g.path("urocket-service.yaml")}, more...)...)
	cmd.Dir = "/"
	cmd.Env = []string{
		"PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME=/gateway-home", "LANG=C.UTF-8", "LC_ALL=C.UTF-8", "TZ=Asia/Kolkata",
		"TMPDIR=" + g.path("tmp"), "PASSED=by passenv", "SECRET=of the gateway",
	}
	return cmd
}

// launch starts the program, waits until it serves, and has its end checked.
func (g *gateway) launch() *gateway {
	g.t.Helper()
	log, err := os.Create(g.path("log"))
	check(g.t, err)
	defer log.Close()
	g.cmd = g.program("run", "--log-format", "json")
	g.cmd.Stdout, g.cmd.Stderr = log, log
	check(g.t, g.cmd.Start())
	go func() { _ = g.cmd.Wait(); close(g.end) }()
	g.t.Cleanup(g.finish)
	up := holds(func() bool {
		a, err := ask("unix", g.sock, "GET", "/readyz", nil, nil)
		return g.ended() || err == nil && a.status == 200
	})
	if !up || g.ended() {
		g.t.Fatalf("the program does not come up:\n%s", g.log())
	}
	return g
}

// finish stops the program and looks for what it left.
func (g *gateway) finish() {
	_ = g.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-g.end:
	case <-time.After(patience):
		_ = g.cmd.Process.Kill()
		<-g.end
		g.t.Errorf("the program did not end within %v of being told to", patience)
	}
	if code := g.cmd.ProcessState.ExitCode(); code != 0 {
		g.t.Errorf("exit code %d of the program", code)
	}
	for _, pid := range leftovers.Marked(g.dir) {
		g.t.Errorf("process left: %d %s", pid, leftovers.CommandLine(pid))
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	for _, dir := range leftovers.Groups(g.name) {
		g.t.Errorf("cgroup left: %s", dir)
	}
	for _, file := range leftovers.Files(g.path("tmp")) {
		g.t.Errorf("temporary file left: %s", file)
	}
	for _, bad := range []string{"panic:", "DATA RACE", "fatal error:"} {
		if _, after, found := strings.Cut(g.log(), bad); found {
			g.t.Errorf("the log holds %q%s", bad, after[:min(len(after), 4000)])
		}
	}
	if g.t.Failed() {
		text := g.log()
		g.t.Logf("end of the log:\n%s", text[max(0, len(text)-4000):])
	}
}

func (g *gateway) ended() bool {
	select {
	case <-g.end:
		return true
	default:
		return false
	}
}

func (g *gateway) path(elem ...string) string {
	return filepath.Join(append([]string{g.dir}, elem...)...)
}

// folder is the trial's own, and its working directory.
func (g *gateway) folder(tr trial) string { return g.path("trials", tr.name()) }

func (g *gateway) log() string {
	text, _ := os.ReadFile(g.path("log"))
	return string(bytes.ToValidUTF8(text, nil))
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// token is a random name of ten digits.
func token() string {
	n, err := rand.Int(rand.Reader, big.NewInt(9_000_000_000))
	if err != nil {
		panic(err)
	}
	return fmt.Sprint(1_000_000_000 + n.Int64())
}

// freeAddress is a port that the kernel has chosen, at a loopback address of our own.
func freeAddress(t *testing.T) string {
	t.Helper()
	id := token()
	l, err := net.Listen("tcp", fmt.Sprintf("127.%d.%d.%d:0", 1+(id[9]-'0'), 1+(id[8]-'0')*10+(id[7]-'0'), 1+(id[6]-'0')*10+(id[5]-'0')))
	check(t, err)
	defer l.Close()
	return l.Addr().String()
}

// holds polls until cond is true; false when patience has run out.
func holds(cond func() bool) bool { return holdsWithin(patience, cond) }

func holdsWithin(limit time.Duration, cond func() bool) bool {
	for end := time.Now().Add(limit); ; time.Sleep(5 * time.Millisecond) {
		if cond() {
			return true
		}
		if time.Now().After(end) {
			return false
		}
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
