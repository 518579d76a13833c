package processctl

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/urocket/urocket/processctl/warm"
)

const (
	mostSpares    = 4                // that wait at a time
	spareIdleTime = 15 * time.Minute // without a call: they end, and the next call has some started
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
	want     int          // how many are to wait; it grows with the calls
	starting int
	backoff  warm.Backoff
	retry    *time.Timer
	idle     *time.Timer
	used     time.Time
	why      error // there are none
}

// keepSpares begins to keep spares; it returns at once.
func (c *Controller) keepSpares(w Warm) *spares {
	s := &spares{c: c, w: w, asked: w.Program, want: 1, closing: make(chan struct{}), used: time.Now(), why: errors.New("the first ones are being started")}
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
	s.want = min(2*s.want, s.most())
	defer s.fill()
	for len(s.ready) > 0 {
		first := s.ready[0]
		s.ready = s.ready[1:]
		switch {
		case first.unwatch():
			s.died(first)
			continue
		case fresh && first.place == place && first.program.AskedWith(&now):
			return first, nil
		}
		s.why = errors.New("the script's path or an ini file has changed: spares are being started anew")
		s.drop(first)
	}
	return nil, s.why
}

// add keeps one for the calls to come. The lock is held.
func (s *spares) add(one *spare) {
	s.ready = append(s.ready, one)
	s.why = errors.New("all spares are in use")
	one.watch(&s.work, one.exit, nil, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if i := slices.Index(s.ready, one); i >= 0 {
			s.ready = slices.Delete(s.ready, i, i+1)
			s.died(one)
		}
	})
}

// died has others started for one that has died while it waited. The lock is held.
func (s *spares) died(one *spare) {
	s.failed(fmt.Errorf("a spare has died: %s", one.lastWords()))
	s.drop(one)
}

// program is that of the spares that are started now.
func (s *spares) program() warm.Program {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

func (s *spares) most() int {
	if s.w.Running > 0 {
		return min(mostSpares, s.w.Running)
	}
	return mostSpares
}

// fill starts as many as are missing. The lock is held.
func (s *spares) fill() {
	for !s.isClosed() && s.retry == nil && len(s.ready)+s.starting < s.want {
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
				s.add(one)
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
func (s *spares) start() (*spare, error) {
	select {
	case s.c.hearth.boots <- struct{}{}:
		defer func() { <-s.c.hearth.boots }()
	case <-s.closing:
		return nil, errors.New("urocket is stopping, or the operation has changed")
	}
	w := s.w
	w.Program = s.program()
	if err := w.Ready(s.c.runner(&w, s.closing)); err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.asked = w.Program // with what was asked anew
	s.mu.Unlock()
	place, err := w.Place()
	if err != nil {
		return nil, err
	}
	d, err := s.c.doorOfSpares()
	if err != nil {
		return nil, err
	}
	i := d.invite(w.uid())
	defer d.forget(i)
	one := &spare{place: place, program: w.Program, fed: w.Stdin, Process: newProcess(s.c, Spec{
		Path: w.PHP, Argv: w.Argv(), Env: append(w.Environ(), warm.Invitation+"="+i.word), Dir: w.Dir, Limits: w.Limits, Isolation: w.Isolation,
	})}
	if err = one.launch(s.c); err == nil {
		err = one.await(i, s.closing)
	}
	if err != nil {
		one.discard()
		return nil, err
	}
	return one, nil
}

// drop discards one without waiting for it. The lock is held.
func (s *spares) drop(one *spare) {
	one.unwatch()
	s.work.Go(one.discard)
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
	s.ready, s.want, s.why = nil, 1, errors.New("there was no call for long: the first ones are being started again")
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
