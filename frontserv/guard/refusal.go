package guard

import (
	"net/http"
	"slices"
	"strings"
)

// A Refusal is why a request is not let in.
type Refusal struct {
	Status     int      // 401, 403; 503: too many passwords are being checked; 500
	Challenges []string // for WWW-Authenticate
	Detail     string   // in words of our own
	Err        error    // what is wrong with us, for the log; status 500
}

// broken is a failure that is not the caller's.
func (v *Visitor) broken() *failure {
	for i := range v.claims {
		if f := v.claims[i].failure; f != nil && f.why >= isBusy {
			return f
		}
	}
	return nil
}

// refusal tells why no alternative is met.
func (v *Visitor) refusal() *Refusal {
	if f := v.broken(); f != nil {
		if f.why == isBusy {
			return &Refusal{Status: http.StatusServiceUnavailable, Detail: f.text}
		}
		return &Refusal{Status: http.StatusInternalServerError, Detail: f.text, Err: f.err}
	}
	refusal := &Refusal{Status: http.StatusUnauthorized}
	for _, a := range v.rule.alternatives {
		if v.allButScopes(a) {
			refusal.Status = http.StatusForbidden
		}
	}
	said := make([]bool, len(v.claims))
	var reasons []string
	for _, a := range v.rule.alternatives {
		for _, d := range a {
			f := v.failureOf(d)
			if said[d.scheme] || f == nil || refusal.Status == http.StatusForbidden && f.why != isForbidden {
				continue
			}
			said[d.scheme] = true
			set := v.rule.schemes[d.scheme]
			reasons = append(reasons, set.name+": "+f.text)
			c := &challenge{realm: v.rule.realm, failure: f, scopes: d.scopes}
			set.check.challenge(c)
			refusal.Challenges = append(refusal.Challenges, c.String())
		}
	}
	refusal.Detail = strings.Join(reasons, "; ")
	return refusal
}

// failureOf is what keeps a demand from being met, or nil.
func (v *Visitor) failureOf(d demand) *failure {
	c := &v.claims[d.scheme]
	switch {
	case c.failure != nil:
		return c.failure
	case !c.has(d.scopes):
		return forbidden("the scope %s is missing", strings.Join(without(d.scopes, c.scopes), " "))
	}
	return nil
}

// allButScopes says whether an alternative lacks nothing but rights.
func (v *Visitor) allButScopes(a []demand) bool {
	lacks := false
	for _, d := range a {
		f := v.failureOf(d)
		if f != nil && f.why != isForbidden {
			return false
		}
		lacks = lacks || f != nil
	}
	return lacks
}

// without are the words of a that are not in b.
func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}
