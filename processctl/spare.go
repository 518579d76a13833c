package processctl

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/processctl/spool"
	"github.com/urocket/urocket/processctl/warm"
)

const (
	spareBootTime = 30 * time.Second // from the start of a spare until it waits
	handOverTime  = 10 * time.Second // how long it may take to begin what it is told
)

// spare is a process that waits for a call to become its own.
type spare struct {
	*Process // its outputs and its tree
	birth    birth
	conn     net.Conn // on which it waits
	fed      bool     // it has a pipe as stdin, else /dev/null
	stdin    *os.File // the writing end of that
	place    warm.Place
	program  warm.Program
	lookout
}

// launch starts the process. On an error there may be something to discard.
func (s *spare) launch(c *Controller) (err error) {
	if err = s.prepareOutputs(); err != nil {
		return err
	}
	if err = s.prepareTree(c); err != nil {
		return err
	}
	if s.fed {
		if err = s.makeStdin(); err != nil {
			return err
		}
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

// makeStdin makes a pipe, through which what the script is to read is given to it.
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
	s.stdin = os.NewFile(uintptr(fds[1]), "stdin")
	return nil
}

// await waits until a spare has come to the door.
func (s *spare) await(i *invitation, closing <-chan struct{}) error {
	late := time.NewTimer(spareBootTime)
	defer late.Stop()
	select {
	case g := <-i.came:
		s.conn = g.conn
		if g.pid != s.pid {
			return fmt.Errorf("process %d has come with the invitation of process %d", g.pid, s.pid)
		}
		return s.greet()
	case <-s.exit:
		return errors.New(s.lastWords())
	case <-late.C:
		return fmt.Errorf("PHP was not ready within %v", spareBootTime)
	case <-closing:
		return errors.New("urocket is stopping, or the operation has changed")
	}
}

// greet reads where PHP is. A link may have been switched while it was started.
func (s *spare) greet() error {
	_ = s.conn.SetDeadline(time.Now().Add(handOverTime))
	defer s.conn.SetDeadline(time.Time{})
	var size [8]byte
	if _, err := io.ReadFull(s.conn, size[:]); err != nil {
		return fmt.Errorf("read where PHP is: %w", err)
	}
	n, err := strconv.Atoi(string(size[:]))
	if err != nil || n < 0 || n > maxPlace {
		return errors.New("PHP does not speak as it should")
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(s.conn, text); err != nil {
		return fmt.Errorf("read where PHP is: %w", err)
	}
	if string(text) != s.place.Script+"\x00"+s.place.Dir+"\x00" {
		return errors.New("the script's path has changed while PHP was started")
	}
	return nil
}

// maxPlace bounds what PHP may say of where it is, in bytes.
const maxPlace = 16 << 10

// discard ends a spare that no call has, and removes what it had.
func (s *spare) discard() {
	if s.conn != nil {
		_ = s.conn.Close()
	}
	s.closeStdin()
	s.undo()
}

func (s *spare) closeStdin() {
	if s.stdin != nil {
		_ = s.stdin.Close()
	}
}

// lastWords is what a spare that has died wrote last.
func (s *spare) lastWords() string {
	var said tail
	said.max = LineLimit
	for _, o := range s.out {
		o.sinks = append(o.sinks, said.write)
		o.soak()
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
	if err == nil && rest != nil && !one.fed {
		err = errors.New("nobody has said that there would be something on stdin")
	}
	if err == nil {
		call := p.call(p.begin())
		one.birth.signal(unix.SIGCONT) // a script that is the same user may have stopped it
		err = one.tell(call.Frame())
	}
	if err != nil {
		if rest != nil {
			_ = rest.Close()
		}
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
		one.closeStdin()
	})
	return one.birth, nil
}

// tell tells a spare what it is to do, and returns when it begins. On an error but
// [warm.ErrUncertain] it has not, and will not.
func (s *spare) tell(frame []byte) error {
	defer s.conn.Close()
	_ = s.conn.SetDeadline(time.Now().Add(handOverTime))
	_, err := s.conn.Write(frame)
	if err == nil {
		err = s.begun()
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		s.birth.signal(unix.SIGKILL)
		_ = s.conn.SetDeadline(time.Now().Add(closeTime))
		if err = s.begun(); errors.Is(err, os.ErrDeadlineExceeded) {
			err = warm.ErrUncertain // the kernel holds it
		}
	}
	return err
}

// begun reads the word of a spare that begins; io.EOF: it has ended before.
func (s *spare) begun() error {
	var word [1]byte
	_, err := s.conn.Read(word[:])
	return err
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
