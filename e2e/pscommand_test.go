package e2e

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/urocket/urocket/internal/notrun"
)

// row is the line of a table that holds a word, split into its columns.
func row(t *testing.T, table, word string) []string {
	t.Helper()
	for line := range strings.Lines(table) {
		if strings.Contains(line, word) {
			return regexp.MustCompile(` {2,}`).Split(strings.TrimSpace(line), -1)
		}
	}
	t.Fatalf("no line holds %q:\n%s", word, table)
	return nil
}

// patient leaves a call the time in which the program is started several times.
var patient = keys{"queuewait": "5m", "defaults": keys{"timeout": "5m", "grace": "500ms"}}

func TestPs(t *testing.T) {
	t.Parallel()
	g := start(t, setup{top: patient, ops: watched()})
	h := g.hold(t, "GET", "/live/secret-value")
	one := g.hold(t, "GET", "/one")
	next := g.begin(t, "GET", "/one")
	var queued process
	eventually(t, "a call is queued", func() bool {
		for _, p := range g.procs(t) {
			if p.State == "queued" {
				queued = p
			}
		}
		return queued.RequestID != ""
	})
	gone := g.hold(t, "GET", "/ends")
	gone.answer(t).wantProblem(t, 502, "no-answer")
	g.awaitState(t, gone.id, "ended")

	t.Run("a line for each call that is not over", func(t *testing.T) {
		text := g.cli(t, "ps").want(t, 0).stdout
		head := strings.Fields(text)[:8]
		if got := strings.Join(head, " "); got != "ID AGE STATE OPERATION PID CPU MEMORY COMMAND" {
			t.Errorf("head %s", got)
		}
		live := row(t, text, h.id)
		pid := strconv.Itoa(*g.proc(t, h.id).PID)
		want := []string{`^` + h.id + `$`, `^[0-9.]+m?[0-9]*s$`, `^running$`, `^GET /live/\{x\}$`, `^` + pid + `$`, `^[0-9.]+s$`, `^[0-9.]+[KM]iB$`, `^/bin/sh -c ".*" sh \{\{path\.x\}\}$`}
		if len(live) != len(want) {
			t.Fatalf("columns %q", live)
		}
		for i, pattern := range want {
			if !regexp.MustCompile(pattern).MatchString(live[i]) {
				t.Errorf("column %d is %q, want %s", i+1, live[i], pattern)
			}
		}
		if got := row(t, text, queued.RequestID); strings.Join(got[2:7], " ") != "queued GET /one - - -" {
			t.Errorf("the queued call: %q", got)
		}
		if strings.Contains(text, gone.id) || strings.Contains(text, "secret-value") || strings.Count(text, "\n") != 4 {
			t.Errorf("the table holds too much:\n%s", text)
		}
	})
	t.Run("--all", func(t *testing.T) {
		if got := row(t, g.cli(t, "ps", "--all").want(t, 0).stdout, gone.id); strings.Join(got[2:5], " ") != "ended exit 3 GET /ends" {
			t.Errorf("the ended call: %q", got)
		}
	})
	t.Run("--quiet", func(t *testing.T) {
		if got := strings.Fields(g.cli(t, "ps", "-q").want(t, 0).stdout); len(got) != 3 || got[0] != h.id {
			t.Errorf("%q", got)
		}
	})
	t.Run("--json", func(t *testing.T) {
		var list struct{ Processes []process }
		if err := json.Unmarshal([]byte(g.cli(t, "ps", "--json", "-a").want(t, 0).stdout), &list); err != nil || len(list.Processes) != 4 {
			t.Fatalf("%d processes, %v", len(list.Processes), err)
		}
		if p := list.Processes[3]; p.RequestID != gone.id || *p.ExitCode != 3 || *p.Stdout != "a\ufffd" || p.Stats["wall"] == nil {
			t.Errorf("%+v", p)
		}
	})
	t.Run("on a terminal", func(t *testing.T) { g.psOnTerminal(t, h.id) })
	t.Run("--watch on a terminal", func(t *testing.T) { g.psWatched(t) })
	t.Run("which urocket is meant", func(t *testing.T) { g.psFinds(t, h.id) })

	for _, call := range []*held{one, next} {
		id := g.idOf(t, call.token)
		g.reply(t, id, "{}").want(t, 200)
		g.release(t, call.token)
		call.answer(t).want(t, 200)
	}
	g.reply(t, h.id, "{}").want(t, 200)
	g.release(t, h.token)
}

// onTerminal runs the program on a terminal of 60 columns.
func (g *gateway) onTerminal(t *testing.T, command string) *exec.Cmd {
	t.Helper()
	if _, err := exec.LookPath("script"); err != nil {
		notrun.Here(t, "there is no program script, which gives a program a terminal")
	}
	cmd := exec.Command("script", "-qefc", "stty cols 60 rows 10; exec "+command, g.path("typescript"))
	cmd.Dir, cmd.Env = g.dir, append(g.environment(), "TERM=xterm", "SHELL=/bin/sh")
	return cmd
}

