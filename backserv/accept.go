package backserv

import (
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/processctl/brief"
)

// An acceptor accepts connections on a socket as what the kernel gives, a [conn] each.
type acceptor struct {
	file *os.File // that does not block
	addr net.Addr
}

// acceptorOf is the acceptor of a listener, which it takes over.
func acceptorOf(l net.Listener) (net.Listener, error) {
	switch l := l.(type) {
	case *Listener:
		return l, nil
	case *net.UnixListener: // another has opened it, and removes its file
		l.SetUnlinkOnClose(false)
		defer l.Close()
		f, err := l.File()
		if err != nil {
			return nil, fmt.Errorf("serve %s: %w", l.Addr(), err)
		}
		return acceptor{f, l.Addr()}, nil
	}
	_ = l.Close()
	return nil, fmt.Errorf("serve %s: it is a %T, and no unix socket", l.Addr(), l)
}

// Accept implements [net.Listener].
func (a acceptor) Accept() (net.Conn, error) {
	raw, err := a.file.SyscallConn()
	if err != nil {
		return nil, netError("accept", net.ErrClosed)
	}
	var fd int
	var failed error
	err = raw.Read(func(of uintptr) bool {
		for {
			fd, failed = brief.Accept(int(of), unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
			if failed != unix.EINTR && failed != unix.ECONNABORTED {
				return failed != unix.EAGAIN
			}
		}
	})
	if err != nil {
		return nil, netError("accept", net.ErrClosed) // it fails for nothing else
	}
	if failed != nil {
		return nil, netError("accept", failed)
	}
	return &conn{local: a.addr, fd: fd}, nil
}

// Close implements [net.Listener].
func (a acceptor) Close() error { return a.file.Close() }

// Addr implements [net.Listener].
func (a acceptor) Addr() net.Addr { return a.addr }
