package processctl

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/processctl/family"
	"github.com/urocket/urocket/processctl/spool"
	"github.com/urocket/urocket/processctl/warm"
)

const (
	mostSpares    = 4                // that wait at a time
	spareIdleTime = 15 * time.Minute // without a call: they end, and the next call has some started
	handOverTime  = 10 * time.Second // how long a spare may take to read what it is to do
	page          = 4096             // what the smallest of pipes holds, in bytes
)

// spares are processes of one operation that were started ahead.
type spares struct {
	c *Controller
	w Warm // but for its Program

	closing chan struct{}
	work    sync.WaitGroup

	mu       sync.Mutex
	asked    warm.Program // what PHP was asked last
	ready    []*spare     // the oldest first
	starting int
	backoff  warm.Backoff
	retry    *time.Timer
	idle     *time.Timer
	used     time.Time
	why      error // there are none
}

// spare is a process that waits for a call to become its own.
type spare struct {
	*Process // its outputs and its tree
	birth    birth
	stdin    *os.File // the writing end
	place    warm.Place
}

// keepSpares begins to keep spares; it returns at once.
func (c *Controller) keepSpares(w Warm) *spares {
	s := &spares{c: c, w: w, asked: w.Program, closing: make(chan struct{}), used: time.Now(), why: errors.New("the first ones are being started")}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle = time.AfterFunc(spareIdleTime, s.rest)
	s.fill()
	return s
}

// take returns one that lives and would not be started in another way now.
func (s *spares) take() (*spare, error) {
	now := s.program()
	place, perr := now.Place()
	fresh := perr == nil && now.Fresh()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used = time.Now()
	defer s.fill()
	for len(s.ready) > 0 {
		first := s.ready[0]
		s.ready = s.ready[1:]
		select {
		case <-first.exit:
			s.failed(fmt.Errorf("a spare has died: %s", first.lastWords()))
		default:
			if fresh && first.place == place {
				return first, nil
			}
			s.why = errors.New("the script's path or an ini file has changed: spares are being started anew")
		}
		s.drop(first)
	}
	return nil, s.why
}

// program is that of the spares that are started now.
func (s *spares) program() warm.Program {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// fill starts as many as are missing. The lock is held.
func (s *spares) fill() {
	most := mostSpares
	if s.w.Running > 0 {
		most = min(most, s.w.Running)
	}
	for !s.isClosed() && s.retry == nil && len(s.ready)+s.starting < most {
		s.starting++
		s.work.Go(func() {
			one, err := s.start()
			s.mu.Lock()
			defer s.mu.Unlock()
			s.starting--
			switch {
			case err != nil:
				s.failed(fmt.Errorf("no spare could be started: %w", err))
			case s.isClosed():
				s.drop(one)
			default:
				s.ready = append(s.ready, one)
				s.why = errors.New("all spares are in use")
			}
		})
	}
}

func (s *spares) isClosed() bool {
	select {
	case <-s.closing:
		return true
	default:
		return false
	}
}

// failed has others started later. The lock is held.
func (s *spares) failed(why error) {
	s.why = why
	if s.retry != nil || s.isClosed() {
		return
	}
	wait := s.backoff.Next()
	s.w.Log(fmt.Sprintf("%v; tried again in %v", why, wait))
	s.retry = time.AfterFunc(wait, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.retry = nil
		s.fill()
	})
}

// start starts a spare.
func (s *spares) start() (_ *spare, err error) {
	w := s.w
	w.Program = s.program()
	if err := w.Ready(s.c.runner(&w, s.closing)); err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.asked = w.Program // with what was asked anew
	s.mu.Unlock()
	one := &spare{Process: newProcess(s.c, Spec{
		Path: w.PHP, Argv: w.Argv(), Env: w.Environ(), Dir: w.Dir, Limits: w.Limits, Isolation: w.Isolation,
	})}
	if one.place, err = w.Place(); err != nil {
		return nil, err
	}
	if err := one.prepareOutputs(); err == nil {
		err = one.prepareTree(s.c)
	}
	if err == nil {
		err = one.makeStdin()
	}
	if err == nil {
		one.start = time.Now()
		one.birth, err = one.bearCold(s.c, one.spec.Env)
	}
	if err != nil {
		one.discard()
		return nil, err
	}
	one.pid, one.exit = one.birth.pid, one.birth.exit
	one.tree.born(one.birth)
	one.closeChildFDs()
	return one, nil
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
	if _, err := unix.FcntlInt(uintptr(fds[1]), unix.F_SETPIPE_SZ, page); err != nil {
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

// drop discards one without waiting for it. The lock is held.
func (s *spares) drop(one *spare) { s.work.Go(one.discard) }

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

// rest ends spares that nobody has needed for a while.
func (s *spares) rest() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.isClosed() {
		return
	}
	s.idle.Reset(spareIdleTime)
	if time.Since(s.used) < spareIdleTime {
		return
	}
	for _, one := range s.ready {
		s.drop(one)
	}
	s.ready, s.why = nil, errors.New("there was no call for long: the first ones are being started again")
}

// Close ends all spares that wait, and returns when nothing is left of them.
func (s *spares) Close() {
	s.mu.Lock()
	close(s.closing)
	s.idle.Stop()
	if s.retry != nil {
		s.retry.Stop()
	}
	for _, one := range s.ready {
		s.drop(one)
	}
	s.ready, s.why = nil, errors.New("urocket is stopping, or the operation has changed")
	s.mu.Unlock()
	s.work.Wait()
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
