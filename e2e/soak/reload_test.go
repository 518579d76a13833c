package soak

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"syscall"
	"time"
)

// reload sends SIGHUP, with good and bad configurations by turns, and demands
// that a good one is in force once the log says so, and a bad one never.
func (s *soak) reload(ctx context.Context, r *rand.Rand, l *life) {
	for wait(ctx, r, 2*time.Second) {
		generation := l.newest.Load() + 1
		text, good := s.configuration(generation, false), r.IntN(3) > 0
		if good {
			l.newest.Store(generation)
		} else {
			text = spoiled(r, text)
		}
		s.writeConfig(text)
		before := l.reloads()
		_ = l.cmd.Process.Signal(syscall.SIGHUP)
		s.events.add(fmt.Sprintf("SIGHUP, good configuration %t", good), 1)
		done := holds(func() bool { return l.over() || len(l.reloads()) > len(before) })
		if l.over() {
			return
		}
		if !done {
			s.fault("life %d: the log does not tell what became of SIGHUP", l.number)
			return
		}
		s.judgeReload(l, l.reloads()[len(before)], generation, good)
	}
}

// reloads are the lines of the log that tell how a reload went.
func (l *life) reloads() []string {
	text, _ := os.ReadFile(l.log)
	var lines []string
	for line := range strings.Lines(string(text)) {
		for _, word := range []string{`"msg":"SIGHUP is ignored`, `"msg":"reloaded`, `"msg":"not reloaded`} {
			if strings.Contains(line, word) {
				lines = append(lines, line)
			}
		}
	}
	return lines
}

func (s *soak) judgeReload(l *life, line string, generation int64, good bool) {
	reloaded := strings.Contains(line, `"msg":"reloaded`)
	switch {
	case strings.Contains(line, "SIGHUP is ignored"):
	case reloaded != good:
		s.fault("life %d: a configuration is good: %t, and the log says %s", l.number, good, line)
	case good:
		l.confirmed.Store(generation)
	}
}

// spoiled is a configuration with a fault.
func spoiled(r *rand.Rand, text []byte) []byte {
	t := string(text)
	switch r.IntN(5) {
	case 0:
		t = strings.Replace(t, `"queued"`, `"unknown-key"`, 1)
	case 1:
		t = t[:len(t)/2]
	case 2:
		t = strings.Replace(t, "openapi.yaml", "missing.yaml", 1)
	case 3: // workers that cannot be started
		t = strings.Replace(t, `"BOOT=well"`, `"BOOT=exit"`, 1)
	case 4:
		t = strings.Replace(t, `"/bin/echo generation`, `"/nonexistent/echo generation`, 1)
	}
	return []byte(t)
}
