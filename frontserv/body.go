package frontserv

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/urocket/urocket/frontserv/apidoc"
	"github.com/urocket/urocket/frontserv/payload"
	"github.com/urocket/urocket/processctl/spool"
)

// readBody takes the body whole. A request without Content-Length, or with 0,
// and not chunked has none.
func (x *exchange) readBody() *problem {
	if x.r.ContentLength == 0 && len(x.r.TransferEncoding) == 0 {
		return nil
	}
	if x.r.ContentLength > x.o.MaxBody {
		return x.tooLarge()
	}
	body, err := spool.Read(progress{x.r.Body, x.rc}, x.r.ContentLength, x.o.MaxBody)
	// The server watches the connection for the caller's leaving from now on,
	// which no deadline may end.
	_ = x.rc.SetReadDeadline(time.Time{})
	var storage *spool.StorageError
	switch {
	case err == nil:
		x.body = body
		return nil
	case errors.Is(err, spool.ErrTooLarge):
		return x.tooLarge()
	case errors.As(err, &storage):
		return newProblem(http.StatusInternalServerError, "internal", "the gateway could not keep the body").because(err).with("Connection", "close")
	case errors.Is(err, os.ErrDeadlineExceeded):
		return newProblem(http.StatusRequestTimeout, "slow-request", "the body made no progress for 30 seconds").with("Connection", "close")
	case x.r.Context().Err() != nil, errors.Is(err, io.ErrUnexpectedEOF):
		return newProblem(statusCallerGone, "caller-gone", "the body broke off").with("Connection", "close")
	}
	return newProblem(http.StatusBadRequest, "bad-request", "the body could not be read").with("Connection", "close")
}

func (x *exchange) tooLarge() *problem {
	return newProblem(http.StatusRequestEntityTooLarge, "too-large", fmt.Sprintf("the body is larger than %d bytes", x.o.MaxBody)).with("Connection", "close")
}

// progress reads a body, each piece of which must come in time.
type progress struct {
	body io.Reader
	rc   *http.ResponseController
}

func (p progress) Read(b []byte) (int, error) {
	_ = p.rc.SetReadDeadline(time.Now().Add(stallTime))
	return p.body.Read(b)
}

// makePayload makes what the process is given of what was sent.
func (x *exchange) makePayload() *problem {
	declared := x.r.Header.Get("Content-Type")
	if x.route.Raw {
		if x.body != nil {
			x.payload = x.body
			x.payloadType = x.bodyType(declared)
		} else {
			x.payload, x.payloadType = spool.FromBytes(nil), declared
		}
		return nil
	}
	var sent []byte
	if x.body != nil {
		data, err := x.body.Bytes()
		if err != nil {
			return newProblem(http.StatusInternalServerError, "internal", "the gateway could not read the body back").because(err)
		}
		sent = data
		if sent == nil {
			sent = []byte{}
		}
	}
	data, kind, err := payload.JSON(declared, sent, x.parameters())
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

// parameters are the request's path and query parameters, typed by the document.
func (x *exchange) parameters() []apidoc.Typed {
	if x.body != nil {
		return nil
	}
	return x.doc.Parameters(x.r, x.pathValues())
}

func (x *exchange) pathValues() map[string]string {
	values := make(map[string]string, len(x.path))
	for _, p := range x.path {
		values[p.Name] = p.Value
	}
	return values
}

// bodyType corrects the type of JSON that is marked as a form, as curl -d and
// PHP mark it.
func (x *exchange) bodyType(declared string) string {
	if x.body == nil || !payload.IsForm(declared) {
		return declared
	}
	data, err := x.body.Bytes()
	if err != nil {
		return declared
	}
	return payload.Type(declared, data)
}

// validate holds the request against the document.
func (x *exchange) validate() *problem {
	if !x.route.ValidateIn || x.doc == nil {
		return nil
	}
	var sent []byte
	r := x.r
	if x.body != nil {
		var err error
		if sent, err = x.body.Bytes(); err != nil {
			return newProblem(http.StatusInternalServerError, "internal", "the gateway could not read the body back").because(err)
		}
		declared := r.Header.Get("Content-Type")
		if kind := x.bodyType(declared); kind != declared {
			r = r.Clone(r.Context())
			r.Header.Set("Content-Type", kind)
		}
	}
	return validationProblem(x.doc.ValidateRequest(r, x.pathValues(), sent))
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
		p := newProblem(http.StatusBadRequest, "validation", fmt.Sprintf("the request has %d errors; see errors", len(invalid.Errors)))
		p.Errors = invalid.Errors
		return p
	}
	return newProblem(http.StatusInternalServerError, "internal", "the request could not be validated").because(err)
}
