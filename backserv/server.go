package backserv

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/julienschmidt/httprouter"

	"github.com/urocket/urocket/visor"
)

// The limits of one connection.
const (
	headerTimeout   = 10 * time.Second // from the connect, or the first byte of a later request, to the end of the headers
	progressTimeout = 30 * time.Second // of a body or an answer, without a byte
	idleTimeout     = 60 * time.Second // between two requests
	maxHeaderBytes  = 1 << 20
)

// Calls is what the socket needs of the visor; [FromVisor] makes one.
type Calls interface {
	// Deliver announces that a delivery for id has begun. Errors as of
	// [visor.Visor.Deliver]; without one the delivery must be aborted.
	Deliver(id, place string) (Delivery, error)
	// Snapshots are the calls that run or ended lately, oldest first.
	Snapshots() []visor.Snapshot
	// Snapshot is one of them.
	Snapshot(id string) (visor.Snapshot, bool)
	// Terminate ends a call, with SIGKILL at once if now. Errors as of
	// [visor.Visor.Terminate].
	Terminate(id string, now bool) error
	// Draining says that urocket is stopping.
	Draining() bool
}

// Delivery is a reply on its way, as [visor.Delivery].
type Delivery interface {
	// MaxReply is how large the reply may be, in bytes; a larger one is 413.
	MaxReply() int64
	// Commit offers the whole reply; with nil the body has a new owner.
	Commit(*visor.Reply) error
	// Abort ends the delivery; after Commit it does nothing.
	Abort()
}

// FromVisor returns v as Calls.
func FromVisor(v *visor.Visor) Calls { return visorCalls{v} }

type visorCalls struct{ *visor.Visor }

func (v visorCalls) Deliver(id, place string) (Delivery, error) {
	d, err := v.Visor.Deliver(id, place)
	if err != nil {
		return nil, err
	}
	return d, nil
}

// Options say what a Server serves.
type Options struct {
	Calls  Calls        // required
	Logger *slog.Logger // nil: slog.Default()

	// Owned says whether a process belongs to a request: such a one is not shown
	// what runs. The answer counts only if the process still lives afterwards.
	// nil: every process counts as owned.
	Owned func(pid int) bool
	// Where tells the place of a process, for operations that take replies only
	// from their own; an error, that it cannot be told. It is asked at each accept.
	// nil: no operation wants it.
	Where func(pid int) (string, error)
	// Self is the uid of urocket, the only one beside root that may see what runs.
	Self int

	// Connections is how many may be open at once. When they are, new ones take
	// the place of those that deliver no reply, or wait. 0: any number.
	Connections int

	// Ready says why urocket cannot serve; nil: it can, unless it is draining.
	Ready func() error
	// Pools are shown by /urprocs behind the processes; nil: there are none.
	Pools func() []Pool
	// Page is a link to the page of the admin listener, with a key in it, for who may
	// see the processes; nil: there is no page.
	Page func() string
	// Metrics answers /metrics; nil: 404.
	Metrics http.Handler
	// Replied is told the status that each reply was answered with; 0: its sender
	// broke off. It is called from many goroutines and must not block. nil: nobody
	// is told.
	Replied func(status int)
}

// Server serves the routes of the package comment.
type Server struct {
	opt      Options
	http     *http.Server
	plains   plains
	progress time.Duration // see progressTimeout
	unready  unready

	// running is held for reading by each handler, and for good by Shutdown.
	running  sync.RWMutex
	shutdown sync.Once
}

// New returns a Server that does not serve yet.
func New(o Options) *Server {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	s := &Server{opt: o, progress: progressTimeout}
	remembered() // as long as there are descriptors
	s.http = &http.Server{
		Handler:           s.gated(s.routes()),
		ReadHeaderTimeout: headerTimeout,
		// Both are where a request begins; a delivery in progress moves them on.
		ReadTimeout:    progressTimeout,
		WriteTimeout:   progressTimeout,
		IdleTimeout:    idleTimeout,
		MaxHeaderBytes: maxHeaderBytes,
		ErrorLog:       slog.NewLogLogger(o.Logger.Handler(), slog.LevelWarn),
		ConnContext:    withConn,
		ConnState:      changed,
	}
	return s
}

