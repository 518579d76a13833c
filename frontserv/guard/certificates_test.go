package guard

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net/http"
	"net/url"
	"testing"
	"time"
)

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority() *authority {
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ca"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der := must(x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key))
	return &authority{must(x509.ParseCertificate(der)), key}
}

// issue makes a client certificate with changes.
func (a *authority) issue(change func(*x509.Certificate)) *x509.Certificate {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "reports"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	if change != nil {
		change(template)
	}
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	return must(x509.ParseCertificate(must(x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key))))
}

func (a *authority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

// showing is a request on a connection with a client certificate.
func showing(certs ...*x509.Certificate) *Request {
	r := sent("/")
	r.TLS = &tls.ConnectionState{PeerCertificates: certs}
	return r
}

func TestClientCertificates(t *testing.T) {
	ca, stranger := newAuthority(), newAuthority()
	pool := ca.pool()
	open := func(names ...string) *Rule {
		o := options(Setting{"client", Certificates{Names: names}})
		o.ClientCAs = func() *x509.CertPool { return pool }
		g, faults, _ := New(o)
		if len(faults) > 0 {
			t.Fatal(faults)
		}
		return newRule(t, g, "client")
	}
	spiffe := must(url.Parse("spiffe://example.com/billing"))
	nameless := ca.issue(func(c *x509.Certificate) {
		c.Subject, c.URIs, c.DNSNames = pkix.Name{}, []*url.URL{spiffe}, []string{"b.example.com"}
	})

	wantUser(t, open(), showing(ca.issue(nil)), "reports")
	wantUser(t, open(), showing(nameless), "spiffe://example.com/billing")
	wantUser(t, open(), showing(ca.issue(func(c *x509.Certificate) { c.Subject = pkix.Name{} })), "")
	wantUser(t, open("x", "reports"), showing(ca.issue(nil)), "reports")
	wantUser(t, open("b.example.com"), showing(nameless), "b.example.com")
	wantUser(t, open(), showing(ca.issue(func(c *x509.Certificate) { c.Subject.CommonName = "a\nb" })), "")

	wantRefusal(t, open("reporters", "REPORTS"), showing(ca.issue(nil)), http.StatusForbidden, "of somebody else")
	wantRefusal(t, open(), sent("/"), http.StatusUnauthorized, "no client certificate", `MutualTLS realm="shop"`)
	wantRefusal(t, open(), showing(), http.StatusUnauthorized, "no client certificate")
	for name, cert := range map[string]*x509.Certificate{
		"another authority": stranger.issue(nil),
		"expired meanwhile": ca.issue(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }),
		"of a server":       ca.issue(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }),
	} {
		t.Run(name, func(t *testing.T) {
			wantRefusal(t, open(), showing(cert), http.StatusUnauthorized, "not good any more")
		})
	}
	// The authority was taken out of the file while the connection was open.
	rule, cert := open(), ca.issue(nil)
	wantUser(t, rule, showing(cert), "reports")
	pool = stranger.pool()
	wantRefusal(t, rule, showing(cert), http.StatusUnauthorized, "not good any more")
	pool = nil
	wantRefusal(t, rule, showing(cert), http.StatusUnauthorized, "not good any more")
}
