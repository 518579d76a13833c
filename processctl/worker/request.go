package worker

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"time"

	"github.com/urocket/urocket/processctl"
	"github.com/urocket/urocket/processctl/spool"
)

// Head is the header of a request frame. The package does not look at what is in it
// but for ID.
type Head struct {
	ID     string `json:"id"`
	Method string `json:"method"`
	Path   string `json:"path"`  // as it was sent, without the query
	Query  string `json:"query"` // as it was sent
	Route  string `json:"route"` // the operation's path, with its parameters' names

	ContentType string          `json:"contenttype"`      // of the body
	Params      json.RawMessage `json:"params,omitempty"` // an object

	Headers map[string][]string `json:"headers"`
	Env     map[string]string   `json:"env"`
}

// Request is what a worker is asked. It is made once and does not change.
type Request struct {
	ID      string
	Body    *spool.Body
	Timeout time.Duration // from the moment it is handed to a worker; 0: none

	MaxAnswer int64 // how large the body of the answer may be, in bytes

	// Measure says that the processor time is asked for.
	Measure bool
	// Line, if set, is given the lines that the worker writes meanwhile.
	Line func(processctl.Line)

	header []byte // the JSON of the head, but for what is known at the hand-over
}

// ErrHeader says that the header of a request is longer than [MaxHeader].
var ErrHeader = errors.New("the header of the request frame is too long")

// NewRequest makes a request. The error is [ErrHeader].
func NewRequest(head Head, body *spool.Body, timeout time.Duration) (*Request, error) {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	err := enc.Encode(&struct {
		Version int `json:"v"`
		*Head
	}{Version, &head})
	header := bytes.TrimSuffix(text.Bytes(), []byte("}\n"))
	if err != nil || len(header)+headerRest > MaxHeader {
		return nil, ErrHeader
	}
	return &Request{ID: head.ID, Body: body, Timeout: timeout, header: header}, nil
}

// headerRest is room for the members that seal adds, in bytes.
const headerRest = 80

// seal writes the rest of the header. Without a timeout both members are left out.
func (r *Request) seal(now time.Time) []byte {
	b := r.header[:len(r.header):len(r.header)]
	if r.Timeout > 0 {
		b = append(b, `,"timeout_ms":`...)
		b = strconv.AppendInt(b, r.Timeout.Milliseconds(), 10)
		b = append(b, `,"deadline_ms":`...)
		b = strconv.AppendInt(b, now.Add(r.Timeout).UnixMilli(), 10)
	}
	return append(b, '}')
}

// inlineBody is how large a body may be to be sent in one piece with its header, in bytes.
const inlineBody = 32 << 10

// frame is the beginning of the request's frame, and whether that is all of it.
func (r *Request) frame(now time.Time) (b []byte, whole bool, err error) {
	header := r.seal(now)
	b = append(prefix(len(header), r.Body.Size()), header...)
	if r.Body.Size() > inlineBody {
		return b, false, nil
	}
	data, err := r.Body.Bytes()
	return append(b, data...), true, err
}

// send writes what is left of a frame, and then the body if that was not in it. A
// [*spool.StorageError] is ours: the body could not be read back.
func (r *Request) send(w io.Writer, left []byte, whole bool) error {
	if _, err := w.Write(left); err != nil || whole {
		return err
	}
	body, piece := r.Body.NewReader(), make([]byte, inlineBody)
	for {
		n, err := body.Read(piece)
		if n > 0 {
			if _, err := w.Write(piece[:n]); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
