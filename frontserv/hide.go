package frontserv

import (
	"net/http"
	"slices"
	"strings"

	"github.com/urocket/urocket/frontserv/apidoc"
)

// Credentials that were checked here are kept from scripts, which have no use for them:
// an argument is seen by every user of the machine, and a variable ends up in reports of
// errors. Only a placeholder that names one gets it.

// hides says whether a query parameter, cookie or header carries some.
func (x *exchange) hides(in, name string) bool { return x.rule != nil && x.rule.Hides(in, name) }

// openRequest is the request with none in its query.
func (x *exchange) openRequest() *http.Request {
	if x.rule == nil || x.r.URL.RawQuery == "" {
		return x.r
	}
	r, u := *x.r, *x.r.URL
	u.RawQuery = x.hideQuery(u.RawQuery)
	r.URL = &u
	return &r
}

// openURI is the request target with none in it.
func (x *exchange) openURI() string {
	path, query, found := strings.Cut(x.r.RequestURI, "?")
	if !found || x.rule == nil {
		return x.r.RequestURI
	}
	return strings.TrimSuffix(path+"?"+x.hideQuery(query), "?")
}

// hideQuery takes them out of a query.
func (x *exchange) hideQuery(raw string) string {
	kept := slices.DeleteFunc(strings.Split(raw, "&"), func(pair string) bool {
		for name := range apidoc.Query(pair) {
			if x.hides("query", name) {
				return true
			}
		}
		return false
	})
	return strings.Join(kept, "&")
}

// openCookies are the values of the header Cookie with none in them.
func (x *exchange) openCookies(values []string) (open []string) {
	if x.rule == nil {
		return values
	}
	for _, value := range values {
		kept := slices.DeleteFunc(strings.Split(value, ";"), func(cookie string) bool {
			name, _, _ := strings.Cut(cookie, "=")
			return x.hides("cookie", strings.TrimSpace(name))
		})
		if left := strings.TrimSpace(strings.Join(kept, ";")); left != "" {
			open = append(open, left)
		}
	}
	return open
}

// loggedURI is a request target that fitted no operation, fit for the log: of its query
// only the names, for what was sent to a wrong path may be a key all the same.
func loggedURI(uri string) string {
	path, query, found := strings.Cut(uri, "?")
	if !found {
		return uri
	}
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		if name, _, ok := strings.Cut(pair, "="); ok {
			pairs[i] = name + "=…"
		}
	}
	return path + "?" + strings.Join(pairs, "&")
}
