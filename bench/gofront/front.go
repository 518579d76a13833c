// Package gofront is the ceiling (../c/front.c) in Go: net/http, and behind it the limit's
// children, started as urocket starts its own (package vfork). It takes the answers that
// they post, passes them on, reaps, and guarantees nothing: no request is validated, no
// time is limited, no output is kept, no daemon is ended, no line is logged. What urocket
// lacks to it is urocket's own; what it lacks to the ceiling in C is the price of Go.
package gofront

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/processctl/brief"
	"github.com/urocket/urocket/processctl/vfork"
)

// Options say what is served.
type Options struct {
	Addr    string // where callers ask
	Socket  string // where children answer
	Child   string // the program
	Groups  string // a directory of cgroup v2, in which each child has one; "": none has
	Abreast int    // children at a time
}

// A front is a server.
type front struct {
	Options
	groups   int // a descriptor of the directory; -1: none
	null     int
	places   chan struct{}
	numbers  atomic.Int64
	answered atomic.Int64
	failed   atomic.Int64

	mu    sync.Mutex
	asked map[string]*call
	born  map[int]*call
	dead  map[int]syscall.WaitStatus // who had ended before anybody knew of them
}

// A call is one child.
type call struct {
	id     string
	group  int // a descriptor
	answer chan []byte
}

// Serve serves until SIGTERM, and then prints how many were answered and how many
// children have failed.
func Serve(o Options, out io.Writer) error {
	runtime.GOMAXPROCS(2 * runtime.NumCPU()) // as urocket does while it starts processes
	vfork.Prepare()
	f := &front{
		Options: o, groups: -1, places: make(chan struct{}, o.Abreast),
		asked: map[string]*call{}, born: map[int]*call{}, dead: map[int]syscall.WaitStatus{},
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	f.null = int(null.Fd())
	if o.Groups != "" {
		if f.groups, err = unix.Open(o.Groups, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0); err != nil {
			return &os.PathError{Op: "open", Path: o.Groups, Err: err}
		}
	}
	err = f.serve()
	fmt.Fprintf(out, "answered=%d failed=%d\n", f.answered.Load(), f.failed.Load())
	return err
}

// serve runs the server's three parts until it is told to stop.
func (f *front) serve() error {
	answers, err := net.ListenUnix("unix", &net.UnixAddr{Name: f.Socket})
	if err != nil {
		return err
	}
	answers.SetUnlinkOnClose(false)
	listener, err := answers.File()
	if err = errors.Join(err, answers.Close()); err != nil {
		return err
	}
	defer listener.Close()
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGCHLD)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	server := &http.Server{Addr: f.Addr, Handler: f}
	var parts sync.WaitGroup
	parts.Go(func() { f.reap(ended) })
	parts.Go(func() { f.takeAnswers(listener) })
	parts.Go(func() {
		<-ctx.Done()
		_ = server.Shutdown(context.Background()) // which waits for all answers
		for range cap(f.places) {
			f.places <- struct{}{} // and here for the last child
		}
		_ = listener.Close()
		signal.Stop(ended)
		close(ended)
	})
	err = server.ListenAndServe()
	stop()
	parts.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// ServeHTTP answers one caller.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	c := &call{id: strconv.FormatInt(f.numbers.Add(1), 36), group: -1, answer: make(chan []byte, 1)}
	f.places <- struct{}{}
	if err := f.start(c, body); err != nil {
		<-f.places
		f.failed.Add(1)
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer := <-c.answer
	if answer == nil {
		http.Error(w, "it has not answered", http.StatusBadGateway)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if _, err := w.Write(answer); err == nil {
		f.answered.Add(1)
	}
}

// start starts a child, in a group of its own where there are groups.
func (f *front) start(c *call, body []byte) error {
	if f.groups >= 0 {
		if err := brief.MakeDir(f.groups, c.id, 0o755); err != nil {
			return fmt.Errorf("make cgroup: %w", err)
		}
		var err error
		if c.group, err = brief.Open(f.groups, c.id, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC); err != nil {
			return fmt.Errorf("open cgroup: %w", err)
		}
	}
	f.mu.Lock()
	f.asked[c.id] = c
	f.mu.Unlock()
	pid, err := vfork.Start(&vfork.Command{
		Path: f.Child, Argv: []string{f.Child, string(body)}, Env: []string{"REQUEST_ID=" + c.id, "UROCKET_SOCKET=" + f.Socket},
		Dir: filepath.Dir(f.Socket), Files: [3]int{f.null, f.null, f.null}, Cgroup: c.group,
	})
	if err != nil {
		return fmt.Errorf("start %s: %w", f.Child, err)
	}
	f.mu.Lock()
	status, ended := f.dead[pid]
	if delete(f.dead, pid); !ended {
		f.born[pid] = c
	}
	f.mu.Unlock()
	if ended {
		f.end(c, status)
	}
	return nil
}

// reap waits for every child.
func (f *front) reap(ended <-chan os.Signal) {
	for range ended {
		for {
			var status syscall.WaitStatus
			var usage syscall.Rusage
			pid, err := brief.Reap(&status, &usage)
			if err != nil || pid == 0 {
				break
			}
			f.mu.Lock()
			c := f.born[pid]
			if delete(f.born, pid); c == nil {
				f.dead[pid] = status
			}
			f.mu.Unlock()
			if c != nil {
				f.end(c, status)
			}
		}
	}
}

// end takes the end of a call's child.
func (f *front) end(c *call, status syscall.WaitStatus) {
	f.mu.Lock()
	_, waits := f.asked[c.id]
	delete(f.asked, c.id)
	f.mu.Unlock()
	if waits {
		c.answer <- nil
	}
	var err error
	if c.group >= 0 {
		err = errors.Join(brief.RemoveDir(f.groups, c.id), brief.Close(c.group))
	}
	if waits || status != 0 || err != nil {
		f.failed.Add(1)
	}
	<-f.places
}

// takeAnswers takes what children post.
func (f *front) takeAnswers(l *os.File) {
	var open sync.WaitGroup
	defer open.Wait()
	raw, err := l.SyscallConn()
	if err != nil {
		return
	}
	for {
		var fd int
		var failed error
		err := raw.Read(func(of uintptr) bool {
			fd, failed = brief.Accept(int(of), unix.SOCK_CLOEXEC)
			return failed != unix.EAGAIN
		})
		switch {
		case err != nil: // closed
			return
		case failed == nil:
			open.Go(func() {
				defer unix.Close(fd)
				f.takeAnswer(fd)
			})
		}
	}
}

// takeAnswer takes one. A child sends it at once, and whole.
func (f *front) takeAnswer(fd int) {
	var buf [1 << 10]byte
	n, err := unix.Read(fd, buf[:])
	for err == unix.EINTR {
		n, err = unix.Read(fd, buf[:])
	}
	if err != nil {
		return
	}
	head, body, _ := bytes.Cut(buf[:n], []byte("\r\n\r\n"))
	id, _, _ := bytes.Cut(bytes.TrimPrefix(head, []byte("POST /urhttp/")), []byte(" "))
	f.mu.Lock()
	c := f.asked[string(id)]
	delete(f.asked, string(id))
	f.mu.Unlock()
	if c == nil {
		_, _ = brief.Write(fd, []byte("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"))
		return
	}
	_, _ = brief.Write(fd, []byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"))
	c.answer <- bytes.Clone(body)
}
