package processctl

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/urocket/urocket/processctl/warm"
)

// preludes is the directory in which what a warm PHP begins with is put for it. It is a
// scratch directory, so that it is swept after a crash, but everybody who knows its
// name may read it: PHP may run as another user.
type preludes struct {
	dir   string
	claim *os.File
}

// prelude returns the path of a driver's prelude, and writes it if it is the first
// that is asked for.
func (c *Controller) prelude(kind warm.Driver) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := &c.preludes
	if p.claim == nil {
		s := NewScratch(c.tmpDir, true, false)
		claim, err := s.make(nil, nil)
		if err != nil {
			return "", err
		}
		p.dir, p.claim = s.Dir, claim
		if err := claim.Chmod(0o711); err != nil {
			return "", fmt.Errorf("open %s to PHP: %w", s.Dir, err)
		}
	}
	path := filepath.Join(p.dir, string(kind)+".php")
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	text := warm.Prelude(kind)
	if err := os.WriteFile(path, text, 0o644); err != nil {
		return "", fmt.Errorf("write what a warm PHP begins with: %w", err)
	}
	return path, os.Chmod(path, 0o644) // whatever our umask is
}

func (c *Controller) removePreludes() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.preludes.claim == nil {
		return nil
	}
	err := Scratch{Dir: c.preludes.dir}.remove(c.preludes.claim)
	_ = c.preludes.claim.Close()
	c.preludes = preludes{}
	return err
}
