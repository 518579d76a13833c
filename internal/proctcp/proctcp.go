// Package proctcp tells whose the TCP sockets of this machine are: the kernel lists them
// with their owners in /proc/net/tcp and tcp6 (proc_net_tcp(5)), and which process has a
// socket open is told by /proc/PID/fd (proc_pid_fd(5)), to who may look there.
package proctcp

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Socket is one that a process has open.
type Socket struct {
	UID   int
	Inode uint64 // not 0
}

// tables are the files, and how an address is written there.
var tables = []struct {
	file string
	form func(netip.AddrPort) string
}{{"/proc/net/tcp", inFour}, {"/proc/net/tcp6", inSix}}

// Connected finds the socket that is bound to from and connected to to. One that its
// process has closed already is nobody's.
func Connected(from, to netip.AddrPort) (Socket, bool) {
	for _, table := range tables {
		local, remote := table.form(from), table.form(to)
		if local == "" || remote == "" {
			continue
		}
		for _, line := range lines(table.file, local) {
			if s, ok := line.socket(); ok && line[1] == local && line[2] == remote {
				return s, true
			}
		}
	}
	return Socket{}, false
}

// Listening finds the sockets that keep others from listening at an address: those that
// listen there, and then those that do so at every address of its kind. For 0.0.0.0 and
// :: these are all on its port.
func Listening(at netip.AddrPort) (found []Socket) {
	const listens = "0A" // TCP_LISTEN
	var everywhere []Socket
	port := fmt.Sprintf(":%04X", at.Port())
	for _, table := range tables {
		own := table.form(at)
		for _, line := range lines(table.file, port) {
			s, ok := line.socket()
			host, isPort := strings.CutSuffix(line[1], port)
			switch {
			case !ok || !isPort || line[3] != listens:
			case line[1] == own:
				found = append(found, s)
			case at.Addr().IsUnspecified() || own != "" && strings.Trim(host, "0") == "":
				everywhere = append(everywhere, s)
			}
		}
	}
	return append(found, everywhere...)
}

// line is one of a table: number, local and remote address, state; uid is the eighth
// field and inode the tenth.
type line []string

func (l line) socket() (Socket, bool) {
	uid, err := strconv.Atoi(l[7])
	inode, ierr := strconv.ParseUint(l[9], 10, 64)
	return Socket{uid, inode}, err == nil && ierr == nil && inode != 0
}

// lines are those of a table that hold a text; there may be thousands of others.
func lines(table, text string) (found []line) {
	f, err := os.Open(table)
	if err != nil {
		return nil // no IPv6
	}
	defer f.Close()
	for all := bufio.NewScanner(f); all.Scan(); {
		if !strings.Contains(all.Text(), text) {
			continue
		}
		if c := strings.Fields(all.Text()); len(c) >= 10 {
			found = append(found, c)
		}
	}
	return found
}

// inFour and inSix write an address as these tables do, in words of the machine's
// byte order; "": it cannot be in that table.
func inFour(a netip.AddrPort) string {
	ip := a.Addr().Unmap()
	if !ip.Is4() {
		return ""
	}
	b := ip.As4()
	return fmt.Sprintf("%08X:%04X", binary.NativeEndian.Uint32(b[:]), a.Port())
}

func inSix(a netip.AddrPort) string {
	if !a.Addr().IsValid() {
		return ""
	}
	var text strings.Builder
	b := a.Addr().As16()
	for i := 0; i < len(b); i += 4 {
		fmt.Fprintf(&text, "%08X", binary.NativeEndian.Uint32(b[i:]))
	}
	fmt.Fprintf(&text, ":%04X", a.Port())
	return text.String()
}

// Holders lists the processes that have a socket open, as far as we may look.
func Holders(s Socket) (pids []int) {
	socket := "socket:[" + strconv.FormatUint(s.Inode, 10) + "]"
	processes, _ := os.ReadDir("/proc")
	for _, process := range processes {
		pid, err := strconv.Atoi(process.Name())
		if err != nil {
			continue
		}
		dir := filepath.Join("/proc", process.Name(), "fd")
		open, _ := os.ReadDir(dir) // it has ended, or is another's
		for _, fd := range open {
			if target, _ := os.Readlink(filepath.Join(dir, fd.Name())); target == socket {
				pids = append(pids, pid)
				break
			}
		}
	}
	return pids
}
