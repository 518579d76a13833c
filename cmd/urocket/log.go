package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"

	"golang.org/x/term"
)

// logQueue is how many lines wait for a slow reader of the log before lines are
// dropped and counted. A script's output, or a request, never waits for the log.
const logQueue = 4096

// logWriter writes lines in a goroutine of its own.
type logWriter struct {
	out     io.Writer
	lines   chan []byte
	dropped atomic.Int64
	done    sync.WaitGroup
	mu      sync.RWMutex // closed is set with it held, lines are sent with it held for reading
	closed  bool
}

func newLogWriter(out io.Writer) *logWriter {
	w := &logWriter{out: out, lines: make(chan []byte, logQueue)}
	w.done.Add(1)
	go w.run()
	return w
}

func (w *logWriter) run() {
	defer w.done.Done()
	for line := range w.lines {
		_, _ = w.out.Write(line)
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
	select {
	case w.lines <- append([]byte(nil), line...):
	default:
		w.dropped.Add(1)
	}
	return len(line), nil
}

// Close writes what is queued.
func (w *logWriter) Close() error {
	w.mu.Lock()
	w.closed = true
	close(w.lines)
	w.mu.Unlock()
	w.done.Wait()
	return nil
}

func validLogging(o options) bool {
	var level slog.Level
	return level.UnmarshalText([]byte(o.logLevel)) == nil && (o.logFormat == "" || o.logFormat == "text" || o.logFormat == "json")
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
	return slog.New(slog.NewJSONHandler(w, opts))
}
