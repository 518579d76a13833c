package warm

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// The wire of descriptor 3, a SOCK_SEQPACKET pair. Each request is one datagram, as
// fork.php says; bytes and no JSON, for arguments and variables may be any bytes but
// NUL. What comes back is "ready" or "failed" once, with fields behind it, and for
// each request its number and a pid, or an errno with a minus before it.

// What a request may be at most: fork.php has made room for it. Larger ones are
// started in the ordinary way.
const (
	maxFrame = 256 << 10 // bytes
	maxEnv   = 1023      // variables
)

// ErrTooLarge says that a request is more than a warm PHP takes. Nothing was sent.
var ErrTooLarge = errors.New("the arguments and variables are more than a warm PHP takes")

// Call is what a process is told.
type Call struct {
	Dir    string
	Script string   // as written
	Words  []string // the whole command line, for ps(1)
	Args   int      // how many of them stand before the script's arguments
	Env    []string // all of it
}

// Request is a process that is to come to be.
type Request struct {
	Call

	Stdin, Stdout, Stderr int // descriptors
	Group                 Group
}

// Group is what a process is born into. Nothing has been in it before.
type Group interface {
	FD() int         // of its directory
	Populated() bool // a process lives in it
	Deserted() bool  // one has, and none does any more
	Kill()
	Signal(sig syscall.Signal, first int) bool
}

// headSize is the number of a request, how its group is entered, and whether it is a
// trial.
const headSize = 10

// slack is what a call may grow by between [Call.Fits] and its request: a variable, in
// bytes.
const slack = 256

// Fits says whether a call is one that a warm PHP takes, with one more variable.
func (c *Call) Fits() bool { return headSize+c.size()+slack <= maxFrame && len(c.Env) < maxEnv }

// frame writes a request behind room for a head.
func (r *Request) frame() ([]byte, error) {
	if headSize+r.size() > maxFrame || len(r.Env) > maxEnv {
		return nil, ErrTooLarge
	}
	return r.append(make([]byte, headSize)), nil
}

// Frame is what a spare reads on its stdin.
func (c *Call) Frame() []byte { return c.append(fmt.Appendf(nil, "%08d", c.size())) }

// append writes a call, each field ended by NUL.
func (c *Call) append(b []byte) []byte {
	b = slices.Grow(b, c.size())
	for _, list := range c.fields() {
		for _, s := range list {
			b = append(append(b, s...), 0)
		}
	}
	return b
}

func (c *Call) size() (n int) {
	for _, list := range c.fields() {
		for _, s := range list {
			n += len(s) + 1
		}
	}
	return n
}

func (c *Call) fields() [3][]string {
	return [3][]string{{c.Dir, c.Script, strconv.Itoa(len(c.Words)), strconv.Itoa(c.Args)}, c.Words, c.Env}
}

// pair makes the two ends of a connection: one for newConn, one to be PHP's
// descriptor 3.
func pair() (ours, phps *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("make socket pair: %w", err)
	}
	// A datagram is sent whole or not at all. Where this is refused, large requests are.
	if unix.SetsockoptInt(fds[0], unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, 2*maxFrame) != nil {
		_ = unix.SetsockoptInt(fds[0], unix.SOL_SOCKET, unix.SO_SNDBUF, 2*maxFrame)
	}
	if err := unix.SetNonblock(fds[0], true); err != nil {
		_ = unix.Close(fds[0])
		_ = unix.Close(fds[1])
		return nil, nil, fmt.Errorf("make socket pair: %w", err)
	}
	return os.NewFile(uintptr(fds[0]), "warm"), os.NewFile(uintptr(fds[1]), "warm"), nil
}

// answer is what came back for a request.
type answer struct {
	number uint32
	pid    int // negative: an errno, and nothing was run
}

// readAnswer reads "NUMBER PID".
func readAnswer(text string) (answer, bool) {
	number, pid, found := strings.Cut(text, " ")
	n, err1 := strconv.ParseUint(number, 16, 32)
	p, err2 := strconv.Atoi(pid)
	return answer{uint32(n), p}, found && len(number) == 8 && err1 == nil && err2 == nil && p != 0
}
