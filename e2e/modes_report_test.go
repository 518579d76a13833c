package e2e

import (
	"strings"
	"testing"
)

// report is the automatic answer.
type report struct {
	RequestID       string `json:"request_id"`
	ExitCode        *int   `json:"exitcode"`
	Signal          *string
	Stdout, Stderr  *string
	Stats           map[string]any
	StdoutTruncated *bool `json:"stdout_truncated"`
	StderrTruncated *bool `json:"stderr_truncated"`
}

// wantReport demands a report and returns it.
func (a answer) wantReport(t *testing.T, status int) report {
	t.Helper()
	a.want(t, status)
	a.wantNosniff(t)
	if ct := a.header.Get("Content-Type"); !strings.HasPrefix(ct, "application/json") {
		t.Errorf("Content-Type %q", ct)
	}
	var r report
	a.decode(t, &r)
	if !uuidPattern.MatchString(r.RequestID) || r.Stdout == nil || r.Stderr == nil || r.Stats == nil || r.StdoutTruncated == nil || r.StderrTruncated == nil {
		t.Fatalf("the report lacks something: %s", short(a.body))
	}
	for _, key := range []string{`"exitcode"`, `"signal"`} {
		if !strings.Contains(string(a.body), key) {
			t.Errorf("the report lacks %s", key)
		}
	}
	return r
}

// The row `report` of where the answer comes from.
func TestReplyReport(t *testing.T) {
	t.Parallel()
	rep := func(script string) keys { return keys{"cmd": sh(script), "reply": "report"} }
	g := start(t, setup{ops: ops{
		"get /ok":     rep("printf out; printf err >&2"),
		"get /three":  rep("echo three; exit 3"),
		"get /signal": rep("kill -KILL $$"),
		"get /bytes":  rep(`printf '\377\376"\\\n'`),
		"get /much":   rep(`head -c 100000 /dev/zero | tr '\0' a; printf END; head -c 65536 /dev/zero | tr '\0' e >&2`),
		"get /late":   {"cmd": sh("echo begun; sleep 20"), "reply": "report", "timeout": "400ms"},
	}})
	t.Run("200 if exit 0", func(t *testing.T) {
		t.Parallel()
		r := g.get(t, "/ok").wantReport(t, 200)
		if *r.ExitCode != 0 || r.Signal != nil || *r.Stdout != "out" || *r.Stderr != "err" || *r.StdoutTruncated || *r.StderrTruncated {
			t.Errorf("%+v", r)
		}
	})
	t.Run("else 500", func(t *testing.T) {
		t.Parallel()
		if r := g.get(t, "/three").wantReport(t, 500); *r.ExitCode != 3 || *r.Stdout != "three\n" {
			t.Errorf("%+v", r)
		}
	})
	t.Run("a signal is a name", func(t *testing.T) {
		t.Parallel()
		if r := g.get(t, "/signal").wantReport(t, 500); r.Signal == nil || *r.Signal != "SIGKILL" || r.ExitCode != nil {
			t.Errorf("%+v", r)
		}
	})
	t.Run("what is no UTF-8 becomes U+FFFD", func(t *testing.T) {
		t.Parallel()
		if r := g.get(t, "/bytes").wantReport(t, 200); *r.Stdout != "\ufffd\ufffd\"\\\n" {
			t.Errorf("stdout %q", *r.Stdout)
		}
	})
	t.Run("the last 64 KiB of each", func(t *testing.T) {
		t.Parallel()
		r := g.get(t, "/much").wantReport(t, 200)
		if len(*r.Stdout) != 64<<10 || !strings.HasSuffix(*r.Stdout, "aEND") || !*r.StdoutTruncated || len(*r.Stderr) != 64<<10 || *r.StderrTruncated {
			t.Errorf("stdout %d bytes, truncated %v; stderr %d bytes, truncated %v", len(*r.Stdout), *r.StdoutTruncated, len(*r.Stderr), *r.StderrTruncated)
		}
	})
	t.Run("a timeout is 504", func(t *testing.T) { t.Parallel(); g.get(t, "/late").wantProblem(t, 504, "timeout") })
}

// The row `socket`: what happens when the process ends first.
func TestOnExit(t *testing.T) {
	t.Parallel()
	const say = curlReply + `-d '{"a":1}' >/dev/null; `
	g := start(t, setup{ops: ops{
		"get /zero":           {"cmd": sh("exit 0")},
		"get /three":          {"cmd": sh("echo noise; exit 3"), "onexit": "fail"},
		"get /signal":         {"cmd": sh("kill -SEGV $$")},
		"get /report":         {"cmd": sh("echo said; exit 4"), "onexit": "report"},
		"get /report-replied": {"cmd": sh(say + "exit 4"), "onexit": "report"},
		"get /replied":        {"cmd": sh(say + "exit 3")},
		"get /wait":           waiting(nil),
		"get /wait-in-vain":   waiting(keys{"timeout": "500ms"}),
		"get /wait-daemon":    {"cmd": sh("(sleep 0.5; " + say + ") & "), "onexit": "wait"},
	}})
	t.Run("fail: 502 with the exit code", func(t *testing.T) {
		t.Parallel()
		for path, code := range map[string]int{"/zero": 0, "/three": 3} {
			if p := g.get(t, path).wantProblem(t, 502, "no-answer"); p.ExitCode == nil || *p.ExitCode != code || p.Signal != nil {
				t.Errorf("%s: exitcode %v signal %v", path, p.ExitCode, p.Signal)
			}
		}
	})
	t.Run("fail: 502 with the signal", func(t *testing.T) {
		t.Parallel()
		if p := g.get(t, "/signal").wantProblem(t, 502, "no-answer"); p.Signal == nil || *p.Signal != "SIGSEGV" || p.ExitCode != nil {
			t.Errorf("exitcode %v signal %v", p.ExitCode, p.Signal)
		}
	})
	t.Run("report: as the report", func(t *testing.T) {
		t.Parallel()
		if r := g.get(t, "/report").wantReport(t, 500); *r.ExitCode != 4 || *r.Stdout != "said\n" {
			t.Errorf("%+v", r)
		}
	})
	t.Run("report: a reply wins", func(t *testing.T) { t.Parallel(); g.get(t, "/report-replied").want(t, 200, `{"a":1}`) })
	t.Run("an exit code after the reply does not matter", func(t *testing.T) { t.Parallel(); g.get(t, "/replied").want(t, 200, `{"a":1}`) })
	t.Run("wait: somebody else replies", func(t *testing.T) {
		t.Parallel()
		h := g.hold(t, "GET", "/wait")
		eventually(t, "the script has ended", func() bool { p := g.proc(t, h.id); return p.ExitCode != nil })
		if !h.waits() {
			t.Error("answered although onexit is wait")
		}
		g.reply(t, h.id, "later").want(t, 200)
		h.answer(t).want(t, 200, "later")
	})
	t.Run("wait: until the timeout", func(t *testing.T) { t.Parallel(); g.get(t, "/wait-in-vain").wantProblem(t, 504, "timeout") })
	t.Run("wait: the group lives on", func(t *testing.T) { t.Parallel(); g.get(t, "/wait-daemon").want(t, 200, `{"a":1}`) })
}
