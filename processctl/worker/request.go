package worker

import (
	"encoding/binary"
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
	ID     string
	Method string
	Path   string // as it was sent, without the query
	Query  string // as it was sent
	Route  string // the operation's path, with its parameters' names

	ContentType string // of the body
	Params      []byte // a JSON object; empty: it is left out

	Headers []Named[[]string] // each name once
	Env     []Named[string]   // the same
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

	// begun is the frame's beginning: room for the two lengths, and the header but for what
	// is known at the hand-over.
	begun []byte
}

// ErrHeader says that the header of a request is longer than [MaxHeader].
var ErrHeader = errors.New("the header of the request frame is too long")

// NewRequest makes a request. The error is [ErrHeader].
func NewRequest(head Head, body *spool.Body, timeout time.Duration) (*Request, error) {
	room := prefixSize + head.size() + headerRest
	if body.Size() <= inlineBody {
		room += int(body.Size())
	}
	b := head.append(make([]byte, prefixSize, room))
	if len(b)-prefixSize+headerRest > MaxHeader {
		return nil, ErrHeader
	}
	return &Request{ID: head.ID, Body: body, Timeout: timeout, begun: b}, nil
}

// headerRest is room for the members that seal adds, in bytes.
const headerRest = 80

// seal completes the header. Without a timeout both members are left out. What it
// returns is good until it is called again.
func (r *Request) seal(now time.Time) []byte {
	b := r.begun
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

// frame is the beginning of the request's frame, and whether that is all of it. It is
// good until it is asked for again.
func (r *Request) frame(now time.Time) (b []byte, whole bool, err error) {
	b = r.seal(now)
	binary.BigEndian.PutUint32(b, uint32(len(b)-prefixSize))
	binary.BigEndian.PutUint32(b[4:], uint32(r.Body.Size()))
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
