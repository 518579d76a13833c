package frontserv

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"unicode/utf8"

	"github.com/urocket/urocket/processctl"
	"github.com/urocket/urocket/visor"
)

// attrs are what every log line of the request begins with.
func (x *exchange) attrs() []any {
	attrs := []any{"request_id", x.id, "method", x.r.Method}
	if x.endpoint != nil {
		attrs = append(attrs, "path", x.endpoint.path)
	} else {
		attrs = append(attrs, "uri", clip(x.r.RequestURI, 256))
	}
	if x.theirID != "" {
		attrs = append(attrs, "x_request_id", x.theirID)
	}
	return attrs
}

func clip(s string, n int) string {
	if len(s) > n {
		return s[:n] + "…"
	}
	return s
}

func (x *exchange) logStored() {
	x.log.Info("I stored the reqid :: "+x.id, "method", x.endpoint.route.Method, "path", x.route.Path)
}

// logRefused tells of a request that no process was started for.
func (x *exchange) logRefused(p *problem) {
	level := slog.LevelInfo
	attrs := append(x.attrs(), "status", p.Status, "type", strings.TrimPrefix(p.Type, "urn:urocket:"))
	if p.cause != nil {
		level = slog.LevelError
		attrs = append(attrs, "error", p.cause)
	}
	x.log.Log(x.r.Context(), level, "request", attrs...)
}

// logLine tells a line of the script's output.
func (x *exchange) logLine(l processctl.Line) {
	attrs := []any{"request_id", x.id, "stream", l.Stream.String(), "text", string(l.Text)}
	if l.Cut {
		attrs = append(attrs, "cut", true)
	}
	x.log.Info("output", attrs...)
}

// logDone tells how a call went, once nothing is left of it.
func (x *exchange) logDone(s visor.Summary) {
	attrs := append(x.attrs(), "status", x.status, "end", s.End.String(), slog.Any("", s.Stats))
	if x.broken {
		attrs = append(attrs, "broken_off", true)
	}
	if hint := x.hint(s); hint != "" {
		attrs = append(attrs, "hint", hint)
	}
	if words := x.lastWords(s); words != "" {
		attrs = append(attrs, "last_output", words)
	}
	if s.Result.Strays != processctl.NoStrays {
		attrs = append(attrs, "strays", s.Result.Strays.String())
	}
	level := slog.LevelInfo
	if x.cause != nil {
		level, attrs = slog.LevelError, append(attrs, "error", x.cause)
	}
	if s.Leftover != nil {
		level, attrs = slog.LevelError, append(attrs, "leftover", s.Leftover.Error())
	}
	x.log.Log(context.Background(), level, "request", attrs...)
}

// hint says what a process that has ended well may have been meant to do.
func (x *exchange) hint(s visor.Summary) string {
	switch {
	case x.route.Mode != visor.ReplySocket || x.route.OnExit != visor.ExitFail || s.End != visor.EndExit || failed(s):
		return ""
	case s.Stats.Stdout > 0:
		return "nothing was posted to the socket; if what it prints is the answer, write reply: stdout"
	}
	return "nothing was posted to the socket"
}

func failed(s visor.Summary) bool { return s.Result.Exit != 0 || s.Result.Signal != 0 }

// lastWordsSize bounds what the log keeps of a failed script's output, in bytes.
const lastWordsSize = 500

// lastWords is the end of what a script that has failed wrote to stderr or, if
// that is nothing and stdout is not its answer, to stdout: cron would have mailed
// it. With logstdout the log has it already.
func (x *exchange) lastWords(s visor.Summary) string {
	if !failed(s) || x.route.LogOutput {
		return ""
	}
	words, n := s.Tail(processctl.Stderr, lastWordsSize)
	if n == 0 && !x.route.Mode.Streamed() {
		words, n = s.Tail(processctl.Stdout, lastWordsSize)
	}
	if n > int64(len(words)) { // a rune may have been cut
		for len(words) > 0 && !utf8.RuneStart(words[0]) {
			words = words[1:]
		}
	}
	return string(bytes.TrimSpace(words))
}
