package spool

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// Announced as large, these 3,000 bytes lie in a file.
func TestReaderKeepsTheContractOfReaders(t *testing.T) {
	for _, hint := range []int64{-1, 2 * MemoryLimit} {
		b := mustRead(t, bytes.NewReader(pattern(3000)), hint, 4*MemoryLimit)
		if err := iotest.TestReader(b.NewReader(), pattern(3000)); err != nil {
			t.Errorf("hint %d: %v", hint, err)
		}
	}
}

func TestAnyWayOfArriving(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(0, MemoryLimit+5000).Draw(t, "size")
		max := rapid.Int64Range(0, MemoryLimit+5000).Draw(t, "max")
		hint := rapid.Int64Range(-1, max).Draw(t, "hint")
		var r io.Reader = bytes.NewReader(pattern(size))
		switch rapid.IntRange(0, 2).Draw(t, "reader") {
		case 1:
			r = iotest.HalfReader(r)
		case 2:
			r = iotest.DataErrReader(r)
		}
		b, err := Read(r, hint, max)
		if int64(size) > max {
			if !errors.Is(err, ErrTooLarge) || b != nil {
				t.Fatalf("%d bytes, max %d: %v", size, max, err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		if got, err := b.Bytes(); err != nil || !bytes.Equal(got, pattern(size)) {
			t.Fatalf("%d bytes came back, %v", len(got), err)
		}
	})
}

func TestTooLargeIsToldWithoutReading(t *testing.T) {
	r := strings.NewReader("abc")
	if _, err := Read(r, 11, 10); !errors.Is(err, ErrTooLarge) {
		t.Errorf("Read = %v, want ErrTooLarge", err)
	}
	if r.Len() != 3 {
		t.Errorf("%d bytes were read", 3-r.Len())
	}
}

func TestEndlessSourceIsCutOff(t *testing.T) {
	before := descriptors(t)
	for _, max := range []int64{0, 10, MemoryLimit, MemoryLimit + 1, 3 * MemoryLimit} {
		src := &counted{r: endless{}}
		if _, err := Read(src, -1, max); !errors.Is(err, ErrTooLarge) {
			t.Errorf("max %d: %v, want ErrTooLarge", max, err)
		}
		if src.n > max+copyBuffer {
			t.Errorf("max %d: took %d bytes", max, src.n)
		}
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors open, %d before", after, before)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

type counted struct {
	r io.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

func TestSendersErrorIsNotOurs(t *testing.T) {
	before := descriptors(t)
	broken := errors.New("connection reset")
	for _, sent := range []int{0, 100, MemoryLimit + 100} {
		for _, hint := range []int64{-1, 2 * MemoryLimit} {
			r := io.MultiReader(bytes.NewReader(pattern(sent)), iotest.ErrReader(broken))
			b, err := Read(r, hint, 4*MemoryLimit)
			var ours *StorageError
			if b != nil || !errors.Is(err, broken) || errors.As(err, &ours) {
				t.Errorf("after %d bytes, hint %d: %v, %v", sent, hint, b, err)
			}
		}
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors open, %d before", after, before)
	}
}

func TestSilentReaderIsNotWaitedForForever(t *testing.T) {
	for _, sent := range []int{0, MemoryLimit + 10} {
		r := io.MultiReader(bytes.NewReader(pattern(sent)), silent{})
		if _, err := Read(r, -1, 2*MemoryLimit); !errors.Is(err, io.ErrNoProgress) {
			t.Errorf("after %d bytes: %v, want io.ErrNoProgress", sent, err)
		}
	}
}

type silent struct{}

func (silent) Read([]byte) (int, error) { return 0, nil }

func TestFullDiskIsAStorageError(t *testing.T) {
	before := descriptors(t)
	full := func() (*os.File, error) { return os.OpenFile("/dev/full", os.O_RDWR, 0) }
	for _, hint := range []int64{-1, 2 * MemoryLimit} {
		b, err := read(bytes.NewReader(pattern(2*MemoryLimit)), hint, 4*MemoryLimit, full)
		var ours *StorageError
		if b != nil || !errors.As(err, &ours) || !errors.Is(err, unix.ENOSPC) {
			t.Errorf("hint %d: %v, %v", hint, b, err)
		}
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors open, %d before", after, before)
	}
}

// What a body holds while it waits is about its own size, however it came.
func TestSmallBodiesHoldLittle(t *testing.T) {
	for _, hint := range []int64{-1, 20, MemoryLimit} {
		b := mustRead(t, iotest.OneByteReader(bytes.NewReader(pattern(20))), hint, MemoryLimit)
		mem, err := b.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		if cap(mem) > 128 {
			t.Errorf("hint %d: 20 bytes hold %d", hint, cap(mem))
		}
	}
	buf, err := toMemory(bytes.NewReader(pattern(100_000)), 100_000, MemoryLimit+1)
	if err != nil {
		t.Fatal(err)
	}
	if cap(buf) != 100_001 {
		t.Errorf("an honest hint of 100000 ends in a buffer of %d", cap(buf))
	}
}

func BenchmarkReadSmall(b *testing.B) {
	body := pattern(20)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Read(bytes.NewReader(body), int64(len(body)), MemoryLimit); err != nil {
			b.Fatal(err)
		}
	}
}
