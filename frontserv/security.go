package frontserv

import (
	"crypto/x509"
	"io"
	"net/http"
	"strings"

	"github.com/urocket/urocket/frontserv/apidoc"
	"github.com/urocket/urocket/frontserv/guard"
)

// Security is who checks what the document demands.
type Security struct {
	Upstream  bool                  // a proxy checks all of it
	Settings  []guard.Setting       // else, scheme by scheme
	Realm     string                // of challenges
	ClientCAs func() *x509.CertPool // whose client certificates are good; nil: nobody's
	Sources   *guard.Sources
}

// openGuard makes what checks credentials.
func (b *builder) openGuard(s Security) {
	if b.upstream {
		return
	}
	schemes := map[string]guard.Scheme{}
	for _, name := range b.doc.SchemeNames() {
		if d, ok := b.doc.Scheme(name); ok {
			schemes[name] = guard.Scheme(d)
		}
	}
	g, faults, warnings := guard.New(guard.Options{
		Realm: s.Realm, Schemes: schemes, Settings: s.Settings, ClientCAs: s.ClientCAs, Sources: s.Sources,
	})
	b.guard = g
	b.faults = append(b.faults, located(faults)...)
	b.warnings = append(b.warnings, located(warnings)...)
}

// located names the keys of the configuration that faults are about.
func located(faults []guard.Fault) (list []Fault) {
	for _, f := range faults {
		list = append(list, Fault{
			Key:     strings.TrimSuffix("security/"+f.Scheme+"/"+f.Key, "/"),
			Message: strings.ReplaceAll("security: "+f.Scheme+": "+f.Key+": ", ": : ", ": ") + f.Message,
		})
	}
	return list
}

// rule is what the document demands for a route. One that it lacks is no reason to let
// in everybody: what the document demands of all holds for it too.
func (b *builder) rule(r *Route, doc *apidoc.Operation) *guard.Rule {
	demanded := b.doc.Security()
	if doc != nil {
		demanded = doc.Security()
	}
	if len(demanded) == 0 {
		if len(b.doc.SchemeNames()) > 0 {
			b.table.rules[r.Method+" "+r.Path] = "nothing"
		}
		return nil
	}
	if b.guard == nil {
		b.table.rules[r.Method+" "+r.Path] = "upstream"
		return nil
	}
	var alternatives [][]guard.Demand
	for _, a := range demanded {
		demands := make([]guard.Demand, len(a))
		for i, d := range a {
			demands[i] = guard.Demand{Scheme: d.Scheme, Scopes: d.Scopes}
		}
		alternatives = append(alternatives, demands)
	}
	rule, gaps, ok := b.guard.Rule(alternatives)
	switch {
	case !ok:
		b.fault(r, "", "security: nobody could call this operation: the document demands %s", strings.Join(gaps, "; or "))
	case rule.Idle():
		b.warn(r, "", "security: nobody is refused here, whatever he sends: %s, of which one is enough", rule)
	case len(gaps) > 0 && !rule.Free():
		b.warn(r, "", "security: %s is checked, which is enough; the document would take, too, %s", rule, strings.Join(gaps, "; or "))
	}
	b.table.rules[r.Method+" "+r.Path] = rule.String()
	return rule
}

// Security says in words what an operation demands; "": the document knows no security.
func (e *Edition) Security(path, method string) string { return e.table.rules[method+" "+path] }

// authorize holds the request against what the document demands, as far as that goes
// without its body.
func (x *exchange) authorize() *problem {
	if x.rule == nil {
		return nil
	}
	visitor, refusal := x.rule.Check(&guard.Request{Request: x.r, Query: x.query})
	if refusal != nil {
		return x.refusalProblem(refusal)
	}
	x.visitor = visitor
	return nil
}

// verify holds the body against its signature, if it has to have one.
func (x *exchange) verify() *problem {
	if x.visitor == nil || !x.visitor.NeedsBody() {
		return nil
	}
	refusal := x.visitor.CheckBody(func() io.Reader {
		if x.body == nil {
			return strings.NewReader("")
		}
		return x.body.NewReader()
	})
	if refusal != nil {
		return x.refusalProblem(refusal)
	}
	return nil
}

func (x *exchange) refusalProblem(r *guard.Refusal) *problem {
	switch r.Status {
	case http.StatusInternalServerError:
		return newProblem(r.Status, "internal", r.Detail).because(r.Err)
	case http.StatusServiceUnavailable:
		return newProblem(r.Status, "busy", r.Detail).retryAfter(0)
	}
	word := "unauthorized"
	if r.Status == http.StatusForbidden {
		word = "forbidden"
	}
	p := newProblem(r.Status, word, r.Detail)
	p.refused = true
	if len(r.Challenges) > 0 {
		p.header = http.Header{"Www-Authenticate": r.Challenges}
	}
	return p
}

// user is the name that the caller has shown to be his; "": none.
func (x *exchange) user() string {
	if x.visitor == nil {
		return ""
	}
	return x.visitor.User
}
