package worker

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Read implements [io.Reader].
func (l *link) Read(b []byte) (int, error) {
	for {
		n, err := l.f.Read(b)
		if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		if err := l.interrupted(); err != nil {
			return 0, err
		}
	}
}

// Write implements [io.Writer].
func (l *link) Write(b []byte) (written int, err error) {
	for {
		n, err := l.f.Write(b[written:])
		written += n
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return written, err
		}
		if err := l.unwritable(); err != nil {
			return written, err
		}
	}
}

// unwritable says why writing was given up; nil: go on. The time that there is for it is
// the reader's to watch.
func (l *link) unwritable() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.stopped:
		return errStopped
	case l.exited != nil:
		return errExited
	}
	return l.f.SetWriteDeadline(time.Time{})
}

// offer writes as much as there is room for, and waits for nothing.
func (l *link) offer(b []byte) (n int, err error) {
	cerr := l.rc.Control(func(fd uintptr) {
		n, err = unix.SendmsgN(int(fd), b, nil, nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
	})
	switch {
	case cerr != nil:
		return 0, cerr
	case err == unix.EAGAIN, err == unix.EINTR:
		return 0, nil
	}
	return n, err
}
