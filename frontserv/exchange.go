package frontserv

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/urocket/urocket/frontserv/apidoc"
	"github.com/urocket/urocket/frontserv/guard"
	"github.com/urocket/urocket/frontserv/router"
	"github.com/urocket/urocket/processctl/spool"
	"github.com/urocket/urocket/processctl/worker"
	"github.com/urocket/urocket/visor"
)

// exchange is one request on its way to its answer.
type exchange struct {
	*Server
	*Edition
	w       http.ResponseWriter
	r       *http.Request
	rc      *http.ResponseController
	id      string       // REQUEST_ID
	theirID string       // the caller's X-Request-Id, if it is one that can be echoed
	joined  TraceContext // the request's place in a trace, if it has one
	span    Span         // the zero value: nobody keeps a record
	begun   time.Time

	*endpoint
	visitor *guard.Visitor // nil: nothing is demanded, or not looked at yet
	path    []router.Param
	query   url.Values
	script  string // the matched path without the base path, decoded

	body        *spool.Body // nil: none was sent
	asked       bool        // reading the body was begun
	taken       bool        // and it was read to its end
	payload     *spool.Body // what the process is given
	payloadType string

	status   int           // of the answer, for the log
	replied  time.Duration // when its head was sent, since the request began
	broken   bool          // the answer was broken off
	own      bool          // the answer is a problem of ours, and nothing of what was printed
	cause    error         // why the answer was a problem of ours, for the log
	started  bool          // a process was
	answered time.Duration // how long the answer of a started one took
}

// ServeHTTP answers one request, exactly once.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{
		Server: s, Edition: s.edition.Load(), w: w, r: r, rc: http.NewResponseController(w),
		id: uuid.NewString(), begun: time.Now(),
	}
	x.joinTrace()
	defer x.release()
	defer x.recovered()
	if id := r.Header.Get("X-Request-Id"); echoable(id) {
		x.theirID = id
	}
	run, p := x.begin()
	x.keepOwn()
	if p != nil {
		x.fail(p)
		x.logRefused(p)
		x.tellRefused(p.Status, p.word())
		return
	}
	if run != nil {
		x.started = true
		defer func() { x.answered = time.Since(x.begun); run.Close() }()
		x.answer(run)
	}
}

// recovered answers for a fault of ours. A deliberate end of the connection goes on.
func (x *exchange) recovered() {
	fault := recover()
	if fault == nil {
		return
	}
	if fault == http.ErrAbortHandler {
		panic(fault)
	}
	p := x.faultProblem(fault)
	if x.status != 0 {
		x.breakOff()
	}
	x.keepOwn()
	x.fail(p)
	if !x.started {
		x.tellRefused(p.Status, p.word())
	}
}

// faultProblem logs a panic and answers for it.
func (x *exchange) faultProblem(fault any) *problem {
	x.say(slog.LevelError, "a fault of urocket itself", append(x.attrs(), slog.String("panic", fmt.Sprint(fault)), slog.String("stack", string(debug.Stack())))...)
	return newProblem(http.StatusInternalServerError, "internal", "the gateway failed; its log says how")
}

// echoable says whether a caller's id may be sent back: 1 to 128 visible ASCII characters.
func echoable(id string) bool {
	if len(id) < 1 || len(id) > 128 {
		return false
	}
	return strings.IndexFunc(id, func(c rune) bool { return c <= ' ' || c > '~' }) < 0
}

// begin takes the request through its stages up to a running process. Neither
// a run nor a problem: it is answered already.
func (x *exchange) begin() (*visor.Run, *problem) {
	if p := x.checkSizes(); p != nil {
		return nil, p
	}
	if done, p := x.findRoute(); done || p != nil {
		return nil, p
	}
	x.replaceTrace()
	prepare := (*exchange).prepare
	if x.visor.Busy(x.places) {
		prepare = (*exchange).prepareApart
	}
	call, p := prepare(x)
	if p != nil {
		return nil, p
	}
	run, err := x.visor.Begin(x.r.Context(), call)
	if err != nil {
		return nil, x.beginProblem(err)
	}
	if x.route.Mode == visor.ReplyWorker {
		x.handOver()
	}
	x.release() // the process has what it is given
	if x.route.Mode == visor.ReplySocket {
		x.logStored()
	}
	return run, nil
}

// prepareApart is prepare in a goroutine of its own, for a call that will have to
// wait for its place. It needs a deep stack, and a stack that has once grown stays:
// thousands who wait would hold little else than stacks that nobody needs any more.
func (x *exchange) prepareApart() (call *visor.Call, p *problem) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if fault := recover(); fault != nil {
				call, p = nil, x.faultProblem(fault)
			}
		}()
		if call, p = x.prepare(); p == nil {
			p = x.putOff(call)
		}
	}()
	<-done
	return call, p
}

