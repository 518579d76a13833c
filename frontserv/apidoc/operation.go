package apidoc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
)

// An Operation is one verb of one path of the document.
type Operation struct {
	Path   string // the key in the document, unchanged
	Method string // in capitals

	document *Document
	op       *openapi3.Operation
	params   []*param // those of the path item too, where not overridden

	mu     sync.Mutex // guards what prepare fills in; read without it after Prepare
	body   *requestBody
	status map[string]*response // by key of responses: "200", "4XX", "default"
}

func newOperation(d *Document, path, verb string, item *openapi3.PathItem, o *openapi3.Operation) *Operation {
	op := &Operation{Path: path, Method: verb, document: d, op: o}
	for _, list := range []openapi3.Parameters{o.Parameters, item.Parameters} {
		for _, ref := range list {
			if ref == nil || ref.Value == nil || op.find(ref.Value.In, ref.Value.Name) != nil {
				continue
			}
			op.params = append(op.params, newParam(ref.Value))
		}
	}
	return op
}

func (o *Operation) find(in, name string) *param {
	for _, p := range o.params {
		if p.in == in && (p.name == name || in == inHeader && strings.EqualFold(p.name, name)) {
			return p
		}
	}
	return nil
}

// ID is its operationId; "" without one.
func (o *Operation) ID() string { return o.op.OperationID }

// Title says in a line what it is: its summary, else how its description begins.
func (o *Operation) Title() string { return firstLine(o.op.Summary, o.op.Description) }

// HasBody reports whether the operation declares a body.
func (o *Operation) HasBody() bool { return o.op.RequestBody != nil }

// HasParameters reports whether the operation declares parameters.
func (o *Operation) HasParameters() bool { return len(o.params) > 0 }

// RawOnly reports whether the operation declares a body, and only such ones as cannot
// become JSON.
func (o *Operation) RawOnly() bool {
	ref := o.op.RequestBody
	if ref == nil || ref.Value == nil || len(ref.Value.Content) == 0 {
		return false
	}
	for mediaType := range ref.Value.Content {
		base := baseType(mediaType)
		if isJSON(base) || strings.Contains(base, "*") || base == "application/x-www-form-urlencoded" || base == "multipart/form-data" {
			return false
		}
	}
	return true
}

// HasParameter reports whether the document declares a parameter: in is path, query,
// header or cookie. Names of headers are compared without regard to case. A parameter in
// the path template counts even when the document forgets to describe it.
func (o *Operation) HasParameter(in, name string) bool {
	if in == inPath && strings.Contains(o.Path, "{"+name+"}") {
		return true
	}
	return o.find(in, name) != nil
}

// Numeric reports whether the document types a parameter as a number and as nothing else.
// Only ValidateRequest makes sure that a value is one.
func (o *Operation) Numeric(in, name string) bool {
	p := o.find(in, name)
	return p != nil && p.kinds&^kindNull&(kindNumber|kindInteger) != 0 && p.kinds&^(kindNumber|kindInteger|kindNull) == 0
}

// ResponseType is the one media type that all 2xx responses with a content name between
// them, as the document writes it; "" when there are none or several, or a range (*/*).
func (o *Operation) ResponseType() string {
	found := ""
	for key, r := range o.op.Responses.Map() {
		if !strings.HasPrefix(key, "2") || r == nil || r.Value == nil {
			continue
		}
		for mediaType := range r.Value.Content {
			if found != "" && found != mediaType || strings.ContainsAny(mediaType, "*,") {
				return ""
			}
			found = mediaType
		}
	}
	return found
}

// Prepare compiles what ValidateRequest and, when asked, ValidateResponse need; both
// refuse to work without. It is for the time of start and is slow (milliseconds for a
// large schema). A finding is a check that cannot be made and is left out. An error means
// that messages of this operation cannot be validated: a schema that is none.
func (o *Operation) Prepare(request, response bool) ([]Finding, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := o.document.schemas
	s.mu.Lock()
	defer s.mu.Unlock()
	s.findings = nil
	var errs []error
	if request {
		errs = append(errs, o.prepareRequest(s))
	}
	if response {
		errs = append(errs, o.prepareResponses(s))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("prepare %s %s: %w", o.Method, o.Path, err)
	}
	slices.Sort(s.findings)
	return slices.Compact(s.findings), nil
}

func (o *Operation) prepareRequest(s *schemas) error {
	for _, p := range o.params {
		if p.schema == nil || p.check != nil {
			continue
		}
		c, err := s.compile(p.schema, asRequest)
		if err != nil {
			return fmt.Errorf("%s parameter %s: %w", p.in, p.name, err)
		}
		p.check = c
	}
	if o.body != nil {
		return nil
	}
	b := &requestBody{}
	if ref := o.op.RequestBody; ref != nil && ref.Value != nil {
		c, err := prepareContent(s, ref.Value.Content, asRequest)
		if err != nil {
			return fmt.Errorf("request body: %w", err)
		}
		b.required, b.content = ref.Value.Required, c
	}
	o.body = b
	return nil
}

func (o *Operation) prepareResponses(s *schemas) error {
	if o.status != nil {
		return nil
	}
	status := map[string]*response{}
	for key, ref := range o.op.Responses.Map() {
		if ref == nil || ref.Value == nil {
			continue
		}
		r, err := prepareResponse(s, ref.Value)
		if err != nil {
			return fmt.Errorf("response %s: %w", key, err)
		}
		status[strings.ToUpper(key)] = r
	}
	o.status = status
	return nil
}

// heavySize is the length from which messages are judged one at a time.
const heavySize = 1 << 20

var errNotPrepared = errors.New("validate a message: the operation was not prepared")

// judge runs f, for a large message alone among those of the document: decoding makes some
// thirty bytes of memory out of one. It gives up when ctx ends first.
func (d *Document) judge(ctx context.Context, size int, f func()) error {
	if size > heavySize {
		select {
		case d.heavy <- struct{}{}:
			defer func() { <-d.heavy }()
		case <-ctx.Done():
			return fmt.Errorf("wait to validate a large message: %w", context.Cause(ctx))
		}
	}
	f()
	return nil
}
