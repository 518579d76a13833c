package processctl

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// door is the socket on which processes that were started ahead wait for their calls.
// Anybody on the machine may find it. So each of them has an invitation, made before it
// is started: a word that it was given in its environment, which no other user can read.
// Who comes has to be of its user and to say that word, and then to be the process that
// was started: the number alone, which the kernel tells (SO_PEERCRED), was perhaps that
// of another one when he connected.
type door struct {
	l       *net.UnixListener
	serving sync.WaitGroup

	mu      sync.Mutex
	invited map[string]*invitation // by word
	unknown map[net.Conn]int       // users of those who have not said their word yet
	shut    bool
}

// invitation is for one process.
type invitation struct {
	word string
	uid  int
	came chan *guest // has room for one
}

// guest is who has come with an invitation.
type guest struct {
	conn net.Conn
	pid  int
}

const (
	wordSize = 32 // of an invitation, in bytes of text
	// mostUnknown of a user may be about to say their word at a time: those who connect
	// may be many, and each takes a descriptor.
	mostUnknown = 16
	wordTime    = 10 * time.Second // for saying it
)

func openDoor(path string) (*door, error) {
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o666); err != nil { // they may be other users
		return nil, errors.Join(err, l.Close())
	}
	d := &door{l: l, invited: map[string]*invitation{}, unknown: map[net.Conn]int{}}
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
		d.arrive(conn)
	}
}

// arrive listens to who has come, if somebody of his user is invited and not too many
// have come before him.
func (d *door) arrive(conn *net.UnixConn) {
	pid, uid := peerOf(conn)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.shut || pid == 0 || !d.awaits(uid) || d.unknownOf(uid) >= mostUnknown {
		_ = conn.Close()
		return
	}
	d.unknown[conn] = uid
	d.serving.Go(func() { d.listen(conn, pid, uid) })
}

func (d *door) awaits(uid int) bool {
	for _, i := range d.invited {
		if i.uid == uid {
			return true
		}
	}
	return false
}

func (d *door) unknownOf(uid int) (n int) {
	for _, of := range d.unknown {
		if of == uid {
			n++
		}
	}
	return n
}

func (d *door) listen(conn net.Conn, pid, uid int) {
	var word [wordSize]byte
	_ = conn.SetDeadline(time.Now().Add(wordTime))
	_, err := io.ReadFull(conn, word[:])
	_ = conn.SetDeadline(time.Time{})
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.unknown, conn)
	i := d.invited[string(word[:])]
	if err != nil || i == nil || i.uid != uid {
		_ = conn.Close()
		return
	}
	delete(d.invited, i.word) // it is good for once
	i.came <- &guest{conn, pid}
}

// peerOf is who has connected; 0 if the kernel does not say.
func peerOf(conn *net.UnixConn) (pid, uid int) {
	rc, err := conn.SyscallConn()
	if err != nil {
		return 0, 0
	}
	_ = rc.Control(func(fd uintptr) {
		if cred, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			pid, uid = int(cred.Pid), int(cred.Uid)
		}
	})
	return pid, uid
}

// invite has a process of that user expected. It is to be forgotten again.
func (d *door) invite(uid int) *invitation {
	var random [wordSize / 2]byte
	_, _ = rand.Read(random[:]) // does not fail
	i := &invitation{word: hex.EncodeToString(random[:]), uid: uid, came: make(chan *guest, 1)}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.invited[i.word] = i
	return i
}

// forget takes an invitation back, and sends away who has come with it and was not met.
func (d *door) forget(i *invitation) {
	d.mu.Lock()
	delete(d.invited, i.word)
	d.mu.Unlock()
	select {
	case g := <-i.came:
		_ = g.conn.Close()
	default:
	}
}

func (d *door) close() {
	_ = d.l.Close()
	d.mu.Lock()
	d.shut = true
	for conn := range d.unknown {
		_ = conn.Close()
	}
	d.mu.Unlock()
	d.serving.Wait()
}
