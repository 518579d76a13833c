package main

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/term"
)

// logQueue is how many lines wait for a slow reader of the log before lines are
// dropped and counted. A script's output, or a request, never waits for the log.
const logQueue = 4096

// logTime bounds how long a stop waits for a reader of the log that has stalled.
const logTime = time.Second

// logWriter writes lines in a goroutine of its own.
type logWriter struct {
	out     io.Writer
	lines   chan *[]byte
	dropped atomic.Int64 // not told in the log yet
	lost    atomic.Int64 // dropped, or not to be written, since the start
	done    chan struct{}
	mu      sync.RWMutex // closed is set with it held, lines are sent with it held for reading
	closed  bool
}

func newLogWriter(out io.Writer) *logWriter {
	w := &logWriter{out: out, lines: make(chan *[]byte, logQueue), done: make(chan struct{})}
	go w.run()
	return w
}

func (w *logWriter) run() {
	defer close(w.done)
	for line := range w.lines {
		if _, err := w.out.Write(*line); err != nil {
			w.lost.Add(1) // there is no other place to say so
		}
		if cap(*line) <= mostLineBuffer {
			lineBuffers.Put(line)
		}
		if n := w.dropped.Swap(0); n > 0 {
			fmt.Fprintf(w.out, "urocket: %d log lines were dropped: the log is read too slowly\n", n)
		}
	}
}

// Write queues one line. It never blocks and never fails.
func (w *logWriter) Write(line []byte) (int, error) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return len(line), nil
	}
	buf := lineBuffers.Get().(*[]byte)
	*buf = quoteControls((*buf)[:0], line)
	select {
	case w.lines <- buf:
	default:
		w.dropped.Add(1)
		w.lost.Add(1)
	}
	return len(line), nil
}

// quoteControls copies a line and escapes what the handlers leave as it is though
// a terminal obeys it: DEL and the C1 controls, which in UTF-8 are C2 80 to C2 9F.
// The text handler quotes them itself, so a line that has one is JSON.
func quoteControls(out, line []byte) []byte {
	if bytes.IndexByte(line, 0x7f) < 0 && bytes.IndexByte(line, 0xc2) < 0 {
		return append(out, line...)
	}
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == 0x7f:
			out = append(out, `\u007f`...)
		case c == 0xc2 && i+1 < len(line) && line[i+1] >= 0x80 && line[i+1] <= 0x9f:
			i++
			out = fmt.Appendf(out, `\u%04x`, line[i])
		default:
			out = append(out, c)
		}
	}
	return out
}

// Close writes what is queued, as long as somebody reads it.
func (w *logWriter) Close() error {
	w.mu.Lock()
	w.closed = true
	close(w.lines)
	w.mu.Unlock()
	select {
	case <-w.done:
	case <-time.After(logTime):
	}
	return nil
}

// newLogger makes the log as the command line wants it. Both handlers quote
// control characters.
func newLogger(o options, w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(o.logLevel)) // checked with the flags
	opts := &slog.HandlerOptions{Level: level}
	if o.logFormat == "text" || o.logFormat == "" && term.IsTerminal(int(os.Stderr.Fd())) {
		return slog.New(slog.NewTextHandler(w, opts))
	}
	return slog.New(newLineHandler(w, opts))
}
