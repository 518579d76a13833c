package client

import (
	"errors"
	"io/fs"
	"os"

	"github.com/urocket/urocket/cmd/urocket/cli"
	"github.com/urocket/urocket/config"
)

// finder finds the socket of the urocket that is meant: the one that --socket names,
// that of the configuration which -c names, $UROCKET_SOCKET, or that of the
// configuration in this folder, whichever comes first.
type finder struct{ file, socket string }

func (f *finder) flags(c *cli.Command) {
	c.Flags.String(&f.file, "c,config", "FILE", "the configuration that it serves (default "+config.DefaultFile+")").Is(cli.File)
	c.Flags.String(&f.socket, "socket", "PATH", "its socket, in place of -c (default $UROCKET_SOCKET)").Is(cli.File)
}

// find returns the socket. Who cannot say which one is meant has misused the
// command.
func (f *finder) find() (*socket, error) {
	named := os.Getenv("UROCKET_SOCKET")
	switch {
	case f.socket != "" && f.file != "":
		return nil, errors.New("--socket and -c both say which urocket is meant: leave one out")
	case f.socket != "":
		return at(f.socket), nil
	case f.file == "" && named != "":
		return at(named), nil
	}
	a, err := addresses(f.file)
	if err != nil {
		return nil, err
	}
	return at(a.SocketPath), nil
}

// addresses reads the configuration that is named, or the one in this folder.
func addresses(file string) (config.Addresses, error) {
	if file == "" {
		file = config.DefaultFile
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			return config.Addresses{}, errors.New("there is no " + file + " in this folder: name the configuration with -c FILE")
		}
	}
	return config.ReadAddresses(file)
}
