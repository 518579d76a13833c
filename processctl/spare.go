package processctl

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/processctl/family"
	"github.com/urocket/urocket/processctl/spool"
	"github.com/urocket/urocket/processctl/warm"
)

// handOverTime is how long a spare may take to read what it is to do.
const handOverTime = 10 * time.Second

// spare is a process that waits for a call to become its own.
type spare struct {
	*Process // its outputs and its tree
	birth    birth
	stdin    *os.File // the writing end
	place    warm.Place
	program  warm.Program
}

// launch starts the process. On an error there may be something to discard.
func (s *spare) launch(c *Controller) (err error) {
	if err = s.prepareOutputs(); err != nil {
		return err
	}
	if err = s.prepareTree(c); err != nil {
		return err
	}
	if err = s.makeStdin(); err != nil {
		return err
	}
	s.start = time.Now()
	if s.birth, err = s.bearCold(c, s.spec.Env); err != nil {
		return err
	}
	s.pid, s.exit = s.birth.pid, s.birth.exit
	s.tree.born(s.birth)
	s.closeChildFDs()
	return nil
}

// makeStdin makes the pipe on which a spare waits.
func (s *spare) makeStdin() error {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		return fmt.Errorf("make pipe for stdin: %w", err)
	}
	s.childFDs[0] = fds[0]
	if err := unix.SetNonblock(fds[1], true); err != nil {
		_ = unix.Close(fds[1])
		return fmt.Errorf("make pipe for stdin: %w", err)
	}
	// Into a pipe of one page nothing can be written before all in it is read: see tell.
	if _, err := unix.FcntlInt(uintptr(fds[1]), unix.F_SETPIPE_SZ, smallestPipe); err != nil {
		_ = unix.Close(fds[1])
		return fmt.Errorf("make pipe for stdin: %w", err)
	}
	s.stdin = os.NewFile(uintptr(fds[1]), "stdin")
	return nil
}

// discard ends a spare that no call has, and removes what it had.
func (s *spare) discard() {
	if s.stdin != nil {
		_ = s.stdin.Close()
	}
	s.undo()
}

// lastWords is what a spare that has died wrote last.
func (s *spare) lastWords() string {
	var said tail
	said.max = LineLimit
	for _, o := range s.out {
		o.sinks = append(o.sinks, said.write)
		o.settle()
		o.drainRest()
	}
	last, _ := said.bytes(LineLimit)
	if text := oneLine(string(last)); text != "" {
		return text
	}
	return "it was killed"
}

// takeSpare makes a spare's outputs and tree the process's, if there is one to be had.
func (p *Process) takeSpare() {
	w := p.spec.Warm
	if w == nil || w.spares == nil {
		return
	}
	if p.spec.Path != w.PHP {
		p.driver = w.instead(errElsewhere)
		return
	}
	one, err := w.spares.take()
	if err != nil {
		p.driver = w.instead(err)
		return
	}
	p.spare, p.out, p.tree = one, one.out, one.tree
	p.listen()
}

// bearSpare tells a spare what it is to do. On an error it has not begun to do it, and
// is given back.
func (p *Process) bearSpare() (birth, error) {
	one, w := p.spare, p.spec.Warm
	rest, err := following(p.spec.Stdin)
	if err == nil {
		call := p.call(p.begin())
		one.birth.signal(unix.SIGCONT) // a script that is the same user may have stopped it
		if err = one.tell(call.Frame()); err != nil && rest != nil {
			_ = rest.Close()
		}
	}
	if err != nil {
		p.spare, p.out, p.tree = nil, [2]*pipe{}, nil
		w.spares.work.Go(one.discard)
		return birth{}, fmt.Errorf("tell a spare what to do: %w", err)
	}
	p.driver = w.String()
	p.drains.Go(func() {
		if rest != nil {
			_, _ = io.Copy(one.stdin, rest) // fails when nobody reads it
			_ = rest.Close()
		}
		_ = one.stdin.Close()
	})
	return one.birth, nil
}

// tell writes a frame, and returns when the spare has read all of it. On an error it
// has not, and will not.
func (s *spare) tell(frame []byte) error {
	_ = s.stdin.SetWriteDeadline(time.Now().Add(handOverTime))
	_, err := s.stdin.Write(frame)
	if err == nil {
		if err = s.drained(); err != nil && s.endedAfter() {
			err = nil // it has begun, and that is its end
		}
	}
	_ = s.stdin.SetWriteDeadline(time.Time{})
	s.control(func(fd uintptr) { _, _ = unix.FcntlInt(fd, unix.F_SETPIPE_SZ, pipeSize) })
	return err
}

// drained waits until all that was written is read.
func (s *spare) drained() error {
	rc, err := s.stdin.SyscallConn()
	if err != nil {
		return err
	}
	state := []unix.PollFd{{Events: unix.POLLOUT}}
	err = rc.Write(func(fd uintptr) bool {
		state[0].Fd, state[0].Revents = int32(fd), 0
		_, _ = unix.Poll(state, 0)
		return state[0].Revents != 0
	})
	if err == nil && state[0].Revents&unix.POLLERR != 0 {
		err = unix.EPIPE
	}
	return err
}

// endedAfter kills a spare that does not read on, and says whether it had read all
// before.
func (s *spare) endedAfter() bool {
	s.birth.signal(unix.SIGKILL)
	select {
	case d := <-s.birth.exit:
		told := make(chan family.Death, 1)
		told <- d
		s.birth.exit = told
	case <-time.After(closeTime):
		return true // the kernel holds it: it is not to be started again
	}
	left := 0
	s.control(func(fd uintptr) { left, _ = unix.IoctlGetInt(int(fd), unix.TIOCINQ) })
	return left == 0
}

// control uses the descriptor of stdin; [os.File.Fd] would have writes block.
func (s *spare) control(f func(fd uintptr)) {
	if rc, err := s.stdin.SyscallConn(); err == nil {
		_ = rc.Control(f)
	}
}

// following opens what the script is to read on stdin, nil for nothing. The body may be
// closed before the script has read it.
func following(body *spool.Body) (io.ReadCloser, error) {
	switch {
	case body == nil:
		return nil, nil
	case body.Size() <= pipeSize:
		return io.NopCloser(body.NewReader()), nil
	}
	f, err := body.Open()
	if err != nil {
		return nil, err // and no *os.File that is nil
	}
	return f, nil
}
