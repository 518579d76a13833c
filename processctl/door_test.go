package processctl

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Who comes to the door and is not expected is sent away after a while, also if nobody
// comes after him; who is expected later meets his call, once.
func TestWhoComesToTheDoorEarly(t *testing.T) {
	d, err := openDoor(filepath.Join(t.TempDir(), "door"))
	must(t, err)
	defer d.close()
	come := func() net.Conn {
		c, err := net.Dial("unix", d.l.Addr().String())
		must(t, err)
		must(t, c.SetReadDeadline(time.Now().Add(20*time.Second)))
		return c
	}
	waits := func() (n int) {
		d.mu.Lock()
		defer d.mu.Unlock()
		return len(d.early)
	}

	first := come()
	defer first.Close()
	for end := time.Now().Add(20 * time.Second); waits() == 0 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	told := d.expect(os.Getpid())
	select {
	case conn := <-told:
		_ = conn.Close()
	case <-time.After(20 * time.Second):
		t.Fatal("never met")
	}
	if _, err := first.Read(make([]byte, 1)); err != io.EOF || waits() != 0 {
		t.Errorf("%v, %d wait", err, waits())
	}

	d.mu.Lock()
	d.late = 50 * time.Millisecond
	d.mu.Unlock()
	second := come()
	defer second.Close()
	if _, err := second.Read(make([]byte, 1)); err != io.EOF || waits() != 0 {
		t.Errorf("not sent away: %v, %d wait", err, waits())
	}
}
