package backserv

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

const (
	// maxPath is the longest path of a socket that clients can connect to, in
	// bytes: sun_path of unix(7) less its final NUL.
	maxPath = 107
	// backlog is how many connections may wait to be accepted; the kernel lowers
	// it to net.core.somaxconn. One beyond that fails in curl, which does not wait.
	backlog = 1<<16 - 1
	// publishTries bounds how often another start may come in between.
	publishTries = 5
)

// Listener accepts connections at a path of the file system, which is its address.
type Listener struct {
	acceptor
	path   string
	folder folder
	name   string // in folder
	id     inode  // of the socket

	closing sync.Once
	closed  error
}

// Listen serves path, at most 107 bytes long, with a socket of the given
// permissions and group (-1: as the kernel chooses). Until it returns, a client
// finds what was there before; from then on, a socket that listens.
//
// Errors: [ErrNotSocket] if something else is there, [*InUseError] if a live
// process serves the socket that is; else those of the file system. On an error
// nothing is left behind, and what was at path is untouched.
func Listen(path string, mode fs.FileMode, gid int) (*Listener, error) {
	l, err := listen(path, mode, gid)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	return l, nil
}

func listen(path string, mode fs.FileMode, gid int) (_ *Listener, err error) {
	dir, name := filepath.Split(path)
	if name == "" || name == "." || name == ".." {
		return nil, errors.New("the path does not name a file")
	}
	if len(path) > maxPath {
		return nil, fmt.Errorf("the path has %d bytes, a socket's at most %d", len(path), maxPath)
	}
	d, err := openFolder(dir)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = d.Close()
		}
	}()
	// Two starts at once would both find the path free. Whoever comes second
	// waits, and then finds the first one alive.
	unlock, alone := d.lock()
	defer unlock()
	if alone {
		d.sweep(name)
	}
	if _, err := d.inspect(name); err != nil {
		return nil, err // before anything is made
	}
	s, err := bind(d, hiddenName(name), mode, gid)
	if err != nil {
		return nil, err
	}
	if err := publish(d, s, name); err != nil {
		return nil, errors.Join(err, s.discard(d))
	}
	return &Listener{acceptor: acceptor{s.file, &net.UnixAddr{Name: path, Net: "unix"}}, path: path, folder: d, name: name, id: s.id}, nil
}

// publish gives the socket its name, in place of nothing or of a stale socket.
func publish(d folder, s *socket, name string) error {
	for range publishTries {
		old, err := d.inspect(name)
		if err != nil {
			return err
		}
		// The lock binds only urocket: what has come since the look is left alone.
		if err = d.rename(s.name, name, old); !errors.Is(err, errChanged) {
			return err
		}
	}
	return errChanged
}

// Close removes the socket from the file system, unless another has taken its
// place, and stops accepting. Further calls return what the first did.
func (l *Listener) Close() error {
	l.closing.Do(func() {
		unlock, _ := l.folder.lock()
		// While we hold the socket, its inode is nobody else's.
		var removed error
		if id, err := l.folder.stat(l.name); err == nil && id == l.id {
			removed = l.folder.remove(l.name)
		}
		unlock()
		l.closed = errors.Join(removed, l.acceptor.Close(), l.folder.Close())
	})
	return l.closed
}

// hiddenName is a name for a socket that is not ready yet.
func hiddenName(name string) string {
	return fmt.Sprintf("%s%08x", hiddenPrefix(name), rand.Uint32())
}

func hiddenPrefix(name string) string {
	const shown = 40 // bytes of name; together far below maxPath
	return "." + strings.ToValidUTF8(name[:min(len(name), shown)], "") + "."
}

// sweep removes what a start that was killed left under a hidden name. The lock is
// held: nobody else is between making a socket and giving it its name.
func (d folder) sweep(name string) {
	entries, err := d.Readdirnames(-1)
	if err != nil { // a folder that cannot be read
		return
	}
	for _, entry := range entries {
		number, hidden := strings.CutPrefix(entry, hiddenPrefix(name))
		if !hidden || len(number) != 8 || strings.Trim(number, "0123456789abcdef") != "" {
			continue
		}
		if old, err := d.inspect(entry); err == nil && old != (inode{}) {
			_ = d.remove(entry)
		}
	}
}

// A socket is bound, listens, and waits for its name.
type socket struct {
	file *os.File
	name string
	id   inode
}

// bind makes a listening socket in d. It listens only after it has got its group
// and its mode, so that nobody connects who later may not.
func bind(d folder, name string, mode fs.FileMode, gid int) (*socket, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	s := &socket{file: os.NewFile(uintptr(fd), "socket"), name: name}
	// Through the descriptor: a path of 107 bytes leaves no room for a longer
	// name beside it, and the folder may be renamed meanwhile.
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: d.entry(name)}); err != nil {
		return nil, errors.Join(fmt.Errorf("create the socket: %w", err), s.file.Close())
	}
	if s.id, err = d.permit(name, mode, gid); err == nil {
		err = os.NewSyscallError("listen", unix.Listen(fd, backlog))
	}
	if err != nil {
		return nil, errors.Join(err, s.discard(d))
	}
	return s, nil
}

// discard takes back a socket that gets no name.
func (s *socket) discard(d folder) error {
	return errors.Join(d.remove(s.name), s.file.Close())
}
