package frontserv

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/processctl/brief"
)

// unsent is how much of an answer the kernel holds for a connection before it
// has the writer wait, in bytes: without a bound, megabytes have to be taken
// before a writer sees any progress.
const unsent = 128 << 10

// limited is a listener that keeps so many connections open at most. Who comes
// beyond that waits in the kernel's queue, as he would if descriptors had run
// out; but the processes of those who came before him, and their replies, still
// get theirs.
type limited struct {
	*net.TCPListener
	places chan struct{} // holds one for each connection
	closed chan struct{}
	once   sync.Once

	log  *slog.Logger
	said time.Time // that connections wait
}

// Accept implements [net.Listener]. One goroutine calls it.
func (l *limited) Accept() (net.Conn, error) {
	select {
	case l.places <- struct{}{}:
	default:
		l.say()
		select {
		case l.places <- struct{}{}:
		case <-l.closed:
			return nil, net.ErrClosed
		}
	}
	c, err := l.AcceptTCP()
	if err != nil {
		<-l.places
		return nil, err
	}
	placed := &placedConn{TCPConn: c, places: l.places}
	if placed.raw, err = c.SyscallConn(); err != nil {
		_ = placed.Close()
		return nil, err
	}
	return placed, nil
}

// say tells the log that connections wait, once a minute.
func (l *limited) say() {
	if now := time.Now(); l.said.IsZero() || now.Sub(l.said) > time.Minute {
		l.said = now
		l.log.Warn("new connections wait: as many are open as descriptors allow", "connections", cap(l.places))
	}
}

// Close implements [net.Listener].
func (l *limited) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.TCPListener.Close()
}

// placedConn gives its place back when it is closed.
type placedConn struct {
	*net.TCPConn
	raw    syscall.RawConn
	places <-chan struct{}
	gone   atomic.Bool
}

// Write writes what is short without more ado than it takes: that wakes the caller up,
// whom the kernel may run in place of us.
func (c *placedConn) Write(b []byte) (int, error) {
	if len(b) > brief.Short {
		return c.TCPConn.Write(b)
	}
	n, err := brief.Send(c.raw, b)
	if errno, ok := err.(syscall.Errno); ok {
		err = &net.OpError{Op: "write", Net: "tcp", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: os.NewSyscallError("write", errno)}
	}
	return n, err
}

func (c *placedConn) Close() error {
	err := c.TCPConn.Close()
	if !c.gone.Swap(true) {
		<-c.places
	}
	return err
}

// secured puts TLS around a listener, as the edition has it that is served when a
// connection begins.
func (s *Server) secured(l net.Listener) net.Listener {
	if s.edition.Load().o.TLS == nil {
		return l
	}
	return tls.NewListener(l, &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		return s.edition.Load().o.TLS.Config(), nil
	}})
}

// connKey is where a request's context holds its connection.
type connKey struct{}

// withConn is an [http.Server.ConnContext].
func withConn(ctx context.Context, c net.Conn) context.Context {
	if secure, ok := c.(*tls.Conn); ok {
		c = secure.NetConn()
	}
	placed, ok := c.(*placedConn)
	if !ok {
		return ctx
	}
	_ = placed.raw.Control(func(fd uintptr) { // fails only of one that is closed
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, unsent)
	})
	return context.WithValue(ctx, connKey{}, placed)
}
