package backserv

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/julienschmidt/httprouter"

	"github.com/urocket/urocket/visor"
)

// stamp is RFC 3339 with milliseconds, for times in UTC.
const stamp = "2006-01-02T15:04:05.000Z"

// process is a call as /urprocs shows it. What there is none of, yet or at all,
// is null.
type process struct {
	RequestID string       `json:"request_id"`
	Path      string       `json:"path"`
	Method    string       `json:"method"`
	State     string       `json:"state"`
	End       *string      `json:"end"`
	PID       *int         `json:"pid"`
	Driver    *string      `json:"driver"`
	Argv      []string     `json:"argv"`
	Start     *string      `json:"start"`
	AgeMS     int64        `json:"age_ms"`
	ExitCode  *int         `json:"exitcode"`
	Signal    *string      `json:"signal"`
	Stats     *visor.Stats `json:"stats"`
	Stdout    string       `json:"stdout"`
	Stderr    string       `json:"stderr"`
}

func newProcess(s visor.Snapshot) process {
	p := process{
		RequestID: s.ID, Path: s.Path, Method: strings.ToLower(s.Method), State: s.State, // path and verb as in the map
		End: orNull(s.End.String()), PID: orNull(s.PID), Driver: orNull(s.Driver), Argv: s.Argv,
		AgeMS: s.Age.Milliseconds(), ExitCode: s.ExitCode, Signal: orNull(s.Signal),
		Stdout: string(s.Stdout), Stderr: string(s.Stderr), // JSON makes U+FFFD of invalid UTF-8
	}
	if p.Argv == nil {
		p.Argv = []string{}
	}
	if !s.Start.IsZero() { // before its start a process has no figures
		p.Start = orNull(s.Start.UTC().Format(stamp))
		p.Stats = &s.Stats
	}
	return p
}

func orNull[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// listProcesses serves GET /urprocs. It is written call by call: with 10,000
// ended ones it is long.
func (s *Server) listProcesses(w http.ResponseWriter, r *http.Request, _ httprouter.Params) {
	x := s.exchange(w, r)
	if !s.admitted(x) {
		return
	}
	if _, err := x.Write([]byte(`{"processes":[`)); err != nil {
		return // the peer has gone, as below
	}
	separator := "\n"
	for _, call := range s.opt.Calls.Snapshots() {
		b, err := encoded(newProcess(call))
		if err != nil {
			s.opt.Logger.Error("process not shown", "request_id", call.ID, "error", err)
			continue
		}
		if _, err := x.Write(append([]byte(separator), b...)); err != nil {
			return
		}
		separator = ",\n"
	}
	_, _ = x.Write(append(append([]byte("]"), s.pools()...), "}\n"...))
}

// pools are those of the operations that have workers, as a further key; nothing where
// none has.
func (s *Server) pools() []byte {
	if s.opt.Pools == nil {
		return nil
	}
	of := s.opt.Pools()
	if len(of) == 0 {
		return nil
	}
	b, err := encoded(of)
	if err != nil {
		s.opt.Logger.Error("pools not shown", "error", err)
		return nil
	}
	return append([]byte(",\n\"pools\":"), b...)
}

// showProcess serves GET /urprocs/<id>.
func (s *Server) showProcess(w http.ResponseWriter, r *http.Request, p httprouter.Params) {
	x := s.exchange(w, r)
	if !s.admitted(x) {
		return
	}
	call, ok := s.opt.Calls.Snapshot(p.ByName("id"))
	if !ok {
		x.answer(notShown)
		return
	}
	b, err := encoded(newProcess(call))
	if err != nil {
		s.opt.Logger.Error("process not shown", "request_id", call.ID, "error", err)
		x.answer(internal)
		return
	}
	_, _ = x.Write(append(b, '\n')) // fails only if the peer has gone
}

// endProcess serves DELETE /urprocs/<id>.
func (s *Server) endProcess(w http.ResponseWriter, r *http.Request, p httprouter.Params) {
	x, id, now := s.exchange(w, r), p.ByName("id"), r.URL.Query().Has("now")
	if !s.admitted(x) {
		return
	}
	err := s.opt.Calls.Terminate(id, now)
	var gone *visor.GoneError
	switch {
	case errors.As(err, &gone):
		x.answer(answer{status: http.StatusGone, text: "the call has ended already (" + gone.End.String() + ").\n"})
		return
	case err != nil:
		x.answer(notShown)
		return
	}
	s.opt.Logger.Info("an operator ends a call", "request_id", id, "now", now, "uid", peerOf(r).uid, "pid", peerOf(r).pid)
	if now {
		x.answer(killing)
		return
	}
	x.answer(terminating)
}

// linkPage serves GET /urpage.
func (s *Server) linkPage(w http.ResponseWriter, r *http.Request, _ httprouter.Params) {
	x := s.exchange(w, r)
	if !s.admitted(x) {
		return
	}
	if s.opt.Page == nil {
		x.answer(answer{status: http.StatusNotFound, text: "there is no page, for the configuration has no `admin`.\n"})
		return
	}
	x.answer(answer{status: http.StatusOK, text: s.opt.Page() + "\n"})
}

// admitted answers 403 to a peer that may not see what runs; to another it
// promises JSON.
func (s *Server) admitted(x *exchange) bool {
	if err := s.mayWatch(peerOf(x.r)); err != nil {
		x.answer(answer{status: http.StatusForbidden, text: err.Error() + ".\n"})
		return false
	}
	h := x.w.Header()
	h.Set("Content-Type", jsonType)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	return true
}

// encoded is json.Marshal without its escapes for HTML.
func encoded(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}
