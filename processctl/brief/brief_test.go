package brief

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestPipe(t *testing.T) {
	r, w, err := Pipe(unix.O_CLOEXEC)
	check(t, err)
	check(t, SetFlags(r, unix.O_NONBLOCK))
	buf := make([]byte, 10)
	if _, err := Read(r, buf); err != unix.EAGAIN {
		t.Errorf("an empty pipe: %v", err)
	}
	if n, err := Write(w, []byte("four")); n != 4 || err != nil {
		t.Errorf("wrote %d, %v", n, err)
	}
	other, err := unix.FcntlInt(uintptr(w), unix.F_DUPFD_CLOEXEC, 100)
	check(t, err)
	check(t, Close(w))
	if n, err := Read(r, buf); string(buf[:n]) != "four" || err != nil {
		t.Errorf("read %q, %v", buf[:n], err)
	}
	check(t, Dup(r, other, unix.O_CLOEXEC)) // which closes the last writing end
	if n, err := Read(other, buf); n != 0 || err != nil {
		t.Errorf("at the end: %d, %v", n, err)
	}
	check(t, Close(other))
	check(t, Close(r))
	if err := Close(r); err != unix.EBADF {
		t.Errorf("closed twice: %v", err)
	}
	if _, err := Write(r, nil); err != unix.EBADF {
		t.Errorf("written when closed: %v", err)
	}
}

func TestDirectories(t *testing.T) {
	base, err := os.Open(t.TempDir())
	check(t, err)
	defer base.Close()
	dir := int(base.Fd())
	check(t, MakeDir(dir, "a", 0o700))
	if err := MakeDir(dir, "a", 0o700); err != unix.EEXIST {
		t.Errorf("made twice: %v", err)
	}
	fd, err := Open(dir, "a", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC)
	check(t, err)
	check(t, os.WriteFile(filepath.Join(base.Name(), "a", "f"), []byte("text"), 0o600))
	f, err := Open(fd, "f", unix.O_RDONLY|unix.O_CLOEXEC)
	check(t, err)
	buf := make([]byte, 10)
	if n, err := Read(f, buf); string(buf[:n]) != "text" || err != nil {
		t.Errorf("read %q, %v", buf[:n], err)
	}
	if err := RemoveDir(dir, "a"); err != unix.ENOTEMPTY {
		t.Errorf("removed with a file in it: %v", err)
	}
	check(t, os.Remove(filepath.Join(base.Name(), "a", "f")))
	check(t, RemoveDir(dir, "a"))
	if _, err := Open(dir, "a", unix.O_RDONLY); err != unix.ENOENT {
		t.Errorf("opened when it is gone: %v", err)
	}
	for _, err := range []error{MakeDir(dir, "a\x00b", 0), RemoveDir(dir, "a\x00b"), Close(f), Close(fd)} {
		if err != nil && err != unix.EINVAL {
			t.Error(err)
		}
	}
	if _, err := Open(dir, "a\x00b", 0); err != unix.EINVAL {
		t.Errorf("a name with a NUL: %v", err)
	}
}

func TestReap(t *testing.T) {
	var status syscall.WaitStatus
	var usage syscall.Rusage
	if pid, err := Reap(&status, &usage); err != unix.ECHILD {
		t.Errorf("without a child: %d, %v", pid, err)
	}
	cmd := exec.Command("sh", "-c", "read x; exit 7")
	in, err := cmd.StdinPipe()
	check(t, err)
	check(t, cmd.Start())
	if pid, err := Reap(&status, &usage); pid != 0 || err != nil {
		t.Errorf("while it lives: %d, %v", pid, err)
	}
	check(t, in.Close())
	var pid int
	for end := time.Now().Add(20 * time.Second); pid == 0 && time.Now().Before(end); time.Sleep(time.Millisecond) {
		pid, err = Reap(&status, &usage)
		check(t, err)
	}
	if pid != cmd.Process.Pid || status.ExitStatus() != 7 || usage.Maxrss == 0 {
		t.Errorf("pid %d of %d, exit %d, %d KiB", pid, cmd.Process.Pid, status.ExitStatus(), usage.Maxrss)
	}
}

// More than a socket holds is sent whole to a reader who is slow, and not to one who
// has gone or never reads.
func TestSend(t *testing.T) {
	here, there := pair(t)
	raw, err := here.SyscallConn()
	check(t, err)
	text := bytes.Repeat([]byte("0123456789"), 200_000)
	got := make(chan []byte, 1)
	go func() {
		time.Sleep(20 * time.Millisecond)
		b, _ := io.ReadAll(there)
		got <- b
	}()
	if n, err := Send(raw, text); n != len(text) || err != nil {
		t.Errorf("sent %d, %v", n, err)
	}
	check(t, here.Close())
	if b := <-got; !bytes.Equal(b, text) {
		t.Errorf("%d bytes have come, %d were sent", len(b), len(text))
	}
	if _, err := Send(raw, text); !errors.Is(err, net.ErrClosed) {
		t.Errorf("closed here: %v", err)
	}

	here, there = pair(t)
	raw, err = here.SyscallConn()
	check(t, err)
	check(t, here.SetWriteDeadline(time.Now().Add(20*time.Millisecond)))
	if n, err := Send(raw, text); n == 0 || n == len(text) || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("to one who does not read: %d, %v", n, err)
	}
	check(t, here.SetWriteDeadline(time.Time{}))
	check(t, there.Close())
	if _, err := Send(raw, text); err != unix.EPIPE && err != unix.ECONNRESET {
		t.Errorf("to one who has gone: %v", err)
	}
}

func TestSendMessage(t *testing.T) {
	here, there := pair(t)
	null, err := os.Open(os.DevNull)
	check(t, err)
	defer null.Close()
	raw, err := here.SyscallConn()
	check(t, err)
	check(t, raw.Control(func(fd uintptr) {
		if n, err := SendMessage(int(fd), []byte("text"), unix.UnixRights(int(null.Fd()))); n != 4 || err != nil {
			t.Errorf("sent %d, %v", n, err)
		}
		if n, err := SendMessage(int(fd), []byte("more"), nil); n != 4 || err != nil {
			t.Errorf("sent %d, %v", n, err)
		}
	}))
	b, oob := make([]byte, 10), make([]byte, 100)
	n, oobn, _, _, err := there.ReadMsgUnix(b, oob)
	check(t, err)
	messages, err := unix.ParseSocketControlMessage(oob[:oobn])
	check(t, err)
	if string(b[:n]) != "text" || len(messages) != 1 {
		t.Fatalf("%q has come, with %d messages", b[:n], len(messages))
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	check(t, err)
	for _, fd := range fds {
		check(t, Close(fd))
	}
	if n, err = there.Read(b); string(b[:n]) != "more" || err != nil || len(fds) != 1 {
		t.Errorf("%q, %v; %d descriptors", b[:n], err, len(fds))
	}
}

func pair(t *testing.T) (a, b *net.UnixConn) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	check(t, err)
	var conns []*net.UnixConn
	for _, fd := range fds {
		f := os.NewFile(uintptr(fd), "pair")
		c, err := net.FileConn(f)
		check(t, err)
		check(t, f.Close())
		t.Cleanup(func() { _ = c.Close() })
		conns = append(conns, c.(*net.UnixConn))
	}
	return conns[0], conns[1]
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
