package guard

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// A Request is a request as far as its headers go.
type Request struct {
	*http.Request
	Query url.Values // decoded
}

// maxCredential is how long credentials may be, in bytes. Tokens of some identity
// providers have a few KiB.
const maxCredential = 16 << 10

// place is where a request carries credentials. The zero place is nowhere.
type place struct{ in, name string } // in: header, query, cookie, or auth for a scheme of Authorization

// placeOf is where credentials of a scheme are.
func placeOf(s Scheme) place {
	switch {
	case s.Type == "apiKey" && s.In == "header":
		return place{s.In, http.CanonicalHeaderKey(s.Name)}
	case s.Type == "apiKey":
		return place{s.In, s.Name}
	case s.Type == "http":
		return place{"auth", s.HTTP}
	}
	return place{"auth", "bearer"} // RFC 6750 for oauth2 and openIdConnect
}

// sane says whether the document describes a place at all.
func (s Scheme) sane() bool {
	return s.Name != "" && (s.In == "header" || s.In == "query" || s.In == "cookie")
}

func (p place) String() string {
	switch p.in {
	case "auth":
		return "header Authorization: " + strings.ToUpper(p.name[:1]) + p.name[1:]
	case "query":
		return "query parameter " + p.name
	}
	return p.in + " " + p.name
}

// take is what the request carries in the place.
func (p place) take(r *Request) (string, *failure) {
	var sent []string
	switch p.in {
	case "header":
		sent = r.Header[p.name]
	case "query":
		sent = r.Query[p.name]
	case "cookie":
		for _, c := range r.CookiesNamed(p.name) {
			sent = append(sent, c.Value)
		}
	case "auth":
		sent = r.Header["Authorization"]
	}
	switch {
	case len(sent) > 1:
		return "", invalid("the %s was sent more than once", p)
	case len(sent) == 0, sent[0] == "":
		return "", missing("no %s", p)
	case len(sent[0]) > maxCredential:
		return "", invalid("the %s is too long", p)
	case p.in == "auth":
		return p.ofScheme(sent[0])
	}
	return sent[0], nil
}

// ofScheme takes the scheme off the value of Authorization (RFC 9110 section 11.4).
func (p place) ofScheme(value string) (string, *failure) {
	scheme, rest, _ := strings.Cut(value, " ")
	rest = strings.TrimLeft(rest, " ")
	if !strings.EqualFold(scheme, p.name) || rest == "" {
		return "", missing("no %s", p)
	}
	return rest, nil
}

// isToken says whether a value may stand behind Bearer (RFC 6750 section 2.1).
func isToken(value string) bool {
	bare := strings.TrimRight(value, "=")
	return bare != "" && strings.Trim(bare, tokenCharacters) == ""
}

const tokenCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/"

// failure is why credentials are not good. It holds nothing that was sent.
type failure struct {
	why  why
	text string // for the caller and the log
	err  error  // of ours, for the log alone
}

type why int

const (
	isMissing   why = iota // there are none
	isInvalid              // they are wrong
	isForbidden            // they are good and not enough
	isBusy                 // too many are being checked
	isBroken               // they could not be checked
)

func missing(format string, args ...any) *failure {
	return &failure{why: isMissing, text: fmt.Sprintf(format, args...)}
}

func invalid(format string, args ...any) *failure {
	return &failure{why: isInvalid, text: fmt.Sprintf(format, args...)}
}

func forbidden(format string, args ...any) *failure {
	return &failure{why: isForbidden, text: fmt.Sprintf(format, args...)}
}

func broken(err error) *failure {
	return &failure{why: isBroken, text: "the gateway could not check the credentials; its log says why", err: err}
}

// holder is who good credentials belong to.
type holder struct {
	user   string // "": they have no name
	scopes []string
	body   bodyCheck // still to be done; nil: nothing is
}
