package warm

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/processctl/family"
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
	n, err := a.await(r.Group)
	switch {
	case err != nil:
		return err
	case n < 0:
		return syscall.Errno(-n)
	}
	seen()
	return nil
}

// await waits for the answer, at most for as long as it can be thought to come; then it
// kills the process.
func (a *Ahead) await(g Group) (int, error) {
	asked := time.Now()
	awake := asked
	for {
		n, err := a.look(g)
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		now := time.Now()
		g.Signal(syscall.SIGCONT, 0) // a script that is the same user may have stopped it
		if state := family.State(a.PID); state == 'R' || state == 'D' {
			awake = now // it only waits for the processor, or the disk
		}
		if now.Sub(awake) > patience || now.Sub(asked) > longest {
			break
		}
	}
	g.Kill()
	for range endTime / lookTime {
		if n, err := a.look(g); !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
	}
	return 0, ErrUncertain // the kernel holds it
}

// look waits a little for the answer. An [os.ErrDeadlineExceeded] says that it may still
// come.
func (a *Ahead) look(g Group) (int, error) {
	n, err := a.answer(lookTime)
	if errors.Is(err, os.ErrDeadlineExceeded) && g.Deserted() {
		// PHP may hold the other end still. What was said before is there by now.
		if n, err = a.answer(time.Millisecond); errors.Is(err, os.ErrDeadlineExceeded) {
			err = errStillborn
		}
	}
	return n, err
}

// answer reads what the process says; an error but [ErrUncertain] says that it has said
// nothing, and if it is not that of the deadline, that it never will.
func (a *Ahead) answer(within time.Duration) (int, error) {
	if err := a.f.SetReadDeadline(time.Now().Add(within)); err != nil {
		return 0, err
	}
	var buf [32]byte
	n, err := 0, error(nil)
	rerr := a.rc.Read(func(fd uintptr) bool {
		n, err = receive(int(fd), buf[:])
		return err != unix.EAGAIN
	})
	switch {
	case rerr != nil:
		return 0, rerr
	case err != nil:
		return 0, err
	case n == 0:
		return 0, errStillborn
	}
	said, ok := readAnswer(string(buf[:n]))
	if !ok || said.pid > 0 && said.pid != a.PID {
		return 0, ErrUncertain // it has said something: it must not be born again
	}
	return said.pid, nil
}

// Close lets a process end that was told nothing.
func (a *Ahead) Close() { _ = a.f.Close() }

// String names it for messages.
func (a *Ahead) String() string { return "process " + strconv.Itoa(a.PID) }
