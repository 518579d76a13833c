package shim

import (
	"slices"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/processctl/family"
)

// How long, in milliseconds, orphans that have ended may stay zombies while the
// command's first process lives: nothing tells of their end. The time is short as
// long as there are some. After the first process each child left is watched.
const (
	shortNap = 10
	longNap  = 1000
)

// maxWatched bounds the children that are watched at a time. Descriptors may be few.
const maxWatched = 4

// firstBuffer is room for a command with its environment, in bytes; it grows.
const firstBuffer = 16 << 10

// collector serves one command after another. It waits for all that can happen in
// one thread and one call: a start by way of several threads costs three times as
// much.
type collector struct {
	*server
	poll    int   // epoll(7)
	watched []int // pidfds that are in it
	blind   bool  // not every child could be watched
	nap     int   // milliseconds

	rests  bool // nothing has come for a while
	events [8]unix.EpollEvent
	oob    [256]byte
	buf    []byte // what is received into
	in     []byte // received there, and not a whole message yet
	fds    []int  // that came with it
}

// collect serves until the socket closes.
func (s *server) collect() {
	poll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return
	}
	c := &collector{server: s, poll: poll, nap: longNap}
	if c.add(connFD) != nil {
		return
	}
	for {
		asked, ok := c.wait()
		if !ok || asked && !c.receive() {
			return
		}
		c.reap()
	}
}

// wait waits for what comes next; asked: there is a message.
//
// At first it keeps the Go runtime's only processor to itself: it makes the system
// call raw. Else the runtime would wake a thread of its own at each call to take the
// processor away and give it back, which costs more than all that a shim does for a
// command. Nobody else wants it. Only after a while with nothing to do it is let go,
// for the runtime's monitor looks after a busy processor a hundred times a second.
func (c *collector) wait() (asked, ok bool) {
	timeout := c.timeout()
	if !c.rests {
		n, errno := c.rawWait(timeout)
		if n != 0 || errno != 0 && errno != unix.EINTR {
			return c.asked(n), errno == 0
		}
		c.rests = true
		if timeout >= 0 {
			if timeout = max(timeout-keepTime, 0); timeout == 0 {
				return false, true
			}
		}
	}
	n, err := unix.EpollWait(c.poll, c.events[:], timeout)
	c.rests = n <= 0
	return c.asked(max(n, 0)), err == nil || err == unix.EINTR
}

// keepTime is how long the processor is kept, in milliseconds.
const keepTime = 200

func (c *collector) rawWait(timeout int) (int, syscall.Errno) {
	keep := keepTime
	if timeout >= 0 {
		keep = min(keep, timeout)
	}
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(c.poll), uintptr(unsafe.Pointer(&c.events)), uintptr(len(c.events)), uintptr(keep), 0, 0)
	if errno != 0 {
		n = 0
	}
	return int(n), errno
}

func (c *collector) asked(n int) bool {
	return slices.ContainsFunc(c.events[:n], func(e unix.EpollEvent) bool { return e.Fd == connFD })
}

func (c *collector) add(fd int) error {
	return unix.EpollCtl(c.poll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)})
}

// timeout is that of epoll_wait, in milliseconds.
func (c *collector) timeout() int {
	switch {
	case c.current == 0:
		return -1
	case c.blind:
		return shortNap
	}
	return c.nap
}

// receive reads what has come and does what its messages say; false: there will be
// no more.
func (c *collector) receive() bool {
	have := copy(c.buf, c.in) // they overlap
	if have == len(c.buf) {
		c.buf = append(c.buf, make([]byte, max(len(c.buf), firstBuffer))...)
	}
	n, oobn, _, _, err := recvmsg(c.buf[have:], c.oob[:])
	if err != nil || n == 0 {
		return false
	}
	c.in = c.buf[:have+n]
	c.fds = append(c.fds, descriptors(c.oob[:oobn])...)
	for len(c.in) >= headSize {
		h := readHead(c.in)
		size := headSize + int(h.size)
		if len(c.in) < size {
			break
		}
		c.heed(h, c.in[headSize:size])
		c.in = c.in[size:]
	}
	return true
}

func (c *collector) heed(h head, body []byte) {
	switch h.kind {
	case kindStart:
		c.start(h, body, c.fds)
		closeAll(c.fds)
		c.fds, c.nap = nil, longNap
		for pid := range c.commands {
			c.watch(pid)
		}
	case kindSignal:
		c.signal(h.id, syscall.Signal(h.n))
	}
}

// watch has the loop woken at the end of a child.
func (c *collector) watch(pid int) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err == nil {
		if err = c.add(fd); err != nil {
			_ = unix.Close(fd)
		}
	}
	if err != nil {
		c.blind = true
		return
	}
	c.watched = append(c.watched, fd)
}

func (c *collector) unwatch() {
	closeAll(c.watched)
	c.watched, c.blind = c.watched[:0], false
}

// reap waits for all children that have ended, and tells of the command's end and
// of that of all that it has left.
func (c *collector) reap() {
	if c.current == 0 {
		return
	}
	var first *family.Death
	orphans := false
	for {
		var d family.Death
		pid, err := syscall.Wait4(-1, &d.Status, syscall.WNOHANG, &d.Rusage)
		switch {
		case err == syscall.EINTR:
		case err != nil: // ECHILD
			c.unwatch()
			c.tell(first, true)
			return
		case pid == 0:
			c.tell(first, false)
			c.rest(first != nil, orphans)
			return
		case c.commands[pid] != 0:
			delete(c.commands, pid)
			first = &d
		default:
			orphans = true
		}
	}
}

// rest sees to it that the end of what still lives is noticed.
func (c *collector) rest(ended, orphans bool) {
	switch {
	case len(c.commands) == 0 && (ended || orphans || c.blind):
		c.unwatch()
		children, ok := family.Children()
		c.blind = !ok
		for i, pid := range children {
			if i == maxWatched {
				c.blind = true
				break
			}
			c.watch(pid)
		}
	case orphans:
		c.nap = shortNap
	default:
		c.nap = min(2*c.nap, longNap)
	}
}

// tell tells of the end of the command's first process, nil if that has not come
// now, and of the end of everything.
func (c *collector) tell(first *family.Death, empty bool) {
	id, n := c.current, 0
	if empty {
		c.current, n = 0, 1
	}
	switch {
	case first != nil:
		c.send(kindExited, id, n, encodeDeath(first))
	case empty:
		c.send(kindEmpty, id, 0, nil)
	}
}
