package spool

import (
	"fmt"
	"io"
	"os"
	"sync"
)

const (
	// firstBuffer is what a body whose length nobody has announced starts with,
	// in bytes: most replies are smaller.
	firstBuffer = 512
	// trustedHint is how much is allocated on the word of a length that was
	// only announced, in bytes. More comes as the bytes come: a thousand senders
	// that announce 256 KiB and stay silent hold 8 MB, not 256.
	trustedHint = 8 << 10
	// copyBuffer is the size of one read on the way to a file, in bytes.
	copyBuffer = 32 << 10
	// emptyReads is how many reads without a byte or an error in a row are
	// taken before the source counts as broken, as bufio does.
	emptyReads = 100
)

// Read takes r to its end and returns what came. hint is the length that the
// sender has announced (a Content-Length), or -1 where there is none; it only
// saves work and is not held against the sender. max is the largest length
// accepted, in bytes.
//
// Errors: [ErrTooLarge] for more than max bytes, at once if hint says so;
// *[StorageError] when urocket could not keep them; else the error of r,
// wrapped.
func Read(r io.Reader, hint, max int64) (*Body, error) {
	return read(r, hint, max, unnamedFile)
}

// read is Read with the making of a file as a parameter, so that a test can
// hand it a disk that is full.
func read(r io.Reader, hint, max int64, create func() (*os.File, error)) (*Body, error) {
	if hint > max {
		return nil, ErrTooLarge
	}
	if hint > MemoryLimit {
		return toFile(nil, r, max, create)
	}
	// One byte beyond the limit is asked for: it tells "too large" from "full".
	mem, err := toMemory(r, hint, min(max, MemoryLimit)+1)
	switch {
	case err != nil:
		return nil, err
	case int64(len(mem)) > max:
		return nil, ErrTooLarge
	case len(mem) > MemoryLimit:
		return toFile(mem, r, max, create)
	}
	return FromBytes(fitted(mem)), nil
}

// toMemory reads until EOF, or until stop bytes are there.
func toMemory(r io.Reader, hint, stop int64) ([]byte, error) {
	// hint+1 leaves room for the read that finds EOF, so that an honest hint
	// ends in a buffer that never had to grow.
	buf := make([]byte, 0, min(firstSize(hint), stop))
	for empty := 0; int64(len(buf)) < stop; {
		if len(buf) == cap(buf) {
			buf = grown(buf, hint, stop)
		}
		n, err := r.Read(buf[len(buf):min(int64(cap(buf)), stop)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, sourceError(err)
		}
		if empty++; n > 0 {
			empty = 0
		}
		if empty > emptyReads {
			return nil, sourceError(io.ErrNoProgress)
		}
	}
	return buf, nil
}

func firstSize(hint int64) int64 {
	if hint < 0 {
		return firstBuffer
	}
	return min(hint+1, trustedHint)
}

// grown doubles the room of buf, but not beyond what hint has announced, nor
// beyond stop.
func grown(buf []byte, hint, stop int64) []byte {
	size := max(2*int64(cap(buf)), firstBuffer)
	if int64(cap(buf)) <= hint {
		size = min(size, hint+1)
	}
	out := make([]byte, len(buf), min(size, stop))
	copy(out, buf)
	return out
}

// fitted gives back the room that doubling has left over, where it is worth a
// copy: a body may wait for minutes.
func fitted(buf []byte) []byte {
	if spare := cap(buf) - len(buf); spare <= 64 || spare <= len(buf)/8 {
		return buf
	}
	out := make([]byte, len(buf))
	copy(out, buf)
	return out
}

// toFile writes head and the rest of r to a file of its own.
func toFile(head []byte, r io.Reader, max int64, create func() (*os.File, error)) (*Body, error) {
	f, err := create()
	if err != nil {
		return nil, &StorageError{Err: err}
	}
	kept := false
	defer func() { // also while a reader's panic passes through
		if !kept {
			_ = f.Close() // the bytes are given up anyway
		}
	}()
	if _, err := f.Write(head); err != nil {
		return nil, &StorageError{Err: err}
	}
	size, err := copyRest(f, r, int64(len(head)), max)
	if err != nil {
		return nil, err
	}
	kept = true
	return &Body{size: size, file: f}, nil
}

// buffers are shared by all bodies on their way to a file.
var buffers = sync.Pool{New: func() any { return new([copyBuffer]byte) }}

// copyRest copies r to f until EOF and returns size plus what came. io.Copy
// would do, but cannot say which side failed.
func copyRest(f *os.File, r io.Reader, size, max int64) (int64, error) {
	buf := buffers.Get().(*[copyBuffer]byte)
	defer buffers.Put(buf)
	for empty := 0; empty <= emptyReads; empty++ {
		n, err := r.Read(buf[:])
		if size += int64(n); size > max {
			return 0, ErrTooLarge
		}
		if n > 0 {
			empty = 0
			if _, werr := f.Write(buf[:n]); werr != nil {
				return 0, &StorageError{Err: werr}
			}
		}
		if err == io.EOF {
			return size, nil
		}
		if err != nil {
			return 0, sourceError(err)
		}
	}
	return 0, sourceError(io.ErrNoProgress)
}

func sourceError(err error) error { return fmt.Errorf("read body: %w", err) }
