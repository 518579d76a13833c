package page

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/urocket/urocket/processctl/cgroup"
	"github.com/urocket/urocket/visor"
)

// Calls is what the page asks the visor for, and of it.
type Calls interface {
	// Current are the calls that wait or run, oldest first.
	Current() []visor.Snapshot
	// Snapshot is one call, which may have ended lately.
	Snapshot(id string) (visor.Snapshot, bool)
	// Terminate ends a call, with SIGKILL at once if now. Errors as of
	// [visor.Visor.Terminate].
	Terminate(id string, now bool) error
	// Occupancy is who holds places and who waits for one.
	Occupancy() visor.Occupancy
	// Draining says that urocket is stopping.
	Draining() bool
}

// Options say whose page it is, and who may see it.
type Options struct {
	Service string // servicename
	Version string // of urocket
	Level   string // what holds for the processes, as of [cgroup.Level]
	Address string // host:port of the listener, as configured

	Calls  Calls        // required
	Logger *slog.Logger // nil: slog.Default()

	// Owned says whether a process belongs to a request: such a one is not shown
	// what others are given. nil: every process counts as owned.
	Owned func(pid int) bool
	// Self is the uid of urocket, the only one beside root that needs no key.
	Self int
}

// Operation is one that the page lists. A zero value is a limit that is not set.
type Operation struct {
	visor.Operation
	Command []string // as the operator wrote it, placeholders unfilled
	Driver  string   // as configured: spawn, fork, worker
	Reply   string   // where the answer comes from; "": the worker
	User    string   // "": urocket's own
	Timeout time.Duration
	Limits  cgroup.Limits
}

// Call is how a request went.
type Call struct {
	ID        string
	Operation *visor.Operation // nil: it matched none
	Status    int              // of the answer
	Problem   string           // what kind of problem the answer is, where no process was started; "": none
	BrokenOff bool             // the answer had begun and could not be completed
	Started   bool             // a process was
	Stopped   visor.End        // why the process was made to end, as of [visor.Summary]
}

// Page is the page of one urocket.
type Page struct {
	opt   Options
	guard guard
	ended ended
	watch watch

	operations atomic.Pointer[adopted]
}

// adopted are the operations that are in force. They do not change.
type adopted struct {
	generation int // counts from 1
	list       []Operation
}

// New makes a page without operations.
func New(o Options) *Page {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	p := &Page{opt: o, guard: newGuard(o)}
	p.operations.Store(&adopted{})
	p.watch.look, p.watch.take = p.look, takeTime
	p.watch.stop = make(chan struct{})
	p.watch.nudge = make(chan struct{}, 1)
	return p
}

// Adopt lists the operations of a configuration that is now in force. One
// goroutine calls it.
func (p *Page) Adopt(operations []Operation) {
	p.operations.Store(&adopted{p.operations.Load().generation + 1, operations})
	p.watch.soon()
}

// Count tells of a call that is over, while the visor still knows it. Those for
// which no process was even tried are not kept.
func (p *Page) Count(c Call) {
	e := &end{at: time.Now(), status: c.Status, problem: c.Problem, broken: c.BrokenOff, stopped: c.Stopped}
	switch {
	case c.Started:
		snap, ok := p.opt.Calls.Snapshot(c.ID)
		if !ok {
			return // more ended in the meantime than the visor remembers
		}
		e.Snapshot = snap
	case c.Operation != nil && (c.Problem == "start-failed" || c.Problem == "internal"):
		e.ID, e.Path, e.Method = c.ID, c.Operation.Path, c.Operation.Method
	default:
		return
	}
	p.ended.add(e)
	p.watch.soon()
}

// Close ends the streams of those who watch, and lets nobody begin to. It waits
// for what the page itself has started.
func (p *Page) Close() { p.watch.close() }

// The paths of the page.
const (
	pathIndex  = "/"
	pathStyle  = "/page/style.css"
	pathScript = "/page/script.js"
	pathEvents = "/page/events"
	pathEnd    = "/page/end"
)

// Handler serves the page, and leaves every other path to next.
func (p *Page) Handler(next http.Handler) http.Handler {
	routes := map[string]struct {
		method string
		serve  http.HandlerFunc
	}{
		pathIndex:  {http.MethodGet, p.serveIndex},
		pathStyle:  {http.MethodGet, serveFile("text/css; charset=utf-8", style)},
		pathScript: {http.MethodGet, serveFile("text/javascript; charset=utf-8", script)},
		pathEvents: {http.MethodGet, p.serveEvents},
		pathEnd:    {http.MethodPost, p.serveEnd},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		route, ok := routes[r.URL.Path]
		if !ok {
			next.ServeHTTP(w, r)
			return
		}
		protect(w.Header())
		if method := r.Method; method != route.method && (method != http.MethodHead || route.method != http.MethodGet) {
			w.Header().Set("Allow", route.method)
			say(w, http.StatusMethodNotAllowed, "this path takes "+route.method)
			return
		}
		if who, ok := p.guard.admit(w, r); ok {
			route.serve(w, r.WithContext(context.WithValue(r.Context(), peerKey{}, who)))
		}
	})
}

// policy is the Content-Security-Policy.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; " +
	"frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// protect says to browsers what the page may do, and what others may do with it.
func protect(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "same-origin") // with none at all forms would be sent without an Origin
	h.Set("Cache-Control", "no-store")
}

func serveFile(kind string, content []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write(content) // fails only if the browser has gone
	}
}

// say answers with a text.
func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n"))
}

// secret is a text that nobody guesses.
func secret() string { return rand.Text() }
