package apidoc

import (
	"net/http"

	"github.com/urocket/urocket/frontserv/payload"
)

// requestBody is a prepared request body.
type requestBody struct {
	required bool
	content  content
}

// ignoredHeaders may be described as parameters but are judged elsewhere or not at all
// (OpenAPI 3.1.0, Parameter Object).
var ignoredHeaders = map[string]bool{"Accept": true, "Content-Type": true, "Authorization": true}

// ValidateRequest holds a request against the document: parameters, content type and body.
// path has the decoded values of the template's parameters; body is the whole body, and r's
// own is not read. A body that the operation does not declare passes. r is not changed.
//
// The error is an *Invalid (400) or a *MediaTypeError (415); anything else is a fault of
// the server or the end of the request's context.
func (o *Operation) ValidateRequest(r *http.Request, path map[string]string, body []byte) error {
	if o.body == nil {
		return errNotPrepared
	}
	contentType := payload.Type(r.Header.Get("Content-Type"), body)
	e, err := o.body.entry(contentType, body)
	if err != nil {
		return err
	}
	m := messageOf(r, path)
	var found []Error
	for _, p := range o.params {
		if p.in != inHeader || !ignoredHeaders[http.CanonicalHeaderKey(p.name)] {
			found = append(found, p.judge(m)...)
		}
	}
	if o.body.required && len(body) == 0 {
		found = append(found, Error{inBody, "", "is required"})
	}
	if e != nil {
		err := o.document.judge(r.Context(), len(body), func() {
			found = append(found, e.judge(contentType, body)...)
		})
		if err != nil {
			return err
		}
	}
	return invalid(found)
}

// entry finds what a body is judged by: nothing when it is empty or not declared.
func (b *requestBody) entry(contentType string, body []byte) (*entry, error) {
	if len(body) == 0 || len(b.content.entries) == 0 {
		return nil, nil
	}
	if e := b.content.find(contentType); e != nil {
		return e, nil
	}
	return nil, &MediaTypeError{Declared: b.content.declared()}
}

// judge reads a parameter and holds it against its schema.
func (p *param) judge(m *message) []Error {
	value, found, err := p.read(m)
	base := pointer(p.name)
	switch {
	case err != nil:
		return []Error{{p.in, base, err.Error()}}
	case !found && p.required:
		return []Error{{p.in, base, "is required"}}
	case !found, value == "" && p.allowEmpty:
		return nil
	}
	faults := judge(p.check, value, p.in, base)
	if len(faults) == 0 {
		return nil
	}
	for _, other := range p.alternatives(m, value) {
		if len(judge(p.check, other, p.in, base)) == 0 {
			return nil
		}
	}
	return faults
}
