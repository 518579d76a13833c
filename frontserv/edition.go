package frontserv

import (
	"fmt"

	"github.com/urocket/urocket/frontserv/apidoc"
	"github.com/urocket/urocket/frontserv/certificate"
	"github.com/urocket/urocket/visor"
)

// Options are one configuration.
type Options struct {
	Document   string  // file name of the OpenAPI document
	BasePath   *string // nil: the path of the document's first server
	Routes     []Route
	Security   Security
	TLS        *certificate.Chain // nil: none. An edition that follows one with it has to have it too
	MaxBody    int64              // bytes
	SocketPath string             // where scripts reply

	Env    []string // NAME=value: what every process is given of our own and its user's
	TmpDir string   // our own TMPDIR; "": not set
}

// Edition is a configuration that was held against its document and can be
// served. It does not change, so any number of requests may use it.
type Edition struct {
	o      Options
	table  table
	digest apidoc.Digest
}

// Operations are the routes as the visor counts their calls.
func (e *Edition) Operations() []visor.Operation {
	list := make([]visor.Operation, len(e.o.Routes))
	for i := range e.o.Routes {
		list[i] = e.o.Routes[i].operation()
	}
	return list
}

// Unmapped are the document's operations that no route serves, as VERB PATH: they are
// answered with 501.
func (e *Edition) Unmapped() []string { return e.table.unmapped }

// Sends says what callers may send to an operation according to the document; of what the
// document lacks nothing is known, so both.
func (e *Edition) Sends(path, method string) (body, parameters bool) {
	s := e.table.sends[method+" "+path]
	return s.body, s.parameters
}

// SameDocument says whether two editions were made of the same document.
func (e *Edition) SameDocument(other *Edition) bool { return e.digest == other.digest }

// Check is what [Load] has found: Faults keep an edition from being served,
// Warnings do not.
type Check struct {
	Faults, Warnings []Fault
}

// Load reads the document and holds the routes against it. The edition is nil
// when there are faults. Large documents take seconds; nothing but time and
// memory is used meanwhile, so whoever cannot wait may let it go.
func Load(o Options) (*Edition, Check) {
	doc, findings, err := apidoc.Load(o.Document)
	if err != nil {
		return nil, Check{Faults: []Fault{{Key: "openapi", Message: err.Error()}}}
	}
	e := &Edition{o: o, digest: doc.Digest()}
	e.table.basePath, e.table.rules, e.table.sends = doc.BasePath(), map[string]string{}, map[string]sends{}
	if o.BasePath != nil {
		e.table.basePath = *o.BasePath
	}
	b := &builder{table: &e.table, doc: doc, upstream: o.Security.Upstream}
	for _, f := range findings {
		b.warnings = append(b.warnings, Fault{Key: "openapi", Message: fmt.Sprint(f)})
	}
	b.openGuard(o.Security)
	b.addRoutes(e.o.Routes)
	b.addDocument()
	if len(b.faults) > 0 {
		return nil, Check{b.faults, b.warnings}
	}
	return e, Check{Warnings: b.warnings}
}
