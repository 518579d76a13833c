package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"strconv"
)

// What the file names on this machine. Each check returns what is wrong, fit to
// stand behind the value in a message, or "".

// checkFile wants a file that can be read. It is looked at before it is opened,
// since opening a fifo waits.
func checkFile(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return missing(path, err)
	}
	if !info.Mode().IsRegular() {
		return "is no regular file: " + path
	}
	f, err := os.Open(path)
	if err != nil {
		return missing(path, err)
	}
	f.Close()
	return ""
}

func checkFolder(path string) string {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return missing(path, err)
	case !info.IsDir():
		return "is no folder: " + path
	}
	return ""
}

func missing(path string, err error) string {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Sprintf("does not exist: there is no %s", path)
	}
	return fmt.Sprintf("cannot be used: %s: %v", path, reason(err))
}

// checkUser accepts the name of an existing user, or a number: a container may
// well run as one that has no name.
func checkUser(name string) string {
	if _, err := strconv.ParseUint(name, 10, 32); err == nil {
		return ""
	}
	if _, err := user.Lookup(name); err != nil {
		return "is no user of this machine"
	}
	return ""
}

// groupID is the number of a group, which may be given as one.
func groupID(name string) (id int, wrong string) {
	if n, err := strconv.ParseUint(name, 10, 32); err == nil {
		return int(n), ""
	}
	g, err := user.LookupGroup(name)
	if err != nil {
		return 0, "is no group of this machine"
	}
	id, err = strconv.Atoi(g.Gid)
	if err != nil {
		return 0, "has no numeric id"
	}
	return id, ""
}

func checkGroup(name string) string {
	_, wrong := groupID(name)
	return wrong
}
