package backserv

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestWhoMayWatch(t *testing.T) {
	us := lookUpSelf(t)
	tests := []struct {
		name  string
		p     peer
		owned func(int) bool
		want  string // part of the reason; "": may
	}{
		{"root", peer{uid: 0, pid: us.pid, process: us.process}, nobodys, ""},
		{"our user", peer{uid: 1000, pid: us.pid, process: us.process}, nobodys, ""},
		{"another user", peer{uid: 1001, pid: us.pid, process: us.process}, nobodys, "uid 1001"},
		{"nobody at all", peer{uid: -1}, nobodys, "uid -1"},
		{"outside our namespace", peer{uid: 0}, nobodys, "namespace"},
		{"cannot be proved alive", peer{uid: 0, pid: us.pid}, nobodys, "ended"},
		{"of a request", peer{uid: 0, pid: us.pid, process: us.process}, func(int) bool { return true }, "request"},
		{"nobody to ask", peer{uid: 0, pid: us.pid, process: us.process}, nil, "request"},
	}
	for _, test := range tests {
		s := New(Options{Self: 1000, Owned: test.owned})
		err := s.mayWatch(test.p)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
}

func nobodys(int) bool { return false }

// lookUpSelf is the peer that this process is to itself.
func lookUpSelf(t *testing.T) peer {
	t.Helper()
	p, _ := acceptOne(t, func(path string) io.Closer {
		c, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		return c
	})
	if p.pid != os.Getpid() || p.uid != os.Getuid() || !p.alive() {
		t.Fatalf("we are %+v", p)
	}
	return p
}

// acceptOne returns the peer of the connection that connect has made by the time
// it returns.
func acceptOne(t *testing.T, connect func(path string) io.Closer) (peer, io.Closer) {
	t.Helper()
	path := filepath.Join(socketFolder(t), "s")
	l, err := Listen(path, 0o600, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	closer := connect(path)
	t.Cleanup(func() { closer.Close() })
	c, err := newPeerListener(l, newCrowd(0, slog.Default()), nil).Accept()
	check(t, err)
	t.Cleanup(func() { c.Close() })
	return c.(*peerConn).pinned(t.Context()), closer
}

// child is a curl that has connected and waits for an answer.
type child struct{ *exec.Cmd }

// Close ends the child, and is done when its pid is free.
func (c child) Close() error {
	if c.ProcessState != nil {
		return nil
	}
	_ = c.Process.Kill() // it may have ended
	_ = c.Wait()         // says that it was killed
	return nil
}

func startChild(t *testing.T, path string) child {
	t.Helper()
	cmd := exec.Command("curl", "-sv", "--unix-socket", path, "http://internal/urprocs")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var seen []byte
	for buf := make([]byte, 1000); !strings.Contains(string(seen), "> GET"); {
		n, err := stderr.Read(buf)
		if err != nil {
			t.Fatalf("curl did not connect: %s", seen)
		}
		seen = append(seen, buf[:n]...)
	}
	return child{cmd}
}

func TestPeerThatEndsAfterItWasAccepted(t *testing.T) {
	var pid int
	p, c := acceptOne(t, func(path string) io.Closer {
		c := startChild(t, path)
		pid = c.Process.Pid
		return c
	})
	if p.pid != pid || !p.alive() {
		t.Fatalf("the peer is %+v, want pid %d", p, pid)
	}
	c.Close()
	if p.alive() {
		t.Error("it is alive after its end")
	}
	if err := New(Options{Self: os.Getuid(), Owned: nobodys}).mayWatch(p); err == nil {
		t.Error("it is shown what runs")
	}
}

func TestPeerThatHasEndedBeforeItIsAccepted(t *testing.T) {
	p, _ := acceptOne(t, func(path string) io.Closer {
		c := startChild(t, path)
		c.Close()
		return c
	})
	if p.alive() {
		t.Error("it is alive after its end")
	}
	if err := New(Options{Self: os.Getuid(), Owned: nobodys}).mayWatch(p); err == nil {
		t.Error("it is shown what runs")
	}
}

func TestConnectionsLeaveNoDescriptors(t *testing.T) {
	b := serve(t)
	count := func() int {
		list, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	b.curl(t, nil, "http://internal/healthz") // what is opened once is open now
	before := count()
	for range 50 {
		c := b.dial(t)
		c.send(t, "GET /urprocs HTTP/1.1\r\nHost: x\r\n\r\n")
		c.answer(t)
		c.Close()
	}
	for end := time.Now().Add(20 * time.Second); count() > before; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d descriptors open, %d before", count(), before)
		}
	}
}

// Kernels before 6.5 name the process at the other end by its number only.
func TestPeerOnAnOlderKernel(t *testing.T) {
	socket, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	check(t, err)
	defer unix.Close(socket)
	const unknownOption = 9999
	own, err := openPeer(socket, unknownOption, os.Getpid())
	check(t, err)
	p := peer{pid: os.Getpid(), process: own}
	defer p.close()
	if !p.alive() {
		t.Error("we are not alive")
	}
	cmd := exec.Command("true")
	check(t, cmd.Run())
	if gone, err := openPeer(socket, unknownOption, cmd.Process.Pid); gone != nil || err == nil {
		gone.Close()
		t.Error("a process that has ended is found")
	}
}

// A peer that cannot be looked up for want of a descriptor waits for one, until
// the listener is closed.
func TestPeerWaitsForADescriptor(t *testing.T) {
	path := filepath.Join(socketFolder(t), "s")
	answers, over := make(chan error), make(chan struct{})
	l := newPeerListener(mustListen(t, path), newCrowd(1, slog.Default()), func(int) (string, error) {
		select {
		case err := <-answers:
			return "/place", err
		case <-over:
			return "", unix.EMFILE
		}
	})
	accepted := make(chan error)
	accept := func() {
		c, err := l.Accept()
		if err == nil && c.(*peerConn).peer.place != "/place" {
			err = errors.New("it has no place")
		}
		if err == nil {
			err = c.Close()
		}
		accepted <- err
	}
	short := &os.PathError{Op: "open", Path: "/proc", Err: unix.EMFILE}
	for _, last := range []func(){func() { answers <- nil }, func() { close(over); check(t, l.Close()) }} {
		c, err := net.Dial("unix", path)
		check(t, err)
		defer c.Close()
		go accept()
		for range 3 {
			answers <- short
		}
		select {
		case err := <-accepted:
			t.Errorf("it did not wait: %v", err)
		default:
		}
		last()
		if err := <-accepted; err != nil && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	}
}
