package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// running is a tool that was started on one script.
type running struct {
	tool    tool
	dir     string
	addr    string
	url     string
	mark    string // seconds that this try's script sleeps, like no other
	procs   []*exec.Cmd
	refused string // why it was not started, for the cell
}

var tries int

// try starts a tool on the script of a situation, looks, and stops it. What the script
// has left is ended.
func try(ctx context.Context, t tool, s situation) (seen string, err error) {
	dir, err := os.MkdirTemp("", "compare-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil {
		return "", err
	}
	tries++
	r := &running{tool: t, dir: dir, mark: fmt.Sprintf("86400.%d%03d", os.Getpid(), tries)}
	defer func() { err = errors.Join(err, r.stop()) }()
	if r.addr, err = freeAddress(); err != nil {
		return "", err
	}
	script, err := r.writeScript(s)
	if err != nil {
		return "", err
	}
	if r.url, err = t.start(r, s, script); err != nil {
		return "", err
	}
	if r.refused == "" {
		if err := r.awaitListener(ctx); err != nil {
			return "", err
		}
	}
	return s.look(ctx, r)
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// writeScript writes the script of a situation in the words of the tool's kind.
func (r *running) writeScript(s situation) (string, error) {
	path := filepath.Join(r.dir, "script")
	text := "#!/bin/sh\n" + strings.NewReplacer(
		"TWICE", r.tool.kind.twice, "PRINT", r.tool.kind.begin, "$MARK", r.mark, "DIR", r.dir,
	).Replace(s.script) + "\n"
	if r.tool.kind.php {
		path += ".php"
		text = strings.NewReplacer("$MARK", r.mark).Replace(phpScripts[s.name])
	}
	return path, os.WriteFile(path, []byte(text), 0o755)
}

func (r *running) file(name string) string { return filepath.Join(r.dir, name) }

func (r *running) write(name, text string) error {
	return os.WriteFile(r.file(name), []byte(text), 0o644)
}

func (r *running) port() string {
	_, port, _ := net.SplitHostPort(r.addr)
	return port
}

// spawn starts a program of the tool.
func (r *running) spawn(program string, args ...string) error {
	log, err := os.OpenFile(r.file("log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	c := exec.Command(program, args...)
	c.Dir, c.Stdout, c.Stderr = r.dir, log, log
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := c.Start(); err != nil {
		return err
	}
	r.procs = append(r.procs, c)
	return nil
}

func (r *running) awaitListener(ctx context.Context) error {
	for range 100 {
		c, err := net.Dial("tcp", r.addr)
		if err == nil {
			return c.Close()
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	text, _ := os.ReadFile(r.file("log"))
	return fmt.Errorf("it does not listen: %s", text)
}

// told is what a script that has answered twice was told the second time.
func (r *running) told() string {
	for range 50 {
		text, err := os.ReadFile(r.file("told"))
		if err == nil && len(text) > 0 {
			return "; the second is told " + strings.TrimSpace(string(text))
		}
		time.Sleep(100 * time.Millisecond)
	}
	return ""
}

// stop ends the tool, and what its script has left.
func (r *running) stop() error {
	for _, c := range r.procs {
		_ = c.Process.Signal(syscall.SIGTERM)
		kill := time.AfterFunc(5*time.Second, func() { _ = c.Process.Kill() })
		_ = c.Wait()
		kill.Stop()
	}
	for _, pid := range r.marked() {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	for { // what fell to us
		pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
		if err != nil || pid == 0 {
			return nil
		}
	}
}

// version asks a program for it.
func version(program string, args ...string) string {
	out, _ := exec.Command(program, args...).CombinedOutput()
	line, _, _ := strings.Cut(string(out), "\n")
	return strings.TrimSpace(line)
}

// seconds is the time limit as most tools want it.
func seconds() string { return strconv.Itoa(int(timeLimit.Seconds())) }
