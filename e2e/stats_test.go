package e2e

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var (
	statsMember = regexp.MustCompile(`^([a-z*][a-z0-9_.*-]*)(?:=(-?[0-9]{1,12}(?:\.[0-9]{1,3})?))?$`)
	serverTime  = regexp.MustCompile(`(queue|spawn|run);dur=[0-9.]+`)
)

// parseStats reads a dictionary of RFC 9651 whose values are numbers or bare
// keys (which become "true").
func parseStats(t *testing.T, header string) map[string]string {
	t.Helper()
	if header == "" {
		t.Fatal("no figures")
	}
	stats := map[string]string{}
	for member := range strings.SplitSeq(header, ", ") {
		m := statsMember.FindStringSubmatch(member)
		if m == nil {
			t.Fatalf("member %q of %q is no number and no bare key", member, header)
		}
		if _, twice := stats[m[1]]; twice {
			t.Errorf("%s stands twice in %q", m[1], header)
		}
		if stats[m[1]] = m[2]; m[2] == "" {
			stats[m[1]] = "true"
		}
	}
	_, exit := stats["exit"]
	_, signal := stats["signal"]
	if _, partial := stats["partial"]; exit && signal || !partial && !exit && !signal {
		t.Errorf("%q: exit and signal", header)
	}
	for _, name := range []string{"wall", "stdout", "stderr", "queue", "spawn"} {
		if stats[name] == "" {
			t.Errorf("%q lacks %s", header, name)
		}
	}
	return stats
}

func (a answer) stats(t *testing.T) map[string]string {
	t.Helper()
	return parseStats(t, a.header.Get("Urocket-Stats"))
}

// number reads a figure; a missing one is a failure.
func number(t *testing.T, stats map[string]string, name string) float64 {
	t.Helper()
	f, err := strconv.ParseFloat(stats[name], 64)
	if err != nil {
		t.Errorf("%s=%q in %v", name, stats[name], stats)
	}
	return f
}

// measured are operations whose figures are looked at.
func measured() ops {
	with := func(k keys) keys { k["stats"] = true; return k }
	return ops{
		"get /sleep":    with(keys{"cmd": sh("printf 12345; printf 123 >&2; sleep 0.3; " + curlReply + "-d 1 >/dev/null"), "statswait": "20s"}),
		"get /burn":     with(keys{"cmd": sh("@HELPER@ burn 200ms; " + curlReply + "-d 1 >/dev/null"), "statswait": "20s"}),
		"get /three":    with(keys{"cmd": sh("exit 3")}),
		"get /signal":   with(keys{"cmd": sh("kill -9 $$")}),
		"get /partial":  with(living(keys{"statswait": "100ms"})),
		"get /late":     with(keys{"cmd": sh("sleep 60"), "timeout": "300ms"}),
		"get /stream":   with(keys{"cmd": sh("printf abc; sleep 0.3"), "reply": "stdout"}),
		"get /cgi":      with(keys{"cmd": sh(`printf 'Content-Type: text/plain\n\nabc'`), "reply": "cgi"}),
		"get /report":   {"cmd": sh("printf abc; printf d >&2; sleep 0.3; exit 4"), "reply": "report"},
		"get /reported": with(keys{"cmd": sh("exit 0"), "reply": "report"}),
		"get /off":      living(keys{"statswait": "10m"}),
	}
}

// Figures of scripts that reply on the socket.
func TestStats(t *testing.T) {
	t.Parallel()
	g := start(t, setup{ops: measured()})
	t.Run("a sleep", func(t *testing.T) {
		t.Parallel()
		a := g.get(t, "/sleep").want(t, 200, "1")
		s := a.stats(t)
		if number(t, s, "wall") < 300 || s["exit"] != "0" || s["stdout"] != "5" || s["stderr"] != "3" || s["partial"] != "" {
			t.Errorf("%v", s)
		}
		if number(t, s, "utime") < 0 || number(t, s, "stime") < 0 || number(t, s, "queue") < 0 || number(t, s, "spawn") <= 0 {
			t.Errorf("%v", s)
		}
		if cgroupsWork() && number(t, s, "cpu") <= 0 {
			t.Errorf("%v", s)
		}
		if found := serverTime.FindAllString(a.header.Get("Server-Timing"), -1); len(found) != 3 {
			t.Errorf("Server-Timing %q", a.header.Get("Server-Timing"))
		}
	})
	t.Run("a busy loop", func(t *testing.T) {
		t.Parallel()
		s := g.get(t, "/burn").want(t, 200, "1").stats(t)
		if number(t, s, "utime") < 200 || number(t, s, "wall") < 200 {
			t.Errorf("%v", s)
		}
	})
	t.Run("502 carries them", func(t *testing.T) {
		t.Parallel()
		a := g.get(t, "/three")
		a.wantProblem(t, 502, "no-answer")
		if s := a.stats(t); s["exit"] != "3" {
			t.Errorf("%v", s)
		}
		a = g.get(t, "/signal")
		a.wantProblem(t, 502, "no-answer")
		if s := a.stats(t); s["signal"] != "9" || s["exit"] != "" {
			t.Errorf("%v", s)
		}
	})
	t.Run("504 carries them, partial", func(t *testing.T) {
		t.Parallel()
		a := g.get(t, "/late")
		a.wantProblem(t, 504, "timeout")
		if s := a.stats(t); s["partial"] != "true" || number(t, s, "wall") < 300 {
			t.Errorf("%v", s)
		}
	})
	t.Run("partial while the script lives on", func(t *testing.T) {
		t.Parallel()
		h := g.hold(t, "GET", "/partial")
		g.reply(t, h.id, "{}").want(t, 200)
		if s := h.answer(t).want(t, 200).stats(t); s["partial"] != "true" || s["exit"] != "" {
			t.Errorf("%v", s)
		}
		g.release(t, h.token)
	})
}

