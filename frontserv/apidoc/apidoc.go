// Package apidoc reads an OpenAPI document and holds messages against it. It is the one
// room that knows the libraries for both: kin-openapi, which loads a document and resolves
// its references, and jsonschema, which judges values.
//
// # What it promises
//
//   - OpenAPI 3.0 and 3.1, YAML or JSON, used as they are. What the document's own
//     validation complains about is a [Finding], never an error.
//   - A $ref reaches files under the document's folder and nothing else: no network, no
//     way out by ".." or a symbolic link.
//   - Every schema is compiled once ([Operation.Prepare]); nothing is compiled or written
//     while a request waits. After that everything here may be used by many goroutines.
//   - A request or response is left untouched: no default is filled in, no body rewritten.
//   - All faults of a message are told at once, 100 at most, each with a place in the
//     message (a JSON pointer) and a sentence. The sentence never repeats a value that was
//     sent, and holds no text of a library, no path and no address.
//   - The work for a message grows with its length only. Numbers are kept exact up to the
//     range of a float64 and refused beyond it, arrays report their first faults, and
//     large bodies are judged one at a time.
//
// # One dialect
//
// Schemas of both versions are translated to JSON Schema 2020-12 (schema.go): nullable and
// boolean exclusiveMinimum of 3.0, readOnly and writeOnly of both, and the discriminator.
// So 3.0 and 3.1 give the same errors at the same cost. Parameters, forms and multipart
// bodies are read by the document's styles (params.go, form.go) into the same JSON values
// that a script gets as its payload.
//
// # What it does not do
//
// It tells what security the document demands (security.go) and checks none of it, nor
// hosts or callbacks, and XML or YAML bodies pass undecoded.
// A pattern that RE2 cannot express (lookahead, backreference) is not checked, and Prepare
// says so. Formats checked: date, date-time, email, ipv4, ipv6, uuid, byte, int32, int64.
package apidoc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// A Finding is something about the document that the operator should know and that keeps
// nothing from being served: one line.
type Finding string

// A Document is a loaded OpenAPI document.
type Document struct {
	doc        *openapi3.T
	digest     Digest
	operations []*Operation
	paths      map[string]map[string]*Operation // by path, then verb
	schemas    *schemas
	heavy      chan struct{} // holds a token while a large body is judged
}

// The document's own validation costs seconds on the largest documents (2.2 s for Stripe's
// 2.5 MB) and says nothing that a gateway needs, so it is left out above this size.
const (
	maxValidated = 1 << 20 // bytes of all files together
	maxFindings  = 20
)

// Load reads a document and the files it refers to. The findings are what its own
// validation complains about, 20 at most. An error means that nothing can be served: a
// file that cannot be read or parsed, a reference that leads nowhere or outside the
// document's folder, or a version other than 3.0 and 3.1.
func Load(file string) (*Document, []Finding, error) {
	t, read, err := readDocument(file)
	if err != nil {
		return nil, nil, err
	}
	findings, err := checkVersion(t)
	if err != nil {
		return nil, nil, err
	}
	d := &Document{
		doc:     t,
		digest:  read.digest,
		paths:   map[string]map[string]*Operation{},
		schemas: newSchemas(!t.IsOpenAPI31OrLater()),
		heavy:   make(chan struct{}, 1),
	}
	d.collectOperations()
	return d, append(findings, validate(t, read.size)...), nil
}

func checkVersion(t *openapi3.T) ([]Finding, error) {
	v := t.OpenAPI
	switch {
	case v == "3.0" || v == "3.1", strings.HasPrefix(v, "3.0."), strings.HasPrefix(v, "3.1."):
		return nil, nil
	case strings.HasPrefix(v, "3."):
		return []Finding{Finding("openapi: " + v + " is read as 3.1")}, nil
	case v == "" && t.Extensions["swagger"] != nil:
		return nil, errSwagger
	case v == "":
		return nil, errors.New("not an OpenAPI document: it has no key openapi (3.0 or 3.1)")
	}
	return nil, fmt.Errorf("openapi: %s is not supported, only 3.0 and 3.1", oneLine(v))
}

