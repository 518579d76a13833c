package software

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/urocket/urocket/e2e/leftovers"
	"github.com/urocket/urocket/internal/notrun"
)

// patience bounds every wait. It detects a hang and nothing else.
const patience = 60 * time.Second

// gateway is a running urocket with one driver, and a wiki of its own.
type gateway struct {
	t      *testing.T
	driver string
	dir    string
	addr   string
	cmd    *exec.Cmd
	ended  chan struct{} // closed once the program has been reaped
}

// serve starts urocket on the files of testdata.
func serve(t *testing.T, driver string) *gateway {
	t.Helper()
	dir := fmt.Sprintf("/tmp/ursoft%d", 1_000_000_000+rand.IntN(1_000_000_000)) // of one length: programs wrap lines
	check(t, os.Mkdir(dir, 0o755))
	t.Cleanup(func() { leftovers.Clear(dir) })
	g := &gateway{t: t, driver: driver, dir: dir, addr: freeAddress(t), ended: make(chan struct{})}
	g.copy("openapi.yaml", "openapi.yaml")
	g.copy("urocket-service.yaml", "urocket-service.yaml")
	g.copy("site.php", "site.php")
	g.copy("local.php", "conf/local.php")
	for _, sub := range strings.Fields("attic cache index locks log media media_attic media_meta meta pages tmp") {
		check(t, os.MkdirAll(g.path("data", sub), 0o755))
	}
	check(t, os.Mkdir(g.path("tmp"), 0o755))
	g.accepted()
	g.launch()
	return g
}

// copy puts a file of testdata into the gateway's folder, with its places filled.
func (g *gateway) copy(from, to string) {
	text, err := os.ReadFile(filepath.Join("testdata", from))
	check(g.t, err)
	filled := strings.NewReplacer("@DIR@", g.dir, "@DRIVER@", g.driver, "@ADDRESS@", g.addr, "@NAME@", g.name()).Replace(string(text))
	check(g.t, os.MkdirAll(filepath.Dir(g.path(to)), 0o755))
	check(g.t, os.WriteFile(g.path(to), []byte(filled), 0o644))
}

// accepted stops a test of a driver that this version does not have yet, and
// demands that the configuration is right.
func (g *gateway) accepted() {
	out, err := g.program("dry").CombinedOutput()
	switch {
	case err != nil && strings.Contains(string(out), "is not in this version yet"):
		notrun.Here(g.t, "this version has no driver: "+g.driver)
	case err != nil:
		g.t.Fatalf("dry: %v\n%s", err, out)
	}
}

func (g *gateway) launch() {
	log, err := os.Create(g.path("log"))
	check(g.t, err)
	defer log.Close()
	g.cmd = g.program("run")
	g.cmd.Stdout, g.cmd.Stderr = log, log
	check(g.t, g.cmd.Start())
	go func() { _ = g.cmd.Wait(); close(g.ended) }()
	g.t.Cleanup(g.finish)
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		if _, err := g.back("/readyz"); err == nil {
			return
		}
		if time.Now().After(end) || len(g.log()) > 0 && g.over() {
			g.t.Fatalf("the program does not come up:\n%s", g.log())
		}
	}
}

func (g *gateway) program(word string) *exec.Cmd {
	cmd := exec.Command(program, word, "-c", g.path("urocket-service.yaml"))
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LANG=C.UTF-8", "TZ=UTC", "TMPDIR=" + g.path("tmp")}
	return cmd
}

func (g *gateway) over() bool {
	select {
	case <-g.ended:
		return true
	default:
		return false
	}
}

// finish stops the program and looks for what it left.
func (g *gateway) finish() {
	_ = g.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-g.ended:
	case <-time.After(patience):
		_ = g.cmd.Process.Kill()
		<-g.ended
		g.t.Errorf("the program did not end within %v of being told to", patience)
	}
	if code := g.cmd.ProcessState.ExitCode(); code != 0 {
		g.t.Errorf("exit code %d of the program", code)
	}
	for _, pid := range leftovers.Marked(g.dir) {
		g.t.Errorf("process left: %d %s", pid, leftovers.CommandLine(pid))
	}
	for _, group := range leftovers.Groups(g.name()) {
		g.t.Errorf("cgroup left: %s", group)
	}
	for _, file := range leftovers.Files(g.path("tmp")) {
		g.t.Errorf("temporary file left: %s", file)
	}
	if g.t.Failed() {
		g.t.Logf("log of the program:\n%s", g.log())
	}
}

func (g *gateway) name() string {
	return "software-" + strings.TrimPrefix(filepath.Base(g.dir), "ursoft") + "z"
}

func (g *gateway) path(elem ...string) string {
	return filepath.Join(append([]string{g.dir}, elem...)...)
}

func (g *gateway) log() string {
	text, _ := os.ReadFile(g.path("log"))
	return string(text)
}

// back asks the unix socket.
func (g *gateway) back(path string) (string, error) {
	return send(&http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", g.path("u.sock"))
	}}, "http://internal"+path)
}

func send(by *http.Transport, url string) (string, error) {
	resp, err := (&http.Client{Transport: by, Timeout: patience}).Get(url)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return string(text), err
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer l.Close()
	return l.Addr().String()
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
