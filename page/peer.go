package page

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// peers tells whose the other end of a TCP connection is: the kernel lists the
// sockets of this machine with their owners in /proc/net/tcp, see proc_net(5).
type peers struct {
	owned func(pid int) bool
	self  int
	one   *sync.Mutex // looks at /proc: it takes milliseconds, so not many at a time
}

func newPeers(o Options) peers {
	owned := o.Owned
	if owned == nil {
		owned = func(int) bool { return true }
	}
	return peers{owned: owned, self: o.Self, one: &sync.Mutex{}}
}

// peer is the socket at the other end.
type peer struct {
	uid   int
	inode uint64
}

// peerKey is that of the peer in a request's context.
type peerKey struct{}

var errElsewhere = errors.New("the page is shown on this machine alone; from another one: ssh -L PORT:ADDRESS HOST, with the address that `admin` names, and then http://127.0.0.1:PORT/")

// of finds the peer of a request. The error is for whoever asks.
func (p peers) of(r *http.Request) (peer, error) {
	here := arrived(r)
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	from := remote.Addr().Unmap()
	if err != nil || !here.IsValid() || !from.IsLoopback() && from != localOf(r) {
		return peer{}, errElsewhere // spares others' requests the look at the table
	}
	p.one.Lock()
	defer p.one.Unlock()
	return find(remote, here)
}

// arrived is our end of the connection of a request; not valid: it is none of TCP.
func arrived(r *http.Request) netip.AddrPort {
	if a, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr); ok {
		return a.AddrPort()
	}
	return netip.AddrPort{}
}

// localOf is the address of our end.
func localOf(r *http.Request) netip.Addr { return arrived(r).Addr().Unmap() }

// find looks for the socket that is bound to remote and connected to here. One that
// its process has closed already is nobody's.
func find(remote, here netip.AddrPort) (peer, error) {
	for _, table := range []struct {
		file string
		form func(netip.AddrPort) string
	}{{"/proc/net/tcp", inFour}, {"/proc/net/tcp6", inSix}} {
		from, to := table.form(remote), table.form(here)
		if from == "" || to == "" {
			continue
		}
		if p, ok := search(table.file, from, to); ok {
			return p, nil
		}
	}
	return peer{}, errElsewhere
}

func search(table, from, to string) (peer, bool) {
	f, err := os.Open(table)
	if err != nil {
		return peer{}, false // no IPv6
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if !strings.Contains(lines.Text(), from) {
			continue // spares cutting thousands of lines
		}
		c := strings.Fields(lines.Text())
		if len(c) < 10 || c[1] != from || c[2] != to {
			continue
		}
		uid, err := strconv.Atoi(c[7])
		inode, ierr := strconv.ParseUint(c[9], 10, 64)
		return peer{uid, inode}, err == nil && ierr == nil && inode != 0
	}
	return peer{}, false
}

// inFour and inSix write an address as these tables do, in words of the machine's
// byte order; "": it cannot be in that table.
func inFour(a netip.AddrPort) string {
	ip := a.Addr().Unmap()
	if !ip.Is4() {
		return ""
	}
	b := ip.As4()
	return fmt.Sprintf("%08X:%04X", binary.NativeEndian.Uint32(b[:]), a.Port())
}

func inSix(a netip.AddrPort) string {
	var text strings.Builder
	b := a.Addr().As16()
	for i := 0; i < len(b); i += 4 {
		fmt.Fprintf(&text, "%08X", binary.NativeEndian.Uint32(b[i:]))
	}
	fmt.Fprintf(&text, ":%04X", a.Port())
	return text.String()
}

// judge says why a peer may not see what runs, or nil. It is what backserv's socket
// does, where the kernel tells more: what cannot be proved is refused.
func (p peers) judge(who peer) error {
	if who.uid != 0 && who.uid != p.self {
		return fmt.Errorf("only root and urocket's own user may see this page, not uid %d", who.uid)
	}
	if who.uid == 0 && p.self != 0 {
		return nil // no script of ours is root, and whose socket it is only root can see
	}
	p.one.Lock()
	defer p.one.Unlock()
	holders := holding(who.inode)
	if len(holders) == 0 {
		return errors.New("the process behind this connection cannot be found")
	}
	for _, pid := range holders {
		if p.owned(pid) {
			return errors.New("a process that serves a request may not see this page")
		}
	}
	return nil
}

// holding lists the processes that have a socket open, as far as we may look.
func holding(inode uint64) (pids []int) {
	socket := "socket:[" + strconv.FormatUint(inode, 10) + "]"
	processes, _ := os.ReadDir("/proc")
	for _, process := range processes {
		pid, err := strconv.Atoi(process.Name())
		if err != nil {
			continue
		}
		dir := filepath.Join("/proc", process.Name(), "fd")
		open, _ := os.ReadDir(dir) // it has ended, or is another's
		for _, fd := range open {
			if target, _ := os.Readlink(filepath.Join(dir, fd.Name())); target == socket {
				pids = append(pids, pid)
				break
			}
		}
	}
	return pids
}
