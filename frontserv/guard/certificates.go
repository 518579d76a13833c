package guard

import (
	"crypto/x509"
	"slices"
	"strings"
)

// Certificates are client certificates of TLS, signed by an authority that the listener
// is set up with.
type Certificates struct {
	Names []string // whose; nil: anybody's
}

// certificateChecker checks certificates.
type certificateChecker struct {
	names []string
	roots func() *x509.CertPool
}

func (Certificates) fits(s Scheme) bool { return s.Type == "mutualTLS" }

func (c Certificates) open(b *builder) checker {
	if b.ClientCAs == nil {
		b.fault("clients", "client certificates are only asked for with tls: {clientca: FILE}")
	}
	return &certificateChecker{names: c.Names, roots: b.ClientCAs}
}

// look implements [checker]. The certificate was good when the connection began; it is
// looked at again, because a connection may outlast it, and the file of authorities may
// have changed.
func (c *certificateChecker) look(r *Request) (holder, *failure) {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return holder{}, missing("no client certificate")
	}
	leaf := r.TLS.PeerCertificates[0]
	between := x509.NewCertPool()
	for _, cert := range r.TLS.PeerCertificates[1:] {
		between.AddCert(cert)
	}
	roots := c.roots()
	if roots == nil { // the system's would count
		return holder{}, invalid("the client certificate is not good any more")
	}
	_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	if err != nil {
		return holder{}, invalid("the client certificate is not good any more")
	}
	names := certificateNames(leaf)
	if c.names == nil && len(names) > 0 {
		return holder{user: names[0]}, nil
	}
	for _, name := range names {
		if slices.Contains(c.names, name) {
			return holder{user: name}, nil
		}
	}
	if c.names == nil {
		return holder{}, nil
	}
	return holder{}, forbidden("the client certificate is of somebody else")
}

// certificateNames are those that a certificate is for: the common name, then the others.
func certificateNames(cert *x509.Certificate) []string {
	names := []string{cert.Subject.CommonName}
	for _, u := range cert.URIs {
		names = append(names, u.String())
	}
	names = slices.Concat(names, cert.DNSNames, cert.EmailAddresses)
	return slices.DeleteFunc(names, func(name string) bool {
		return strings.TrimSpace(name) == "" || len(name) > maxName || !sayable(name)
	})
}

func (c *certificateChecker) challenge(ch *challenge) { ch.begin("MutualTLS") }
func (c *certificateChecker) hides() place            { return place{} }
func (c *certificateChecker) scoped() bool            { return false }
func (c *certificateChecker) kind() string            { return "MutualTLS" }
