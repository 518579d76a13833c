package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/urocket/urocket/internal/notrun"
)

// process is an entry of /urprocs.
type process struct {
	RequestID string `json:"request_id"`
	Path      string
	Method    string
	State     string
	End       *string
	PID       *int
	Argv      []string
	Start     *string
	AgeMS     *float64 `json:"age_ms"`
	ExitCode  *int
	Signal    *string
	Stats     map[string]any
	Stdout    *string
	Stderr    *string
}

func (p process) end() string {
	if p.End == nil {
		return ""
	}
	return *p.End
}

// proc reads one entry; the zero process if there is none.
func (g *gateway) proc(t *testing.T, id string) process {
	t.Helper()
	var p process
	if a := g.back(t, "GET", "/urprocs/"+id, ""); a.status == 200 {
		a.decode(t, &p)
	}
	return p
}

// procs reads the whole list.
func (g *gateway) procs(t *testing.T) []process {
	t.Helper()
	var list struct{ Processes []process }
	g.back(t, "GET", "/urprocs", "").want(t, 200).decode(t, &list)
	return list.Processes
}

// awaitState waits until the call is in a state.
func (g *gateway) awaitState(t *testing.T, id, state string) process {
	t.Helper()
	var p process
	eventually(t, "the call is "+state, func() bool { p = g.proc(t, id); return p.State == state })
	return p
}

// watched are operations whose entries are looked at.
func watched() ops {
	return ops{
		"get /live/{x}":  living(keys{"cmd": []string{"/bin/sh", "-c", noteID + "echo out; echo err >&2; " + awaitMark, "sh", "{{path.x}}"}}),
		"get /one":       living(keys{"running": 1, "ondisconnect": "kill"}),
		"get /stubborn":  {"cmd": sh("trap '' TERM; exec @HELPER@ stubborn ids/$T"), "env": tenv, "timeout": "500ms", "grace": "1500ms"},
		"get /ends":      {"cmd": sh(noteID + "printf 'a\\377'; exit 3"), "env": tenv},
		"get /kill":      {"cmd": sh("kill -9 $$"), "reply": "report"},
		"get /leave":     living(nil),
		"get /times-out": living(keys{"timeout": "300ms"}),
	}
}

func TestUrprocsStates(t *testing.T) {
	t.Parallel()
	g := start(t, setup{ops: watched()})
	t.Run("running, then replied, then ended", func(t *testing.T) { t.Parallel(); g.runningReplied(t) })
	t.Run("queued", func(t *testing.T) {
		t.Parallel()
		first, second := g.hold(t, "GET", "/one"), g.begin(t, "GET", "/one")
		var queued process
		eventually(t, "a call is queued", func() bool {
			i := slices.IndexFunc(g.procs(t), func(p process) bool { return p.Path == "/one" && p.State == "queued" })
			if i >= 0 {
				queued = g.procs(t)[i]
			}
			return i >= 0
		})
		if queued.PID != nil && *queued.PID != 0 || queued.end() != "" {
			t.Errorf("a queued call has a process or an end: %+v", queued)
		}
		for _, h := range []*held{first, second} {
			h.id = g.idOf(t, h.token)
			g.reply(t, h.id, "{}").want(t, 200)
			g.release(t, h.token)
			h.answer(t).want(t, 200)
		}
	})
	t.Run("ending, with timeout as its end", func(t *testing.T) {
		t.Parallel()
		h := g.begin(t, "GET", "/stubborn")
		id := h.answer(t).wantProblem(t, 504, "timeout").RequestID
		if p := g.proc(t, id); p.State != "ending" && p.State != "ended" || p.end() != "timeout" {
			t.Errorf("state %q end %q after the 504", p.State, p.end())
		}
		p := g.awaitState(t, id, "ended")
		if p.Signal == nil || *p.Signal != "SIGKILL" {
			t.Errorf("signal %v, want SIGKILL: %+v", p.Signal, p)
		}
	})
	t.Run("unknown id is 404", func(t *testing.T) {
		t.Parallel()
		g.back(t, "GET", "/urprocs/"+unknownID, "").want(t, 404)
	})
	t.Run("the list is oldest first", func(t *testing.T) {
		t.Parallel()
		a := g.get(t, "/kill").want(t, 500)
		var first, second struct {
			RequestID string `json:"request_id"`
		}
		a.decode(t, &first)
		g.get(t, "/kill").want(t, 500).decode(t, &second)
		at := func(id string) int {
			return slices.IndexFunc(g.procs(t), func(p process) bool { return p.RequestID == id })
		}
		if i, j := at(first.RequestID), at(second.RequestID); i < 0 || j < i {
			t.Errorf("places in the list: %d, %d", i, j)
		}
	})
}

func TestUrprocsEnds(t *testing.T) {
	t.Parallel()
	g := start(t, setup{ops: watched()})
	t.Run("ended by exit", func(t *testing.T) {
		t.Parallel()
		h := g.hold(t, "GET", "/ends")
		h.answer(t).wantProblem(t, 502, "no-answer")
		p := g.awaitState(t, h.id, "ended")
		if p.end() != "exit" || p.ExitCode == nil || *p.ExitCode != 3 || p.Stdout == nil || *p.Stdout != "a\ufffd" {
			t.Errorf("%+v", p)
		}
	})
	t.Run("ended by caller-gone", func(t *testing.T) {
		t.Parallel()
		tok := token()
		w := g.dial(t).ask("GET /leave?t=" + tok)
		id := g.idOf(t, tok)
		check(t, w.Close())
		g.awaitEnd(t, id, "caller-gone")
		g.release(t, tok)
	})
	t.Run("ended by timeout", func(t *testing.T) {
		t.Parallel()
		h := g.hold(t, "GET", "/times-out")
		h.answer(t).wantProblem(t, 504, "timeout")
		g.awaitEnd(t, h.id, "timeout")
	})
}

