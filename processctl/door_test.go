package processctl

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// At the door the word of an invitation counts, once, and nothing else does: not the
// number of a process, which another may have had; and nobody who does not say it takes
// a descriptor for long, or the place of who does.
func TestInvitations(t *testing.T) {
	d, err := openDoor(filepath.Join(t.TempDir(), "door"))
	must(t, err)
	defer d.close()
	come := func(word string) net.Conn {
		c, err := net.Dial("unix", d.l.Addr().String())
		must(t, err)
		t.Cleanup(func() { _ = c.Close() })
		must(t, c.SetDeadline(time.Now().Add(20*time.Second)))
		_, _ = c.Write([]byte(word)) // may be sent away already
		return c
	}
	sentAway := func(what string, c net.Conn) {
		t.Helper()
		if _, err := c.Read(make([]byte, 1)); err == nil || os.IsTimeout(err) {
			t.Errorf("%s: %v", what, err)
		}
	}
	meets := func(i *invitation) *guest {
		t.Helper()
		select {
		case g := <-i.came:
			return g
		case <-time.After(20 * time.Second):
			t.Fatal("never met")
			return nil
		}
	}

	sentAway("nobody is invited", come(strings.Repeat("0", wordSize)))
	foreign := d.invite(os.Geteuid() + 1)
	sentAway("a user who is not invited", come(foreign.word))
	d.forget(foreign)

	i := d.invite(os.Geteuid())
	sentAway("a wrong word", come(strings.Repeat("0", wordSize)))
	other := d.invite(os.Geteuid() + 1)
	sentAway("another user's word", come(other.word))
	first := come(i.word)
	g := meets(i)
	defer g.conn.Close()
	if _, err := fmt.Fprint(g.conn, "x"); err != nil || g.pid != os.Getpid() {
		t.Errorf("process %d, %v", g.pid, err)
	}
	if _, err := io.ReadFull(first, make([]byte, 1)); err != nil {
		t.Error(err)
	}
	again := d.invite(os.Geteuid())
	sentAway("a word for the second time", come(i.word))

	var silent []net.Conn
	for range 2 * mostUnknown {
		silent = append(silent, come(""))
	}
	sentAway("one too many", silent[len(silent)-1])
	must(t, silent[0].Close())
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		come(again.word)
		select {
		case g := <-again.came:
			_ = g.conn.Close()
			return
		default:
			if time.Now().After(end) {
				t.Fatal("who is invited does not come in")
			}
		}
	}
}
