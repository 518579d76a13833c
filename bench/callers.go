package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// callers have asked for something that they do not get while they are needed.
type callers []net.Conn

// descriptors are enough for 10,000 callers, on our side and on urocket's.
const descriptors = 65536

// raiseDescriptors lets us and what we start have so many files open, if we may.
func raiseDescriptors() {
	_ = unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: descriptors, Max: descriptors})
}

// queue lets n callers wait, behind one whose script runs, and returns when urocket
// has accepted them all.
func queue(s *site, n int) (of callers, err error) {
	if n == 0 {
		return nil, nil
	}
	defer func() {
		if err != nil {
			of.leave()
		}
	}()
	open := restingFiles(s.procs[0].Process.Pid)
	request := []byte("POST /wait HTTP/1.1\r\nHost: " + s.addr() + "\r\nContent-Length: 0\r\n\r\n")
	for range n + 1 {
		c, err := net.DialTimeout("tcp", s.addr(), 5*time.Second)
		if err != nil {
			return of, err
		}
		of = append(of, c)
		if _, err := c.Write(request); err != nil {
			return of, err
		}
	}
	for range 200 {
		if openFiles(s.procs[0].Process.Pid) >= open+n {
			time.Sleep(500 * time.Millisecond) // what is read of them is at rest
			return of, of.allWait()
		}
		time.Sleep(50 * time.Millisecond)
	}
	return of, fmt.Errorf("urocket has not accepted all of %d callers", n)
}

// allWait says whether none has been given an answer, or was sent away.
func (of callers) allWait() error {
	for _, c := range of {
		raw, err := c.(*net.TCPConn).SyscallConn()
		if err != nil {
			return err
		}
		waits := false
		if err := raw.Read(func(fd uintptr) bool {
			_, _, err := unix.Recvfrom(int(fd), make([]byte, 1), unix.MSG_PEEK|unix.MSG_DONTWAIT)
			waits = errors.Is(err, unix.EAGAIN)
			return true
		}); err != nil {
			return err
		}
		if !waits {
			return errors.New("a caller who should wait was given an answer")
		}
	}
	return nil
}

func (of callers) leave() {
	for _, c := range of {
		_ = c.Close()
	}
}

// restingFiles is how many files a process has open once that does not change any
// more: those who have just called may not have gone yet.
func restingFiles(pid int) int {
	before := -1
	for range 20 {
		now := openFiles(pid)
		if now == before {
			break
		}
		before = now
		time.Sleep(200 * time.Millisecond)
	}
	return before
}

func openFiles(pid int) int {
	entries, _ := os.ReadDir("/proc/" + strconv.Itoa(pid) + "/fd")
	return len(entries)
}
