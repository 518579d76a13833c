package warm

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Ahead is a process that was forked before there was a request for it. It has a
// connection of its own, on which it waits for one.
type Ahead struct {
	PID int

	z  *zygote
	f  *os.File
	rc syscall.RawConn
}

// Ahead has a process forked for a request to come, in a group that becomes its own.
// On an error but [ErrUncertain] there is none.
func (k *Keeper) Ahead(group Group) (*Ahead, error) {
	k.turns <- struct{}{}
	defer func() { <-k.turns }()
	k.mu.Lock()
	z, why := k.current, k.why
	k.mu.Unlock()
	if z == nil {
		return nil, why
	}
	ours, its, err := pair()
	if err != nil {
		return nil, err
	}
	defer its.Close()
	rc, err := ours.SyscallConn()
	if err != nil {
		return nil, errors.Join(err, ours.Close())
	}
	pid, err := z.fork(&Request{Stdin: int(its.Fd()), Stdout: k.host.Null, Stderr: k.host.Null, Group: group}, wait)
	if err != nil {
		return nil, errors.Join(err, ours.Close())
	}
	return &Ahead{PID: pid, z: z, f: ours, rc: rc}, nil
}

// Serves says whether a process that was forked ahead is what would be forked now, for a
// call that wants one.
func (k *Keeper) Serves(a *Ahead) bool {
	z, err := k.take()
	return err == nil && z == a.z
}

// Gone is closed when the PHP is gone that has forked the process: nobody has a use for
// it any more.
func (a *Ahead) Gone() <-chan struct{} { return a.z.child.Gone }

// handOverTime is how long a process may take to begin what it is told.
const handOverTime = longest

// Begin tells the process what to run, and returns when it begins; it is told but once.
// On every error but [ErrUncertain] no line of the script has run, nor will; r.Group may
// have been killed.
func (a *Ahead) Begin(r *Request) error {
	defer a.Close()
	b, err := r.frame()
	if err != nil {
		return err
	}
	what, seen := a.z.purpose()
	copy(b, fmt.Sprintf("%08x%c%c", 0, into, what))
	if err := send(a.f, a.rc, b, []int{r.Stdin, r.Stdout, r.Stderr}); err != nil {
		return err
	}
	n, err := a.answer(handOverTime)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		r.Group.Kill()
		if n, err = a.answer(endTime); errors.Is(err, os.ErrDeadlineExceeded) {
			return ErrUncertain // the kernel holds it
		}
	}
	switch {
	case err != nil:
		return err
	case n < 0:
		return syscall.Errno(-n)
	}
	seen()
	return nil
}

// answer reads what the process says; an error says that it has said nothing, and if it
// is not that of the deadline, that it never will.
func (a *Ahead) answer(within time.Duration) (int, error) {
	if err := a.f.SetReadDeadline(time.Now().Add(within)); err != nil {
		return 0, err
	}
	var buf [32]byte
	n, err := 0, error(nil)
	rerr := a.rc.Read(func(fd uintptr) bool {
		for {
			n, err = unix.Read(int(fd), buf[:])
			if err != unix.EINTR && err != unix.ECONNRESET { // see conn.readOne
				return err != unix.EAGAIN
			}
		}
	})
	if rerr != nil {
		return 0, rerr
	}
	if err != nil {
		return 0, err
	}
	said, ok := readAnswer(string(buf[:n]))
	if !ok || said.pid > 0 && said.pid != a.PID {
		return 0, errors.New("the process ended before its script began")
	}
	return said.pid, nil
}

// Close lets a process end that was told nothing.
func (a *Ahead) Close() { _ = a.f.Close() }

// String names it for messages.
func (a *Ahead) String() string { return "process " + strconv.Itoa(a.PID) }
