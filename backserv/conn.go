package backserv

import (
	"errors"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/processctl/brief"
)

// A conn is a connection as the kernel gives it: a descriptor that does not block, and
// nothing else. Most carry one short reply, which is there by the time somebody looks, and
// its answer. Only when somebody has to wait is it made a file of the Go runtime's, which
// costs more than both.
type conn struct {
	local net.Addr

	mu     sync.Mutex
	fd     int      // -1: there is a file
	used   bool     // by the one goroutine that serves the connection, without the lock
	file   *os.File // nil: there was nothing to wait for yet
	closed bool
}

// use keeps the descriptor from being closed until done. [unix.EAGAIN]: it has been waited
// for, and is a file.
func (c *conn) use() (fd int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return -1, net.ErrClosed
	case c.file != nil:
		return -1, unix.EAGAIN
	}
	c.used = true
	return c.fd, nil
}

func (c *conn) done() {
	c.mu.Lock()
	c.used = false
	closed := c.closed
	c.mu.Unlock()
	if closed { // meanwhile: nobody else will
		_ = unix.Close(c.fd)
	}
}

// isUsed says whether it is being read or written just now.
func (c *conn) isUsed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.used
}

// readNow reads what is there. [unix.EAGAIN]: nothing, or it has been waited for.
//
// It may take long all the same: with what is read go the descriptors that a client has
// attached, and with them what they were the last of (a large file, say).
func (c *conn) readNow(b []byte) (n int, err error) {
	fd, err := c.use()
	if err != nil {
		return 0, err
	}
	defer c.done()
	for {
		if n, err = unix.Read(fd, b); err != unix.EINTR {
			return max(n, 0), err
		}
	}
}

// writeNow writes as much as is taken without waiting.
func (c *conn) writeNow(b []byte) (n int, err error) {
	fd, err := c.use()
	if err == unix.EAGAIN {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer c.done()
	for {
		switch n, err = brief.Write(fd, b); err {
		case unix.EINTR:
		case unix.EAGAIN:
			return 0, nil
		default:
			return max(n, 0), err
		}
	}
}

// waits is the connection as one that can be waited for.
func (c *conn) waits() (*os.File, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, net.ErrClosed
	}
	if c.file == nil {
		c.file, c.fd = os.NewFile(uintptr(c.fd), "connection"), -1
	}
	return c.file, nil
}

// control does something with the descriptor.
func (c *conn) control(do func(fd int)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return net.ErrClosed
	case c.file == nil:
		do(c.fd)
		return nil
	}
	raw, err := c.file.SyscallConn()
	if err != nil {
		return err
	}
	return raw.Control(func(fd uintptr) { do(int(fd)) })
}

// Read implements [net.Conn].
func (c *conn) Read(b []byte) (int, error) {
	f, err := c.waits()
	if err != nil {
		return 0, netError("read", err)
	}
	n, err := f.Read(b)
	return n, netError("read", err)
}

// Write implements [net.Conn].
func (c *conn) Write(b []byte) (int, error) {
	f, err := c.waits()
	if err != nil {
		return 0, netError("write", err)
	}
	n, err := f.Write(b)
	return n, netError("write", err)
}

// netError puts what a file says as a connection would: net/http looks at that.
func netError(op string, err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	var errno syscall.Errno
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrClosed):
		err = net.ErrClosed
	case errors.As(err, &errno):
		err = os.NewSyscallError(op, errno)
	case !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, net.ErrClosed):
		return err // io.EOF
	}
	return &net.OpError{Op: op, Net: "unix", Err: err}
}

// Close implements [net.Conn].
func (c *conn) Close() error {
	c.mu.Lock()
	was, used, file := c.closed, c.used, c.file
	c.closed = true
	if used && !was { // who serves it is told, and closes it
		_ = unix.Shutdown(c.fd, unix.SHUT_RDWR)
	}
	c.mu.Unlock()
	switch { // without the lock: it may take long, as reading may
	case was:
		return net.ErrClosed
	case used:
		return nil
	case file != nil:
		return file.Close()
	}
	return unix.Close(c.fd)
}

// CloseWrite tells the other end that nothing will come any more.
func (c *conn) CloseWrite() (err error) {
	if cerr := c.control(func(fd int) { err = unix.Shutdown(fd, unix.SHUT_WR) }); cerr != nil {
		return cerr
	}
	return err
}

// LocalAddr implements [net.Conn].
func (c *conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr implements [net.Conn]. Clients have no name.
func (c *conn) RemoteAddr() net.Addr { return &net.UnixAddr{Net: "unix"} }

// SetDeadline implements [net.Conn].
func (c *conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline implements [net.Conn].
func (c *conn) SetReadDeadline(t time.Time) error {
	f, err := c.waits()
	if err != nil {
		return err
	}
	return f.SetReadDeadline(t)
}

// SetWriteDeadline implements [net.Conn].
func (c *conn) SetWriteDeadline(t time.Time) error {
	f, err := c.waits()
	if err != nil {
		return err
	}
	return f.SetWriteDeadline(t)
}
