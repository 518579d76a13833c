package processctl

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/processctl/family"
	"github.com/urocket/urocket/processctl/shim"
	"github.com/urocket/urocket/processctl/vfork"
)

// startShim starts a shim and waits until it is ready.
func (c *crew) startShim() (*worker, error) {
	said, err := lastWords()
	if err != nil {
		return nil, err
	}
	defer said.Close()
	ours, shims, err := shim.Pair()
	if err != nil {
		return nil, err
	}
	ctl := c.controller
	pid, exit, err := c.forkShim(said, shims)
	_ = shims.Close()
	if err != nil {
		_ = ours.Close()
		return nil, fmt.Errorf("start a shim: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), shimTime)
	defer cancel()
	conn, err := shim.Dial(ctx, ours)
	if err != nil {
		ctl.reaper.signal(pid, exit, syscall.SIGKILL)
		<-exit
		if text := firstLine(said); text != "" {
			err = fmt.Errorf("%w: %s", err, text)
		}
		ctl.watching.Done()
		return nil, err
	}
	w := &worker{Conn: conn, pid: pid, start: family.Start(pid), exit: exit}
	go func() {
		defer ctl.watching.Done()
		c.watch(w)
	}()
	return w, nil
}

// forkShim forks a shim and counts it as watched; not any more once the controller
// is being closed.
func (c *crew) forkShim(said, shims *os.File) (int, chan family.Death, error) {
	ctl := c.controller
	ctl.births.RLock()
	defer ctl.births.RUnlock()
	select {
	case <-ctl.closing:
		return 0, nil, errors.New("urocket is stopping")
	default:
	}
	begun := time.Now()
	args := c.settings.Args()
	if soft, known := vfork.SoftLimit(); known {
		args = append(args, fmt.Sprintf("soft=%d", soft))
	}
	defer vfork.Waiting()()
	pid, err := syscall.ForkExec("/proc/self/exe", args, &syscall.ProcAttr{
		Dir: "/", Env: []string{"GOMAXPROCS=1", "GODEBUG=asyncpreemptoff=1"}, // fewer threads; and nothing that would wake one which waits
		Files: []uintptr{ctl.null.Fd(), ctl.null.Fd(), said.Fd(), shims.Fd(), os.Stderr.Fd()},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return 0, nil, err
	}
	ctl.watching.Add(1)
	return pid, ctl.reaper.claim(pid, begun), nil
}

// lastWords makes what a shim has for stderr until it is ready: a file in memory.
// Only the Go runtime writes there, when it gives the shim up (it wants a thread, or
// memory, and there is none), and then dozens of lines that no log should be full of.
func lastWords() (*os.File, error) {
	fd, err := unix.MemfdCreate("urocket-shim-stderr", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	return os.NewFile(uintptr(fd), "stderr of a shim"), nil
}

// firstLine reads the first line of a file, or what can be shown of it.
func firstLine(f *os.File) string {
	text := make([]byte, 200)
	n, _ := f.ReadAt(text, 0)
	line, _, _ := strings.Cut(string(text[:n]), "\n")
	return strings.TrimSpace(line)
}
