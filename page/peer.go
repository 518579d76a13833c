package page

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"

	"github.com/urocket/urocket/internal/proctcp"
)

// peers judges whose the other end of a connection is.
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

// peerKey is that of the peer in a request's context.
type peerKey struct{}

var errElsewhere = errors.New("the page is shown on this machine alone; from another one: ssh -L PORT:ADDRESS HOST, with the address that `admin` names, and then http://127.0.0.1:PORT/")

// of finds the peer of a request. The error is for whoever asks.
func (p peers) of(r *http.Request) (proctcp.Socket, error) {
	here := arrived(r)
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	from := remote.Addr().Unmap()
	if err != nil || !here.IsValid() || !from.IsLoopback() && from != localOf(r) {
		return proctcp.Socket{}, errElsewhere // spares others' requests the look at the table
	}
	p.one.Lock()
	defer p.one.Unlock()
	s, ok := proctcp.Connected(remote, here)
	if !ok {
		return s, errElsewhere
	}
	return s, nil
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

// judge says why a peer may not see what runs, or nil. It is what backserv's socket
// does, where the kernel tells more: what cannot be proved is refused.
func (p peers) judge(who proctcp.Socket) error {
	if who.UID != 0 && who.UID != p.self {
		return fmt.Errorf("only root and urocket's own user may see this page, not uid %d", who.UID)
	}
	if who.UID == 0 && p.self != 0 {
		return nil // no script of ours is root, and whose socket it is only root can see
	}
	p.one.Lock()
	defer p.one.Unlock()
	holders := proctcp.Holders(who)
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
