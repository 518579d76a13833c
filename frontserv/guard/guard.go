package guard

import (
	"crypto/x509"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/urocket/urocket/frontserv/guard/jwks"
)

// A Scheme is a security scheme as the document describes it.
type Scheme struct {
	Type string // apiKey, http, oauth2, openIdConnect or mutualTLS
	In   string // of an apiKey: header, query or cookie
	Name string // of its header, parameter or cookie
	HTTP string // of http: basic, bearer and so on
	JWT  bool   // of bearer: its tokens are said to be JSON Web Tokens
}

// A Setting is how a scheme is checked.
type Setting struct {
	Scheme string // its name
	Method Method
}

// A Method is a way to check credentials: one of [Upstream], [Keys], [Passwords],
// [Tokens], [Signatures] and [Certificates].
type Method interface {
	// open reads what there is to read; without a checker it has told a fault.
	open(b *builder) checker
	// fits says whether the method can check credentials of a scheme.
	fits(s Scheme) bool
}

// checker judges the credentials for one scheme.
type checker interface {
	// look judges what a request carries, as far as that goes without its body.
	look(r *Request) (holder, *failure)
	// challenge is a value of WWW-Authenticate (RFC 9110 section 11.6.1).
	challenge(c *challenge)
	// hides names what a script is not to see.
	hides() place
	// scoped says whether credentials of this kind can carry scopes.
	scoped() bool
	// kind is what CGI calls AUTH_TYPE.
	kind() string
}

// Upstream is a scheme that a proxy in front checks.
type Upstream struct{}

func (Upstream) open(*builder) checker { return nil }
func (Upstream) fits(Scheme) bool      { return true }

// Options are everything that a guard is made of.
type Options struct {
	Realm     string            // of challenges
	Schemes   map[string]Scheme // those of the document
	Settings  []Setting
	ClientCAs func() *x509.CertPool // whose client certificates are good; nil: no TLS, or none are asked for
	Sources   *Sources
}

// A Fault is something wrong with a setting. Key names what is to blame in it, as the
// configuration calls it, or is "" for the setting as a whole.
type Fault struct{ Scheme, Key, Message string }

// Guard holds the schemes that are set up.
type Guard struct {
	realm    string
	schemes  map[string]Scheme
	settings map[string]*setting
}

// setting is a scheme that can be checked, or that a proxy checks.
type setting struct {
	name  string
	rank  int     // its place in the configuration
	check checker // nil: a proxy does
}

// Sources are where keys come from that may be kept when a configuration is replaced by
// another: those that were fetched. Log is told when they or files have changed.
type Sources struct {
	Log    *slog.Logger
	remote jwks.Cache
}

// tell is for who follows files.
func (s *Sources) tell(scheme, what string) func(error) {
	return func(err error) {
		if err != nil {
			s.Log.Error("security: not read again: what held until now holds on", "scheme", scheme, "what", what, "error", err)
			return
		}
		s.Log.Info("security: read again", "scheme", scheme, "what", what)
	}
}

// builder makes a setting.
type builder struct {
	Options
	name             string
	scheme           Scheme
	faults, warnings []Fault
}

// fault tells what is wrong with the setting at hand.
func (b *builder) fault(key, format string, args ...any) {
	b.faults = append(b.faults, Fault{b.name, key, fmt.Sprintf(format, args...)})
}

func (b *builder) warn(key, format string, args ...any) {
	b.warnings = append(b.warnings, Fault{b.name, key, fmt.Sprintf(format, args...)})
}

// New reads what the settings name. The guard is nil when there are faults. Nothing is
// fetched.
func New(o Options) (g *Guard, faults, warnings []Fault) {
	g = &Guard{realm: o.Realm, schemes: o.Schemes, settings: map[string]*setting{}}
	b := &builder{Options: o}
	for i, s := range o.Settings {
		var known bool
		b.name = s.Scheme
		b.scheme, known = o.Schemes[s.Scheme]
		switch {
		case !known:
			b.fault("", "the document has no security scheme of this name%s", listed(o.Schemes))
		case !s.Method.fits(b.scheme):
			b.fault("", "the document says that %s is %s, which this cannot check: it takes %s", s.Scheme, b.scheme, b.scheme.takes())
		default:
			g.settings[s.Scheme] = &setting{name: s.Scheme, rank: i, check: s.Method.open(b)}
		}
	}
	if len(b.faults) > 0 {
		return nil, b.faults, b.warnings
	}
	return g, nil, b.warnings
}

func listed(schemes map[string]Scheme) string {
	if len(schemes) == 0 {
		return ", nor any other"
	}
	return "; it has " + strings.Join(slices.Sorted(maps.Keys(schemes)), ", ")
}

// String describes the scheme in a message.
func (s Scheme) String() string {
	switch s.Type {
	case "apiKey":
		return fmt.Sprintf("an apiKey in %s %s", s.In, s.Name)
	case "http":
		return "http " + s.HTTP
	}
	return s.Type
}

// methods are all methods, as the configuration spells them.
var methods = []struct {
	method  Method
	keys    string // that set it up
	example string
}{
	{Keys{}, "keys, keysfile, keysenv", "{keysfile: FILE}"},
	{Tokens{}, "jwks", "{jwks: URL, issuer: URL, audience: NAME}"},
	{Passwords{}, "htpasswd", "{htpasswd: FILE}"},
	{Signatures{}, "hmac", "{hmac: github, secretfile: FILE}"},
	{Certificates{}, "clients", "{clients: any}"},
}

// takes lists what can check a scheme.
func (s Scheme) takes() string {
	var words []string
	for _, m := range methods {
		if m.method.fits(s) {
			words = append(words, m.keys)
		}
	}
	return strings.Join(append(words, "upstream"), ", ")
}

// remedy is what to write for a scheme that nothing covers.
func (s Scheme) remedy(name string) string {
	upstream := fmt.Sprintf("`%s: upstream` if a proxy checks it", name)
	for i := len(methods) - 1; i >= 0; i-- { // the special before the general
		if m := methods[i]; m.method.fits(s) && s.likely(m.keys) {
			return fmt.Sprintf("`%s: %s`, or %s", name, m.example, upstream)
		}
	}
	return upstream
}

// likely says whether a method that fits is what the scheme speaks of.
func (s Scheme) likely(keys string) bool {
	switch keys {
	case "hmac":
		return strings.Contains(strings.ToLower(s.Name), "signature")
	case "jwks":
		return s.JWT || s.Type != "http"
	}
	return true
}
