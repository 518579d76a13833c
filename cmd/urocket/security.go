package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/urocket/urocket/config"
	"github.com/urocket/urocket/frontserv"
	"github.com/urocket/urocket/frontserv/certificate"
	"github.com/urocket/urocket/frontserv/guard"
)

// expiryWarning is how long before its end a certificate is warned of, at a start or reload.
const expiryWarning = 14 * 24 * time.Hour

// secure adds who checks callers, and the certificate.
func (l *loaded) secure(o *frontserv.Options, sources *guard.Sources) {
	s := l.service
	o.Security = frontserv.Security{Upstream: s.Security == config.SecurityUpstream, Realm: s.Name, Sources: sources}
	for _, scheme := range s.Schemes {
		o.Security.Settings = append(o.Security.Settings, guard.Setting{Scheme: scheme.Name, Method: method(scheme)})
	}
	if s.TLS == nil {
		return
	}
	chain, err := certificate.Load(certificate.Files{
		Cert: s.TLS.Cert, Key: s.TLS.Key, ClientCA: s.TLS.ClientCA,
		MinVersion: map[config.TLSVersion]uint16{config.TLS12: tls.VersionTLS12, config.TLS13: tls.VersionTLS13}[s.TLS.MinVersion],
	}, tellCertificate(sources.Log))
	if s.TLS.ClientCA != "" { // also where it could not be read: that is told already
		o.Security.ClientCAs = chain.ClientCAs
	}
	var file *certificate.FileError
	if errors.As(err, &file) {
		if l.sound { // else the file that is missing was told
			l.faults = append(l.faults, s.FaultAt("", "", "tls/"+file.Key, fmt.Sprintf("tls: %s: %v", file.Key, file.Err)))
		}
		return
	}
	l.chain, o.TLS = chain, chain
	if left := time.Until(chain.Expires()); left < expiryWarning {
		l.warnings = append(l.warnings, s.FaultAt("", "", "tls/cert", fmt.Sprintf("tls: the certificate is good until %s", chain.Expires().UTC().Format(time.RFC3339))))
	}
}

// tellCertificate logs what came of a certificate that has changed.
func tellCertificate(log *slog.Logger) func(error) {
	return func(err error) {
		if err != nil {
			log.Error("tls: not read again: the old certificate is shown on", "error", err)
			return
		}
		log.Info("tls: the certificate was read again")
	}
}

// method is how a scheme is checked.
func method(s *config.Scheme) guard.Method {
	switch {
	case s.Keys != nil:
		return guard.Keys{List: s.Keys.List, File: s.Keys.File, Env: s.Keys.Env}
	case s.Passwords != "":
		return guard.Passwords{File: s.Passwords}
	case s.Tokens != nil:
		return guard.Tokens{Keys: s.Tokens.JWKS, Issuer: s.Tokens.Issuer, Audience: s.Tokens.Audience, Algorithms: s.Tokens.Algorithms, Leeway: s.Tokens.Leeway}
	case s.Webhook != nil:
		return guard.Signatures{Form: string(s.Webhook.Form), File: s.Webhook.File, Env: s.Webhook.Env, Tolerance: s.Webhook.Tolerance}
	case s.Clients != nil:
		return guard.Certificates{Names: s.Clients.Names}
	case s.Upstream:
		return guard.Upstream{}
	}
	return guard.Keys{} // of which there is none: what is not understood lets nobody in
}

// toldOf says whether a file of the security map was found wanting before anybody has
// tried to read it.
func (l *loaded) toldOf(f config.Fault) bool {
	return slices.ContainsFunc(l.faults, func(told config.Fault) bool { return told.Line == f.Line })
}
