package processctl

import (
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"

	"github.com/urocket/urocket/processctl/cgroup"
	"github.com/urocket/urocket/processctl/warm"
)

// nest keeps a PHP warm for an operation and, when no call runs, one process that it has
// forked ahead: to clone a PHP takes half of the time until its script begins. Who comes
// while there is none has one forked at once; under load that is everybody, and nothing is
// done twice.
type nest struct {
	*warm.Keeper
	c *Controller
	w Warm

	work sync.WaitGroup // those who bear, watch, have taken or discard one

	mu      sync.Mutex // never held while the keeper is asked: that has its own when it tells us
	running int        // calls that have a process, or are about to
	ready   *nestling  // nil: none
	filling bool
	stale   bool // there is another PHP since that began
	closed  bool
	backoff warm.Backoff
	retry   *time.Timer // nothing is forked ahead until then; nil: no need to wait
}

// nestling is a process that waits in a nest for a call to become its own.
type nestling struct {
	*warm.Ahead
	birth birth
	tree  *groupTree
	lookout
}

func (c *Controller) newNest(w Warm) *nest {
	n := &nest{c: c, w: w}
	host := c.warmHost(&n.w)
	host.Adopted = n.adopted
	n.mu.Lock() // until it is whole
	defer n.mu.Unlock()
	n.Keeper = warm.Keep(host, w.Program, w.Log)
	return n
}

// enter counts a call that comes. It must leave once.
func (n *nest) enter() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.running++
}

// leave counts a call that is over, whatever its process came of: nothing is left of that.
func (n *nest) leave() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.running--
	n.fill()
}

// take returns one that lives and would not be forked in another way now; nil: there is
// none. Whoever has it calls [nest.settled] once.
func (n *nest) take() *nestling {
	one := n.pick()
	if one != nil && !n.Serves(one.Ahead) {
		n.drop(one)
		n.settled()
		return nil
	}
	return one
}

func (n *nest) pick() *nestling {
	n.mu.Lock()
	defer n.mu.Unlock()
	one := n.ready
	if n.ready = nil; one == nil {
		return nil
	}
	if one.unwatch() {
		n.lose(one)
		return nil
	}
	n.work.Add(1) // it is not closed yet: then nothing would be ready
	return one
}

// settled says that the process of a call is, or is not, one that was taken.
func (n *nest) settled() { n.work.Done() }

// adopted is told when there is another PHP that forks.
func (n *nest) adopted() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if one := n.ready; one != nil { // of the one before
		n.ready = nil
		one.unwatch()
		n.drop(one)
	}
	if n.retry != nil {
		n.retry.Stop()
		n.retry = nil
	}
	n.stale = n.filling
	n.fill()
}

// fill has one forked for the next call, if none waits and no call runs. The lock is held.
func (n *nest) fill() {
	if n.running > 0 || n.closed || n.filling || n.ready != nil || n.retry != nil {
		return
	}
	n.filling = true
	n.work.Go(func() {
		one, err := n.bear()
		pid, _ := n.Serving()
		n.mu.Lock()
		defer n.mu.Unlock()
		n.filling = false
		switch {
		case n.stale:
			if n.stale = false; one != nil {
				n.drop(one)
			}
			n.fill()
		case err != nil && pid == 0: // there will be another PHP, or a call that has one started
		case err != nil: // whoever comes next has the same trouble, and tells of it
			n.later()
		case n.closed:
			n.drop(one)
		default:
			n.add(one)
		}
	})
}

// add keeps one for the next call. The lock is held.
func (n *nest) add(one *nestling) {
	n.ready = one
	one.watch(&n.work, one.birth.exit, one.Gone(), func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.ready == one {
			n.ready = nil
			n.lose(one)
		}
	})
}