// runningReplied follows one call through its states.
func (g *gateway) runningReplied(t *testing.T) {
	h := g.hold(t, "GET", "/live/secret-value")
	eventually(t, "the tails hold what the script wrote", func() bool {
		p := g.proc(t, h.id)
		return p.Stdout != nil && *p.Stdout == "out\n" && p.Stderr != nil && *p.Stderr == "err\n"
	})
	p := g.proc(t, h.id)
	if p.RequestID != h.id || p.State != "running" || p.End != nil || p.Path != "/live/{x}" || p.Method != "get" {
		t.Errorf("%+v", p)
	}
	if p.PID == nil || !alive(*p.PID) || !strings.Contains(cmdline(*p.PID), "ids/") {
		t.Fatalf("pid %v is not the script", p.PID)
	}
	if !slices.Contains(p.Argv, "{{path.x}}") || slices.Contains(p.Argv, "secret-value") {
		t.Errorf("argv %q is not the one with unfilled placeholders", p.Argv)
	}
	if p.Start == nil || p.AgeMS == nil || *p.AgeMS < 0 {
		t.Fatalf("no start or age: %+v", p)
	}
	if at, err := time.Parse("2006-01-02T15:04:05.000Z", *p.Start); err != nil || time.Since(at) < 0 {
		t.Errorf("start %q is not RFC 3339 in UTC with milliseconds: %v", *p.Start, err)
	}
	if _, ok := p.Stats["wall"].(float64); !ok {
		t.Errorf("no figures while it runs: %v", p.Stats)
	}
	g.reply(t, h.id, "{}").want(t, 200)
	h.answer(t).want(t, 200)
	if p = g.awaitState(t, h.id, "replied"); p.end() != "reply" {
		t.Errorf("end %q after the reply", p.end())
	}
	check(t, syscall.Kill(*p.PID, syscall.SIGKILL))
	if p = g.awaitState(t, h.id, "ended"); p.end() != "reply" || p.Signal == nil || *p.Signal != "SIGKILL" {
		t.Errorf("%+v", p)
	}
}

// A process of a request may not look at the others, nor may its descendants;
// nor another user.
func TestUrprocs403(t *testing.T) {
	t.Parallel()
	const ask = `curl -s -o /dev/null -w '%{http_code} ' --unix-socket "$UROCKET_SOCKET" http://x/urprocs; ` +
		`curl -s -o /dev/null -w '%{http_code} ' --unix-socket "$UROCKET_SOCKET" http://x/urprocs/$REQUEST_ID`
	g := start(t, setup{
		top: keys{"socketmode": "0666"},
		ops: ops{
			"get /inside":     {"cmd": sh(ask), "reply": "stdout"},
			"get /descendant": {"cmd": []string{"/usr/bin/setsid", "-w", "/bin/sh", "-c", ask}, "reply": "stdout"},
		},
	})
	t.Run("a process of a request", func(t *testing.T) { t.Parallel(); g.get(t, "/inside").want(t, 200, "403 403 ") })
	t.Run("its descendant", func(t *testing.T) { t.Parallel(); g.get(t, "/descendant").want(t, 200, "403 403 ") })
	t.Run("another user", func(t *testing.T) {
		t.Parallel()
		if os.Getuid() != 0 {
			notrun.Here(t, "only root can become another user")
		}
		cmd := exec.Command("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--unix-socket", g.sock, "http://x/urprocs")
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		if out, err := cmd.CombinedOutput(); err != nil || string(out) != "403" {
			t.Errorf("told %q, %v", out, err)
		}
	})
}

// Tails are the last 4 KiB.
func TestUrprocsTails(t *testing.T) {
	t.Parallel()
	g := start(t, setup{ops: ops{"get /much": {"cmd": sh(`head -c 100000 /dev/zero | tr '\0' a; printf END; printf END >&2`), "reply": "report"}}})
	var r struct {
		RequestID string `json:"request_id"`
	}
	g.get(t, "/much").want(t, 200).decode(t, &r)
	p := g.proc(t, r.RequestID)
	if p.Stdout == nil || p.Stderr == nil {
		t.Fatalf("no tails: %+v", p)
	}
	if len(*p.Stdout) > 4096 || !strings.HasSuffix(*p.Stdout, "aEND") || *p.Stderr != "END" {
		t.Errorf("stdout: %d bytes ending in %q; stderr %q", len(*p.Stdout), tail(*p.Stdout, 8), *p.Stderr)
	}
	if _, err := json.Marshal(p); err != nil {
		t.Error(err)
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	admin := freeAddress(t)
	g := start(t, setup{top: keys{"admin": admin}})
	for _, path := range []string{"/healthz", "/readyz"} {
		g.back(t, "GET", path, "").want(t, 200)
		if got := curl(t, "-o", "/dev/null", "-w", "%{http_code}", "http://"+admin+path); got != "200" {
			t.Errorf("admin %s: %s", path, got)
		}
	}
	if got := curl(t, "-o", "/dev/null", "-w", "%{http_code}", "http://"+admin+"/urprocs"); got != "403" && got != "404" {
		t.Errorf("admin serves /urprocs: %s", got)
	}
}
