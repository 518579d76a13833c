package soak

import (
	"fmt"
	"net/http"
	"strings"
)

// printing are the operations whose answer is what the process prints, or how
// it ends.
func printing() []*operation {
	many := oneOf(10, 5000, 70_000, 400_000, 2_000_000)
	stdout := func() keys { return keys{"reply": "stdout"} }
	return []*operation{
		{verb: "post", path: "/out/echo", weight: 5, inject: sh("out-echo").stdin(), op: stdout(), body: bodies, ends: []string{answered}, whole: echoes},
		{verb: "get", path: "/out/many", weight: 5, n: many, inject: sh("out-many"), op: stdout(), ends: []string{answered}, whole: repeats},
		{verb: "get", path: "/out/lines", weight: 2, inject: sh("out-lines"), op: stdout().and("logstdout", true), ends: []string{answered}, check: endsWithToken},
		{verb: "get", path: "/out/nothing", weight: 1, inject: sh("out-nothing"), op: stdout(), ends: []string{answered}, whole: func(*call) []byte { return nil }},
		{verb: "get", path: "/out/fail-early", weight: 1, inject: sh("out-fail-early"), op: stdout(), ends: []string{noAnswer}},
		{verb: "get", path: "/out/fail-late", weight: 2, inject: sh("out-fail-late"), op: stdout(), ends: []string{brokenOff}, whole: says("%s")},
		{verb: "get", path: "/out/crash", weight: 2, n: many, inject: sh("out-crash"), op: stdout(), ends: []string{brokenOff}, whole: repeats},
		{
			verb: "get", path: "/out/timeout", weight: 1, inject: sh("out-timeout").and("timeout", "400ms").and("grace", "200ms"), op: stdout(),
			ends: []string{brokenOff, timedOut}, whole: says("%s"),
		},
		{
			verb: "get", path: "/out/daemon", weight: 2, inject: sh("out-daemon"), op: stdout().and("running", 4),
			ends: []string{answered}, whole: says("%s"),
		},
		{
			verb: "post", path: "/cgi/echo", weight: 3, inject: sh("cgi-echo"), op: keys{"reply": "cgi"}, body: bodies,
			ends: []string{answered}, status: 201, whole: echoes, check: hasToken,
		},
		{verb: "get", path: "/cgi/bad", weight: 1, inject: sh("cgi-bad"), op: keys{"reply": "cgi"}, ends: []string{badReply}},
		{
			verb: "get", path: "/report", weight: 3, n: oneOf(0, 1, 3, 127), inject: sh("report-exit"), op: keys{"reply": "report"},
			ends: []string{answered}, check: isReport,
		},
		{verb: "get", path: "/report/flood", weight: 1, inject: sh("report-flood"), op: keys{"reply": "report"}, ends: []string{answered}, check: isCutReport},
	}
}

// edge are the requests that never come to a script, and the one whose answer
// tells which configuration it was started by.
func edge() []*operation {
	return []*operation{
		{
			verb: "get", path: "/number/{n}", weight: 1, at: func(*call) string { return "/number/none" },
			inject: keys{"cmd": "/bin/echo {{path.n}}"}, op: keys{"reply": "stdout"}, ends: []string{notValid}, silent: true,
		},
		{verb: "get", path: "/no-interpreter", weight: 1, inject: keys{"cmd": "./broken", "wd": "@DIR@"}, ends: []string{noStart}, silent: true},
		{verb: "get", path: "/nowhere", weight: 1, ends: []string{notFound}, silent: true},
		{verb: "delete", path: "/plain", weight: 1, ends: []string{notVerb}, silent: true},
		{verb: "get", path: "/unmapped", weight: 1, ends: []string{notMapped}, silent: true},
		{
			verb: "get", path: "/generation", weight: 4, inject: keys{"cmd": "/bin/echo generation @GENERATION@"}, op: keys{"reply": "stdout"},
			ends: []string{answered}, check: isCurrent, silent: true,
		},
	}
}

func endsWithToken(c *call, a response) error {
	if n := strings.Count(string(a.body), c.token); n != 21 {
		return fmt.Errorf("%d lines of this call", n)
	}
	return nil
}

// isReport demands the report of report-exit.sh.
func isReport(c *call, a response) error {
	r, err := reportOf(a)
	want := http.StatusInternalServerError
	if c.n == 0 {
		want = http.StatusOK
	}
	switch {
	case err != nil:
		return err
	case a.status != want || r.ExitCode == nil || *r.ExitCode != c.n || r.Signal != nil:
		return fmt.Errorf("status %d for exit code %d", a.status, c.n)
	case r.Stdout != "out-"+c.token+"\n" || r.Stderr != "err-"+c.token+"\n":
		return fmt.Errorf("stdout %q, stderr %q", r.Stdout, r.Stderr)
	}
	return nil
}

func isCutReport(c *call, a response) error {
	r, err := reportOf(a)
	if err == nil && (!r.StdoutTruncated || len(r.Stdout) != 64<<10 || !strings.HasSuffix(r.Stdout, "end-"+c.token)) {
		err = fmt.Errorf("%d bytes of stdout, truncated %t", len(r.Stdout), r.StdoutTruncated)
	}
	return err
}

// isCurrent demands a configuration that was in force while the call was under way.
func isCurrent(c *call, a response) error {
	var n int64
	if _, err := fmt.Sscanf(string(a.body), "generation %d\n", &n); err != nil {
		return err
	}
	return c.inForce(n)
}

// inForce demands that a generation was in force while the call was under way.
func (c *call) inForce(n int64) error {
	if oldest, newest := c.generation, c.life.newest.Load(); n < oldest || n > newest {
		return fmt.Errorf("generation %d, in force were %d to %d", n, oldest, newest)
	}
	return nil
}
