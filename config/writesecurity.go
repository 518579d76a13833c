package config

import "fmt"

// security writes the map.
func (p *printer) security(s *Service) {
	p.text("security", string(s.Security))
	if len(s.Schemes) == 0 {
		return
	}
	p.put("security", "")
	p.depth++
	for _, scheme := range s.Schemes {
		if scheme.Upstream {
			p.put(quoted(scheme.Name), string(SecurityUpstream))
			continue
		}
		p.put(quoted(scheme.Name), "")
		p.depth++
		p.scheme(scheme)
		p.depth--
	}
	p.depth--
}

func (p *printer) scheme(s *Scheme) {
	switch {
	case s.Keys != nil:
		p.list("keys", s.Keys.List)
		p.text("keysfile", s.Keys.File)
		p.text("keysenv", s.Keys.Env)
	case s.Tokens != nil:
		p.text("jwks", s.Tokens.JWKS)
		p.text("issuer", orAnyone(s.Tokens.Issuer))
		p.names("audience", s.Tokens.Audience)
		p.list("algorithms", s.Tokens.Algorithms)
		p.time("leeway", s.Tokens.Leeway)
	case s.Webhook != nil:
		p.put("hmac", string(s.Webhook.Form))
		p.text("secretfile", s.Webhook.File)
		p.text("secretenv", s.Webhook.Env)
		if s.Webhook.Form == HMACStripe {
			p.time("tolerance", s.Webhook.Tolerance)
		}
	case s.Clients != nil:
		p.names("clients", s.Clients.Names)
	}
	p.text("htpasswd", s.Passwords)
}

func (p *printer) names(key string, names []string) {
	if names == nil {
		p.put(key, anyone)
		return
	}
	p.list(key, names)
}

func orAnyone(s string) string {
	if s == "" {
		return anyone
	}
	return s
}

func (p *printer) tls(t *TLS) {
	if t == nil {
		return
	}
	p.put("tls", "")
	p.depth++
	p.text("cert", t.Cert)
	p.text("key", t.Key)
	p.text("clientca", t.ClientCA)
	p.put("minversion", fmt.Sprintf("%q", t.MinVersion))
	p.depth--
}
