package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// account is a line of passwd(5).
type account struct {
	name, home, shell string
	uid, gid          int
}

// lookupAccount finds an account in /etc/passwd by name or number. A number that
// is not there, as in many containers, is a name of its own; then known is false.
func lookupAccount(name string) (a account, known bool) {
	a = account{name: name, home: "/", shell: "/bin/sh"}
	a.uid, _ = strconv.Atoi(name)
	a.gid = a.uid
	f, err := os.Open("/etc/passwd")
	if err != nil {
		return a, false
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		field := strings.Split(lines.Text(), ":")
		if len(field) < 7 || field[0] != name && field[2] != name {
			continue
		}
		uid, uerr := strconv.Atoi(field[2])
		gid, gerr := strconv.Atoi(field[3])
		if uerr != nil || gerr != nil {
			continue
		}
		a = account{name: field[0], home: field[5], shell: field[6], uid: uid, gid: gid}
		if a.shell == "" {
			a.shell = "/bin/sh" // passwd(5)
		}
		return a, true
	}
	return a, false
}

// environment is what a process is told of the account it runs as.
func (a account) environment() []string {
	return []string{"HOME=" + a.home, "USER=" + a.name, "LOGNAME=" + a.name, "SHELL=" + a.shell}
}

// baseEnvironment is what every process is given of urocket's own environment
// and of its user.
func baseEnvironment() []string {
	a, _ := lookupAccount(strconv.Itoa(os.Getuid()))
	return append(a.environment(), passed([]string{"PATH", "LANG", "LC_*", "TZ"})...)
}

// passed lists our own variables that fit one of the patterns: a name, or the
// beginning of names with a * behind it. Names that urocket sets itself never do.
func passed(patterns []string) []string {
	var env []string
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if name == "REQUEST_ID" || strings.HasPrefix(name, "UROCKET_") {
			continue
		}
		for _, p := range patterns {
			if prefix, ok := strings.CutSuffix(p, "*"); p == name || ok && strings.HasPrefix(name, prefix) {
				env = append(env, entry)
				break
			}
		}
	}
	return env
}

// tmpDir is our own TMPDIR, "" if it is not set. A relative one is made absolute:
// scripts have working directories of their own.
func tmpDir() string {
	dir := os.Getenv("TMPDIR")
	if dir == "" || filepath.IsAbs(dir) {
		return dir
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return dir
	}
	return abs
}

// checkTmpDir says why nothing can be put into the directory for temporary files.
func checkTmpDir() error {
	st, err := os.Stat(os.TempDir())
	switch {
	case err != nil:
		return err
	case !st.IsDir():
		return fmt.Errorf("%s is not a directory", os.TempDir())
	}
	if err := unix.Faccessat(unix.AT_FDCWD, os.TempDir(), unix.W_OK|unix.X_OK, unix.AT_EACCESS); err != nil {
		return fmt.Errorf("write to %s: %w", os.TempDir(), err)
	}
	return nil
}
