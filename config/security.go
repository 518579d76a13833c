package config

import (
	"slices"
	"strings"
	"time"
)

// Scheme is how one security scheme of the document is checked: by a proxy, or in the
// one way of the others that is not nil.
type Scheme struct {
	Name      string // as in the document
	Upstream  bool
	Keys      *Keys
	Passwords string // absolute path of an htpasswd file, "" for none
	Tokens    *Tokens
	Webhook   *Webhook
	Clients   *Clients
}

// Keys are keys of callers, as digests.
type Keys struct {
	List []string // NAME:sha256:HEX SCOPE…
	File string   // absolute, which exists; "" for none
	Env  string   // a variable that holds some; "" for none
}

// Tokens are JSON Web Tokens.
type Tokens struct {
	JWKS       string        // a URL, or the absolute path of a file that exists
	Issuer     string        // "": any
	Audience   []string      // nil: any
	Algorithms []string      // default RS256, ES256, EdDSA
	Leeway     time.Duration // default 30 s
}

// Webhook is a signature over the body.
type Webhook struct {
	Form      HMAC
	File      string        // absolute, which exists; "" for none
	Env       string        // a variable that holds secrets; "" for none
	Tolerance time.Duration // default 5 min; of the time in a signature of stripe's form
}

// Clients are client certificates.
type Clients struct {
	Names []string // nil: any that tls.clientca has signed
}

const (
	defaultLeeway    = 30 * time.Second
	maxLeeway        = 10 * time.Minute
	defaultTolerance = 5 * time.Minute

	// anyone is the word that takes a check away: it has to be written.
	anyone = "any"
)

// defaultAlgorithms are one of each kind of keys.
var defaultAlgorithms = []string{"RS256", "ES256", "EdDSA"}

// security is the word upstream, or a map of scheme names.
func (b *builder) security() {
	const what = "upstream or a map of schemes"
	e, ok := b.top.find("security")
	switch {
	case !ok || e.value.kind == kindBroken:
	case e.value.kind == kindMapping:
		for _, p := range e.value.pairs {
			if s := b.scheme(p); s != nil {
				b.service.Schemes = append(b.service.Schemes, s)
			}
		}
	case e.value.kind != kindScalar || e.value.text != string(SecurityUpstream):
		b.top.wants(e, what)
	default:
		b.service.Security = SecurityUpstream
	}
}

// ways are the keys that belong to one way to check a scheme.
var ways = [][]string{
	{"keys", "keysfile", "keysenv"},
	{"htpasswd"},
	{"jwks", "issuer", "audience", "algorithms", "leeway"},
	{"hmac", "secretfile", "secretenv", "tolerance"},
	{"clients"},
}

// scheme reads the value of one scheme; nil: it says nothing.
func (b *builder) scheme(p pair) *Scheme {
	out := &Scheme{Name: p.key}
	switch {
	case p.value.kind == kindBroken:
		return nil
	case p.value.kind == kindScalar && p.value.text == string(SecurityUpstream):
		out.Upstream = true
		return out
	case p.value.kind != kindMapping:
		b.c.fault(p.line, "security: %s wants upstream, or a map with one of keysfile, htpasswd, jwks, hmac, clients in it, found %s", p.key, p.value.describe())
		return nil
	}
	s := &scope{c: b.c, own: keysOf(p.value, inScheme, b.c)}
	way := s.way()
	if way == nil {
		if len(s.own) == 0 && len(p.value.pairs) == 0 {
			b.c.fault(p.line, "security: %s says nothing: write upstream, or one of keysfile, htpasswd, jwks, hmac, clients in it", p.key)
		}
		return nil
	}
	b.readWay(out, s, way, p)
	return out
}

// way is the one way of which there are keys, the first if there are several.
func (s *scope) way() []string {
	var found []string
	var first string
	for _, way := range ways {
		for _, key := range way {
			e, ok := s.own[key]
			switch {
			case !ok:
			case found == nil:
				found, first = way, key
			case !slices.Contains(found, key):
				s.c.fault(e.line, "%s and %s exclude each other: a scheme is checked in one way", e.written, first)
			}
		}
	}
	return found
}

