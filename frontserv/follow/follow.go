// Package follow keeps a value that was read from files up to date with them: keys,
// passwords and certificates are renewed by whoever renews them, and urocket is not
// told.
//
// # What it promises
//
//   - [New] reads the files once; what is wrong then is an error, and nothing is served
//     with half of it.
//   - [Value.Get] looks whether a file has changed, once a second at most, and reads
//     them all again if one has. It is for whoever needs the value: nothing runs in
//     between, and there is nothing to stop.
//   - Files may be edited in place, replaced by a rename, or lie behind a symbolic link
//     that now leads elsewhere (a volume of Kubernetes).
//   - What cannot be read or understood changes nothing: the last good value holds, and
//     the owner is told, once for each change.
//
// # What it does not promise
//
// Files that belong together (a certificate and its key) are not changed together: what
// is read in between has to be refused by the owner's own check, and is read again when
// the second file has come.
package follow

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// interval is how often files are looked at, at most.
	interval = time.Second
	// maxSize is far above any file of keys, in bytes.
	maxSize = 16 << 20
)

// Value is a value made of files. It may be used by any number of goroutines.
type Value[T any] struct {
	files []string
	parse func(texts [][]byte) (T, error)
	tell  func(error)

	current atomic.Pointer[T]
	next    atomic.Int64 // when to look again, in nanoseconds since 1970

	mu   sync.Mutex // one looks at a time
	seen string     // the files' state when they were read last
}

// New reads the files and makes a value of their texts, in the same order. When they
// have changed later, tell is given nil after the new value was taken over, or why the
// old one holds on. The errors of parse are to hold no text of a file.
func New[T any](parse func(texts [][]byte) (T, error), tell func(error), files ...string) (*Value[T], error) {
	v := &Value[T]{files: files, parse: parse, tell: tell}
	v.seen = v.state()
	if err := v.read(); err != nil {
		return nil, err
	}
	v.next.Store(time.Now().Add(interval).UnixNano())
	return v, nil
}

// Get is the value as the files have it. Who comes while another one looks gets the one
// that held until then.
func (v *Value[T]) Get() T {
	if now := time.Now(); now.UnixNano() >= v.next.Load() && v.mu.TryLock() {
		v.look()
		v.next.Store(now.Add(interval).UnixNano())
		v.mu.Unlock()
	}
	return *v.current.Load()
}

func (v *Value[T]) look() {
	state := v.state() // before they are read: a change meanwhile is seen the next time
	if state == v.seen {
		return
	}
	v.seen = state
	v.tell(v.read())
}

func (v *Value[T]) read() error {
	texts := make([][]byte, len(v.files))
	for i, file := range v.files {
		var err error
		if texts[i], err = readFile(file); err != nil {
			return err
		}
	}
	value, err := v.parse(texts)
	if err != nil {
		return err
	}
	v.current.Store(&value)
	return nil
}

// state tells one state of the files from another.
func (v *Value[T]) state() string {
	var b strings.Builder
	for _, file := range v.files {
		info, err := os.Stat(file)
		if err != nil {
			fmt.Fprintf(&b, "%v\n", err)
			continue
		}
		if st, ok := info.Sys().(*syscall.Stat_t); ok {
			fmt.Fprintln(&b, st.Dev, st.Ino, st.Size, st.Mtim, st.Ctim)
		}
	}
	return b.String()
}

// readFile wants a regular file: to open a pipe waits for its writer.
func readFile(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "read", Path: file, Err: fmt.Errorf("is no regular file")}
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err == nil && len(text) > maxSize {
		err = &fs.PathError{Op: "read", Path: file, Err: fmt.Errorf("is larger than %d MiB", maxSize>>20)}
	}
	return text, err
}
