package processctl

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// door is the socket on which processes that were started ahead wait for their calls.
// The kernel says which process it is that has come (SO_PEERCRED), so nobody is given
// another's call.
type door struct {
	l       *net.UnixListener
	serving sync.WaitGroup
	late    time.Duration // see earlyTime

	mu       sync.Mutex
	expected map[int]chan net.Conn // by pid
	early    map[int]caller        // who came before he was expected
}

// caller is somebody who is not expected, or not yet.
type caller struct {
	conn net.Conn
	late *time.Timer // sends him away
}

// earlyTime is how long he is kept.
const earlyTime = 10 * time.Second

func openDoor(path string) (*door, error) {
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o666); err != nil { // they may be other users
		return nil, errors.Join(err, l.Close())
	}
	d := &door{l: l, late: earlyTime, expected: map[int]chan net.Conn{}, early: map[int]caller{}}
	d.serving.Go(d.run)
	return d, nil
}

func (d *door) run() {
	for {
		conn, err := d.l.AcceptUnix()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // no descriptor is free
			time.Sleep(lastLook)
			continue
		}
		d.arrive(peerOf(conn), conn)
	}
}

// peerOf is the process that has connected; 0 if the kernel does not say.
func peerOf(conn *net.UnixConn) (pid int) {
	rc, err := conn.SyscallConn()
	if err != nil {
		return 0
	}
	_ = rc.Control(func(fd uintptr) {
		if cred, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			pid = int(cred.Pid)
		}
	})
	return pid
}

func (d *door) arrive(pid int, conn net.Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if told := d.expected[pid]; told != nil {
		delete(d.expected, pid)
		told <- conn // buffered
		return
	}
	if before, ok := d.early[pid]; ok {
		before.leave()
	}
	d.early[pid] = caller{conn, time.AfterFunc(d.late, func() { d.sendAway(pid, conn) })}
}

// sendAway ends the wait of one who was not expected in time.
func (d *door) sendAway(pid int, conn net.Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if c := d.early[pid]; c.conn == conn {
		delete(d.early, pid)
		_ = conn.Close()
	}
}

func (c caller) leave() {
	c.late.Stop()
	_ = c.conn.Close()
}

// expect tells when a process has come.
func (d *door) expect(pid int) <-chan net.Conn {
	d.mu.Lock()
	defer d.mu.Unlock()
	told := make(chan net.Conn, 1)
	if c, ok := d.early[pid]; ok {
		delete(d.early, pid)
		c.late.Stop()
		told <- c.conn
		return told
	}
	d.expected[pid] = told
	return told
}

// forget says that a process need not come any more.
func (d *door) forget(pid int, told <-chan net.Conn) {
	d.mu.Lock()
	delete(d.expected, pid)
	d.mu.Unlock()
	select {
	case conn := <-told:
		_ = conn.Close()
	default:
	}
}

func (d *door) close() {
	_ = d.l.Close()
	d.serving.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	for pid, c := range d.early {
		delete(d.early, pid)
		c.leave()
	}
}
