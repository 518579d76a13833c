package warm

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// When a warm PHP is replaced, and how soon one is started again.
const (
	maxCalls = 10_000
	maxAge   = time.Hour
	idleTime = 15 * time.Minute // without a call: it ends, and the next call starts one

	// atOnce is how many requests PHP has at a time. It makes one after another; more than
	// so many would wait in the socket, while their time runs.
	atOnce = 4
)

var errClosed = errors.New("urocket is stopping, or the operation has changed")

// Keeper keeps one warm PHP for all calls of an operation.
type Keeper struct {
	host Host
	p    Program
	log  func(string)

	closing chan struct{}
	turns   chan struct{} // has room for who may ask at a time
	work    sync.WaitGroup

	mu      sync.Mutex
	current *zygote
	booting bool
	backoff Backoff
	retry   *time.Timer // a start that waits
	idle    *time.Timer
	used    time.Time
	why     error // there is no current one
	closed  bool
}

// Keep begins to keep a PHP warm; what the operator should know is told to log. It
// returns at once.
func Keep(h Host, p Program, log func(string)) *Keeper {
	k := &Keeper{host: h, p: p, log: log, closing: make(chan struct{}), turns: make(chan struct{}, atOnce), used: time.Now(), why: errStarting}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.idle = time.AfterFunc(idleTime, k.rest)
	k.boot()
	return k
}

var errStarting = errors.New("the warm PHP is being started")

// Fork has a process born and returns its pid: a child of this program, in its group.
// The request is asked for when its turn has come: a few are made at a time. Every
// error but [ErrUncertain] says that no line of the script has run; the process is to be
// started in another way then.
func (k *Keeper) Fork(request func() *Request) (int, error) {
	k.turns <- struct{}{}
	defer func() { <-k.turns }()
	z, err := k.take()
	if err != nil {
		return 0, err
	}
	return z.run(request())
}

// take returns the PHP for a call, if there is one that can be used.
func (k *Keeper) take() (*zygote, error) {
	k.mu.Lock()
	k.used = time.Now()
	z := k.current
	if z == nil {
		defer k.mu.Unlock()
		if !k.closed && k.retry == nil {
			k.boot()
		}
		return nil, k.why
	}
	z.calls++
	if z.worn() && k.retry == nil {
		k.boot() // this one goes on being used until the new one is ready
	}
	k.mu.Unlock()
	if z.holds() {
		return z, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.current == z {
		k.current, k.why = nil, errors.New("the script's path or an ini file has changed: PHP is being started anew")
		k.dismiss(z)
		k.boot()
	}
	return nil, k.why
}

// boot starts a PHP that takes the place of the current one. The lock is held.
func (k *Keeper) boot() {
	if k.booting || k.closed {
		return
	}
	k.booting = true
	k.work.Go(func() {
		z, err := startZygote(&k.host, k.p, k.closing)
		k.mu.Lock()
		defer k.mu.Unlock()
		k.booting = false
		switch {
		case err != nil && k.closed:
		case err != nil:
			k.failed(fmt.Errorf("no warm PHP could be started: %w", err))
		default:
			k.adopt(z)
		}
	})
}

// adopt has calls go to z from now on. The lock is held.
func (k *Keeper) adopt(z *zygote) {
	old := k.current
	k.current = z
	k.work.Go(func() { k.watch(z) })
	if old != nil {
		k.dismiss(old)
	}
	if k.closed {
		k.dismiss(z)
	} else if k.host.Adopted != nil {
		k.host.Adopted()
	}
}

// failed has PHP started again, the later the oftener it has failed. The lock is held.
func (k *Keeper) failed(why error) {
	wait := k.backoff.Next()
	if k.current == nil {
		k.why = why
	}
	k.log(fmt.Sprintf("%v; tried again in %v, until then each call starts a process", why, wait))
	k.retry = time.AfterFunc(wait, func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.retry = nil; k.current == nil || k.current.worn() {
			k.boot()
		}
	})
}

// dismiss tells a PHP to end when it has answered what it was asked. The lock is held.
func (k *Keeper) dismiss(z *zygote) {
	if z.old {
		return
	}
	z.old = true
	z.conn.hangUp()
	k.work.Go(func() {
		late := time.NewTimer(endTime)
		defer late.Stop()
		closing := k.closing
		for {
			select {
			case <-z.child.Gone:
				return
			case <-closing:
				closing = nil
				late.Reset(patience)
			case <-late.C:
				z.child.Kill()
				return
			}
		}
	})
}

// worn says that a PHP is to be replaced, for whatever it may have lost or gathered.
func (z *zygote) worn() bool {
	age := time.Since(z.begun)
	return z.calls >= maxCalls || age > maxAge || age > steady && z.edited()
}

// watch waits for the end of a PHP, and has another started if nobody wanted that.
func (k *Keeper) watch(z *zygote) {
	<-z.child.Gone
	select {
	case <-z.conn.lost:
	case <-time.After(endTime): // a child that hangs before it begins
	}
	z.conn.close()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.current == z {
		k.current = nil
	}
	if k.closed || z.old {
		return
	}
	k.failed(fmt.Errorf("the warm PHP has died after %d calls: %s", z.calls, or(z.child.Said(), "it was killed")))
}

func or(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// Serving is the pid of the PHP that calls come from now; without one, why.
func (k *Keeper) Serving() (pid int, why error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.current == nil {
		return 0, k.why
	}
	return k.current.child.PID, nil
}

// Suspect has another PHP take the place of the current one, because a process that came
// of it has crashed: what they share may be to blame.
func (k *Keeper) Suspect() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if z := k.current; z != nil && time.Since(z.begun) > steady && k.retry == nil {
		k.boot()
	}
}

// rest ends a PHP that nobody has needed for a while.
func (k *Keeper) rest() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return
	}
	if z := k.current; z != nil && time.Since(k.used) >= idleTime {
		k.current, k.why = nil, errors.New("the warm PHP had nothing to do for long and was ended: it is being started again")
		k.dismiss(z)
	}
	k.idle.Reset(idleTime)
}

// Close ends what is kept and waits until nothing of it is left.
func (k *Keeper) Close() {
	k.mu.Lock()
	if !k.closed {
		k.closed, k.why = true, errClosed
		close(k.closing)
		k.idle.Stop()
		if k.retry != nil {
			k.retry.Stop()
		}
		if z := k.current; z != nil {
			k.current = nil
			k.dismiss(z)
		}
	}
	k.mu.Unlock()
	k.work.Wait()
}
