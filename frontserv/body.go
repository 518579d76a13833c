package frontserv

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/urocket/urocket/frontserv/apidoc"
	"github.com/urocket/urocket/frontserv/payload"
	"github.com/urocket/urocket/processctl/spool"
)

// readBody takes the body whole. A request without Content-Length, or with 0,
// and not chunked has none.
func (x *exchange) readBody() *problem {
	if x.r.ContentLength == 0 && len(x.r.TransferEncoding) == 0 {
		if x.isDraining() {
			return drainingProblem()
		}
		return nil
	}
	if x.r.ContentLength > x.o.MaxBody {
		return x.tooLarge()
	}
	if !x.receive(x) {
		return drainingProblem()
	}
	defer x.received(x)
	x.asked = true
	body, err := spool.Read(progress{x}, x.r.ContentLength, x.o.MaxBody)
	// The server watches the connection for the caller's leaving from now on,
	// which no deadline may end.
	_ = x.rc.SetReadDeadline(time.Time{})
	var storage *spool.StorageError
	switch {
	case err == nil:
		x.body, x.taken = body, true
		return nil
	case errors.Is(err, spool.ErrTooLarge):
		return x.tooLarge()
	case errors.As(err, &storage):
		return newProblem(http.StatusInternalServerError, "internal", "the gateway could not keep the body").because(err)
	case errors.Is(err, os.ErrDeadlineExceeded) && x.isDraining():
		return drainingProblem()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return newProblem(http.StatusRequestTimeout, "slow-request", "the body made no progress for 30 seconds")
	case x.r.Context().Err() != nil, errors.Is(err, io.ErrUnexpectedEOF):
		return newProblem(statusCallerGone, "caller-gone", "the body broke off")
	}
	return newProblem(http.StatusBadRequest, "bad-request", "the body could not be read")
}

// leaveBody deals with a body that an answer does not wait for. One that is there
// already is taken off the connection, which can then be used again. Of any
// other the server reads a little after the answer, so that no reset destroys
// the answer on its way, but not for long: it may never come.
func (x *exchange) leaveBody() {
	if x.taken || x.r.ContentLength == 0 && len(x.r.TransferEncoding) == 0 {
		return
	}
	if !x.asked && x.r.Header.Get("Expect") == "" { // a reader of that body would ask for it
		_ = x.rc.SetReadDeadline(time.Now().Add(leaveTime))
		if _, err := io.CopyN(io.Discard, x.r.Body, leaveSize); errors.Is(err, io.EOF) {
			_ = x.rc.SetReadDeadline(time.Time{})
			return
		}
	}
	x.w.Header().Set("Connection", "close")
	_ = x.rc.SetReadDeadline(time.Now().Add(leaveTime))
}

func (x *exchange) tooLarge() *problem {
	return newProblem(http.StatusRequestEntityTooLarge, "too-large", fmt.Sprintf("the body is larger than %d bytes", x.o.MaxBody))
}

// progress reads a body, each piece of which must come in time.
type progress struct{ x *exchange }

func (p progress) Read(b []byte) (int, error) {
	p.x.allowRead(p.x)
	return p.x.r.Body.Read(b)
}

// makePayload makes what the process is given of what was sent.
func (x *exchange) makePayload() *problem {
	declared := x.r.Header.Get("Content-Type")
	if x.route.Raw {
		if x.body != nil {
			return x.makeRaw(declared)
		}
		x.payload, x.payloadType = spool.FromBytes(nil), declared
		return nil
	}
	sent, p := x.sent()
	if p != nil {
		return p
	}
	var params []payload.Field
	if sent == nil {
		params = x.parameters()
	}
	data, kind, err := payload.JSON(declared, sent, params)
	var not *payload.NotJSON
	switch {
	case errors.As(err, &not):
		return newProblem(http.StatusBadRequest, "not-json", not.Error())
	case err != nil:
		return newProblem(http.StatusBadRequest, "not-json", "the body is not JSON").because(err)
	}
	x.payload, x.payloadType = spool.FromBytes(data), kind
	return nil
}

// makeRaw passes the body on as it came. Its type is looked at only where it may
// be JSON that is marked as a form.
func (x *exchange) makeRaw(declared string) *problem {
	x.payload, x.payloadType = x.body, declared
	if !strings.HasPrefix(strings.ToLower(declared), "application/x-www-form-urlencoded") {
		return nil
	}
	sent, p := x.sent()
	if p == nil {
		x.payloadType = payload.Type(declared, sent)
	}
	return p
}

// sent is the body in memory; nil when there was none.
func (x *exchange) sent() ([]byte, *problem) {
	if x.body == nil {
		return nil, nil
	}
	data, err := x.body.Bytes()
	if err != nil {
		return nil, newProblem(http.StatusInternalServerError, "internal", "the gateway could not read the body back").because(err)
	}
	if data == nil {
		data = []byte{} // sent, though empty
	}
	return data, nil
}

// parameters are the request's path and query parameters, typed by the document.
func (x *exchange) parameters() []payload.Field {
	if x.doc == nil {
		return apidoc.Parameters(x.openRequest(), x.pathValues())
	}
	return x.doc.Parameters(x.openRequest(), x.pathValues())
}

func (x *exchange) pathValues() map[string]string {
	values := make(map[string]string, len(x.path))
	for _, p := range x.path {
		values[p.Name] = p.Value
	}
	return values
}

// validate holds the request against the document.
func (x *exchange) validate() *problem {
	if !x.route.ValidateIn || x.doc == nil {
		return nil
	}
	sent, p := x.sent()
	if p != nil {
		return p
	}
	return validationProblem(x.doc.ValidateRequest(x.r, x.pathValues(), sent))
}

func validationProblem(err error) *problem {
	if err == nil {
		return nil
	}
	var invalid *apidoc.Invalid
	var media *apidoc.MediaTypeError
	switch {
	case errors.As(err, &media):
		return newProblem(http.StatusUnsupportedMediaType, "media-type", media.Error())
	case errors.As(err, &invalid):
		p := newProblem(http.StatusBadRequest, "validation", "the request does not fit the API document; errors says where")
		p.Errors = invalid.Errors
		return p
	}
	return newProblem(http.StatusInternalServerError, "internal", "the request could not be validated").because(err)
}
