package backserv

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/urocket/urocket/processctl/stack"
	"golang.org/x/sys/unix"
)

// soPeerPIDFD is SO_PEERPIDFD of Linux 6.5, which x/sys does not name.
const soPeerPIDFD = 77

// A peer is the process that has made a connection, as it was when the
// connection was accepted.
type peer struct {
	uid int
	pid int // 0: outside our pid namespace

	group int // its process group when it was accepted; 0: outside, or it had ended

	// process refers to the process itself, not to its number, which may be
	// another's by the time it is asked about. nil: it had ended, or was not asked for.
	process *os.File

	place string // where it was when it connected, "" unless that was asked and proved
}

// remembered says that a socket remembers which process connected, not only its number
// (SO_PEERPIDFD): then it can be asked later, and few have to be.
var remembered = sync.OnceValue(func() bool {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(pair[0])
	defer unix.Close(pair[1])
	fd, err := unix.GetsockoptInt(pair[0], unix.SOL_SOCKET, soPeerPIDFD)
	if err != nil {
		return false
	}
	_ = unix.Close(fd)
	return true
})

// lookUp finds out who is at the other end of a connection; with pin, which process too.
// What cannot be found out stays zero, and is refused where it matters; the error says why
// there is no process.
func lookUp(c *conn, pin bool) (p peer, err error) {
	p.uid = -1
	cerr := c.control(func(fd int) { // fails only on a closed connection
		var cred *unix.Ucred
		if cred, err = unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED); err != nil {
			return
		}
		p = peer{uid: int(cred.Uid), pid: int(cred.Pid)}
		if p.pid > 0 {
			p.group, _ = unix.Getpgid(p.pid) // only to be fair, so it need not be proved
			if pin {
				p.process, err = openPeer(fd, soPeerPIDFD, p.pid)
			}
		}
	})
	return p, errors.Join(err, cerr)
}

// openPeer returns a pidfd of the process at the other end of socket. option is
// soPeerPIDFD.
func openPeer(socket, option, pid int) (*os.File, error) {
	fd, err := unix.GetsockoptInt(socket, unix.SOL_SOCKET, option)
	if errors.Is(err, unix.ENOPROTOOPT) { // an older kernel
		// The number can have changed hands since the connect, if all the others
		// were used up in the meantime.
		fd, err = unix.PidfdOpen(pid, 0)
	}
	if err != nil {
		return nil, fmt.Errorf("open the process of a connection: %w", err)
	}
	return os.NewFile(uintptr(fd), "pidfd"), nil
}

// alive says whether the process has not ended. A zombie has.
func (p peer) alive() bool {
	if p.process == nil {
		return false
	}
	raw, err := p.process.SyscallConn()
	if err != nil {
		return false
	}
	running := false
	err = raw.Control(func(fd uintptr) {
		ready := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(ready, 0) // does not wait, so no EINTR
		running = err == nil && n == 0
	})
	return err == nil && running
}

// locate finds out where the peer is. Only while it lives is its pid its own, so
// that is looked at last.
func (p *peer) locate(where func(pid int) (string, error)) error {
	if where == nil || p.process == nil {
		return nil
	}
	place, err := where(p.pid)
	if err == nil && place != "" && p.alive() {
		p.place = place
	}
	return err
}

func (p peer) close() error {
	if p.process == nil {
		return nil
	}
	return p.process.Close()
}

// mayWatch says why the peer may not see what runs, or nil. Only root and our
// own user may, and no process that serves a request: a script must not read
// what another was given. That includes every process of which the opposite
// cannot be proved.
func (s *Server) mayWatch(p peer) error {
	switch {
	case p.uid != 0 && p.uid != s.opt.Self:
		return fmt.Errorf("only root and urocket's own user may see the processes, not uid %d", p.uid)
	case p.pid <= 0:
		return errors.New("your process is outside urocket's pid namespace")
	case s.opt.Owned == nil || s.opt.Owned(p.pid):
		return errors.New("a process that serves a request may not see the others")
	case !p.alive(): // asked last: while it lives its pid is nobody else's
		return errors.New("the process that made this connection has ended")
	}
	return nil
}

// peerListener accepts connections that know their peer, as many as its crowd
// may have.
type peerListener struct {
	net.Listener // whose connections are *conn
	crowd        *crowd
	where        func(pid int) (string, error)
	closing      chan struct{}
	once         sync.Once
}

func newPeerListener(l net.Listener, c *crowd, where func(pid int) (string, error)) *peerListener {
	return &peerListener{Listener: l, crowd: c, where: where, closing: make(chan struct{})}
}