// Serve accepts connections on l until Shutdown, and then returns nil. It closes
// l. Another error means that l cannot accept any more.
func (s *Server) Serve(l net.Listener) error {
	l, err := acceptorOf(l)
	if err != nil {
		return err
	}
	peers := newPeerListener(l, newCrowd(s.opt.Connections, s.opt.Logger), s.opt.Where)
	d := &door{peerListener: peers, server: s, others: handed{Listener: peers, conns: make(chan net.Conn), closing: make(chan struct{})}}
	others := make(chan error, 1)
	go func() { others <- s.http.Serve(&d.others) }()
	err = s.http.Serve(d)
	_ = d.others.Close()
	<-others
	if !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Shutdown closes the listener, lets deliveries end until ctx is done, and then
// breaks them off. It returns when nothing of the server runs any more; the
// error is that of ctx if something had to be broken off.
func (s *Server) Shutdown(ctx context.Context) error {
	plain := make(chan error, 1)
	go func() { plain <- s.plains.close(ctx) }()
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.http.Close())
	}
	if broken := <-plain; err == nil {
		err = broken
	}
	s.shutdown.Do(s.running.Lock)
	return err
}

// gated lets Shutdown wait for handlers whose connection it has closed, and
// keeps out those that come after.
func (s *Server) gated(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.running.TryRLock() {
			panic(http.ErrAbortHandler)
		}
		defer s.running.RUnlock()
		h.ServeHTTP(w, r)
	})
}

func (s *Server) routes() http.Handler {
	router := s.probes()
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		router.Handle(method, "/urprocs", s.listProcesses)
		router.Handle(method, "/urprocs/:id", s.showProcess)
		router.Handle(method, "/urpage", s.linkPage)
	}
	router.Handle(http.MethodDelete, "/urprocs/:id", s.endProcess)
	for _, method := range []string{http.MethodPost, http.MethodPut} {
		router.Handle(method, "/urhttp/:id", func(w http.ResponseWriter, r *http.Request, p httprouter.Params) {
			s.serveReply(w, r, p.ByName("id"))
		})
	}
	// "/:id" beside the fixed routes is more than httprouter can tell apart.
	router.NotFound = http.HandlerFunc(s.serveRest)
	return router
}

// AdminHandler answers /healthz, /readyz (503 while urocket drains) and /metrics,
// the part of the routes that may be served on TCP. There a body is nobody's reply, whose
// sender should see the answer: it is not read, and its connection closed.
func (s *Server) AdminHandler() http.Handler {
	probes := s.probes()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 {
			w.Header().Set("Connection", "close")
			r = r.Clone(r.Context())
			r.Body, r.ContentLength = http.NoBody, 0
		}
		probes.ServeHTTP(w, r)
	})
}

// probes returns a router with the routes that anybody may ask.
func (s *Server) probes() *httprouter.Router {
	router := httprouter.New()
	// A redirect would turn a reply into a GET, or into nothing.
	router.RedirectTrailingSlash, router.RedirectFixedPath, router.HandleOPTIONS = false, false, false
	router.NotFound = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.exchange(w, r).answer(nothing)
	})
	router.MethodNotAllowed = http.HandlerFunc(s.wrongMethod)
	metrics := s.opt.Metrics
	if metrics == nil {
		metrics = router.NotFound
	}
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		router.HandlerFunc(method, "/healthz", s.serveHealth)
		router.HandlerFunc(method, "/readyz", s.serveReady)
		router.Handler(method, "/metrics", metrics)
	}
	return router
}

func (s *Server) serveHealth(w http.ResponseWriter, r *http.Request) {
	s.exchange(w, r).answer(answer{status: http.StatusOK, text: "ok"})
}

// unready tells the log why urocket cannot serve: each reason once a minute at most, for
// anybody may ask.
type unready struct {
	mu   sync.Mutex
	why  string
	said time.Time
}

func (u *unready) say(log *slog.Logger, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if why := err.Error(); why != u.why || time.Since(u.said) > time.Minute {
		u.why, u.said = why, time.Now()
		log.Warn("not ready", "error", err)
	}
}

func (s *Server) serveReady(w http.ResponseWriter, r *http.Request) {
	if s.opt.Calls.Draining() {
		s.exchange(w, r).answer(answer{status: http.StatusServiceUnavailable, text: "draining\n"})
		return
	}
	if s.opt.Ready != nil {
		if err := s.opt.Ready(); err != nil {
			s.unready.say(s.opt.Logger, err)
			s.exchange(w, r).answer(answer{status: http.StatusServiceUnavailable, text: "not ready: " + oneLine(err.Error()) + "\n"})
			return
		}
	}
	s.exchange(w, r).answer(answer{status: http.StatusOK, text: "ok"})
}
