package main

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"testing"
)

func TestLogQuotesWhatATerminalObeys(t *testing.T) {
	var out bytes.Buffer
	w := newLogWriter(&out)
	const text = "esc\x1b[1m del\x7f csi\u009b[2J é\u00a0"
	newLogger(options{logLevel: "info", logFormat: "json"}, w).Info("x", "text", text)
	_ = w.Close()
	if bytes.ContainsAny(out.Bytes(), "\x1b\x7f") || bytes.Contains(out.Bytes(), []byte("\u009b")) {
		t.Errorf("raw control characters in %q", out.Bytes())
	}
	var line struct{ Text string }
	if err := json.Unmarshal(out.Bytes(), &line); err != nil || line.Text != text {
		t.Errorf("%q, %v", line.Text, err)
	}
}

// stalled is a reader of the log who reads nothing until told.
type stalled struct{ read chan struct{} }

func (s stalled) Write(b []byte) (int, error) {
	<-s.read
	return len(b), nil
}

func TestLogDropsAndCountsWhatNobodyReads(t *testing.T) {
	s := stalled{make(chan struct{})}
	w := newLogWriter(s)
	log := slog.New(slog.NewTextHandler(w, nil))
	for range 2 * logQueue {
		log.Info("x")
	}
	if n, all := w.dropped.Load(), w.lost.Load(); n < logQueue-1 || all != n {
		t.Errorf("%d lines are said to be dropped, %d to be lost", n, all)
	}
	_ = w.Close() // does not wait for ever
	close(s.read)
	<-w.done
}

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestLogCountsWhatCannotBeWritten(t *testing.T) {
	w := newLogWriter(full{})
	log := slog.New(slog.NewTextHandler(w, nil))
	for range 3 {
		log.Info("x")
	}
	_ = w.Close()
	if n := w.lost.Load(); n != 3 || w.dropped.Load() != 0 {
		t.Errorf("%d lines are said to be lost, %d dropped", n, w.dropped.Load())
	}
}