func validate(t *openapi3.T, size int64) []Finding {
	if size > maxValidated {
		return []Finding{Finding(fmt.Sprintf("the document has %d KiB: its own validation is left out above %d KiB", size>>10, maxValidated>>10))}
	}
	err := t.Validate(context.Background(), openapi3.EnableMultiError())
	if err == nil {
		return nil
	}
	all, ok := err.(openapi3.MultiError)
	if !ok {
		all = openapi3.MultiError{err}
	}
	var findings []Finding
	for i, e := range all {
		if i == maxFindings {
			findings = append(findings, Finding(fmt.Sprintf("and %d more", len(all)-i)))
			break
		}
		findings = append(findings, Finding(oneLine(e.Error())))
	}
	return findings
}

// oneLine cuts a library's text to what fits a log line; after the first line they dump
// schema and value.
func oneLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	if len(s) > 200 {
		s = strings.ToValidUTF8(s[:200], "") + " ..."
	}
	return s
}

// verbs are those of OpenAPI 3.0 and 3.1 in the order of the specification.
var verbs = []string{"GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE"}

func (d *Document) collectOperations() {
	if d.doc.Paths == nil { // allowed in 3.1
		return
	}
	for path, item := range d.doc.Paths.Map() {
		d.paths[path] = map[string]*Operation{}
		if item == nil {
			continue
		}
		for _, verb := range verbs {
			if o := item.GetOperation(verb); o != nil {
				op := newOperation(d, path, verb, item, o)
				d.paths[path][verb] = op
				d.operations = append(d.operations, op)
			}
		}
	}
	slices.SortFunc(d.operations, func(a, b *Operation) int {
		return cmp.Or(
			strings.Compare(a.Path, b.Path),
			slices.Index(verbs, a.Method)-slices.Index(verbs, b.Method),
		)
	})
}

// Operations lists every path and verb of the document, by path and then in the
// specification's order of verbs.
func (d *Document) Operations() []*Operation { return d.operations }

// Operation returns the operation with this path key and verb (in capitals), or nil.
func (d *Document) Operation(path, method string) *Operation { return d.paths[path][method] }

// Digest is that of the files that were read.
func (d *Document) Digest() Digest { return d.digest }

// Title is what the document calls the API; "" if it does not.
func (d *Document) Title() string {
	if d.doc.Info == nil {
		return ""
	}
	return firstLine(d.doc.Info.Title)
}

// firstLine is the first line of the first text that has one.
func firstLine(texts ...string) string {
	for _, text := range texts {
		if line, _, _ := strings.Cut(strings.TrimSpace(text), "\n"); line != "" {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

// HasPath reports whether the document has this path key, with or without verbs.
func (d *Document) HasPath(path string) bool {
	_, ok := d.paths[path]
	return ok
}

// BasePath is the path of the first server's URL, its variables filled with their
// defaults: "/v1", and "" where there is none. Scheme and host do not matter here.
func (d *Document) BasePath() string {
	if len(d.doc.Servers) == 0 || d.doc.Servers[0] == nil {
		return ""
	}
	s := d.doc.Servers[0]
	u := s.URL
	for name, v := range s.Variables {
		if v != nil {
			u = strings.ReplaceAll(u, "{"+name+"}", v.Default)
		}
	}
	if i := strings.IndexAny(u, "?#"); i >= 0 {
		u = u[:i]
	}
	// By hand: net/url refuses hosts that still hold a variable.
	if _, rest, ok := strings.Cut(u, "//"); ok && (strings.HasPrefix(u, "//") || strings.Contains(u, "://")) {
		_, path, found := strings.Cut(rest, "/")
		if !found {
			return ""
		}
		u = path
	}
	u = strings.Trim(u, "/")
	if u == "" || u == "." {
		return ""
	}
	return "/" + u
}
