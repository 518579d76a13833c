package processctl

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/urocket/urocket/processctl/shim"
	"github.com/urocket/urocket/processctl/spool"
)

// Scratch names the files that live as long as a call. The names are random and
// are known before anything is made, because arguments can hold them.
type Scratch struct {
	Dir  string // a directory of mode 0700 for this call alone, or ""
	File string // a file of mode 0600, or ""
}

// What the names begin with; the rest is random, see [randomName].
const (
	scratchPrefix = "urocket-"
	payloadPrefix = "payload-" // behind scratchPrefix
)

// NewScratch picks names below base, urocket's own TMPDIR or /tmp. The file
// lies in the call's directory where there is one.
func NewScratch(base string, dir, file bool) Scratch {
	base = scratchBase(base)
	var s Scratch
	if dir {
		base = filepath.Join(base, scratchPrefix+randomName())
		s.Dir = base
	}
	if file {
		s.File = filepath.Join(base, scratchPrefix+payloadPrefix+randomName())
	}
	return s
}

func scratchBase(base string) string {
	if base == "" {
		return "/tmp"
	}
	return base
}

// randomName is 26 letters and digits that nobody can guess.
func randomName() string { return strings.ToLower(rand.Text()) }

// make creates what is named, as the property of owner, and a claim on it that is
// to be closed once it is removed; nil where nothing is named. On an error
// nothing is left.
func (s Scratch) make(body *spool.Body, owner *shim.User) (claimed *os.File, err error) {
	defer func() {
		if err != nil && claimed != nil {
			_ = s.remove(claimed)
			_ = claimed.Close()
			claimed = nil
		}
	}()
	if s.Dir != "" {
		if claimed, err = makeDir(s.Dir); err != nil {
			return claimed, err
		}
		if s.File != "" {
			f, err := makeFile(s.File)
			if err != nil {
				return claimed, err
			}
			defer f.Close() // the directory's claim stands for what is in it
			if err := errors.Join(fill(f, body), own(f, owner)); err != nil {
				return claimed, err
			}
		}
		return claimed, own(claimed, owner) // last: until then nobody else can put anything there
	}
	if s.File == "" {
		return nil, nil
	}
	for {
		if claimed, err = makeFile(s.File); err != nil {
			return nil, err
		}
		if err = claim(claimed); err == nil {
			return claimed, errors.Join(fill(claimed, body), own(claimed, owner))
		}
		_ = claimed.Close() // swept, and its name is free again
	}
}

// makeDir makes and claims a directory.
func makeDir(path string) (*os.File, error) {
	for {
		if err := os.Mkdir(path, 0o700); err != nil {
			return nil, fmt.Errorf("make temporary directory: %w", err)
		}
		f, err := openScratch(path)
		if err == nil {
			if err = claim(f); err == nil {
				return f, nil
			}
			_ = f.Close()
		}
		if !errors.Is(err, fs.ErrNotExist) {
			_ = os.Remove(path)
			return nil, fmt.Errorf("open temporary directory: %w", err)
		}
	}
}

// makeFile makes an empty file. What holds its claim is open for reading only: a
// program that somebody writes to cannot be executed (ETXTBSY).
func makeFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("make payload file: %w", err)
	}
	return f, nil
}

// fill writes body to the file that f has open.
func fill(f *os.File, body *spool.Body) error {
	if body == nil {
		return nil
	}
	w, err := os.OpenFile(fmt.Sprintf("/proc/self/fd/%d", f.Fd()), os.O_WRONLY, 0)
	if err == nil {
		_, err = io.Copy(w, body.NewReader())
		err = errors.Join(err, w.Close())
	}
	if err != nil {
		return fmt.Errorf("write payload file: %w", err)
	}
	return nil
}

// own makes an open file or directory the property of owner.
func own(f *os.File, owner *shim.User) error {
	if owner == nil {
		return nil
	}
	if err := f.Chown(owner.UID, owner.GID); err != nil {
		return fmt.Errorf("give a temporary file to its user: %w", err)
	}
	return nil
}

// remove deletes what make made, and all that the script put into its directory,
// which claim has open wherever it is now.
func (s Scratch) remove(claim *os.File) error {
	path := s.File
	var err error
	if s.Dir != "" {
		path, err = s.Dir, erase(claim)
	}
	if gone := os.Remove(path); !errors.Is(gone, fs.ErrNotExist) {
		err = errors.Join(err, gone)
	}
	return err
}
