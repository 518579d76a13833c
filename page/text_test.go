package page

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/urocket/urocket/visor"
)

func TestWords(t *testing.T) {
	for got, want := range map[string]string{
		span(34 * time.Millisecond):                              "0.034 s",
		span(75 * time.Second):                                   "75 s",
		span(192 * time.Second):                                  "3 min 12 s",
		span(125 * time.Minute):                                  "2 h 5 min",
		line([]string{"a b", "", "c"}):                           "'a b' '' c",
		line([]string{"it's"}):                                   `'it'\''s'`,
		plain("a\r\nb\rc\x00\x7f\u0085\u2066\u200f\ufeff\xff\t"): "a\nb\u240dc\u2400\u2421\ufffd\ufffd\ufffd\ufffd\ufffd\t",
		written([]byte("\x96\x96tail"), 4096):                    "(4.0 KiB before this are not kept)\ntail",
		written([]byte("\x96all"), 4):                            "\ufffdall",
		lastWords("", "one\ntwo\n\n"):                            "two",
		lastWords("Fatal error: x\n  at y\n", "out"):             "Fatal error: x",
		lastWords(" \n", ""):                                     "",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// However long a command is or a line, what is sent of it each second is not.
func TestLongTexts(t *testing.T) {
	long := strings.Repeat("ä'", 100_000)
	for what, text := range map[string]string{"a command": line([]string{"sh", "-c", long}), "many arguments": line(strings.Split(long, "'")), "a last line": lastWords(long)} {
		if len(text) > 3*lineSize || !strings.HasSuffix(text, "…") || !utf8.ValidString(text) {
			t.Errorf("%s: %d bytes", what, len(text))
		}
	}
}

func TestHowCallsEnd(t *testing.T) {
	code := func(n int) *int { return &n }
	for want, e := range map[string]*end{
		"reply":                        {Snapshot: visor.Snapshot{End: visor.EndReply, ExitCode: code(0)}, status: 200},
		"reply, code 3":                {Snapshot: visor.Snapshot{End: visor.EndReply, ExitCode: code(3)}, status: 200},
		"exit, code 0":                 {Snapshot: visor.Snapshot{End: visor.EndExit, ExitCode: code(0)}, status: 200},
		"timeout, SIGKILL":             {Snapshot: visor.Snapshot{End: visor.EndTimeout, Signal: "SIGKILL"}, status: 504, stopped: visor.EndTimeout},
		"reply, then timeout, SIGTERM": {Snapshot: visor.Snapshot{End: visor.EndReply, Signal: "SIGTERM"}, status: 200, stopped: visor.EndTimeout},
		"start-failed":                 {problem: "start-failed", status: 500},
	} {
		if got := how(e); got != want {
			t.Errorf("%q, want %q", got, want)
		}
		if good := want == "reply" || want == "exit, code 0"; e.bad() == good {
			t.Errorf("%s: bad is %v", want, e.bad())
		}
	}
}
