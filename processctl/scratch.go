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

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/processctl/shim"
	"github.com/urocket/urocket/processctl/spool"
)

// Scratch names the files that live as long as a call. The names are random and
// are known before anything is made, because arguments can hold them.
type Scratch struct {
	Dir  string // a directory of mode 0700 for this call alone, or ""
	File string // a file of mode 0600, or ""
}

// NewScratch picks names below base, urocket's own TMPDIR or /tmp. The file
// lies in the call's directory where there is one.
func NewScratch(base string, dir, file bool) Scratch {
	if base == "" {
		base = "/tmp"
	}
	var s Scratch
	if dir {
		base = filepath.Join(base, "urocket-"+strings.ToLower(rand.Text()))
		s.Dir = base
	}
	if file {
		s.File = filepath.Join(base, "urocket-payload-"+strings.ToLower(rand.Text()))
	}
	return s
}

// make creates what is named, as the property of owner; on an error nothing is
// left.
func (s Scratch) make(body *spool.Body, owner *shim.User) (err error) {
	if s.Dir != "" {
		if err := os.Mkdir(s.Dir, 0o700); err != nil {
			return fmt.Errorf("make temporary directory: %w", err)
		}
		defer func() {
			if err == nil && owner != nil { // last: until then nobody else can put anything there
				err = os.Chown(s.Dir, owner.UID, owner.GID)
			}
			if err != nil {
				_ = s.remove()
			}
		}()
	}
	if s.File == "" {
		return nil
	}
	defer func() {
		if err != nil {
			_ = s.remove()
		}
	}()
	f, err := os.OpenFile(s.File, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("make payload file: %w", err)
	}
	if body != nil {
		_, err = io.Copy(f, body.NewReader())
	}
	if owner != nil {
		err = errors.Join(err, f.Chown(owner.UID, owner.GID))
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write payload file: %w", err)
	}
	return nil
}

// remove deletes what make made, and all that the script put into its directory.
func (s Scratch) remove() error {
	var errs []error
	if s.File != "" {
		if err := os.Remove(s.File); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	if s.Dir != "" && os.RemoveAll(s.Dir) != nil {
		// A directory without write permission keeps its files from anyone but root.
		openUp(s.Dir)
		if err := os.RemoveAll(s.Dir); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// openUp gives every directory below dir its permissions back. It works inside
// an [os.Root]: a link that the script left behind leads nowhere.
func openUp(dir string) {
	// By a descriptor: what stands under the name now may be a link.
	fd, err := unix.Open(dir, unix.O_PATH|unix.O_NOFOLLOW|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	self := fmt.Sprintf("/proc/self/fd/%d", fd)
	_ = os.Chmod(self, 0o700)
	root, err := os.OpenRoot(self)
	if err != nil {
		return
	}
	defer root.Close()
	openBelow(root)
}

func openBelow(root *os.Root) {
	f, err := root.Open(".")
	if err != nil {
		return
	}
	entries, _ := f.ReadDir(-1)
	_ = f.Close()
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		_ = root.Chmod(e.Name(), 0o700)
		if sub, err := root.OpenRoot(e.Name()); err == nil {
			openBelow(sub)
			_ = sub.Close()
		}
	}
}
