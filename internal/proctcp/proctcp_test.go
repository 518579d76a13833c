package proctcp

import (
	"net"
	"net/netip"
	"os"
	"slices"
	"testing"

	"github.com/urocket/urocket/internal/notrun"
)

func endpoint(t *testing.T, a net.Addr) netip.AddrPort {
	t.Helper()
	p, err := netip.ParseAddrPort(a.String())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func listen(t *testing.T, network, address string) net.Listener {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		notrun.Here(t, err.Error()) // no IPv6
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func TestConnected(t *testing.T) {
	for _, c := range [][2]string{{"tcp4", "127.0.0.1:0"}, {"tcp6", "[::1]:0"}, {"tcp", "127.0.0.1:0"}} {
		l := listen(t, c[0], c[1])
		client, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		server, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		s, ok := Connected(endpoint(t, server.RemoteAddr()), endpoint(t, server.LocalAddr()))
		if !ok || s.UID != os.Getuid() || s.Inode == 0 {
			t.Fatalf("%v: %+v", c, s)
		}
		if held := Holders(s); !slices.Equal(held, []int{os.Getpid()}) {
			t.Errorf("%v is held by %v", c, held)
		}
		// One that its process has closed shows uid 0 in the table, whoever it was.
		if err := client.Close(); err != nil {
			t.Fatal(err)
		}
		if s, ok := Connected(endpoint(t, server.RemoteAddr()), endpoint(t, server.LocalAddr())); ok {
			t.Errorf("%v: a closed one is %+v", c, s)
		}
	}
}

func TestListening(t *testing.T) {
	for _, c := range []struct {
		network, address string
		found, not       []string // addresses, with the port of that
	}{
		{"tcp4", "127.0.0.1:0", []string{"127.0.0.1", "0.0.0.0", "::"}, []string{"127.0.0.2", "::1"}},
		{"tcp4", "0.0.0.0:0", []string{"127.0.0.1", "127.0.0.2", "0.0.0.0"}, []string{"::1"}},
		{"tcp6", "[::1]:0", []string{"::1", "::"}, []string{"127.0.0.1"}},
		{"tcp", ":0", []string{"127.0.0.1", "::1", "::"}, nil},
	} {
		l := listen(t, c.network, c.address)
		port := endpoint(t, l.Addr()).Port()
		for i, host := range slices.Concat(c.found, c.not) {
			ip, _ := netip.ParseAddr(host)
			all := Listening(netip.AddrPortFrom(ip, port))
			if i < len(c.found) != (len(all) == 1 && slices.Equal(Holders(all[0]), []int{os.Getpid()})) {
				t.Errorf("%s: %q: %+v", c.address, host, all)
			}
		}
		_ = l.Close()
		if all := Listening(netip.AddrPortFrom(netip.IPv6Unspecified(), port)); len(all) != 0 {
			t.Errorf("%s: closed, and %+v", c.address, all)
		}
	}
}
