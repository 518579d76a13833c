package page

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// How it is told what changes.
const (
	maxWatchers = 16
	lookTime    = time.Second            // between two looks
	soonTime    = 250 * time.Millisecond // between two looks, if a call has ended
	quietTime   = 10 * time.Second       // without news: a comment, which shows that somebody is there
	takeTime    = 10 * time.Second       // for the next piece to be taken
	endTime     = time.Second            // for the end of the stream to be
)

var (
	errFull   = errors.New("as many watch already as may")
	errClosed = errors.New("urocket is stopping")
)

// A watch is what those who watch have in common: one look at the calls at a time.
// The goroutine that looks lives as long as anybody watches.
type watch struct {
	look  func() []byte
	take  time.Duration // see takeTime
	stop  chan struct{} // closed by close
	nudge chan struct{}

	watched atomic.Bool
	looking sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	watchers int
	enough   chan struct{} // closed when the last watcher has gone
	seen     []byte        // the last look
	changed  chan struct{} // closed when there is another one
}

// join lets one more watch; leave is to be called for each.
func (w *watch) join() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.closed:
		return errClosed
	case w.watchers == maxWatchers:
		return errFull
	}
	if w.watchers++; w.watchers == 1 {
		w.watched.Store(true)
		w.enough, w.changed, w.seen = make(chan struct{}), make(chan struct{}), w.look()
		enough := w.enough
		w.looking.Go(func() { w.lookOn(enough) })
	}
	return nil
}

func (w *watch) leave() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.watchers--; w.watchers == 0 {
		w.watched.Store(false)
		close(w.enough)
	}
}

// now is the last look, and what is closed when there is another one.
func (w *watch) now() ([]byte, <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen, w.changed
}

// lookOn looks again and again.
func (w *watch) lookOn(enough <-chan struct{}) {
	for {
		if !w.rest(enough) {
			return
		}
		seen := w.look()
		w.mu.Lock()
		if w.enough == enough { // else others have come, who have their own
			w.seen = seen
			close(w.changed)
			w.changed = make(chan struct{})
		}
		w.mu.Unlock()
	}
}

// rest waits until it is time for another look; false: there will be none.
func (w *watch) rest(enough <-chan struct{}) bool {
	soon := time.NewTimer(soonTime)
	defer soon.Stop()
	select {
	case <-soon.C:
	case <-enough:
		return false
	case <-w.stop:
		return false
	}
	later := time.NewTimer(lookTime - soonTime)
	defer later.Stop()
	select {
	case <-later.C:
	case <-w.nudge:
	case <-enough:
		return false
	case <-w.stop:
		return false
	}
	return true
}

// soon has somebody look who would do so later, if anybody watches.
func (w *watch) soon() {
	if !w.watched.Load() {
		return
	}
	select {
	case w.nudge <- struct{}{}:
	default: // it was said
	}
}

// close tells those who watch to leave, and waits for who looks.
func (w *watch) close() {
	w.mu.Lock()
	first := !w.closed
	w.closed = true
	w.mu.Unlock()
	if first {
		close(w.stop)
	}
	w.looking.Wait()
}

// news is one look: what runs, and how many, as the script wants it.
type news struct {
	Boot       string            `json:"boot"`
	Generation int               `json:"generation"`
	Places     string            `json:"places"`
	Running    []runningRow      `json:"running"`
	More       string            `json:"more"`
	Operations map[string]string `json:"operations"`
}

// look is the news, encoded.
func (p *Page) look() []byte {
	v := p.view()
	n := news{Boot: v.Boot, Generation: v.Generation, Places: v.Places, Running: v.Running, More: v.More, Operations: map[string]string{}}
	for _, o := range v.Operations {
		n.Operations[o.Name] = o.Now
	}
	b, err := json.Marshal(n)
	if err != nil {
		p.opt.Logger.Error("the page cannot tell what runs", "error", err)
		return []byte("{}")
	}
	return b
}

// serveEvents streams to one who watches, from the ended call on that he names: by
// itself a browser does so when it comes again.
func (p *Page) serveEvents(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodHead {
		return
	}
	if err := p.watch.join(); err != nil {
		w.Header().Set("Retry-After", "10")
		say(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	defer p.watch.leave()
	s := &stream{page: p, w: w, rc: http.NewResponseController(w), after: since(r)}
	w.Header().Set("Content-Type", "text/event-stream")
	if err := s.write("retry: 3000\n\n"); err != nil {
		return
	}
	for {
		changed, err := s.tell()
		if err != nil {
			return // he has gone, or takes nothing
		}
		quiet := time.NewTimer(quietTime)
		select {
		case <-changed:
		case <-quiet.C:
			err = s.write(": still here\n\n")
		case <-r.Context().Done():
			err = r.Context().Err()
		case <-p.watch.stop:
			err = errClosed
		}
		quiet.Stop()
		if err != nil {
			_ = s.rc.SetWriteDeadline(time.Now().Add(endTime))
			return
		}
	}
}

// since is the number of the last ended call that is known already.
func since(r *http.Request) uint64 {
	text := r.Header.Get("Last-Event-ID")
	if text == "" {
		text = r.URL.Query().Get("after")
	}
	n, _ := strconv.ParseUint(text, 10, 64)
	return n
}

// stream is what goes to one who watches.
type stream struct {
	page  *Page
	w     http.ResponseWriter
	rc    *http.ResponseController
	after uint64 // the ended call that was told of last
	told  []byte // the last look that was
}

// tell writes what is new, and returns what is closed when there is more.
func (s *stream) tell() (<-chan struct{}, error) {
	seen, changed := s.page.watch.now()
	// What has ended first: it is to be seen among those before it is gone from these.
	over, last := s.page.ended.after(s.after)
	if s.after > last {
		s.after = 0 // it counts the calls of an earlier urocket; the script will see that too
	}
	for _, e := range over {
		b, err := json.Marshal(newEndedRow(e))
		if err != nil {
			return nil, err
		}
		if err := s.write("id: %d\nevent: ended\ndata: %s\n\n", e.number, b); err != nil {
			return nil, err
		}
		s.after = e.number
	}
	if !bytes.Equal(seen, s.told) {
		if err := s.write("event: now\ndata: %s\n\n", seen); err != nil {
			return nil, err
		}
		s.told = seen
	}
	return changed, s.rc.Flush()
}

// write writes, if it is taken in time.
func (s *stream) write(format string, values ...any) error {
	if err := s.rc.SetWriteDeadline(time.Now().Add(s.page.watch.take)); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(s.w, format, values...); err != nil {
		return err
	}
	return s.rc.Flush()
}
