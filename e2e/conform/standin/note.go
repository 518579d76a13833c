package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// given is what urocket gives a process; JSON carries bytes as base64.
type given struct {
	Argv  [][]byte
	Env   [][]byte
	Stdin []byte
	Kind  uint32 // of stdin, S_IFMT
	Dir   string
}

// note writes what this process was given, whole when the file appears. What
// stands before the command under test is left out.
func note(file string, argv []string) (err error) {
	g := given{}
	for _, a := range argv {
		g.Argv = append(g.Argv, []byte(a))
	}
	// Not os.Environ, which leaves out what is there twice.
	environ, err := os.ReadFile("/proc/self/environ")
	if err != nil {
		return err
	}
	g.Env = bytes.Split(bytes.TrimSuffix(environ, []byte{0}), []byte{0})
	var st unix.Stat_t
	if err := unix.Fstat(0, &st); err != nil {
		return err
	}
	g.Kind = st.Mode & unix.S_IFMT
	if g.Stdin, err = io.ReadAll(os.Stdin); err != nil {
		return err
	}
	if g.Dir, err = os.Getwd(); err != nil {
		return err
	}
	text, err := json.Marshal(g)
	if err != nil {
		return err
	}
	if err := os.WriteFile(file+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}
