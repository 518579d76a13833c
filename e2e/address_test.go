package e2e

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
)

var nextPort atomic.Int32

// freeAddress picks a loopback address below the range that the kernel takes
// for outgoing connections, so that no connection of a parallel test sits on it.
func freeAddress(t *testing.T) string {
	t.Helper()
	for range 5000 {
		port := 20000 + (os.Getpid()*37+int(nextPort.Add(1)))%10000
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		l, err := net.Listen("tcp", addr)
		if err == nil {
			check(t, l.Close())
			return addr
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			t.Fatal(err)
		}
	}
	t.Fatal("no free port")
	return ""
}

var tokens atomic.Int64

// token returns a short name that nothing else on this machine has.
func token() string {
	return fmt.Sprintf("%x-%x", os.Getpid(), tokens.Add(1))
}
