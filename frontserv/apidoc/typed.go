package apidoc

import (
	"maps"
	"net/http"
	"slices"

	"github.com/urocket/urocket/frontserv/payload"
)

// Parameters returns a request's path and query parameters with the JSON types that the
// document gives them, for the payload of a request without a body. Numbers keep their
// digits; a value that is not of its type, and a query parameter that the document does not
// know, is the string that was sent, of a repeated one the first. What is absent is left
// out. Of equal names the path's comes first and the query's is left out.
func (o *Operation) Parameters(r *http.Request, path map[string]string) []payload.Field {
	m := messageOf(r, path)
	fields := newFields()
	fields.addPath(m, o.find)
	for _, p := range o.params {
		if p.in == inQuery {
			fields.addRead(m, p)
		}
	}
	for _, q := range m.query {
		if !slices.ContainsFunc(o.params, func(p *param) bool { return p.owns(q.name) }) {
			fields.add(q.name, q.value)
		}
	}
	return fields.list
}

// Parameters returns the same for a path that the document does not have: strings only.
func Parameters(r *http.Request, path map[string]string) []payload.Field {
	m := messageOf(r, path)
	fields := newFields()
	fields.addPath(m, func(string, string) *param { return nil })
	for _, q := range m.query {
		fields.add(q.name, q.value)
	}
	return fields.list
}

type fields struct {
	list []payload.Field
	have map[string]bool
}

func newFields() *fields { return &fields{have: map[string]bool{}} }

func (f *fields) add(name string, value any) {
	if !f.have[name] {
		f.have[name] = true
		f.list = append(f.list, payload.Field{Name: name, Value: value})
	}
}

func (f *fields) addPath(m *message, find func(in, name string) *param) {
	for _, name := range slices.Sorted(maps.Keys(m.path)) {
		if p := find(inPath, name); p != nil {
			f.addRead(m, p)
			continue
		}
		f.add(name, m.path[name])
	}
}

func (f *fields) addRead(m *message, p *param) {
	value, found, err := p.read(m)
	if texts := p.texts(m); err != nil && len(texts) > 0 {
		value = texts[0]
	}
	if found {
		f.add(p.name, value)
	}
}
