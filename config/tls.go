package config

// TLS is what the public listener shows and asks for.
type TLS struct {
	Cert, Key  string // absolute paths of PEM files that exist
	ClientCA   string // the same, "" for none
	MinVersion TLSVersion
}

// tls reads what the public listener shows.
func (b *builder) tls() {
	m, ok := b.top.mapping("tls")
	if !ok {
		return
	}
	s := &scope{c: b.c, own: keysOf(m, inTLS, b.c)}
	b.service.TLS = &TLS{
		Cert: s.file(b.folder, "cert"), Key: s.file(b.folder, "key"), ClientCA: s.file(b.folder, "clientca"),
		MinVersion: choose(s, "minversion", TLS12, TLS13),
	}
	e, _ := b.top.find("tls")
	for _, key := range []string{"cert", "key"} {
		if _, ok := s.own[key]; !ok {
			b.c.fault(e.line, "tls has no %s: write %s: FILE, in PEM", key, key)
		}
	}
}

// wordsOfTLS is on or off: the one thing about it that cannot change while it is served.
func (s *Service) wordsOfTLS() string {
	if s.TLS == nil {
		return "off"
	}
	return "on"
}
