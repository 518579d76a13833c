package processctl

import (
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

	work sync.WaitGroup

	mu      sync.Mutex
	running int       // processes that calls have
	ready   *nestling // nil: none
	filling bool
	closed  bool
	backoff warm.Backoff
	resume  time.Time // no other is forked ahead before
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

// take returns one that lives and would not be forked in another way now; nil: there is
// none.
func (n *nest) take() *nestling {
	n.mu.Lock()
	one := n.ready
	n.ready = nil
	if one != nil && one.unwatch() {
		n.lose(one)
		one = nil
	}
	n.mu.Unlock()
	if one != nil && !n.Serves(one.Ahead) {
		n.drop(one)
		return nil
	}
	return one
}

// flown counts a process that a call has from now on.
func (n *nest) flown() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.running++
}

// ended counts a process of a call that is gone, with all that it has started.
func (n *nest) ended() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.running--
	n.fill()
}

// adopted is told when there is another PHP that forks.
func (n *nest) adopted() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.fill()
}

// fill has one forked for the next call, if none waits and no call runs. The lock is held.
func (n *nest) fill() {
	if n.running > 0 || n.closed || n.filling || n.ready != nil || time.Now().Before(n.resume) {
		return
	}
	n.filling = true
	n.work.Go(func() {
		one, err := n.bear()
		n.mu.Lock()
		defer n.mu.Unlock()
		n.filling = false
		switch {
		case err != nil:
			n.failed() // whoever comes next has the same trouble, and tells of it
		case n.closed:
			n.drop(one)
		default:
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
	})
}

// lose deals with one that was lost while it waited. The lock is held.
func (n *nest) lose(one *nestling) {
	select {
	case <-one.Gone(): // with the PHP that has borne it
	default:
		n.failed()
		n.w.Log(fmt.Sprintf("%v has died, which was forked ahead", one))
	}
	n.drop(one)
}

// failed puts the next off. The lock is held.
func (n *nest) failed() { n.resume = time.Now().Add(n.backoff.Next()) }

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

// drop discards one without waiting for it.
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
	if w := p.spec.Warm; w != nil && w.nest != nil && p.spec.Path == w.PHP {
		if p.nestling = w.nest.take(); p.nestling != nil {
			p.tree = p.nestling.tree
		}
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
	one.birth.signal(syscall.SIGCONT) // a script that is the same user may have stopped it
	err := one.Begin(p.request(c, one.tree))
	p.nestling = nil
	if err == nil {
		return one.birth, nil
	}
	p.tree = nil
	p.spec.Warm.nest.drop(one)
	if terr := p.prepareTree(c); terr != nil {
		return birth{}, &ResourceError{terr}
	}
	return birth{}, fmt.Errorf("have a process run that was forked ahead: %w", err)
}
