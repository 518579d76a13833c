package page

import (
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/urocket/urocket/internal/notrun"
)

var uid = os.Getuid()

// connected are the two ends of a connection.
func connected(t *testing.T, network, address string) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		notrun.Here(t, err.Error()) // no IPv6
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

func TestFindPeer(t *testing.T) {
	for _, c := range [][2]string{{"tcp4", "127.0.0.1:0"}, {"tcp6", "[::1]:0"}, {"tcp", "127.0.0.1:0"}} {
		client, server := connected(t, c[0], c[1])
		who, err := find(endpoint(t, server.RemoteAddr()), endpoint(t, server.LocalAddr()))
		if err != nil || who.uid != uid || who.inode == 0 {
			t.Fatalf("%v: %+v %v", c, who, err)
		}
		held := holding(who.inode)
		if len(held) != 1 || held[0] != os.Getpid() {
			t.Errorf("%v is held by %v", c, held)
		}
		// One that its process has closed shows uid 0 in the table, whoever it was.
		if err := client.Close(); err != nil {
			t.Fatal(err)
		}
		if who, err := find(endpoint(t, server.RemoteAddr()), endpoint(t, server.LocalAddr())); err == nil {
			t.Errorf("%v: a closed one is %+v", c, who)
		}
	}
}

func TestJudgePeers(t *testing.T) {
	client, _ := connected(t, "tcp4", "127.0.0.1:0")
	who, err := find(endpoint(t, client.LocalAddr()), endpoint(t, client.RemoteAddr()))
	if err != nil {
		t.Fatal(err)
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
	who.inode++
	if why := of(uid, false); !strings.Contains(why, "cannot be found") {
		t.Errorf("a process that cannot be found: %q", why)
	}
	who.inode--
	if err := newPeers(Options{Self: uid}).judge(who); err == nil {
		t.Error("without Owned somebody is let in")
	}
	who.uid = uid + 1
	if why := of(uid, false); !strings.Contains(why, "not uid") {
		t.Errorf("another user: %q", why)
	}
}
