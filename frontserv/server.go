package frontserv

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/urocket/urocket/visor"
)

// Limits of the HTTP edge.
const (
	maxURI     = 32 << 10 // bytes of the request target; more: 414
	maxHeaders = 64 << 10 // sum of names, values and 4 bytes each; more: 431

	// maxHead is where the HTTP parser itself gives up, before there is a
	// request: request line and headers together, in bytes.
	maxHead = 1 << 20

	headTime = 10 * time.Second // for the request line and headers
	idleTime = 2 * time.Minute  // between two requests of a connection

	// How much of a body that nobody wants is read, and for how long at a time.
	leaveSize = 256 << 10
	leaveTime = 250 * time.Millisecond

	// stallTime is how long a caller may take to send the next piece of a body,
	// takeTime how long to take the next piece of an answer. A slow caller slows
	// the script, which has a timeout of its own; only who takes nothing is cut off.
	stallTime = 30 * time.Second
	takeTime  = 5 * time.Minute
)

// Server is the public side. What it serves is an [Edition], which may be
// replaced by another at any time.
type Server struct {
	visor   *visor.Visor
	edition atomic.Pointer[Edition]
	log     *slog.Logger
	http    *http.Server
	observe func(Outcome)                      // nil: nobody is told
	trace   func(TraceContext, time.Time) Span // nil: nobody keeps a record

	takeTime time.Duration // see takeTime

	mu        sync.Mutex
	draining  bool
	receiving map[*exchange]struct{} // whose bodies are under way
}

// New returns a server of an edition that does not serve yet.
func New(v *visor.Visor, log *slog.Logger, e *Edition) *Server {
	s := &Server{visor: v, log: log, takeTime: takeTime, receiving: map[*exchange]struct{}{}}
	s.edition.Store(e)
	s.http = &http.Server{
		Handler:                      s,
		MaxHeaderBytes:               maxHead,
		ReadHeaderTimeout:            headTime,
		IdleTimeout:                  idleTime,
		DisableGeneralOptionsHandler: true,
		ConnContext:                  withConn,
		ErrorLog:                     slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	return s
}

// Switch serves e to the requests that come from now on. Each request is served
// by one edition from its first stage to its answer.
func (s *Server) Switch(e *Edition) { s.edition.Store(e) }

// Serve answers on l, with TLS if the first edition has a certificate, until [Server.Shutdown]; then it returns nil. At most so
// many connections are open at once; what comes beyond waits to be accepted.
func (s *Server) Serve(l *net.TCPListener, connections int) error {
	if err := s.http.Serve(s.secured(&limited{
		TCPListener: l, places: make(chan struct{}, connections), closed: make(chan struct{}), log: s.log,
	})); err != http.ErrServerClosed {
		return fmt.Errorf("serve %s: %w", l.Addr(), err)
	}
	return nil
}

// Draining has connections closed after their next answer, so that callers go
// to another instance, and gives up bodies that are still coming in: their calls
// would be refused anyway.
func (s *Server) Draining() {
	s.refuse()
	// It closes what it takes for idle, on which a request may be arriving: that one has
	// to be refused by now.
	s.http.SetKeepAlivesEnabled(false)
}

// refuse has calls refused that have not come to the end of their body.
func (s *Server) refuse() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.draining = true
	for x := range s.receiving {
		_ = x.rc.SetReadDeadline(time.Unix(1, 0))
	}
}

// receive notes that a body is about to be read; false: not any more.
func (s *Server) receive(x *exchange) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		return false
	}
	s.receiving[x] = struct{}{}
	return true
}

// received takes the note back.
func (s *Server) received(x *exchange) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.receiving, x)
}

// isDraining says whether Draining was called.
func (s *Server) isDraining() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.draining
}

// allowRead gives the next read of a body its time.
func (s *Server) allowRead(x *exchange) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.draining {
		_ = x.rc.SetReadDeadline(time.Now().Add(stallTime))
	}
}

// Shutdown stops listening and waits for the answers that are being written,
// until ctx is done; then it closes their connections.
func (s *Server) Shutdown(ctx context.Context) error {
	if err := s.http.Shutdown(ctx); err != nil {
		return s.http.Close()
	}
	return nil
}

// Close closes every connection at once.
func (s *Server) Close() { _ = s.http.Close() }
