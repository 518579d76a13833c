package conform

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// given is what urocket gave the stand-in for PHP (see standin).
type given struct {
	Argv  [][]byte
	Env   [][]byte
	Stdin []byte
	Kind  uint32 // of stdin, S_IFMT
	Dir   string
}

// variable is the value of an environment variable; "" without it.
func (g given) variable(name string) string {
	for _, e := range g.Env {
		if value, ok := strings.CutPrefix(string(e), name+"="); ok {
			return value
		}
	}
	return ""
}

// lookup finds the command by the PATH that it was given.
func (g given) lookup() (string, error) {
	name := string(g.Argv[0])
	if strings.Contains(name, "/") {
		return name, nil
	}
	for _, dir := range filepath.SplitList(g.variable("PATH")) {
		full := filepath.Join(dir, name)
		if unix.Access(full, unix.X_OK) == nil {
			return full, nil
		}
	}
	return "", fmt.Errorf("%s is not in the PATH of the process", name)
}

// open is standard input of the kind that urocket gave: /dev/null, a file
// without a name, or a pipe.
func (g given) open() (*os.File, error) {
	switch g.Kind {
	case unix.S_IFCHR:
		return os.Open(os.DevNull)
	case unix.S_IFREG:
		f, err := os.OpenFile(g.variable("TMPDIR"), os.O_RDWR|unix.O_TMPFILE, 0o600)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		if _, err = f.Write(g.Stdin); err != nil {
			return nil, err
		}
		return os.Open(fmt.Sprintf("/proc/self/fd/%d", f.Fd()))
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	go func() {
		_, _ = w.Write(g.Stdin) // a script need not read it
		_ = w.Close()
	}()
	return r, nil
}

func texts(list [][]byte) []string {
	all := make([]string, 0, len(list))
	for b := range slices.Values(list) {
		all = append(all, string(b))
	}
	return all
}