// lose deals with one that was lost while it waited. The lock is held.
func (n *nest) lose(one *nestling) {
	select {
	case <-one.Gone(): // with the PHP that has borne it
	default:
		n.later()
		n.work.Go(func() { n.w.Log(fmt.Sprintf("%v has died, which was forked ahead", one)) })
	}
	n.drop(one)
}

// later puts the next one off. The lock is held.
func (n *nest) later() {
	if n.retry != nil || n.closed {
		return
	}
	n.retry = time.AfterFunc(n.backoff.Next(), func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.retry = nil
		n.fill()
	})
}

// bear has one forked.
func (n *nest) bear() (*nestling, error) {
	t, err := n.c.newTree(n.w.Limits, n.w.Isolation)
	if err != nil {
		return nil, err
	}
	one := &nestling{tree: t.(*groupTree)} // else PHP would not be kept to fork
	since := time.Now()
	if one.Ahead, err = n.Ahead(one.tree.group); err != nil {
		one.discard()
		return nil, err
	}
	if one.birth, err = n.c.reaper.forkedInto(one.tree, one.PID, since); err != nil {
		one.discard()
		return nil, err
	}
	one.tree.born(one.birth)
	return one, nil
}

// forkedInto is the birth of a process that a warm PHP tells of.
func (r *reaper) forkedInto(t *groupTree, pid int, since time.Time) (birth, error) {
	b, ours := r.forked(pid, since, func(pid int) bool {
		place, err := cgroup.PathOf(pid)
		return err == nil && t.holds(place)
	})
	if !ours {
		return b, fmt.Errorf("the warm php says that it has forked process %d, which is none of this call's: %w", pid, warm.ErrUncertain)
	}
	return b, nil
}

// drop discards one without waiting for it. The lock is held, and it is not closed; or
// there is something else in work.
func (n *nest) drop(one *nestling) { n.work.Go(one.discard) }

// discard ends one that no call has, and removes what it had.
func (one *nestling) discard() {
	if one.Ahead != nil {
		one.Close()
	}
	removeUnborn(one.tree)
}

// Close ends what is kept, and returns when nothing is left of it.
func (n *nest) Close() {
	n.mu.Lock()
	n.closed = true
	if n.retry != nil {
		n.retry.Stop()
	}
	if one := n.ready; one != nil {
		n.ready = nil
		one.unwatch()
		n.drop(one)
	}
	n.mu.Unlock()
	n.Keeper.Close()
	n.work.Wait()
}

// takeNestling makes the tree of one that waits the process's, if there is one.
func (p *Process) takeNestling() {
	w := p.spec.Warm
	if w == nil || w.nest == nil {
		return
	}
	p.nest = w.nest
	p.nest.enter()
	call := p.call(p.spec.Env)
	if p.spec.Path != w.PHP || !call.Fits() {
		return // it will come to be in another way
	}
	if p.nestling = p.nest.take(); p.nestling != nil {
		p.tree = p.nestling.tree
	}
}

// leaveNest is called when nothing is left of the process, or it did not come to be.
func (p *Process) leaveNest() {
	if p.nest != nil {
		p.nest.leave()
		p.nest = nil
	}
}

// hatch tells one that was forked ahead what it is to do, if there is one. On an error
// but [warm.ErrUncertain] it has not begun, and there is another tree for another process
// or, if there is none, no way to go on.
func (p *Process) hatch(c *Controller) (birth, error) {
	one := p.nestling
	if one == nil {
		return birth{}, nil
	}
	defer p.nest.settled()
	one.birth.signal(syscall.SIGCONT) // a script that is the same user may have stopped it
	err := one.Begin(p.request(c, one.tree))
	p.nestling = nil
	if err == nil {
		return one.birth, nil
	}
	p.tree = nil
	p.nest.drop(one)
	if errors.Is(err, warm.ErrUncertain) {
		return birth{}, err
	}
	if terr := p.prepareTree(c); terr != nil {
		return birth{}, &ResourceError{terr}
	}
	return birth{}, fmt.Errorf("have a process run that was forked ahead: %w", err)
}
