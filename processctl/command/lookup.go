package command

import (
	"errors"
	"fmt"
	"io/fs"
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

// Program is Lookup for whoever is about to start it: a file whose name has a slash is
// not looked at, for the kernel will say what is wrong with it ([CheckExecutable]).
func (c *Command) Program() (string, error) {
	name, _ := c.words[0].literal()
	if strings.Contains(name, "/") {
		return located(name, c.dir), nil
	}
	return lookup(name, c.dir, c.path())
}

// CheckExecutable says in the words of [Command.Lookup] why this process may not execute
// a file. Nil: it may.
func CheckExecutable(file string) error {
	if err := executable(file); err != nil {
		return fmt.Errorf("find program %s: %w", file, err)
	}
	return nil
}

// located is the file that a name with a slash means.
func located(name, dir string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(dir, name)
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
		file := located(name, dir)
		if err := CheckExecutable(file); err != nil {
			return "", err
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
	var is unix.Stat_t
	switch err := stat(file, &is); {
	case err != nil:
		return err // the words that execve would use
	case is.Mode&unix.S_IFMT == unix.S_IFDIR:
		return syscall.EISDIR
	case is.Mode&0o111 == 0:
		return syscall.EACCES
	}
	return unix.Faccessat(unix.AT_FDCWD, file, unix.X_OK, unix.AT_EACCESS)
}

func stat(file string, is *unix.Stat_t) error {
	for {
		if err := unix.Stat(file, is); err != unix.EINTR {
			return err
		}
	}
}