func (g *gateway) psOnTerminal(t *testing.T, id string) {
	text := ended(t, g.onTerminal(t, program+" ps")).want(t, 0).stdout
	if strings.Contains(text, id) || !strings.Contains(text, id[:8]+"  ") {
		t.Errorf("the id is not cut:\n%s", text)
	}
	for line := range strings.Lines(text) {
		if n := len([]rune(strings.TrimRight(line, "\r\n"))); n > 60 {
			t.Errorf("a line of %d columns: %s", n, line)
		}
	}
	if text := ended(t, g.onTerminal(t, program+" ps --wide")).want(t, 0).stdout; !strings.Contains(text, id) {
		t.Errorf("the id is cut:\n%s", text)
	}
}

// psWatched looks at a table until a call appears in it that was not there first.
func (g *gateway) psWatched(t *testing.T) {
	cmd := g.onTerminal(t, program+" ps --watch")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out := &buffer{}
	cmd.Stdout = out
	check(t, cmd.Start())
	defer func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		_ = cmd.Wait()
	}()
	eventually(t, "the table is shown", func() bool { return strings.Contains(out.String(), "OPERATION") })
	h := g.hold(t, "GET", "/leave")
	eventually(t, "the new call is in it", func() bool { return strings.Contains(out.String(), h.id[:8]) })
	if !strings.Contains(out.String(), "\x1b[H") {
		t.Error("the table is not written over")
	}
	g.reply(t, h.id, "{}").want(t, 200)
	g.release(t, h.token)
	h.answer(t).want(t, 200)
}

// psFinds names the urocket in every way.
func (g *gateway) psFinds(t *testing.T, id string) {
	for name, c := range map[string]struct {
		dir  string
		env  string
		args []string
	}{
		"-c":                      {dir: "/", args: []string{"-c", g.path("urocket-service.yaml")}},
		"--socket":                {dir: "/", args: []string{"--socket", g.sock}},
		"UROCKET_SOCKET":          {dir: "/", env: "UROCKET_SOCKET=" + g.sock},
		"the folder":              {dir: g.dir},
		"--socket goes first":     {dir: "/", env: "UROCKET_SOCKET=/nowhere", args: []string{"--socket", g.sock}},
		"-c goes before the rest": {dir: "/", env: "UROCKET_SOCKET=/nowhere", args: []string{"-c", g.path("urocket-service.yaml")}},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(program, append([]string{"ps"}, c.args...)...)
			cmd.Dir, cmd.Env = c.dir, append(g.environment(), c.env)
			ended(t, cmd).want(t, 0, id)
		})
	}
	t.Run("nothing says so", func(t *testing.T) {
		cmd := exec.Command(program, "ps")
		cmd.Dir = "/"
		ended(t, cmd).want(t, 2, "there is no urocket-service.yaml in this folder", "-c FILE")
	})
	t.Run("two things say so", func(t *testing.T) {
		g.cli(t, "ps", "-c", "x", "--socket", "y").want(t, 2, "leave one out")
	})
}

// Who cannot be shown anything is told why.
func TestPsRefused(t *testing.T) {
	t.Parallel()
	g := start(t, setup{
		top: keys{"socketmode": "0666"},
		ops: ops{"get /inside": {"cmd": sh(program + " ps 2>&1; echo $?"), "reply": "stdout"}},
	})
	t.Run("a process of a request", func(t *testing.T) {
		a := g.get(t, "/inside").want(t, 200)
		if text := string(a.body); !strings.Contains(text, "403 forbidden: a process that serves a request") || !strings.HasSuffix(text, "\n1\n") {
			t.Errorf("told %q", text)
		}
	})
	t.Run("another user", func(t *testing.T) { asOther(t, g, "ps", "--socket", g.sock).want(t, 1, "403", "uid 65534") })

	idle := prepare(t, setup{})
	t.Run("no urocket", func(t *testing.T) {
		idle.cli(t, "ps").want(t, 1, "there is no socket "+idle.sock, "no urocket serves it")
	})
	t.Run("a configuration without a socket", func(t *testing.T) {
		check(t, os.WriteFile(idle.path("bare.yaml"), []byte("servicename: x\n"), 0o600))
		idle.cli(t, "ps", "-c", "bare.yaml").want(t, 2, "bare.yaml:1: socketpath is missing")
	})
	t.Run("the socket of something else", func(t *testing.T) {
		l, err := net.Listen("unix", idle.path("other"))
		check(t, err)
		other := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) })}
		t.Cleanup(func() { _ = other.Close() })
		go func() { _ = other.Serve(l) }()
		idle.cli(t, "ps", "--socket", idle.path("other")).want(t, 1, "no urocket")
	})
}

// buffer is what a program that still runs has written.
type buffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
