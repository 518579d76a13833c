package frontserv

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/urocket/urocket/frontserv/apidoc"
	"github.com/urocket/urocket/processctl"
	"github.com/urocket/urocket/visor"
)

// problem is an answer of application/problem+json (RFC 9457). It is an error,
// so that a stage can end a request with it. cause is for the log only.
type problem struct {
	Type      string         `json:"type"`
	Title     string         `json:"title"`
	Status    int            `json:"status"`
	Detail    string         `json:"detail"`
	RequestID string         `json:"request_id"`
	Errors    []apidoc.Error `json:"errors,omitempty"`
	*death

	header  http.Header
	cause   error
	refused bool // credentials were: the log says whose
}

// death says how a process ended that gave no answer.
type death struct {
	ExitCode *int    `json:"exitcode"`
	Signal   *string `json:"signal"`
	OOM      bool    `json:"oom,omitempty"`
}

func newDeath(r *processctl.Result) *death {
	d := &death{OOM: r.Usage.Group != nil && r.Usage.Group.OOM}
	if r.Signal != 0 {
		name := visor.SignalName(r.Signal)
		d.Signal = &name
	} else {
		d.ExitCode = &r.Exit
	}
	return d
}

func (p *problem) Error() string {
	if p.cause != nil {
		return p.cause.Error()
	}
	return p.Detail
}

func (p *problem) Unwrap() error { return p.cause }

// statusCallerGone is nginx's 499: nobody is there to read it, as far as we know.
const statusCallerGone = 499

// titles are the kinds of problem; the type is "urn:urocket:" and the word.
var titles = map[string]string{
	"validation":         "The request does not fit the API document",
	"not-json":           "The body is not JSON",
	"bad-request":        "The request cannot be used",
	"unauthorized":       "The credentials are missing or wrong",
	"forbidden":          "The credentials do not suffice",
	"not-found":          "No such path",
	"method-not-allowed": "No such method on this path",
	"too-large":          "The request is too large",
	"slow-request":       "The request came too slowly",
	"media-type":         "The content type is not one that the operation takes",
	"busy":               "All places are taken",
	"draining":           "The service is stopping",
	"caller-gone":        "The caller is gone",
	"start-failed":       "The command could not be started",
	"internal":           "The gateway failed",
	"no-callback":        "The operation has no command",
	"no-answer":          "The command ended without an answer",
	"bad-reply":          "The command's answer cannot be used",
	"failed":             "The command failed",
	"timeout":            "The command took too long",
}

const typePrefix = "urn:urocket:"

func newProblem(status int, word, detail string) *problem {
	return &problem{Type: typePrefix + word, Title: titles[word], Status: status, Detail: detail}
}

// word is the last part of the type.
func (p *problem) word() string { return strings.TrimPrefix(p.Type, typePrefix) }

// because adds what only the log is told.
func (p *problem) because(err error) *problem {
	p.cause = err
	return p
}

func (p *problem) with(name, value string) *problem {
	if p.header == nil {
		p.header = http.Header{}
	}
	p.header.Set(name, value)
	return p
}

// retryAfter adds Retry-After in whole seconds, at least one (RFC 9110 section 10.2.3).
func (p *problem) retryAfter(d time.Duration) *problem {
	return p.with("Retry-After", strconv.Itoa(max(1, int(math.Ceil(d.Seconds())))))
}

// write sends the problem. HEAD has no body (RFC 9110 section 9.3.2).
func (p *problem) write(w http.ResponseWriter) {
	body, err := json.Marshal(p)
	if err != nil { // cannot be: strings and numbers only
		body = []byte(`{}`)
	}
	body = append(body, '\n')
	h := w.Header()
	for name, values := range p.header {
		h[name] = values
	}
	h.Set("Content-Type", "application/problem+json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(p.Status)
	_, _ = w.Write(body)
}

func busyProblem(busy *visor.BusyError) *problem {
	status, whose := http.StatusTooManyRequests, "this operation"
	if busy.Scope == visor.ServiceScope {
		status, whose = http.StatusServiceUnavailable, "the service"
	}
	detail := "all places of " + whose + " and its queue are taken"
	if busy.Waited > 0 {
		detail = "no place of " + whose + " became free in time"
	}
	return newProblem(status, "busy", detail).retryAfter(time.Second)
}

func drainingProblem() *problem {
	return newProblem(http.StatusServiceUnavailable, "draining", "the service is stopping").retryAfter(time.Second)
}
