package processctl

import (
	"sync"

	"github.com/urocket/urocket/processctl/family"
)

// lookout is the watch over a process that waits for a call: it may die meanwhile.
type lookout struct {
	taken   chan struct{} // closed when it waits no more; nil: nobody watches it
	watched chan struct{} // closed when nobody watches it any more
	lost    bool          // it was seen to die, or has lost its use; read once watched is closed
}

// watch tells lost, from a goroutine of work, if before [lookout.unwatch] the process dies
// or useless is closed.
func (v *lookout) watch(work *sync.WaitGroup, exit <-chan family.Death, useless <-chan struct{}, lost func()) {
	v.taken, v.watched = make(chan struct{}), make(chan struct{})
	work.Go(func() {
		select {
		case <-v.taken:
		case <-useless:
			v.lost = true
		case <-exit:
			v.lost = true
		}
		close(v.watched)
		if v.lost {
			lost()
		}
	})
}

// unwatch ends the watch, if there is one, and says whether the process was lost. Who
// calls it is the only one to do so.
func (v *lookout) unwatch() (lost bool) {
	if v.taken != nil {
		close(v.taken)
		<-v.watched
		v.taken = nil
	}
	return v.lost
}
