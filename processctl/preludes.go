package processctl

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/processctl/warm"
)

// preludes is the directory in which what a warm PHP begins with is put for it. It is a
// scratch directory, so that it is swept after a crash, but everybody who knows its
// name may read it: PHP may run as another user.
type preludes struct {
	dir   string
	claim *os.File
	door  *door // in the same directory: where spares wait
}

// preludeDir returns the directory, and makes it for who asks first.
func (c *Controller) preludeDir() (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := &c.hearth.preludes
	if p.claim != nil {
		return p.dir, nil
	}
	s := NewScratch(passable(c.hearth.tmpDir), true, false)
	claim, err := s.make(nil, nil)
	if err != nil {
		return "", err
	}
	// What clears old files away, systemd-tmpfiles(8) for one, leaves a directory alone
	// that somebody holds this lock on, and the sweep does too.
	_ = flock(claim, unix.LOCK_SH)
	if err = warm.Preludes(s.Dir); err == nil {
		p.door, err = openDoor(filepath.Join(s.Dir, warm.Door))
	}
	if err == nil {
		err = claim.Chmod(0o711)
	}
	if err != nil {
		return "", errors.Join(fmt.Errorf("write what a warm PHP begins with: %w", err), s.remove(claim), claim.Close())
	}
	p.dir, p.claim = s.Dir, claim
	return p.dir, nil
}

// checkPreludes says that PHP would begin with something else than what was put there.
func (c *Controller) checkPreludes() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hearth.preludes.intact()
}

// doorOfSpares is where spares wait, as long as the preludes are what was put there.
func (c *Controller) doorOfSpares() (*door, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hearth.preludes.door, c.hearth.preludes.intact()
}

// intact holds the path against the directory that was made: whoever may remove it, a
// cleaner that runs as root, makes room for anybody's in a folder such as /tmp.
func (p *preludes) intact() error {
	if there, err := os.Lstat(p.dir); p.claim == nil || err != nil || !sameFile(p.claim, there) {
		return fmt.Errorf("%s was removed or replaced by somebody while urocket ran: restart urocket, and keep what cleans that folder away from it", p.dir)
	}
	return nil
}

// maxPreludeBase is how long the path may be below which the directory is made: a
// socket's path, which has a name of ours and its own in it, holds 107 bytes (unix(7)).
const maxPreludeBase = 107 - len("/urocket-/") - 26 - len(warm.Door)

// passable is dir if everybody who may run PHP for us may enter it and all above it,
// else /tmp. Without root's rights we run it as nobody else.
func passable(dir string) string {
	if len(dir) > maxPreludeBase {
		return ""
	}
	if os.Geteuid() != 0 {
		return dir
	}
	for at := scratchBase(dir); ; at = filepath.Dir(at) {
		if st, err := os.Stat(at); err != nil || st.Mode()&0o001 == 0 {
			return ""
		}
		if at == filepath.Dir(at) {
			return dir
		}
	}
}

func (c *Controller) removePreludes() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.hearth.preludes.claim == nil {
		return nil
	}
	if c.hearth.preludes.door != nil {
		c.hearth.preludes.door.close()
	}
	err := Scratch{Dir: c.hearth.preludes.dir}.remove(c.hearth.preludes.claim)
	_ = c.hearth.preludes.claim.Close()
	c.hearth.preludes = preludes{}
	return err
}
