package apidoc

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// A Scheme is a security scheme as the document describes it.
type Scheme struct {
	Type string // apiKey, http, oauth2, openIdConnect or mutualTLS
	In   string // of an apiKey: header, query or cookie
	Name string // of its header, parameter or cookie
	HTTP string // of http: the authentication scheme in small letters, such as basic
	JWT  bool   // of bearer: the document says that its tokens are
}

// A Demand is one scheme of a security requirement.
type Demand struct {
	Scheme string   // its name
	Scopes []string // of oauth2 and openIdConnect; roles for the other types
}

// Scheme returns the description of a security scheme.
func (d *Document) Scheme(name string) (Scheme, bool) {
	if d.doc.Components == nil {
		return Scheme{}, false
	}
	ref := d.doc.Components.SecuritySchemes[name]
	if ref == nil || ref.Value == nil {
		return Scheme{}, false
	}
	s := ref.Value
	return Scheme{Type: s.Type, In: s.In, Name: s.Name, HTTP: strings.ToLower(s.Scheme), JWT: strings.EqualFold(s.BearerFormat, "jwt")}, true
}

// SchemeNames lists the names of the security schemes, sorted.
func (d *Document) SchemeNames() []string {
	if d.doc.Components == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(d.doc.Components.SecuritySchemes))
}

// Security lists the alternatives of which a request has to meet one; it meets one by
// meeting all of its demands. They are the operation's own or, where it says nothing, the
// document's. None: nothing is demanded. An alternative without demands is met by
// every request. The demands of one are sorted by name: their order means nothing.
func (o *Operation) Security() [][]Demand {
	if o.op.Security != nil {
		return alternatives(*o.op.Security)
	}
	return o.document.Security()
}

// Security is what holds for every operation that says nothing else.
func (d *Document) Security() [][]Demand { return alternatives(d.doc.Security) }

func alternatives(requirements openapi3.SecurityRequirements) (alternatives [][]Demand) {
	for _, r := range requirements {
		demands := make([]Demand, 0, len(r))
		for name, scopes := range r {
			demands = append(demands, Demand{name, scopes})
		}
		slices.SortFunc(demands, func(a, b Demand) int { return cmp.Compare(a.Scheme, b.Scheme) })
		alternatives = append(alternatives, demands)
	}
	return alternatives
}
