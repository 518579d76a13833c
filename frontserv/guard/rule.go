package guard

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// A Demand is one scheme of a security requirement.
type Demand struct {
	Scheme string
	Scopes []string
}

// A Rule is what an operation demands.
type Rule struct {
	realm        string
	schemes      []*setting // of all alternatives
	alternatives [][]demand // that are to be checked here
	free         bool       // one demands nothing
	upstream     bool       // one demands nothing of us: a proxy checks it
	words        []string   // the alternatives, for who wants to read them
}

// demand is a scheme of the rule.
type demand struct {
	scheme int // in the rule's list
	scopes []string
}

// Rule makes a rule of the alternatives of an operation; it is nil where there are none.
// gaps tell which alternatives nobody can meet here, and why. If that leaves none, ok is
// false: nobody could call the operation.
func (g *Guard) Rule(alternatives [][]Demand) (rule *Rule, gaps []string, ok bool) {
	if len(alternatives) == 0 {
		return nil, nil, true
	}
	rule = &Rule{realm: g.realm}
	for _, a := range alternatives {
		if missing := g.missing(a); len(missing) > 0 {
			gaps = append(gaps, missing...)
			continue
		}
		rule.add(g, a)
	}
	slices.Sort(gaps)
	return rule, slices.Compact(gaps), rule.free || rule.upstream || len(rule.alternatives) > 0
}

// missing tells why nobody can meet an alternative.
func (g *Guard) missing(demands []Demand) (gaps []string) {
	for _, d := range demands {
		scheme, described := g.schemes[d.Scheme]
		set := g.settings[d.Scheme]
		switch {
		case !described:
			gaps = append(gaps, fmt.Sprintf("%s, which it does not describe", d.Scheme))
		case set == nil:
			gaps = append(gaps, fmt.Sprintf("%s (%s), which nothing here covers: write below security %s", d.Scheme, scheme, scheme.remedy(d.Scheme)))
		case set.check != nil && len(d.Scopes) > 0 && !set.check.scoped():
			gaps = append(gaps, fmt.Sprintf("%s with %s, and what checks it here knows no scopes or roles", d.Scheme, strings.Join(d.Scopes, " ")))
		}
	}
	return gaps
}

// add takes an alternative into the rule.
func (r *Rule) add(g *Guard, demands []Demand) {
	var here []demand
	var words []string
	for _, d := range demands {
		set := g.settings[d.Scheme]
		words = append(words, wording(d, set))
		if set.check == nil {
			continue
		}
		i := slices.Index(r.schemes, set)
		if i < 0 {
			i, r.schemes = len(r.schemes), append(r.schemes, set)
		}
		here = append(here, demand{i, d.Scopes})
	}
	switch {
	case len(demands) == 0:
		r.free, words = true, []string{"nothing"}
	case len(here) == 0:
		r.upstream = true
	default:
		r.alternatives = append(r.alternatives, here)
	}
	r.words = append(r.words, strings.Join(words, " and "))
}

func wording(d Demand, set *setting) string {
	text := d.Scheme
	if len(d.Scopes) > 0 {
		text += " with " + strings.Join(d.Scopes, " ")
	}
	if set.check == nil {
		text += " (upstream)"
	}
	return text
}

// String is the rule in words: "api_key, or oauth with read:pets".
func (r *Rule) String() string { return strings.Join(r.words, ", or ") }

// Free says that everybody may call, as the document has it.
func (r *Rule) Free() bool { return r.free }

// Idle says that the rule refuses nobody, because a proxy checks one of the alternatives.
func (r *Rule) Idle() bool { return r.upstream && !r.free && len(r.alternatives) > 0 }

// Hides says whether a header, query or cookie of this name carries credentials that the
// rule checks: no script is to see them. A header's name is the canonical one.
func (r *Rule) Hides(in, name string) bool {
	for _, s := range r.schemes {
		if p := s.check.hides(); p.in == in && p.name == name {
			return true
		}
	}
	return false
}

// A Visitor has met a rule, or will have if his signature fits the body.
type Visitor struct {
	User string // "": his credentials have no name
	Kind string // of his credentials: Basic, Bearer, apiKey, mutualTLS; "": he has none

	rule   *Rule
	claims []claim
	wait   [][]demand // alternatives that are met if their signatures are
}

// claim is what a request's credentials for one scheme come to.
type claim struct {
	holder
	failure *failure
	looked  bool
}

// Check judges a request by everything but its body.
func (r *Rule) Check(req *Request) (*Visitor, *Refusal) {
	v := &Visitor{rule: r, claims: make([]claim, len(r.schemes))}
	for _, a := range r.alternatives {
		switch met, later := v.meets(a, req); {
		case met && !later:
			v.wait = nil
			v.name(a)
			return v, nil
		case met:
			v.wait = append(v.wait, a)
		}
	}
	switch {
	case v.broken() != nil:
	case r.free || r.upstream:
		v.wait = nil
		return v, nil
	case len(v.wait) > 0:
		return v, nil
	}
	return nil, v.refusal()
}

// meets says whether the request meets all demands of an alternative; later: as far as
// that goes without the body. All are looked at, so that all that is missing can be told.
func (v *Visitor) meets(a []demand, req *Request) (met, later bool) {
	met = true
	for _, d := range a {
		c := &v.claims[d.scheme]
		if !c.looked {
			c.looked = true
			c.holder, c.failure = v.rule.schemes[d.scheme].check.look(req)
		}
		met = met && c.failure == nil && c.has(d.scopes)
		later = later || c.body != nil
	}
	return met, later
}

// has says whether the holder was granted all scopes. Good credentials without them
// stay good for other alternatives.
func (c *claim) has(scopes []string) bool {
	for _, s := range scopes {
		if !slices.Contains(c.scopes, s) {
			return false
		}
	}
	return true
}

// name gives the visitor the name of the first scheme that has one.
func (v *Visitor) name(a []demand) {
	best := -1
	for _, d := range a {
		set, c := v.rule.schemes[d.scheme], &v.claims[d.scheme]
		named, was := c.user != "", v.User != ""
		if best < 0 || named && !was || named == was && set.rank < best {
			best, v.User, v.Kind = set.rank, c.user, set.check.kind()
		}
	}
}

// NeedsBody says whether CheckBody has to be asked too.
func (v *Visitor) NeedsBody() bool { return len(v.wait) > 0 }

// CheckBody judges signatures. body begins the body anew each time it is called.
func (v *Visitor) CheckBody(body func() io.Reader) *Refusal {
	for _, a := range v.wait {
		if v.fitsBody(a, body) {
			v.wait = nil
			v.name(a)
			return nil
		}
	}
	return v.refusal()
}

func (v *Visitor) fitsBody(a []demand, body func() io.Reader) bool {
	for _, d := range a {
		c := &v.claims[d.scheme]
		if c.failure == nil && c.body != nil {
			c.failure = c.body(body())
			c.body = nil
		}
		if c.failure != nil {
			return false
		}
	}
	return true
}
