package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"syscall"

	"github.com/prometheus/procfs"

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
		return ": " + holder(address) + " has it: end that, or choose another address"
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
	proc, err := procfs.NewFS("/proc")
	inodes := listening(proc, address)
	if err != nil || len(inodes) == 0 {
		return unseen
	}
	all, _ := proc.AllProcs()
	for _, process := range all {
		targets, _ := process.FileDescriptorTargets() // fails for those of other users
		if slices.ContainsFunc(targets, func(t string) bool { return slices.Contains(inodes, t) }) {
			return fmt.Sprintf("process %d (%q)", process.PID, family.Name(process.PID))
		}
	}
	return unseen
}

// listening are the sockets that keep others from an address, as links in /proc/PID/fd.
func listening(proc procfs.FS, address string) (links []string) {
	const listen = 0x0a // TCP_LISTEN, include/net/tcp_states.h
	host, text, _ := net.SplitHostPort(address)
	port, _ := strconv.ParseUint(text, 10, 16)
	wanted, _ := netip.ParseAddr(host)
	four, _ := proc.NetTCP()
	six, _ := proc.NetTCP6()
	for _, line := range slices.Concat(four, six) {
		at, ok := netip.AddrFromSlice(line.LocalAddr)
		same := !ok || at.IsUnspecified() || !wanted.IsValid() || wanted.IsUnspecified() || at.Unmap() == wanted.Unmap()
		if line.St == listen && line.LocalPort == port && same {
			links = append(links, fmt.Sprintf("socket:[%d]", line.Inode))
		}
	}
	return links
}
