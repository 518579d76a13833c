package shim

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/processctl/family"
	"github.com/urocket/urocket/processctl/threads"
	"github.com/urocket/urocket/processctl/vfork"
)

// Name is what a shim is called: argument 0, by which this program knows that it
// is one.
const Name = "urocket-shim"

// Where a shim finds its socket, and what its stderr is once it is ready.
const (
	connFD   = 3
	stderrFD = 4
)

func init() {
	if len(os.Args) > 0 && os.Args[0] == Name {
		os.Exit(serve(os.Args[1:]))
	}
}

// reserved is how many threads a shim makes before it is ready, besides those that
// the Go runtime has made by then; it has not been seen to need one more. A shim that
// is given up later takes what it has started with it.
const reserved = 2

// server is a shim at work. The main thread starts commands; a goroutine reaps them,
// or the main thread too (see collector).
type server struct {
	settings Settings
	user     *vfork.User
	words    vfork.Packed  // of the command that is being started
	born     chan struct{} // there are children to wait for again

	mu       sync.Mutex // held while a child is made or reaped
	commands map[int]uint32
	current  uint32 // collecting: the command whose family this is, 0 for none

	out sync.Mutex
}

// serve is the life of a shim; it returns its exit code.
func serve(args []string) int {
	runtime.LockOSThread() // no_new_privs is this thread's
	if settings, command, yes := isExec(args); yes {
		return become(settings, command)
	}
	if _, err := unix.GetsockoptInt(connFD, unix.SOL_SOCKET, unix.SO_TYPE); err != nil {
		fmt.Fprintln(os.Stderr, Name+": this is a part of urocket, which starts it itself")
		return 2
	}
	unix.CloseOnExec(connFD)
	// A shim that somebody has stopped sees nothing of its socket's end: the death
	// of urocket wakes it (or that of the thread that started it, which does no harm).
	_ = unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGCONT), 0, 0, 0)
	unix.CloseOnExec(stderrFD)
	name, _ := unix.BytePtrFromString(Name)
	_ = unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(name)), 0, 0, 0) // else it is "exe"
	// Who signals a whole service means urocket, which ends its shims when it is
	// done. Caught and not ignored: children would inherit that.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT,
		syscall.SIGPIPE, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGALRM)
	s := &server{born: make(chan struct{}, 1), commands: map[int]uint32{}}
	settings, err := parse(args)
	if err == nil {
		s.settings = settings
		s.user, err = settings.apply()
	}
	if err != nil {
		var r *RefusedError
		if !errors.As(err, &r) {
			r = &RefusedError{Reason: err.Error()}
		}
		s.send(kindRefused, 0, 0, []byte(r.Setting+"\x00"+r.Reason))
		return 1
	}
	threads.Reserve(reserved)
	if unix.Dup3(stderrFD, 2, 0) == nil {
		_ = unix.Close(stderrFD)
	}
	s.send(kindReady, 0, 0, nil)
	if s.settings.Collect {
		s.collect()
	} else {
		go s.reap()
		for s.receive() {
		}
	}
	s.endAll()
	return 0
}

// receive does what one message says; false: there will be no more.
func (s *server) receive() bool {
	var first [headSize]byte
	var oob [256]byte
	n, oobn, _, _, err := recvmsg(first[:], oob[:])
	if err != nil || n == 0 {
		return false
	}
	fds := descriptors(oob[:oobn])
	defer closeAll(fds)
	if !readFull(first[n:]) {
		return false
	}
	h := readHead(first[:])
	body := make([]byte, h.size)
	if !readFull(body) {
		return false
	}
	switch h.kind {
	case kindStart:
		s.start(h, body, fds)
	case kindSignal:
		s.signal(h.id, syscall.Signal(h.n))
	}
	return true
}

func recvmsg(b, oob []byte) (n, oobn, flags int, from unix.Sockaddr, err error) {
	for {
		n, oobn, flags, from, err = unix.Recvmsg(connFD, b, oob, unix.MSG_CMSG_CLOEXEC)
		if err != unix.EINTR {
			return n, oobn, flags, from, err
		}
	}
}

func readFull(b []byte) bool {
	for len(b) > 0 {
		n, err := unix.Read(connFD, b)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			return false
		}
		b = b[n:]
	}
	return true
}

// descriptors takes those that came with a message.
func descriptors(oob []byte) (fds []int) {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return nil
	}
	for _, m := range messages {
		if got, err := unix.ParseUnixRights(&m); err == nil {
			fds = append(fds, got...)
		}
	}
	return fds
}

func closeAll(fds []int) {
	for _, fd := range fds {
		_ = unix.Close(fd)
	}
}

// send writes a message; a socket that is gone is seen by receive.
func (s *server) send(k kind, id uint32, n int, body []byte) {
	s.out.Lock()
	defer s.out.Unlock()
	for b := message(k, id, n, body); len(b) > 0; {
		n, err := unix.Write(connFD, b)
		if err != nil && err != unix.EINTR {
			return
		}
		b = b[max(n, 0):]
	}
}

// start starts a command with the descriptors that have come with it. Too few have
// arrived where this process had no room for them: without its cgroup, say, it must
// not be born.
func (s *server) start(h head, body []byte, fds []int) {
	command := &vfork.Command{User: s.user}
	err := decode(body, &s.words)
	switch {
	case err != nil:
		s.send(kindFailed, h.id, int(unix.EINVAL), nil)
		return
	case !place(command, fds, h.n):
		s.send(kindFailed, h.id, int(unix.EMFILE), nil)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	pid, err := vfork.StartPacked(command, &s.words)
	if err != nil {
		errno, _ := err.(syscall.Errno)
		s.send(kindFailed, h.id, int(errno), nil)
		return
	}
	s.commands[pid] = h.id
	s.current = h.id
	s.send(kindStarted, h.id, pid, nil) // under the lock: its end comes after it
	select {
	case s.born <- struct{}{}:
	default:
	}
}

// reap waits for every child. It looks before it waits: as long as the lock is
// held and a zombie stands, its pid cannot become another process's.
func (s *server) reap() {
	for {
		pid, err := family.Peek(0)
		switch {
		case err == unix.ECHILD:
			<-s.born
		case err == nil && pid > 0:
			s.reapOne(pid)
		}
	}
}

func (s *server) reapOne(pid int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var d family.Death
	got, err := syscall.Wait4(pid, &d.Status, syscall.WNOHANG, &d.Rusage)
	if err != nil || got != pid {
		return // it was the child of a start that failed, which has reaped it
	}
	if id, known := s.commands[pid]; known {
		delete(s.commands, pid)
		s.send(kindExited, id, 1, encodeDeath(&d))
	}
}
