package backserv

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"

	"github.com/urocket/urocket/internal/reply"
	"github.com/urocket/urocket/processctl/spool"
	"github.com/urocket/urocket/visor"
)

// maxID is the longest request id that is looked up, in bytes; ours have 36.
const maxID = 128

// serveReply answers a POST to an id.
func (s *Server) serveReply(w http.ResponseWriter, r *http.Request, id string) {
	x := s.exchange(w, r)
	x.answer(s.take(&posting{
		ctx: r.Context(), conn: connOf(r), id: id, header: r.Header,
		length: r.ContentLength, body: x, taken: x.bodyTaken,
	}))
}

// A posting is a reply on its way in.
type posting struct {
	ctx    context.Context
	conn   *peerConn // nil: its peer is not known
	id     string    // not judged yet
	header http.Header
	length int64 // of the body, as announced; -1: it was not
	body   io.Reader
	taken  func() // to be called when the body was read to its end
}

// serveRest serves what no fixed route matches: /<id>, and what is wrong.
func (s *Server) serveRest(w http.ResponseWriter, r *http.Request) {
	id := strings.TrimPrefix(r.URL.Path, "/")
	post := r.Method == http.MethodPost || r.Method == http.MethodPut
	switch {
	case post && (id == "" || id == "urhttp" || id == "urhttp/"):
		s.opt.Logger.Info("reply refused", "status", noID.status, "error", "no request id in the URL")
		s.exchange(w, r).answer(s.told(noID))
	case id == "" || strings.Contains(id, "/"):
		s.exchange(w, r).answer(nowhere)
	case !post:
		s.exchange(w, r).answer(notAReply)
	default:
		s.serveReply(w, r, id)
	}
}

// wrongMethod answers for the fixed routes.
func (s *Server) wrongMethod(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasPrefix(r.URL.Path, "/urhttp/"):
		s.exchange(w, r).answer(notAReply)
	case strings.HasPrefix(r.URL.Path, "/urprocs/"):
		s.exchange(w, r).answer(getOrDelete)
	default:
		s.exchange(w, r).answer(onlyGet)
	}
}

// take takes one reply and says what became of it.
func (s *Server) take(p *posting) answer { return s.told(s.deliver(p)) }

// told counts what a reply is told.
func (s *Server) told(a answer) answer {
	if s.opt.Replied != nil {
		s.opt.Replied(a.status)
	}
	return a
}

// deliver delivers one reply. What fails before the commit leaves the request open.
// The delivery has ended when deliver returns, so that nobody waits while the rest
// of an unwanted body is dropped.
func (s *Server) deliver(p *posting) answer {
	if len(p.id) > maxID {
		return s.refused(p.id, visor.ErrUnknown)
	}
	place := ""
	if p.conn != nil {
		place = p.conn.peer.place
	}
	if p.conn != nil { // before it counts: from then on its connection gives way to none
		p.conn.crowd.set(p.conn, true, p.id)
	}
	d, err := s.opt.Calls.Deliver(p.id, place)
	if err != nil {
		if p.conn != nil {
			p.conn.crowd.set(p.conn, true, "")
		}
		return s.refused(p.id, err)
	}
	defer d.Abort()
	head, err := parseHead(p.header)
	if err != nil {
		a := badReply(err)
		s.opt.Logger.Info("reply refused", "request_id", p.id, "status", a.status, "error", err)
		return a
	}
	body, err := spool.Read(p.body, p.length, d.MaxReply())
	if err != nil {
		return s.notReceived(p.ctx, p.id, d.MaxReply(), err)
	}
	p.taken()
	reply, err := head.reply(body)
	if err == nil {
		err = d.Commit(reply)
	}
	if err != nil {
		_ = body.Close() // whatever it says, the bytes are not needed
		return s.refused(p.id, err)
	}
	return accepted
}

// notReceived logs why a body was not taken and says so to its sender, if there
// can still be one: refused for what it is, or not received for want of the rest.
func (s *Server) notReceived(ctx context.Context, id string, limit int64, err error) answer {
	var storage *spool.StorageError
	level, a, what := slog.LevelInfo, brokenOff, "reply not received"
	switch {
	case errors.As(err, &storage):
		level, a = slog.LevelError, notKept
	case errors.Is(err, spool.ErrTooLarge):
		a, what = tooLarge(limit), "reply refused"
	case errors.Is(err, os.ErrDeadlineExceeded):
		a = stalled
	case !endOfConnection(err):
		a, what = badReply(err), "reply refused" // chunks that are none
		a.close = true
	}
	attrs := []any{"request_id", id}
	if a.status != 0 {
		attrs = append(attrs, "status", a.status)
	}
	s.opt.Logger.Log(ctx, level, what, append(attrs, "error", err)...)
	return a
}

func endOfConnection(err error) bool {
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// refused logs what the visor, or the disk, has against a reply. Ids that the
// visor does not know stay out of the log.
func (s *Server) refused(id string, err error) answer {
	a := refusal(err)
	switch a.status {
	case http.StatusNotFound:
		s.opt.Logger.Info("reply for an unknown request id")
	case http.StatusInternalServerError:
		s.opt.Logger.Error("reply not kept", "request_id", id, "error", err)
	default:
		s.opt.Logger.Info("reply refused", "request_id", id, "status", a.status, "error", err)
	}
	return a
}

// reply puts a reply together. The body it carries is body, or an empty one; the
// caller closes body only if it is not committed.
func (h head) reply(body *spool.Body) (*visor.Reply, error) {
	if body.Size() > 0 && !reply.HasBody(h.status) {
		if err := body.Close(); err != nil {
			return nil, err
		}
		body = spool.FromBytes(nil)
	}
	kind, err := reply.ContentType(h.kind, body)
	if err != nil {
		return nil, err
	}
	return &visor.Reply{Status: h.status, ContentType: kind, Header: h.fields, Body: body}, nil
}
