package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"slices"
	"syscall"

	"github.com/urocket/urocket/internal/proctcp"
	"github.com/urocket/urocket/processctl/family"
)

// listenError says at which line of the configuration an address stands that cannot be
// listened on, and what would be right.
func (p *program) listenError(name, address string, err error) error {
	if name == replySocket {
		return fmt.Errorf("%s: %w%s", p.lineOf("socketpath"), err, replyRemedy(address, err))
	}
	key := "listen"
	if name == adminSocket {
		key = "admin"
	}
	var number syscall.Errno
	if errors.As(err, &number) {
		err = number // net says once more what was to be done
	}
	return fmt.Errorf("%s: listen on %s: %w%s", p.lineOf(key), address, err, addressRemedy(address, err))
}

// lineOf is FILE:LINE of a key at the top; of `port`, where that stands for `listen`.
func (p *program) lineOf(key string) string {
	at := p.service.FaultAt("", "", key, "")
	if other := p.service.FaultAt("", "", "port", ""); key == "listen" && other.Line > at.Line {
		at = other
	}
	return at.Place()
}

func replyRemedy(path string, err error) string {
	info, serr := os.Lstat(path)
	switch {
	case !errors.Is(err, fs.ErrPermission):
		return ""
	case serr != nil:
		return "; this user may not write to the folder: choose another socketpath"
	}
	owner := ""
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		owner = fmt.Sprintf(" of user %d", st.Uid)
	}
	return "; it is a file" + owner + ": remove it if nobody serves it, or choose another socketpath"
}

func addressRemedy(address string, err error) string {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return ": " + holder(address) + " has it; choose another address, or end that"
	case errors.Is(err, syscall.EACCES):
		return ": ports below 1024 take root or CAP_NET_BIND_SERVICE: choose another port"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return ": it is no address of this machine"
	}
	return ""
}

// holder names the process that listens on an address, as far as can be seen from here.
func holder(address string) string {
	const unseen = "another process"
	at, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return unseen
	}
	if at.IP == nil {
		at.IP = net.IPv6unspecified
	}
	sockets := proctcp.Listening(at.AddrPort())
	if len(sockets) == 0 {
		return unseen
	}
	pids := proctcp.Holders(sockets[0])
	switch {
	case len(pids) == 0: // we may not see it
		return unseen
	case slices.Contains(pids, os.Getpid()):
		return "another listener of this configuration"
	}
	return fmt.Sprintf("process %d (%q)", pids[0], family.Name(pids[0]))
}
