package page

import (
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/urocket/urocket/internal/proctcp"
)

var uid = os.Getuid()

// connected are the two ends of a connection.
func connected(t *testing.T, network, address string) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if client, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return client, server
}

func endpoint(t *testing.T, a net.Addr) netip.AddrPort {
	t.Helper()
	p, err := netip.ParseAddrPort(a.String())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestJudgePeers(t *testing.T) {
	client, _ := connected(t, "tcp4", "127.0.0.1:0")
	who, ok := proctcp.Connected(endpoint(t, client.LocalAddr()), endpoint(t, client.RemoteAddr()))
	if !ok {
		t.Fatal("it is not in the table")
	}
	of := func(self int, owned bool) string {
		if err := newPeers(Options{Self: self, Owned: func(int) bool { return owned }}).judge(who); err != nil {
			return err.Error()
		}
		return ""
	}
	if why := of(uid, false); why != "" {
		t.Errorf("our own user: %s", why)
	}
	if why := of(uid, true); !strings.Contains(why, "serves a request") {
		t.Errorf("a process of a request: %q", why)
	}
	inode := who.Inode
	who.Inode = 1 << 60 // the next one may be our own other end
	if why := of(uid, false); !strings.Contains(why, "cannot be found") {
		t.Errorf("a process that cannot be found: %q", why)
	}
	who.Inode = inode
	if err := newPeers(Options{Self: uid}).judge(who); err == nil {
		t.Error("without Owned somebody is let in")
	}
	who.UID = uid + 1
	if why := of(uid, false); !strings.Contains(why, "not uid") {
		t.Errorf("another user: %q", why)
	}
}
