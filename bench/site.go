package main

import (
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

// rowGroup is the cgroup of the row that runs. One at a time does.
const rowGroup = "row"

// A site is where the programs of one row run: a scratch directory, a port, a
// cgroup.
type site struct {
	dir    string
	port   int
	ground *ground
	group  *os.File // of the cgroup; nil: none
	procs  []*exec.Cmd
}

func (b *bench) newSite(row string) (*site, error) {
	s := &site{dir: filepath.Join(b.work, slug(row)), ground: b.ground}
	if err := errors.Join(os.RemoveAll(s.dir), os.Mkdir(s.dir, 0o755)); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.port = l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		return nil, err
	}
	if s.ground.dir == "" {
		return s, nil
	}
	dir, err := s.ground.group(rowGroup)
	if err != nil {
		return nil, err
	}
	s.group, err = os.Open(dir)
	return s, err
}

func (s *site) addr() string { return "127.0.0.1:" + strconv.Itoa(s.port) }

func (s *site) file(name string) string { return filepath.Join(s.dir, name) }

// write writes a configuration file.
func (s *site) write(name, text string) error {
	return os.WriteFile(s.file(name), []byte(text), 0o644)
}

// start starts a program of the row in its group; its stderr goes to a file "log".
func (s *site) start(program string, args ...string) error {
	log, err := os.OpenFile(s.file("log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	c := exec.Command(program, args...)
	c.Dir, c.Stdout, c.Stderr = s.dir, log, log
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if s.group != nil {
		c.SysProcAttr.UseCgroupFD, c.SysProcAttr.CgroupFD = true, int(s.group.Fd())
	}
	if err := c.Start(); err != nil {
		return err
	}
	s.procs = append(s.procs, c)
	return nil
}

// pids are the row's long-lived processes, with their descendants where groups can
// tell them.
func (s *site) pids() (of []int) {
	if s.group != nil {
		return s.ground.pids(rowGroup)
	}
	for _, p := range s.procs {
		of = append(of, p.Process.Pid)
	}
	return of
}

// stop ends the row's programs as their operators would, the last started first. One
// that is not gone after 5 s is killed; that is an error.
func (s *site) stop() error {
	var errs []error
	for len(s.procs) > 0 {
		c := s.procs[len(s.procs)-1]
		s.procs = s.procs[:len(s.procs)-1]
		_ = c.Process.Signal(syscall.SIGTERM)
		kill := time.AfterFunc(5*time.Second, func() { _ = c.Process.Kill() })
		_ = c.Wait() // ended by a signal is as good as any
		if !kill.Stop() {
			errs = append(errs, fmt.Errorf("%s did not heed SIGTERM within 5 s", filepath.Base(c.Path)))
		}
	}
	return errors.Join(errs...)
}

// close takes the row's place away.
func (s *site) close() error {
	err := s.stop()
	if s.group != nil {
		err = errors.Join(err, s.group.Close(), s.ground.remove(rowGroup))
	}
	return err
}

// lastWords is the end of what the row's programs have printed.
func (s *site) lastWords() string {
	text, _ := os.ReadFile(s.file("log"))
	if len(text) > 400 {
		text = text[len(text)-400:]
	}
	return strings.TrimSpace(string(text))
}

func slug(name string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(name)), "-")
}
