package backserv

import (
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A listener that is closed says so, to who waits and to who comes later.
func TestAcceptWhenClosed(t *testing.T) {
	l := mustListen(t, filepath.Join(socketFolder(t), "s"))
	waiting := make(chan error)
	go func() {
		_, err := l.Accept()
		waiting <- err
	}()
	check(t, l.Close())
	if err := <-waiting; !errors.Is(err, net.ErrClosed) {
		t.Errorf("who waits: %v", err)
	}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("who comes later: %v", err)
	}
}

// A socket that another has opened, systemd for one, is served, and its file left to him.
func TestServeSocketOfAnother(t *testing.T) {
	path := filepath.Join(socketFolder(t), "s")
	l, err := net.Listen("unix", path)
	check(t, err)
	own, err := acceptorOf(l)
	check(t, err)
	defer own.Close()
	if got := own.Addr().String(); got != path {
		t.Errorf("its address is %q", got)
	}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the listener itself: %v, want it closed", err)
	}
	client, err := net.Dial("unix", path)
	check(t, err)
	defer client.Close()
	c, err := newPeerListener(own, newCrowd(0, slog.Default()), nil).Accept()
	check(t, err)
	defer c.Close()
	if p := c.(*peerConn).pinned(t.Context()); p.pid != os.Getpid() || !p.alive() {
		t.Errorf("the peer is %+v", p)
	}
	if _, err := acceptorOf(tcp(t)); err == nil {
		t.Error("a TCP socket is taken")
	}
}

func tcp(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	return l
}

// What a closed connection is asked for says so in words that net/http knows.
func TestClosedConnection(t *testing.T) {
	l := mustListen(t, filepath.Join(socketFolder(t), "s"))
	for _, waited := range []bool{false, true} {
		client, err := net.Dial("unix", l.Addr().String())
		check(t, err)
		defer client.Close()
		accepted, err := l.Accept()
		check(t, err)
		c := accepted.(*conn)
		if waited {
			_, err = c.waits()
			check(t, err)
		}
		check(t, c.Close())
		var op *net.OpError
		for what, err := range map[string]error{
			"read": second(c.Read(make([]byte, 1))), "write": second(c.Write([]byte("x"))), "read now": second(c.readNow(make([]byte, 1))),
			"write now": second(c.writeNow([]byte("x"))), "close": c.Close(), "deadline": c.SetDeadline(time.Now()), "half close": c.CloseWrite(),
		} {
			if !errors.Is(err, net.ErrClosed) || (what == "read" || what == "write") && !errors.As(err, &op) {
				t.Errorf("%s, waited for: %v: %v", what, waited, err)
			}
		}
	}
}

func second[T any](_ T, err error) error { return err }
