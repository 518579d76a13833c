// Package spool holds bytes that have to arrive whole before anything is done
// with them: a request's body, a script's reply, an answer that is validated
// before it leaves.
//
// # What it promises
//
// A [Body] is complete and never changes: [Read] returns one only after the
// source has said EOF. Up to [MemoryLimit] bytes stay in memory, in a buffer of
// about their own size; what is larger goes to a file in [os.TempDir] that has
// no name, so that nothing is left behind whatever happens to urocket. How much
// is accepted is the caller's choice; one byte more is [ErrTooLarge].
//
// Who is to blame for a failed Read can be told: a [*StorageError] is ours (disk
// full, no descriptor left), ErrTooLarge and everything else is the sender's. A
// failed Read has released all it took.
//
// A Body may be read by any number of goroutines at once, each through its own
// [Body.NewReader] or [Body.Open], until [Body.Close].
//
// # What it does not promise
//
// Nothing is synced: a spooled body does not survive the process. There is no
// limit over all bodies together; whoever calls Read bounds how many there are.
package spool

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// MemoryLimit is how many bytes of one body are kept in memory; a larger one
// goes to an unlinked file.
const MemoryLimit = 256 << 10

// ErrTooLarge is the error of a body that is longer than its limit.
var ErrTooLarge = errors.New("body is larger than allowed")

// StorageError says that urocket could not keep or return the bytes: the disk
// is full, there is no descriptor left, the temporary directory is not usable.
// The sender of the body did nothing wrong.
type StorageError struct{ Err error }

func (e *StorageError) Error() string { return "store body: " + e.Err.Error() }

// Unwrap returns the cause, an error of the operating system.
func (e *StorageError) Unwrap() error { return e.Err }

// Body is a sequence of bytes that has arrived whole. It must be closed, else
// the file of a large one stays until the garbage collector finds it.
type Body struct {
	size int64
	file *os.File // nil: the bytes are in mem

	mu     sync.Mutex
	mem    []byte // nil once closed
	closed bool
}

// FromBytes makes a body of b, whatever its length, without a copy: b must not
// be changed afterwards.
func FromBytes(b []byte) *Body {
	return &Body{size: int64(len(b)), mem: b}
}

// Size is the number of bytes; it stays known after Close.
func (b *Body) Size() int64 { return b.size }

// Bytes returns the whole content. That of a small body is shared and must not
// be changed; that of a large one is read from its file into fresh memory at
// each call. Errors: *StorageError; [os.ErrClosed] after Close.
func (b *Body) Bytes() ([]byte, error) {
	if b.file == nil {
		return b.memory()
	}
	out := make([]byte, b.size)
	if _, err := b.file.ReadAt(out, 0); err != nil && err != io.EOF {
		return nil, fileError(err)
	}
	return out, nil
}

// Close releases the memory or the file. Readers of a small body that were made
// before go on; those of a large one get [os.ErrClosed]. What Open returned
// belongs to its caller and is not touched. Further calls do nothing.
func (b *Body) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil
	}
	b.closed, b.mem = true, nil
	if b.file == nil {
		return nil
	}
	if err := b.file.Close(); err != nil {
		return &StorageError{Err: err}
	}
	return nil
}

// memory returns the bytes of a body that is kept in memory.
func (b *Body) memory() ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, errClosed
	}
	return b.mem, nil
}

var errClosed = fmt.Errorf("read body: %w", os.ErrClosed)

// fileError keeps the misuse of a closed body apart from a disk that fails.
func fileError(err error) error {
	if errors.Is(err, os.ErrClosed) {
		return errClosed
	}
	return &StorageError{Err: err}
}
