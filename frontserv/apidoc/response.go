package apidoc

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/urocket/urocket/frontserv/payload"
)

// response is a prepared response of the document.
type response struct {
	headers []*param
	content content
}

// addedHeaders are on the answer whatever the reply has, which cannot set them.
var addedHeaders = map[string]bool{
	"Connection": true, "Content-Length": true, "Date": true, "Server-Timing": true, "Transfer-Encoding": true, "X-Content-Type-Options": true,
}

func prepareResponse(s *schemas, r *openapi3.Response) (*response, error) {
	out := &response{}
	for name, ref := range r.Headers {
		if canonical := http.CanonicalHeaderKey(name); ref == nil || ref.Value == nil || ignoredHeaders[canonical] || addedHeaders[canonical] {
			continue
		}
		h := ref.Value.Parameter
		h.In, h.Name = inHeader, name
		p := newParam(&h)
		check, err := s.compile(p.schema, asResponse)
		if err != nil {
			return nil, err
		}
		p.check = check
		out.headers = append(out.headers, p)
	}
	c, err := prepareContent(s, r.Content, asResponse)
	out.content = c
	return out, err
}

// ValidateResponse holds a response against the document: status, headers, content type
// and body. A status that the operation does not document is a fault, unless it has a
// default response or is 304, which belongs to HTTP. The bodies of 204, 205 and 304, and
// those of HEAD, are not looked at, nor is one that the document describes no content for.
//
// The error is an *Invalid; anything else is a fault of the server.
func (o *Operation) ValidateResponse(status int, header http.Header, body []byte) error {
	if o.status == nil {
		return errNotPrepared
	}
	if len(o.status) == 0 { // nothing is said of any response
		return nil
	}
	r := o.responseFor(status)
	if r == nil {
		if status == http.StatusNotModified {
			return nil
		}
		return invalid([]Error{{inStatus, "", "is not one that the document has"}})
	}
	m := &message{header: header}
	var found []Error
	for _, p := range r.headers {
		found = append(found, p.judge(m)...)
	}
	if o.Method != http.MethodHead && hasBody(status, body) && len(r.content.entries) > 0 {
		contentType := payload.Type(header.Get("Content-Type"), body)
		e := r.content.find(contentType)
		switch {
		case e == nil && contentType == "" && len(body) == 0:
			return invalid(append(found, Error{inBody, "", "is empty, and the document describes one"}))
		case e == nil:
			return invalid(append(found, Error{inHeader, "/Content-Type", "is not one that the document has for this status: " + strings.Join(r.content.declared(), ", ")}))
		}
		err := o.document.judge(context.Background(), len(body), func() {
			found = append(found, e.judge(contentType, body)...)
		})
		if err != nil {
			return err
		}
	}
	return invalid(found)
}

// responseFor finds the status itself, its class (4XX) or default.
func (o *Operation) responseFor(status int) *response {
	text := strconv.Itoa(status)
	for _, key := range []string{text, text[:1] + "XX", "DEFAULT"} {
		if r := o.status[key]; r != nil {
			return r
		}
	}
	return nil
}

// hasBody reports whether there is a body to judge. Redirections may do without one.
func hasBody(status int, body []byte) bool {
	switch {
	case status == http.StatusNoContent, status == http.StatusResetContent, status == http.StatusNotModified:
		return false
	case status >= 300 && status < 400:
		return len(body) > 0
	}
	return true
}
