package e2e

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/urocket/urocket/internal/notrun"
)

// A manager is told what systemd would be.
type manager struct{ *net.UnixConn }

func newManager(t *testing.T, g *gateway) manager {
	t.Helper()
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: g.path("notify"), Net: "unixgram"})
	check(t, err)
	t.Cleanup(func() { c.Close() })
	check(t, c.SetReadDeadline(time.Now().Add(2*patience)))
	return manager{c}
}

// next returns the next state but those that keep the watchdog quiet.
func (m manager) next(t *testing.T) string {
	t.Helper()
	for {
		if state := m.any(t); state != "WATCHDOG=1" {
			return state
		}
	}
}

func (m manager) any(t *testing.T) string {
	t.Helper()
	b := make([]byte, 4096)
	n, err := m.Read(b)
	if err != nil {
		t.Fatalf("systemd is told nothing: %v", err)
	}
	return string(b[:n])
}

func TestNotify(t *testing.T) {
	t.Parallel()
	s := setup{ops: ops{"get /env": {"cmd": "/usr/bin/env", "reply": "stdout"}}}
	g := prepare(t, s)
	m := newManager(t, g)
	s.environ = []string{"NOTIFY_SOCKET=" + g.path("notify"), "WATCHDOG_USEC=200000"}
	g.launch(s)
	if got := m.next(t); got != "READY=1" {
		t.Errorf("at the start systemd is told %q", got)
	}
	g.waitUp()
	if a := g.get(t, "/env"); a.status != 200 || strings.Contains(string(a.body), "NOTIFY_SOCKET") || strings.Contains(string(a.body), "WATCHDOG") {
		t.Errorf("a script has %d %s", a.status, a.body)
	}
	for range 3 {
		if got := m.any(t); got != "WATCHDOG=1" {
			t.Errorf("while it serves systemd is told %q", got)
		}
	}
	for _, want := range []string{reloadedLine, refusedLine} {
		g.hangup(t, want)
		if got := m.next(t); !strings.HasPrefix(got, "RELOADING=1\nMONOTONIC_USEC=") {
			t.Errorf("at SIGHUP systemd is told %q", got)
		}
		if got := m.next(t); got != "READY=1" {
			t.Errorf("after a reload systemd is told %q", got)
		}
		g.write("urocket-service.yaml", "nothing: good", 0o644) // for the second one
	}
	g.signal(syscall.SIGTERM)
	if got := m.next(t); !strings.HasPrefix(got, "STOPPING=1\nEXTEND_TIMEOUT_USEC=") {
		t.Errorf("at SIGTERM systemd is told %q", got)
	}
	g.exitCode()
}

// activated opens a gateway's sockets as systemd would.
func activated(t *testing.T, g *gateway, s *setup, path, names string) {
	t.Helper()
	front, err := net.Listen("tcp", g.addr)
	check(t, err)
	reply, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	check(t, err)
	reply.SetUnlinkOnClose(false)
	for _, l := range []interface{ File() (*os.File, error) }{front.(*net.TCPListener), reply} {
		f, err := l.File()
		check(t, err)
		t.Cleanup(func() { f.Close() })
		s.extraFiles = append(s.extraFiles, f)
	}
	check(t, front.Close())
	check(t, reply.Close())
	s.via = []string{"launch", "activated"}
	s.environ = []string{"LISTEN_FDS=2", "LISTEN_FDNAMES=" + names}
}

func TestSocketActivation(t *testing.T) {
	t.Parallel()
	for _, names := range []string{"http:reply", "urocket.socket:urocket.socket"} {
		t.Run(names, func(t *testing.T) {
			t.Parallel()
			s := setup{ops: ops{"get /env": {"cmd": []string{"/bin/sh", "-c", `env | curl -sf --unix-socket "$UROCKET_SOCKET" -H Content-Type:text/plain --data-binary @- http://internal/urhttp/$REQUEST_ID`}}}}
			g := prepare(t, s)
			activated(t, g, &s, g.sock, names)
			early, err := net.Dial("tcp", g.addr) // before there is anybody
			check(t, err)
			defer early.Close()
			g.launch(s)
			g.waitUp()
			if a := g.get(t, "/env"); a.status != 200 || strings.Contains(string(a.body), "LISTEN_") {
				t.Errorf("a script has %d %s", a.status, a.body)
			}
			check(t, early.Close())
			g.signal(syscall.SIGTERM)
			if code := g.exitCode(); code != 0 {
				t.Errorf("exit code %d", code)
			}
			if _, err := os.Lstat(g.sock); err != nil {
				t.Errorf("the socket is systemd's, and was removed: %v", err)
			}
			check(t, os.Remove(g.sock))
		})
	}
}

func TestSocketActivationElsewhere(t *testing.T) {
	t.Parallel()
	s := setup{ops: ops{"get /a": says("a")}}
	g := prepare(t, s)
	g.wantCode = 1
	activated(t, g, &s, g.path("other.sock"), "http:reply")
	g.launch(s)
	<-g.ended
	if log := g.log(); !strings.Contains(log, "socketpath is "+g.sock) || !strings.Contains(log, "ListenStream="+g.path("other.sock")) {
		t.Errorf("the log says %s", log)
	}
}

// systemd itself finds no fault with the units.
func TestUnits(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		notrun.Here(t, "systemd-analyze is not installed")
	}
	dir := t.TempDir()
	args := []string{"verify", "--man=no"}
	for _, name := range []string{"urocket.service", "urocket-http.socket", "urocket-reply.socket"} {
		unit, err := os.ReadFile(filepath.Join("../contrib/systemd", name))
		check(t, err)
		installed := strings.NewReplacer("/usr/bin/urocket", program, "=urocket\n", "=root\n").Replace(string(unit))
		check(t, os.WriteFile(filepath.Join(dir, name), []byte(installed), 0o644))
		args = append(args, filepath.Join(dir, name))
	}
	out, err := exec.Command("systemd-analyze", args...).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze: %v: %s", err, out)
	}
}