// stages are those before a call is made.
var stages = [...]func(*exchange) *problem{(*exchange).authorize, (*exchange).readBody, (*exchange).verify, (*exchange).makePayload, (*exchange).validate}

// prepare takes the request through the stages before a place is wanted.
func (x *exchange) prepare() (*visor.Call, *problem) {
	for _, stage := range stages {
		if p := stage(x); p != nil {
			return nil, p
		}
	}
	if x.body != nil && x.body != x.payload {
		_ = x.body.Close() // the payload was made of it; large ones need not wait twice
	}
	return x.makeCall()
}

func (x *exchange) checkSizes() *problem {
	if len(x.r.RequestURI) > maxURI {
		return newProblem(http.StatusRequestURITooLong, "too-large", "the request target is longer than 32 KiB")
	}
	sum := len("Host") + len(x.r.Host) + 4 // net/http takes it out of the headers
	for name, values := range x.r.Header {
		for _, v := range values {
			sum += len(name) + len(v) + 4
		}
	}
	if sum > maxHeaders {
		return newProblem(http.StatusRequestHeaderFieldsTooLarge, "too-large", "the headers are larger than 64 KiB")
	}
	return nil
}

// rawPath is the request's path as it was sent, without the query.
func rawPath(r *http.Request) string {
	if strings.HasPrefix(r.RequestURI, "/") {
		path, _, _ := strings.Cut(r.RequestURI, "?")
		return path
	}
	// The absolute form, http://host/path (RFC 9112 section 3.2.2).
	_, rest, ok := strings.Cut(r.RequestURI, "://")
	if slash := strings.IndexByte(rest, '/'); ok && slash >= 0 {
		path, _, _ := strings.Cut(rest[slash:], "?")
		return path
	}
	return r.URL.EscapedPath()
}

// findRoute finds the endpoint; done: OPTIONS was answered from the table alone.
func (x *exchange) findRoute() (done bool, p *problem) {
	path := rawPath(x.r)
	match, matched, ok := x.table.find(path)
	if !ok {
		return false, newProblem(http.StatusNotFound, "not-found", "the API has no such path")
	}
	e, params, ok := match.Verb(x.r.Method)
	switch {
	case ok && e.route != nil:
	case x.r.Method == http.MethodOptions:
		x.leaveBody()
		x.keepOwn()
		x.w.Header().Set("Allow", allow(match))
		x.w.WriteHeader(http.StatusNoContent)
		x.tellRefused(http.StatusNoContent, "")
		return true, nil
	case ok:
		return false, newProblem(http.StatusNotImplemented, "no-callback", "the API has this operation, but no command is configured for it")
	default:
		return false, newProblem(http.StatusMethodNotAllowed, "method-not-allowed", "the API has no such method on this path").with("Allow", allow(match))
	}
	x.endpoint, x.path = e, params
	x.query = apidoc.Query(x.r.URL.RawQuery)
	x.script, _ = url.PathUnescape(matched)
	return false, nil
}

// beginProblem translates why no process was started.
func (x *exchange) beginProblem(err error) *problem {
	var busy *visor.BusyError
	var failing *worker.FailingError
	var own *problem
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &busy):
		return busyProblem(busy)
	case errors.As(err, &failing):
		return failingProblem(failing)
	case errors.Is(err, visor.ErrDraining):
		return drainingProblem()
	case errors.Is(err, visor.ErrTerminated):
		return newProblem(http.StatusBadGateway, "no-answer", "the call was ended by an operator before a process was started for it")
	case x.r.Context().Err() != nil:
		return newProblem(statusCallerGone, "caller-gone", "the caller left while it waited for a place")
	}
	return startProblem(err)
}

// fail answers with a problem.
func (x *exchange) fail(p *problem) {
	p.RequestID = x.id
	x.cause, x.own = p.cause, true
	x.reply(p.Status)
	x.leaveBody()
	x.setWriteDeadline()
	p.write(x.w)
}

// reply notes that the answer begins.
func (x *exchange) reply(status int) { x.status, x.replied = status, time.Since(x.begun) }

// setWriteDeadline gives the next write its time. Not every writer has one.
func (x *exchange) setWriteDeadline() {
	_ = x.rc.SetWriteDeadline(time.Now().Add(x.takeTime))
}

// release gives the bodies back. It may be called again.
func (x *exchange) release() {
	for _, b := range []*spool.Body{x.body, x.payload} {
		if b != nil {
			_ = b.Close()
		}
	}
}
