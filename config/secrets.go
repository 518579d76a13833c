package config

import (
	"os"
	"slices"
	"strings"
)

// What stands where a secret may stand by mistake is not shown in a message, and what
// holds secrets is not handed to scripts.

// digests reads keys without showing them: somebody may well have written the key
// itself. Their form is for the one who checks them to judge.
func (s *scope) digests() []string {
	e, ok := s.find("keys")
	if !ok || e.value.kind == kindBroken {
		return nil
	}
	if e.value.kind != kindList {
		s.c.fault(e.lineOf(), `%s wants a list such as ["NAME:sha256:HEX"]`, e.written)
		return nil
	}
	var list []string
	for _, item := range e.value.items {
		if item.kind != kindScalar {
			s.c.fault(item.line, `%s wants a list such as ["NAME:sha256:HEX"], found %s in it`, e.written, item.describe())
		}
		list = append(list, item.text)
	}
	return list
}

// variable reads the name of a variable that urocket has.
func (s *scope) variable(key string) string {
	name := s.text(key, "the name of a variable of the environment")
	if _, set := os.LookupEnv(name); !set && name != "" {
		e, _ := s.find(key) // it is not shown: it may be the secret itself
		s.c.fault(e.lineOf(), "%s wants the name of a variable that urocket's environment has", e.written)
	}
	return name
}

// secretsPassed refuses to hand a script the variables that urocket checks callers by.
func (b *builder) secretsPassed() {
	for _, scheme := range b.service.Schemes {
		var name string
		switch {
		case scheme.Webhook != nil:
			name = scheme.Webhook.Env
		case scheme.Keys != nil:
			name = scheme.Keys.Env
		}
		for _, o := range b.service.Operations {
			if o != nil && name != "" && slices.ContainsFunc(o.PassEnv, func(pattern string) bool { return passes(pattern, name) }) {
				b.c.faults = append(b.c.faults, b.service.FaultAt(o.Path, o.Method, "passenv", "passenv: it would hand the script "+name+", from which security takes its secrets"))
			}
		}
	}
}

// passes says whether a pattern of passenv fits a variable.
func passes(pattern, name string) bool {
	prefix, open := strings.CutSuffix(pattern, "*")
	return pattern == name || open && strings.HasPrefix(name, prefix)
}

// inTheClear hints at credentials that others can read on their way. A proxy in front
// may well have taken care of that.
func (b *builder) inTheClear() {
	s := b.service
	checked := slices.ContainsFunc(s.Schemes, func(scheme *Scheme) bool { return !scheme.Upstream })
	if e, ok := b.top.find("security"); ok && checked && s.TLS == nil && !onLoopback(s.Listen) {
		b.c.hint(e.line, "security: on %s callers send their credentials in the clear, unless a proxy speaks TLS with them: tls: {cert: FILE, key: FILE} does it here", s.Listen)
	}
}
