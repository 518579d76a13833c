package worker

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urocket/urocket/processctl/spool"
)

// Version is that of the protocol. A worker names it when it is ready.
const Version = 1

// MaxHeader is how long the header of a frame may be, in bytes.
const MaxHeader = 1 << 20

// prefixSize is the two lengths that a frame begins with.
const prefixSize = 8

// BrokenError says how a worker has broken the protocol. Such a worker is ended.
type BrokenError struct{ What string }

func (e *BrokenError) Error() string { return "the worker broke the protocol: " + e.What }

func broken(format string, a ...any) error { return &BrokenError{fmt.Sprintf(format, a...)} }

// FailedError is what a handler reports in place of an answer, in its own words, the
// first maxText bytes of them.
type FailedError struct{ Text string }

const maxText = 4 << 10

func (e *FailedError) Error() string { return e.Text }

// readFrame reads one frame: its header into buf, which may grow, and its body, which
// is the caller's to close. The error is that of r, a [*BrokenError] for a frame that is
// too large, or a [*spool.StorageError]; after that one the frame has been read to its
// end all the same.
func readFrame(r *bufio.Reader, buf []byte, maxBody int64) (header []byte, body *spool.Body, err error) {
	prefix, err := r.Peek(prefixSize)
	if err != nil {
		if errors.Is(err, io.EOF) && len(prefix) > 0 {
			err = io.ErrUnexpectedEOF
		}
		return buf, nil, err
	}
	headerSize, bodySize := binary.BigEndian.Uint32(prefix), int64(binary.BigEndian.Uint32(prefix[4:]))
	_, _ = r.Discard(prefixSize)
	switch {
	case headerSize > MaxHeader:
		return buf, nil, broken("a header of %d bytes, %d are allowed", headerSize, MaxHeader)
	case headerSize == 0:
		return buf, nil, broken("a frame without a header")
	case bodySize > maxBody:
		return buf, nil, broken("a body of %d bytes, %d are allowed", bodySize, maxBody)
	}
	if header, err = readHeader(r, buf[:0], int(headerSize)); err != nil {
		return header, nil, err
	}
	body, err = readBody(r, bodySize, maxBody)
	return header, body, err
}

// headerStep is how much room is made for a header at a time, in bytes: more than the
// first step comes as the bytes come.
const headerStep = 8 << 10

func readHeader(r io.Reader, buf []byte, size int) ([]byte, error) {
	for len(buf) < size {
		have := len(buf)
		step := min(size-have, max(headerStep, have))
		buf = append(buf, make([]byte, step)...)
		if _, err := io.ReadFull(r, buf[have:]); err != nil {
			return buf[:0], cutOff(err)
		}
	}
	return buf, nil
}

func readBody(r io.Reader, size, maxBody int64) (*spool.Body, error) {
	if size == 0 {
		return spool.FromBytes(nil), nil
	}
	rest := &io.LimitedReader{R: r, N: size}
	body, err := spool.Read(rest, size, maxBody)
	var storage *spool.StorageError
	switch {
	case errors.As(err, &storage):
		if _, err := io.Copy(io.Discard, rest); err != nil {
			return nil, err
		}
		return nil, err
	case err != nil:
		return nil, err
	case body.Size() < size:
		_ = body.Close()
		return nil, io.ErrUnexpectedEOF
	}
	return body, nil
}

// cutOff is the end of the stream inside of a frame.
func cutOff(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// said is the header of a frame that a worker has sent.
type said struct {
	Version *int              `json:"v"`
	Ready   bool              `json:"ready"`
	ID      string            `json:"id"`
	Status  *int              `json:"status"`
	Headers map[string]values `json:"headers"`
	Error   *string           `json:"error"`
	Bye     bool              `json:"bye"`
}

// values are those of one header field: a list, or one string.
type values []string

// UnmarshalJSON implements [json.Unmarshaler].
func (v *values) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '"' {
		*v = make(values, 1)
		return json.Unmarshal(text, &(*v)[0])
	}
	return json.Unmarshal(text, (*[]string)(v))
}

// parse reads a header.
func parse(header []byte) (said, error) {
	var s said
	if err := json.Unmarshal(header, &s); err != nil {
		return s, broken("a header that is not an object as documented: %v", jsonFault(err))
	}
	return s, nil
}

// jsonFault says what is wrong with a header without showing what is in it.
func jsonFault(err error) string {
	var syntax *json.SyntaxError
	var typ *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Sprintf("no JSON at byte %d", syntax.Offset)
	case errors.As(err, &typ) && typ.Field != "":
		kind, _, _ := strings.Cut(typ.Value, " ") // a number is behind it, however long
		return fmt.Sprintf("%s is a JSON %s", typ.Field, kind)
	}
	return "no JSON object"
}

// greeting judges the first frame of a worker.
func greeting(header []byte, body *spool.Body) error {
	s, err := parse(header)
	switch {
	case err != nil:
		return err
	case !s.Ready:
		return broken("its first frame does not say that it is ready")
	case s.Version == nil || *s.Version != Version:
		return broken("it does not say \"v\":%d, the version of the protocol here", Version)
	case body.Size() > 0:
		return broken("a body in the frame that says that it is ready")
	}
	return nil
}

func clip(text string) string {
	if len(text) > maxText {
		return strings.ToValidUTF8(text[:maxText], "") + "…"
	}
	return text
}

// Field is one field of an answer's header.
type Field struct{ Name, Value string }

// fields lists the headers, in no order of names.
func (s *said) fields() (list []Field) {
	for name, values := range s.Headers {
		for _, value := range values {
			list = append(list, Field{name, value})
		}
	}
	return list
}

// Answer is what a worker has answered.
type Answer struct {
	Status int         // 200 where it named none
	Header []Field     // by name; of one name in the worker's order
	Body   *spool.Body // the receiver's to close
}

// answer judges the frame that follows a request. bye says that the worker wants to be
// replaced. The error is a [*FailedError], after which the worker goes on, or a
// [*BrokenError].
func answer(header []byte, body *spool.Body, id string) (a *Answer, bye bool, err error) {
	s, list, ok := scanAnswer(string(header))
	if !ok {
		s, err = parse(header)
		list = s.fields()
	}
	switch {
	case err != nil:
		return nil, false, err
	case s.ID == "":
		return nil, false, broken("an answer without the id of its request")
	case s.ID != id:
		return nil, false, broken("an answer to another request")
	case s.Error != nil:
		return nil, s.Bye, &FailedError{clip(*s.Error)}
	}
	slices.SortStableFunc(list, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
	a = &Answer{Status: 200, Header: list, Body: body}
	if s.Status != nil {
		a.Status = *s.Status
	}
	return a, s.Bye, nil
}
