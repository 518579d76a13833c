package soak

import (
	"context"
	"math/rand/v2"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// rattle disturbs processes that wait for calls, or are just being given one: they are
// ended in every way, and stopped for longer than anybody would wait for them.
func (s *soak) rattle(ctx context.Context, r *rand.Rand, l *life) {
	for wait(ctx, r, 1200*time.Millisecond) {
		choice, how, pause := r.IntN(1<<30), r.IntN(8), time.Duration(r.IntN(2500))*time.Millisecond
		waiting := s.standing(l)
		if len(waiting) == 0 {
			continue
		}
		pid := waiting[choice%len(waiting)]
		victim, err := os.FindProcess(pid)
		if err != nil {
			continue // it has ended meanwhile
		}
		if kind := s.hold(l, victim); kind != "" {
			sig := []syscall.Signal{syscall.SIGKILL, syscall.SIGKILL, syscall.SIGKILL, syscall.SIGTERM, syscall.SIGSEGV}[min(how, 4)]
			if how > 4 {
				sig = syscall.SIGSTOP
				wait(ctx, r, pause+1)
			}
			s.events.add(unix.SignalName(sig)+" of "+kind, 1)
			_ = victim.Signal(sig)
		}
		_ = victim.Signal(syscall.SIGCONT)
		_ = victim.Release()
	}
}

// hold stops a process and says what it waits for calls as. If it has one, that is
// known to be disturbed.
func (s *soak) hold(l *life, victim *os.Process) string {
	if kind := s.kindOf(victim.Pid); kind == "" {
		return ""
	}
	l.hitProcess(victim.Pid)
	if victim.Signal(syscall.SIGSTOP) != nil {
		return ""
	}
	if token := tokenOf(victim.Pid); token != "" {
		l.hit(token)
		return "those that were given a call just now"
	}
	return s.kindOf(victim.Pid)
}
