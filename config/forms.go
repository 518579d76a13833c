package config

import (
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// What a value must look like. Each check returns what is wrong with it, fit to
// stand behind the value in a message, or "".

const (
	// maxSocketPath is sizeof(sockaddr_un.sun_path) less the NUL, unix(7).
	maxSocketPath = 107
	// maxName keeps the service's group, whose name begins with it, far below
	// the 255 bytes of a file name.
	maxName = 128
)

var (
	serviceNameForm = regexp.MustCompile(`^[a-z0-9-]+$`)
	hostForm        = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$`)
	variableForm    = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	ioMaxForm       = regexp.MustCompile(`^[0-9]+:[0-9]+( (rbps|wbps|riops|wiops)=([0-9]+|max))+$`)
)

func checkServiceName(name string) string {
	switch {
	case !serviceNameForm.MatchString(name):
		return "may hold small letters a-z, digits and - alone: it names the service in logs, metrics and its cgroup"
	case len(name) > maxName:
		return fmt.Sprintf("is too long: %d characters at most", maxName)
	}
	return ""
}

// checkAddress accepts host:port with a numeric port; an empty host is every
// interface. A name is not looked up here.
func checkAddress(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "is not host:port: write for example 127.0.0.1:8080"
	}
	if n, err := strconv.ParseUint(port, 10, 64); err != nil || n > 65535 {
		return fmt.Sprintf("has no valid port: %q is not a number from 0 to 65535", port)
	}
	if _, err := netip.ParseAddr(host); host != "" && err != nil && !hostForm.MatchString(host) {
		return fmt.Sprintf("has no valid host: %q is neither an address nor a name", host)
	}
	return ""
}

func checkSocketPath(path string) string {
	switch {
	case strings.ContainsRune(path, 0):
		return "holds a NUL"
	case len(path) > maxSocketPath:
		return fmt.Sprintf("is %d bytes long, and the kernel takes %d for a socket at most: choose a shorter path", len(path), maxSocketPath)
	}
	folder := filepath.Dir(path)
	if info, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		return fmt.Sprintf("cannot be made: there is no folder %s: create it, or choose another", folder)
	} else if err == nil && !info.IsDir() {
		return fmt.Sprintf("cannot be made: %s is no folder: choose another", folder)
	}
	return ""
}

func checkBasePath(path string) string {
	if path != "" && path[0] != '/' {
		return "does not begin with /"
	}
	if strings.ContainsAny(path, "?#{}") {
		return "is not a plain path: it holds one of ? # { }"
	}
	return ""
}

// checkVariable looks at NAME=value.
func checkVariable(entry string) string {
	name, _, found := strings.Cut(entry, "=")
	switch {
	case !found:
		return "is not of the form NAME=value"
	case !variableForm.MatchString(name):
		return fmt.Sprintf("does not begin with a variable's name: %q (letters, digits and _)", name)
	case strings.ContainsRune(entry, 0):
		return "holds a NUL, which no variable can"
	}
	return checkReserved(name)
}

// checkPassed looks at NAME or PREFIX* of passenv.
func checkPassed(pattern string) string {
	if !variableForm.MatchString(strings.TrimSuffix(pattern, "*")) {
		return "is neither a variable's name nor a beginning of names such as APP_*"
	}
	return checkReserved(strings.TrimSuffix(pattern, "*"))
}

func checkReserved(name string) string {
	if name == "REQUEST_ID" || strings.HasPrefix(name, "UROCKET_") {
		return "cannot be set: REQUEST_ID and names that begin with UROCKET_ are urocket's own"
	}
	return ""
}

func checkIOMax(line string) string {
	if !ioMaxForm.MatchString(line) {
		return "is no line of io.max: write MAJOR:MINOR and then rbps=, wbps=, riops= or wiops= with a number or max"
	}
	return ""
}

func checkMediaType(value string) string {
	kind, _, err := mime.ParseMediaType(value)
	if err != nil || !strings.Contains(kind, "/") || strings.ContainsFunc(value, unprintable) {
		return "is not a media type: write for example text/csv or text/plain; charset=utf-8"
	}
	return ""
}

func unprintable(r rune) bool { return r < ' ' || r > '~' }

// CheckPath says why a path cannot be one of the map, or nil.
func CheckPath(path string) error {
	if _, wrong := pathNames(path); wrong != "" {
		return errors.New("the path " + wrong)
	}
	return nil
}

// pathNames returns the names between braces of a path template, and what is
// wrong with it, or "".
func pathNames(path string) (names []string, wrong string) {
	if !strings.HasPrefix(path, "/") {
		return nil, "does not begin with /: write /" + path
	}
	if strings.ContainsAny(path, "?#") {
		return nil, "holds ? or #, which are no part of a path"
	}
	seen := map[string]bool{}
	for rest := path; ; {
		open := strings.IndexAny(rest, "{}")
		if open < 0 {
			return names, ""
		}
		shut := strings.IndexAny(rest[open+1:], "{}/")
		if rest[open] == '}' || shut < 1 || rest[open+1+shut] != '}' {
			return nil, "has braces that do not close around a name: write {name}"
		}
		name := rest[open+1 : open+1+shut]
		if seen[name] {
			return nil, "holds {" + name + "} twice"
		}
		seen[name] = true
		names, rest = append(names, name), rest[open+1+shut+1:]
	}
}

// absolute is a path of the file, which counts from a folder.
func absolute(folder, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(folder, path)
}