// Close makes a waiting Accept return.
func (l *peerListener) Close() error {
	l.once.Do(func() { close(l.closing) })
	return l.Listener.Close()
}

// Accept implements [net.Listener]; the connection is a *peerConn.
func (l *peerListener) Accept() (net.Conn, error) {
	accepted, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := accepted.(*conn)
	if err := l.crowd.makeRoom(l.closing); err != nil {
		_ = c.Close()
		return nil, err
	}
	// A process that cannot be looked up for want of a descriptor would be taken
	// for a stranger. It waits, as it would if it could not be accepted yet.
	for wait := firstWait; ; wait = min(2*wait, lastWait) {
		p, err := l.identify(c)
		if !isShort(err) {
			pc := &peerConn{conn: c, peer: p, crowd: l.crowd}
			l.crowd.add(pc)
			return pc, nil
		}
		_ = p.close()
		select {
		case <-time.After(wait):
		case <-l.closing:
			_ = c.Close()
			return nil, net.ErrClosed
		}
	}
}

// How long is waited for a descriptor, at first and later.
const (
	firstWait = 5 * time.Millisecond
	lastWait  = 200 * time.Millisecond
)

// isShort says that there was no descriptor to be had.
func isShort(err error) bool { return errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) }

func (l *peerListener) identify(c *conn) (peer, error) {
	p, err := lookUp(c, l.where != nil || !remembered())
	if err != nil {
		return p, err
	}
	return p, p.locate(l.where)
}

// peerConn is a connection of a crowd that closes what refers to its peer with
// itself.
type peerConn struct {
	*conn
	peer  peer
	crowd *crowd
	standing
	spoken atomic.Bool // since it was idle; spares the crowd's lock
	once   sync.Once
	unread []byte // what was read already, and is to be read again

	pinning  sync.Mutex // the peer's process
	unpinned bool       // for good
}

// pinned is the peer with a reference to its process, for which it waits where there is
// no descriptor, as long as the connection is of use.
func (c *peerConn) pinned(ctx context.Context) peer {
	for wait := firstWait; ; wait = min(2*wait, lastWait) {
		p, err := c.pin()
		if !isShort(err) {
			return p
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return p
		}
	}
}

func (c *peerConn) pin() (p peer, err error) {
	c.pinning.Lock()
	defer c.pinning.Unlock()
	// Where the socket does not remember it, it was asked for at once or never will be.
	if c.peer.process == nil && c.peer.pid > 0 && !c.unpinned && remembered() {
		cerr := c.control(func(fd int) { c.peer.process, err = openPeer(fd, soPeerPIDFD, c.peer.pid) })
		err = errors.Join(err, cerr)
	}
	return c.peer, err
}

// unpin gives the reference up.
func (c *peerConn) unpin() error {
	c.pinning.Lock()
	defer c.pinning.Unlock()
	c.unpinned = true
	return c.peer.close()
}

// Read notes the first byte of a request, which net/http does not tell.
func (c *peerConn) Read(b []byte) (int, error) {
	if len(c.unread) > 0 {
		n := copy(b, c.unread)
		c.unread = c.unread[n:]
		return n, nil
	}
	n, err := c.conn.Read(b)
	c.heard(n)
	return n, err
}

// heard notes that something was read.
func (c *peerConn) heard(n int) {
	if n > 0 && !c.spoken.Swap(true) {
		c.crowd.speak(c)
	}
}

// idle notes that the connection waits for another request.
func (c *peerConn) idle() {
	c.spoken.Store(false)
	c.crowd.set(c, false, "")
}

func (c *peerConn) Close() error {
	var err error
	c.once.Do(func() {
		err = errors.Join(c.unpin(), c.conn.Close())
		c.crowd.remove(c)
	})
	return err
}

// RemoteAddr is asked for by net/http first of all in the goroutine of a connection,
// which most often serves one short request: it needs a stack that is not small.
func (c *peerConn) RemoteAddr() net.Addr {
	stack.Grow()
	return c.conn.RemoteAddr()
}

type connKey struct{}

// withConn is an [http.Server.ConnContext].
func withConn(ctx context.Context, c net.Conn) context.Context {
	if c, ok := c.(*peerConn); ok {
		return context.WithValue(ctx, connKey{}, c)
	}
	return ctx
}

// connOf returns the connection that r came on; nil: it is none that knows its peer.
func connOf(r *http.Request) *peerConn {
	c, _ := r.Context().Value(connKey{}).(*peerConn)
	return c
}

// peerOf returns the peer of the connection that r came on, with its process.
func peerOf(r *http.Request) peer {
	if c := connOf(r); c != nil {
		return c.pinned(r.Context())
	}
	return peer{uid: -1}
}
