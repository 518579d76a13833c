package spool

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// NewReader returns a reader of the whole content with an offset of its own. It
// is an [io.WriterTo]; for a large body that lets io.Copy hand the file to the
// kernel (sendfile) where the destination can take it. After Close it returns
// [os.ErrClosed].
func (b *Body) NewReader() io.Reader {
	if b.file != nil {
		return &fileReader{body: b}
	}
	mem, err := b.memory()
	if err != nil {
		return failedReader{err}
	}
	return bytes.NewReader(mem)
}

// Open returns a descriptor of the content at offset 0, fit for the stdin of a
// process: close-on-exec, its offset shared with nobody, and the caller's to
// close. A large body is opened again, for reading only; a small one is copied
// to a memfd, which the process may scribble on without harm to the body.
// Errors: *[StorageError]; [os.ErrClosed] after Close.
func (b *Body) Open() (*os.File, error) {
	if b.file != nil {
		return b.reopen()
	}
	mem, err := b.memory()
	if err != nil {
		return nil, err
	}
	f, err := memoryFile(mem)
	if err != nil {
		return nil, &StorageError{Err: err}
	}
	return f, nil
}

// reopen makes a new open file description of the unnamed file: dup would share
// the offset, and the right to write.
func (b *Body) reopen() (*os.File, error) {
	b.mu.Lock() // Close waits, so the number is not another file's by now
	defer b.mu.Unlock()
	if b.closed {
		return nil, errClosed
	}
	f, err := os.Open(fmt.Sprintf("/proc/self/fd/%d", b.file.Fd()))
	if err != nil {
		return nil, &StorageError{Err: err}
	}
	return f, nil
}

// memoryFile returns a memfd that holds b, at offset 0.
func memoryFile(b []byte) (*os.File, error) {
	const name = "urocket-body" // shown in /proc only; says nothing of the content
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_NOEXEC_SEAL)
	if errors.Is(err, unix.EINVAL) { // before Linux 6.3
		fd, err = unix.MemfdCreate(name, unix.MFD_CLOEXEC)
	}
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	f := os.NewFile(uintptr(fd), name)
	if _, err = f.WriteAt(b, 0); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// unnamedFile makes a file in the temporary directory that no name leads to.
func unnamedFile() (*os.File, error) {
	dir := os.TempDir()
	// O_EXCL: it cannot be given a name later either, open(2).
	f, err := os.OpenFile(dir, unix.O_TMPFILE|unix.O_EXCL|os.O_RDWR, 0o600)
	if err == nil {
		return f, nil
	}
	// What a file system without O_TMPFILE answers, open(2) under ERRORS.
	if !errors.Is(err, unix.EOPNOTSUPP) && !errors.Is(err, unix.EISDIR) && !errors.Is(err, unix.EINVAL) {
		return nil, err
	}
	return unlinkedFile(dir)
}

// unlinkedFile is unnamedFile for file systems that have no O_TMPFILE.
func unlinkedFile(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, "urocket-body-*") // 0600
	if err != nil {
		return nil, err
	}
	// Another urocket's start may have taken it for one that a dead one left.
	if err := os.Remove(f.Name()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// fileReader reads a large body from an offset of its own.
type fileReader struct {
	body *Body
	off  int64
}

func (r *fileReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n, err := r.body.file.ReadAt(p, r.off)
	r.off += int64(n)
	if n > 0 && err == io.EOF {
		err = nil // ReadAt tells EOF with the last bytes; the next Read does
	}
	if err != nil && err != io.EOF {
		err = fileError(err)
	}
	return n, err
}

// WriteTo copies what is left to w. It goes through a descriptor of its own,
// because sendfile wants a file whose offset it may move; where there is no
// descriptor left it copies through memory.
func (r *fileReader) WriteTo(w io.Writer) (int64, error) {
	f, err := r.body.Open()
	if err != nil {
		return io.Copy(w, struct{ io.Reader }{r})
	}
	defer f.Close() // opened for reading: nothing to lose
	if _, err := f.Seek(r.off, io.SeekStart); err != nil {
		return 0, fileError(err)
	}
	n, err := io.Copy(w, f)
	r.off += n
	return n, err
}

// failedReader is what a closed body reads as.
type failedReader struct{ err error }

func (r failedReader) Read([]byte) (int, error) { return 0, r.err }
