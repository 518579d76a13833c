package frontserv

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/urocket/urocket/frontserv/apidoc"
	"github.com/urocket/urocket/frontserv/guard"
	"github.com/urocket/urocket/frontserv/router"
	"github.com/urocket/urocket/internal/suggest"
	"github.com/urocket/urocket/processctl/command"
	"github.com/urocket/urocket/visor"
)

// endpoint is one verb of one path: with a route, or only in the document.
type endpoint struct {
	path   string
	doc    *apidoc.Operation // nil: the document lacks it
	route  *Route            // nil: no callback
	places *visor.Operation
	rule   *guard.Rule // who may call it; nil: everybody, as far as we are concerned
}

// table is all endpoints by path.
type table struct {
	router   router.Router[*endpoint]
	basePath string
	rules    map[string]string // what is demanded, in words, by verb and path
	sends    map[string]sends  // by verb and path
	unmapped []string          // what the document has and the map has not, as VERB PATH
}

// sends is what callers may send to an operation.
type sends struct{ body, parameters bool }

// find routes a request: its path as it is, then without the base path. matched
// is the path that fitted.
func (t *table) find(path string) (match router.Match[*endpoint], matched string, ok bool) {
	if m, ok := t.router.Match(path); ok {
		return m, path, true
	}
	if rest, trimmed := router.TrimBase(path, t.basePath); trimmed {
		if m, ok := t.router.Match(rest); ok {
			return m, rest, true
		}
	}
	return router.Match[*endpoint]{}, "", false
}

// allow is the Allow header for a path.
func allow(m router.Match[*endpoint]) string {
	verbs := m.Verbs()
	if !slices.Contains(verbs, http.MethodOptions) {
		verbs = append(verbs, http.MethodOptions) // served for every path
	}
	return strings.Join(verbs, ", ")
}

// builder collects the endpoints and what is wrong with them.
type builder struct {
	table    *table
	doc      *apidoc.Document
	upstream bool         // somebody else checks what the document demands
	guard    *guard.Guard // nil: it could not be made, or is not wanted
	faults   []Fault
	warnings []Fault
}

func (b *builder) fault(r *Route, key, format string, args ...any) {
	b.faults = append(b.faults, Fault{r.Path, r.Method, key, fmt.Sprintf(format, args...)})
}

func (b *builder) warn(r *Route, key, format string, args ...any) {
	b.warnings = append(b.warnings, Fault{r.Path, r.Method, key, fmt.Sprintf(format, args...)})
}

// addRoutes adds the callback map.
func (b *builder) addRoutes(routes []Route) {
	for i := range routes {
		r := &routes[i]
		places := r.operation()
		e := &endpoint{path: r.Path, route: r, doc: b.doc.Operation(r.Path, r.Method), places: &places}
		b.check(r, e.doc)
		e.rule = b.rule(r, e.doc)
		b.table.sends[r.Method+" "+r.Path] = sends{e.doc == nil || e.doc.HasBody(), e.doc == nil || e.doc.HasParameters()}
		if err := b.table.router.Add(r.Method, r.Path, e); err != nil {
			b.fault(r, "", "%v", err)
		}
	}
}

// check holds a route against the document.
func (b *builder) check(r *Route, doc *apidoc.Operation) {
	if doc == nil {
		b.warnAbsent(r)
		return
	}
	if !r.Raw && doc.RawOnly() {
		b.warn(r, "channel", "the document has bodies here that are not JSON, and none that are, so each is refused with 400: write encoding: raw")
	}
	if r.ValidateIn || r.ValidateOut {
		findings, err := doc.Prepare(r.ValidateIn, r.ValidateOut)
		if err != nil {
			b.fault(r, "validatein", "the document's operation cannot be validated: %v; with `validatein: false` and `validateout: false` it is served unvalidated", err)
		}
		for _, f := range findings {
			b.warn(r, "", "%s", f)
		}
	}
	for _, use := range r.Command.Placeholders() {
		if in := parameterPlace(use.Placeholder); in != "" && !declared(doc, in, use.Placeholder.Name) {
			b.fault(r, use.Key, "%s: the document's operation has no %s parameter %q", use.Placeholder, in, use.Placeholder.Name)
		}
	}
}

// warnAbsent tells that a route is served although the document lacks it.
func (b *builder) warnAbsent(r *Route) {
	to := ""
	if len(b.doc.SchemeNames()) > 0 && len(b.doc.Security()) == 0 && !b.upstream {
		to = ", and to everybody"
	}
	if b.doc.HasPath(r.Path) {
		b.warn(r, "", "%s has no %s in the document: it is served unvalidated%s", r.Path, strings.ToLower(r.Method), to)
		return
	}
	var paths []string
	for _, op := range b.doc.Operations() {
		paths = append(paths, op.Path)
	}
	meant := suggest.Nearest(r.Path, paths)
	if len(meant) > 1 {
		to += "; did you mean " + meant + "?"
	}
	b.warn(r, "", "%s is not in the document: it is served unvalidated%s", r.Path, to)
}

// parameterPlace says where the document would declare a placeholder's value.
func parameterPlace(p command.Placeholder) string {
	switch p.Source {
	case command.Query:
		return "query"
	case command.Header:
		return "header"
	}
	return ""
}

// declared says whether a request of the operation can have this value. The
// three headers are never declared as parameters (OpenAPI 3.1 section 4.8.12.1).
func declared(doc *apidoc.Operation, in, name string) bool {
	if in == "header" && slices.Contains([]string{"accept", "content-type", "authorization"}, strings.ToLower(name)) {
		return true
	}
	return doc.HasParameter(in, name)
}

// addDocument adds what the document has and the map has not: it is answered
// with 501, so that a caller can tell it from a wrong path.
func (b *builder) addDocument() {
	for _, op := range b.doc.Operations() {
		err := b.table.router.Add(op.Method, op.Path, &endpoint{path: op.Path, doc: op})
		switch {
		case err == nil:
			b.table.unmapped = append(b.table.unmapped, op.Method+" "+op.Path)
		case errors.Is(err, router.ErrConflict): // has a callback, or is another template of one shape
		default:
			b.warnings = append(b.warnings, Fault{op.Path, op.Method, "openapi", fmt.Sprintf("the document's path cannot be routed: %v", err)})
		}
	}
}
