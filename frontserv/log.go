package frontserv

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/urocket/urocket/processctl"
	"github.com/urocket/urocket/visor"
)

// attrs are what every log line of the request begins with. There is room for a
// few more.
func (x *exchange) attrs() []slog.Attr {
	return x.addAttrs(make([]slog.Attr, 0, 9))
}

// addAttrs adds them to others.
func (x *exchange) addAttrs(attrs []slog.Attr) []slog.Attr {
	attrs = append(attrs, slog.String("request_id", x.id), slog.String("method", x.r.Method))
	if x.endpoint != nil {
		attrs = append(attrs, slog.String("path", x.endpoint.path))
	} else {
		attrs = append(attrs, slog.String("uri", clip(loggedURI(x.r.RequestURI), 256)))
	}
	if x.theirID != "" {
		attrs = append(attrs, slog.String("x_request_id", x.theirID))
	}
	if user := x.user(); user != "" {
		attrs = append(attrs, slog.String("user", user))
	}
	return x.addTrace(attrs)
}

// LineHandler is a [slog.Handler] that also takes a line without its having been made a
// [slog.Record]. It keeps nothing of attrs.
type LineHandler interface {
	HandleLine(ctx context.Context, at time.Time, level slog.Level, message string, attrs []slog.Attr) error
}

// say writes a log line. Unlike [slog.Logger] it does not look for who has called
// it, which nobody is told.
func (s *Server) say(level slog.Level, message string, attrs ...slog.Attr) {
	ctx := context.Background()
	h := s.log.Handler()
	if !h.Enabled(ctx, level) {
		return
	}
	if direct, ok := h.(LineHandler); ok {
		_ = direct.HandleLine(ctx, time.Now(), level, message, attrs)
	} else {
		line := slog.NewRecord(time.Now(), level, message, 0)
		line.AddAttrs(attrs...)
		_ = h.Handle(ctx, line) // nobody is left to tell
	}
}

// hostOf is an address without its port.
func hostOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host
}

func clip(s string, n int) string {
	if len(s) > n {
		return s[:n] + "…"
	}
	return s
}

func (x *exchange) logStored() {
	attrs := append(make([]slog.Attr, 0, 3), slog.String("method", x.endpoint.route.Method), slog.String("path", x.route.Path))
	x.say(slog.LevelInfo, "I stored the reqid :: "+x.id, x.addTrace(attrs)...)
}

// logRefused tells of a request that no process was started for.
func (x *exchange) logRefused(p *problem) {
	level := slog.LevelInfo
	attrs := append(x.attrs(), slog.Int("status", p.Status), slog.String("type", p.word()))
	if p.refused {
		attrs = append(attrs, slog.String("reason", p.Detail), slog.String("from", hostOf(x.r.RemoteAddr)))
	}
	if p.cause != nil {
		level = slog.LevelError
		attrs = append(attrs, slog.Any("error", p.cause))
	}
	x.say(level, "request", attrs...)
}

// logLine tells a line of the script's output.
func (x *exchange) logLine(l processctl.Line) {
	attrs := []slog.Attr{slog.String("request_id", x.id), slog.String("stream", l.Stream.String()), slog.String("text", string(l.Text))}
	if l.Cut {
		attrs = append(attrs, slog.Bool("cut", true))
	}
	attrs = x.addTrace(attrs)
	x.say(slog.LevelInfo, "output", attrs...)
}

// done tells how a call went, once nothing is left of it.
func (x *exchange) done(s visor.Summary) {
	x.logDone(&s)
	x.tellEnded(&s)
}

// attrLists are for lines that most requests have.
var attrLists = sync.Pool{New: func() any { list := make([]slog.Attr, 0, 13+visor.MaxAttrs); return &list }}

func (x *exchange) logDone(s *visor.Summary) {
	list := attrLists.Get().(*[]slog.Attr)
	attrs := append(x.addAttrs((*list)[:0]), slog.Int("status", x.status), slog.String("end", s.End.String()))
	attrs = s.Stats.Attrs(attrs)
	if x.broken {
		attrs = append(attrs, slog.Bool("broken_off", true))
	}
	if s.Stopped != visor.EndNone && s.Stopped != s.End {
		attrs = append(attrs, slog.String("stopped", s.Stopped.String()))
	}
	if hint := x.hint(s); hint != "" {
		attrs = append(attrs, slog.String("hint", hint))
	}
	if words := x.lastWords(s); words != "" {
		attrs = append(attrs, slog.String("last_output", words))
	}
	if s.Result.Strays != processctl.NoStrays {
		attrs = append(attrs, slog.String("strays", s.Result.Strays.String()))
	}
	level := slog.LevelInfo
	// The caller was told 200, or another status of success, and has not left.
	if x.broken && failed(s) && (s.Stopped == visor.EndNone || s.Stopped == visor.EndTimeout) {
		level = slog.LevelWarn
	}
	if x.cause != nil {
		level, attrs = slog.LevelError, append(attrs, slog.Any("error", x.cause))
	}
	if s.Leftover != nil {
		level, attrs = slog.LevelError, append(attrs, slog.String("leftover", s.Leftover.Error()))
	}
	x.say(level, "request", attrs...)
	clear(attrs)
	*list = attrs[:0]
	attrLists.Put(list)
}

// hint says what a process that has ended well may have been meant to do.
func (x *exchange) hint(s *visor.Summary) string {
	switch {
	case x.route.Mode != visor.ReplySocket || x.route.OnExit != visor.ExitFail || s.End != visor.EndExit || failed(s):
		return ""
	case s.Refused:
		return `what was posted was refused: the lines "reply refused" of this request say why`
	case s.Stats.Stdout > 0:
		return "nothing was posted to the socket; if what it prints is the answer, write reply: stdout"
	}
	return "nothing was posted to the socket"
}

func failed(s *visor.Summary) bool { return s.Result.Exit != 0 || s.Result.Signal != 0 }

// lastWordsSize bounds what the log keeps of a failed script's output, in bytes.
const lastWordsSize = 500

// lastWords is the end of what a script that has failed wrote to stderr or, if
// that is nothing and the caller has not been sent stdout, to stdout: cron would have
// mailed it. With logstdout the log has it already.
func (x *exchange) lastWords(s *visor.Summary) string {
	if !failed(s) || x.route.LogOutput {
		return ""
	}
	words, n := s.Tail(processctl.Stderr, lastWordsSize)
	if n == 0 && (!x.route.Mode.Streamed() || x.own) {
		words, n = s.Tail(processctl.Stdout, lastWordsSize)
	}
	if n > int64(len(words)) { // a rune may have been cut
		for len(words) > 0 && !utf8.RuneStart(words[0]) {
			words = words[1:]
		}
	}
	return string(bytes.TrimSpace(words))
}