func (b *builder) readWay(out *Scheme, s *scope, way []string, p pair) {
	switch way[0] {
	case "keys":
		out.Keys = &Keys{List: s.digests(), File: s.file(b.folder, "keysfile"), Env: s.variable("keysenv")}
	case "htpasswd":
		out.Passwords = s.file(b.folder, "htpasswd")
	case "jwks":
		out.Tokens = b.tokens(s, p)
	case "hmac":
		out.Webhook = b.webhook(s, p)
	case "clients":
		out.Clients = &Clients{Names: s.names("clients", `any, or a list such as ["reports.example.com"]`)}
	}
}

func (b *builder) tokens(s *scope, p pair) *Tokens {
	t := &Tokens{Leeway: s.duration("leeway", defaultLeeway)}
	if t.Leeway > maxLeeway {
		s.judge("leeway", "is more than clocks differ: 10m at most")
	}
	if e, ok := s.scalar("jwks", "a file or an https URL"); ok && strings.Contains(e.value.text, "://") {
		t.JWKS = e.value.text
	} else {
		t.JWKS = s.file(b.folder, "jwks")
	}
	for _, need := range []struct{ key, example string }{
		{"jwks", "a file or an https URL with the public keys"}, {"issuer", "the iss of its tokens"}, {"audience", "the aud of tokens for this service"},
	} {
		if _, ok := s.own[need.key]; !ok {
			b.c.fault(p.line, "security: %s has no %s: write %s, or any if that is not to be looked at", p.key, need.key, need.example)
		}
	}
	if t.Issuer = s.text("issuer", "the iss of tokens, or any"); t.Issuer == anyone {
		t.Issuer = ""
	}
	t.Audience = s.names("audience", "the aud of tokens for this service, a list of them, or any")
	t.Algorithms = slices.Clone(defaultAlgorithms)
	if e, ok := s.own["algorithms"]; ok {
		const example = `["RS256", "ES256"]`
		if t.Algorithms = s.texts("algorithms", example, checkAlgorithm); e.value.kind == kindList && len(t.Algorithms) == 0 {
			s.wants(e, "a list such as "+example)
		}
	}
	return t
}

func (b *builder) webhook(s *scope, p pair) *Webhook {
	if _, ok := s.own["hmac"]; !ok {
		b.c.fault(p.line, "security: %s has no hmac: write github or stripe, the form of the signature", p.key)
	}
	w := &Webhook{
		Form: choose(s, "hmac", HMACGitHub, HMACStripe), File: s.file(b.folder, "secretfile"), Env: s.variable("secretenv"),
		Tolerance: s.duration("tolerance", defaultTolerance),
	}
	_, file := s.own["secretfile"]
	if _, env := s.own["secretenv"]; !file && !env {
		b.c.fault(p.line, "security: %s has no secret: write secretfile: FILE or secretenv: VARIABLE", p.key)
	}
	if w.Form != HMACStripe {
		s.onlyWith("tolerance", "hmac: stripe")
	}
	return w
}

// file reads the path of a file that exists; "" where there is none.
func (s *scope) file(folder, key string) string {
	path := s.text(key, "the path of a file")
	if path == "" {
		return ""
	}
	path = absolute(folder, path)
	s.judge(key, checkFile(path))
	return path
}

// names reads one name, a list of them, or `any`, which is nil.
func (s *scope) names(key, what string) []string {
	e, ok := s.find(key)
	if !ok {
		return nil
	}
	if e.value.kind == kindList {
		list := s.texts(key, `["NAME"]`, checkName)
		if len(list) == 0 {
			s.wants(e, what)
		}
		return list
	}
	if name := s.text(key, what); name != anyone && name != "" {
		return []string{name}
	}
	return nil
}

func checkName(name string) string {
	if name == "" || name == anyone {
		return "is no name"
	}
	return ""
}

// algorithms are those with a public key. Who can check what is signed with a shared
// secret can sign, too.
var algorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

func checkAlgorithm(name string) string {
	if slices.Contains(algorithms, name) {
		return ""
	}
	return "is none of " + strings.Join(algorithms, ", ")
}
