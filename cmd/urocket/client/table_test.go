package client

import (
	"strings"
	"testing"
	"time"
)

func TestFigures(t *testing.T) {
	for ms, want := range map[int64]string{0: "0.00s", 340: "0.34s", 9_940: "9.9s", 59_000: "59s", 192_000: "3m12s", 7_512_000: "2h5m"} {
		if got := age(ms); got != want {
			t.Errorf("%d ms: %s, want %s", ms, got, want)
		}
	}
	for d, want := range map[time.Duration]string{4 * time.Millisecond: "0.00s", 40 * time.Millisecond: "0.04s", 1240 * time.Millisecond: "1.2s", 75 * time.Second: "75s"} {
		if got := seconds(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}

// Ids are cut so that each still names one call, and what a terminal would obey is shown.
func TestTable(t *testing.T) {
	list := []process{
		{ID: "aaaaaaaa-1111-4000-8000-000000000000", Path: "/a\x1b[2J", Method: "get", State: "running", PID: 3, Argv: []string{"sh", "-c", "a\nb"}},
		{ID: "aaaaaaaa-1122-4000-8000-000000000000", Path: "/b", Method: "post", State: "ended", End: "exit", Signal: "SIGKILL"},
		{ID: "bbbbbbbb-1111-4000-8000-000000000000", Path: "/c", Method: "post", State: "ended", End: "reply", ExitCode: new(int)},
	}
	var out strings.Builder
	writeTable(&out, list, tableStyle{ended: true, shortIDs: true})
	for _, want := range []string{"aaaaaaaa-111  ", "aaaaaaaa-112  ", "bbbbbbbb-111  ", `GET /a\u001b[2J`, `sh -c "a\nb"`, "exit SIGKILL", "reply 0"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if n := strings.Count(out.String(), "\n"); n != 4 {
		t.Errorf("%d lines", n)
	}
}

func TestVisible(t *testing.T) {
	if got := visible("a\tb\nc\x07\x1b[1m\u009b\x7fé\r"); got != "a\tb\nc\\u0007\\u001b[1m\\u009b\\u007fé\\u000d" {
		t.Errorf("%q", got)
	}
}
