package processctl

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// SweepScratch removes the scratch files and directories in base that a dead
// urocket has left there, of any service. Those of a live one are not touched, nor
// is what another user may not remove. Call it before anything is served. The
// error says what could not be removed.
func SweepScratch(base string) error {
	d, err := os.Open(scratchBase(base))
	if err != nil {
		return fmt.Errorf("sweep scratch files: %w", err)
	}
	defer d.Close()
	var errs []error
	for {
		names, end := d.Readdirnames(1000)
		for _, name := range names {
			if isScratchName(name) {
				errs = append(errs, sweepOne(filepath.Join(d.Name(), name)))
			}
		}
		if end != nil {
			return errors.Join(errs...)
		}
	}
}

// isScratchName knows the names that [NewScratch] makes, and those that bodies
// have for a moment where files cannot be made without one (package spool).
func isScratchName(name string) bool {
	rest, ok := strings.CutPrefix(name, scratchPrefix)
	if !ok {
		return false
	}
	if number, ok := strings.CutPrefix(rest, "body-"); ok {
		return number != "" && strings.Trim(number, "0123456789") == ""
	}
	rest = strings.TrimPrefix(rest, payloadPrefix)
	return len(rest) == len(randomName()) && strings.Trim(rest, "abcdefghijklmnopqrstuvwxyz234567") == ""
}

func sweepOne(path string) error {
	f, err := openScratch(path)
	if err != nil {
		return nil // gone, a link, or not ours
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil || !st.IsDir() && !st.Mode().IsRegular() || !isAbandoned(f) {
		return nil
	}
	if there, err := os.Lstat(path); err != nil || !sameFile(f, there) {
		return nil
	}
	s := Scratch{File: path}
	if st.IsDir() {
		s = Scratch{Dir: path}
	}
	err = s.remove(f)
	// Its script may be dying only now, and write while it does.
	for wait := firstLook; errors.Is(err, unix.ENOTEMPTY) && wait < time.Second; wait *= 2 {
		<-time.After(wait)
		err = s.remove(f)
	}
	if err != nil && !errors.Is(err, fs.ErrPermission) && !errors.Is(err, unix.EPERM) {
		return fmt.Errorf("sweep scratch files: %w", err)
	}
	return nil
}