// Where the figures go when the answer is not a reply on the socket.
func TestStatsElsewhere(t *testing.T) {
	t.Parallel()
	g := start(t, setup{ops: measured()})
	for _, path := range []string{"/stream", "/cgi"} {
		t.Run("a trailer in streamed modes: "+path, func(t *testing.T) {
			t.Parallel()
			a := g.get(t, path).want(t, 200, "abc")
			if a.header.Get("Urocket-Stats") != "" {
				t.Error("a header before the end")
			}
			if s := parseStats(t, a.trailer.Get("Urocket-Stats")); s["exit"] != "0" || number(t, s, "stdout") < 3 {
				t.Errorf("%v", s)
			}
		})
	}
	t.Run("the report has them without being asked", func(t *testing.T) {
		t.Parallel()
		a := g.get(t, "/report")
		s := a.wantReport(t, 500).Stats
		if s["wall"].(float64) < 300 || s["exit"] != 4.0 || s["stdout"] != 3.0 || s["stderr"] != 1.0 || s["partial"] != nil || s["signal"] != nil {
			t.Errorf("%v", s)
		}
		if a.header.Get("Urocket-Stats") != "" || a.header.Get("Server-Timing") != "" {
			t.Errorf("headers with stats: false: %v", a.header)
		}
		if s := g.get(t, "/reported").want(t, 200).stats(t); s["exit"] != "0" {
			t.Errorf("%v", s)
		}
	})
	t.Run("stats: false sends nothing and waits for nothing", func(t *testing.T) {
		t.Parallel()
		h := g.hold(t, "GET", "/off")
		g.reply(t, h.id, "{}").want(t, 200)
		a := h.answer(t).want(t, 200)
		if a.header.Get("Urocket-Stats") != "" || a.header.Get("Server-Timing") != "" {
			t.Errorf("%v", a.header)
		}
		g.release(t, h.token)
	})
	t.Run("the log line has the same figures", func(t *testing.T) {
		t.Parallel()
		a := g.get(t, "/three", "X-Request-Id: for-the-log")
		id := a.wantProblem(t, 502, "no-answer").RequestID
		wall := a.stats(t)["wall"]
		eventually(t, "the figures are in the log", func() bool { return len(g.logLines(id, wall, "wall", "queue", "spawn")) > 0 })
	})
}

// The kernel lets a child's maxrss start at its parent's peak; that is not the
// script's, and is never passed on.
func TestMaxrssIsTheScriptsOwn(t *testing.T) {
	t.Parallel()
	g := start(t, setup{top: keys{"maxbody": "300MiB"}, ops: ops{
		"post /in":   {"cmd": "/usr/bin/wc -c", "channel": "stdin", "reply": "stdout", "timeout": "1m"},
		"get /true":  {"cmd": "/bin/true", "reply": "report"},
		"get /small": {"cmd": sh(curlReply + "-d 1"), "stats": true, "statswait": "20s"},
	}})
	const size = 100 << 20
	body := make([]byte, size)
	for i := range body {
		body[i] = '1'
	}
	body[0], body[size-1] = '[', ']'
	g.do(t, request{method: http.MethodPost, path: "/in", body: body, header: asJSON}).want(t, 200, strconv.Itoa(size)+"\n")
	for range 5 {
		if rss, ok := g.get(t, "/true").wantReport(t, 200).Stats["maxrss"].(float64); ok && (rss > 50<<20 || rss < 100<<10) {
			t.Errorf("true used %.0f bytes", rss)
		}
		if rss := g.get(t, "/small").want(t, 200).stats(t)["maxrss"]; rss != "" {
			if n, _ := strconv.Atoi(rss); n > 50<<20 || n < 100<<10 {
				t.Errorf("curl used %s bytes", rss)
			}
		}
	}
}
