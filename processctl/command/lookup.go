package command

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// defaultPath is searched where neither the configuration nor the environment
// says anything else.
const defaultPath = "/usr/local/bin:/usr/bin:/bin"

// Lookup finds the program as it is now: by the process's PATH, or relative to
// the working directory if its name has a slash. The error wraps
// fs.ErrNotExist, fs.ErrPermission (it is not executable) or syscall.EISDIR. It
// names the path: it is for the log, not for a caller.
func (c *Command) Lookup() (string, error) {
	name, _ := c.words[0].literal()
	return lookup(name, c.dir, c.path())
}

// path is the PATH of the process.
func (c *Command) path() string {
	for _, v := range c.env {
		if v.name == "PATH" {
			_, path, _ := strings.Cut(v.value.fill(nil), "=")
			return path
		}
	}
	if c.searchPath != "" {
		return c.searchPath
	}
	return defaultPath
}

// lookup goes on after a file that cannot be run, as execvp does, and reports
// it only if nothing better comes.
func lookup(name, dir, path string) (string, error) {
	if strings.Contains(name, "/") {
		file := name
		if !filepath.IsAbs(file) {
			file = filepath.Join(dir, file)
		}
		if err := executable(file); err != nil {
			return "", fmt.Errorf("find program %s: %w", file, err)
		}
		return file, nil
	}
	found := error(syscall.ENOENT)
	for _, folder := range filepath.SplitList(path) {
		if !filepath.IsAbs(folder) {
			folder = filepath.Join(dir, folder) // an empty entry is the working directory
		}
		file := filepath.Join(folder, name)
		err := executable(file)
		if err == nil {
			return file, nil
		}
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
			found = fmt.Errorf("%s: %w", file, err)
		}
	}
	return "", fmt.Errorf("find program %q in PATH %s: %w", name, path, found)
}

// executable tells whether this process may run a file. The bits are looked at
// too, for root may "access" more than execve takes.
func executable(file string) error {
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return syscall.ENOENT // the words that execve would use
	case err != nil:
		return errors.Unwrap(err)
	case info.IsDir():
		return syscall.EISDIR
	case info.Mode()&0o111 == 0:
		return syscall.EACCES
	}
	return unix.Faccessat(unix.AT_FDCWD, file, unix.X_OK, unix.AT_EACCESS)
}
