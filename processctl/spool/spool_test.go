package spool

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// numbers are bytes that no shift of themselves equals.
var numbers = func() []byte {
	var out []byte
	for i := 0; len(out) < 2*MemoryLimit; i++ {
		out = fmt.Appendf(out, "%d,", i)
	}
	return out
}()

// pattern returns n bytes of content, which must not be changed.
func pattern(n int) []byte { return numbers[:n:n] }

// descriptors counts what this process has open.
func descriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

func mustRead(t *testing.T, r io.Reader, hint, max int64) *Body {
	t.Helper()
	b, err := Read(r, hint, max)
	if err != nil {
		t.Fatalf("Read: %v", err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func TestContentComesBackWhole(t *testing.T) {
	const max = 2 * MemoryLimit
	for _, size := range []int{0, 1, 20, firstBuffer, firstBuffer + 1, trustedHint, MemoryLimit - 1, MemoryLimit, MemoryLimit + 1, max} {
		for _, hint := range []int64{-1, 0, int64(size), max} {
			t.Run(fmt.Sprintf("%d bytes, hint %d", size, hint), func(t *testing.T) {
				want := pattern(size)
				b := mustRead(t, bytes.NewReader(want), hint, max)
				if b.Size() != int64(size) {
					t.Errorf("Size() = %d", b.Size())
				}
				checkContent(t, b, want)
			})
		}
	}
}

// checkContent compares what each way of reading gives.
func checkContent(t *testing.T, b *Body, want []byte) {
	t.Helper()
	all, err := b.Bytes()
	if err != nil || !bytes.Equal(all, want) {
		t.Errorf("Bytes: %d bytes, %v", len(all), err)
	}
	if got, err := io.ReadAll(b.NewReader()); err != nil || !bytes.Equal(got, want) {
		t.Errorf("NewReader: %d bytes, %v", len(got), err)
	}
	var out bytes.Buffer
	if _, err := io.Copy(&out, b.NewReader()); err != nil || !bytes.Equal(out.Bytes(), want) {
		t.Errorf("io.Copy: %d bytes, %v", out.Len(), err)
	}
	f, err := b.Open()
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	defer f.Close()
	if got, err := io.ReadAll(f); err != nil || !bytes.Equal(got, want) {
		t.Errorf("Open: %d bytes, %v", len(got), err)
	}
}

func TestMissingTemporaryDirectoryIsAStorageError(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir()+"/missing")
	_, err := Read(endless{}, -1, 4*MemoryLimit)
	var ours *StorageError
	if !errors.As(err, &ours) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Read = %v, want a StorageError", err)
	}
	mustRead(t, strings.NewReader("small"), 5, 100) // needs no directory
}

func TestFilesHaveNoName(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	open := map[string]func() (*os.File, error){
		"O_TMPFILE": unnamedFile,
		"unlinked":  func() (*os.File, error) { return unlinkedFile(dir) },
	}
	for name, create := range open {
		t.Run(name, func(t *testing.T) {
			want := pattern(2 * MemoryLimit)
			b, err := read(bytes.NewReader(want), -1, 4*MemoryLimit, create)
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			if names, err := os.ReadDir(dir); err != nil || len(names) > 0 {
				t.Errorf("left in the temporary directory: %v, %v", names, err)
			}
			checkContent(t, b, want)
		})
	}
}

func TestOpenIsForReadingAndItsOwn(t *testing.T) {
	b := mustRead(t, bytes.NewReader(pattern(2*MemoryLimit)), -1, 4*MemoryLimit)
	one, err := b.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	if _, err := io.ReadFull(one, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	if _, err := one.WriteAt([]byte("x"), 0); err == nil {
		t.Error("the descriptor of a large body can be written to")
	}
	flags, err := unix.FcntlInt(one.Fd(), unix.F_GETFD, 0)
	if err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("descriptor flags %#x, %v: not close-on-exec", flags, err)
	}
	checkContent(t, b, pattern(2*MemoryLimit)) // from offset 0 again
}

func TestProcessCannotChangeASmallBody(t *testing.T) {
	b := FromBytes([]byte("payload"))
	defer b.Close()
	f, err := b.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte("xxx"), 0); err != nil {
		t.Fatal(err)
	}
	checkContent(t, b, []byte("payload"))
}

func TestClose(t *testing.T) {
	for _, size := range []int{10, 2 * MemoryLimit} {
		before := descriptors(t)
		b := mustRead(t, bytes.NewReader(pattern(size)), -1, 4*MemoryLimit)
		for range 3 {
			if err := b.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		}
		if after := descriptors(t); after != before {
			t.Errorf("%d descriptors open, %d before", after, before)
		}
		if b.Size() != int64(size) {
			t.Errorf("Size() after Close = %d", b.Size())
		}
		_, bytesErr := b.Bytes()
		_, openErr := b.Open()
		_, readErr := b.NewReader().Read(make([]byte, 1))
		_, copyErr := io.Copy(io.Discard, b.NewReader())
		for what, err := range map[string]error{"Bytes": bytesErr, "Open": openErr, "Read": readErr, "Copy": copyErr} {
			if !errors.Is(err, os.ErrClosed) {
				t.Errorf("%d bytes: %s after Close: %v, want os.ErrClosed", size, what, err)
			}
		}
	}
}

func TestManyReadersAtOnce(t *testing.T) {
	for _, size := range []int{1000, 2 * MemoryLimit} {
		want := sha256.Sum256(pattern(size))
		b := mustRead(t, bytes.NewReader(pattern(size)), -1, 4*MemoryLimit)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				h := sha256.New()
				if _, err := io.Copy(h, b.NewReader()); err != nil || !bytes.Equal(h.Sum(nil), want[:]) {
					t.Errorf("%d bytes: another content, %v", size, err)
				}
			})
		}
		wg.Wait()
	}
}

// A reader that was begun by Read goes on in WriteTo where it stands, and
// reaches a TCP connection, the destination that sendfile is for.
func TestCopyGoesOnWhereReadStopped(t *testing.T) {
	want := pattern(2 * MemoryLimit)
	b := mustRead(t, bytes.NewReader(want), -1, 4*MemoryLimit)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var wg sync.WaitGroup
	wg.Go(func() {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		r := b.NewReader()
		head := make([]byte, 1000)
		if _, err := io.ReadFull(r, head); err != nil || !bytes.Equal(head, want[:1000]) {
			t.Errorf("head: %v", err)
		}
		if n, err := io.Copy(c, r); err != nil || n != int64(len(want)-1000) {
			t.Errorf("copied %d, %v", n, err)
		}
	})
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got, err := io.ReadAll(c); err != nil || !bytes.Equal(got, want[1000:]) {
		t.Errorf("%d bytes arrived, %v", len(got), err)
	}
	wg.Wait()
}
