package certificate

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// pair is a certificate with its key.
type pair struct {
	leaf      *x509.Certificate
	private   *ecdsa.PrivateKey
	cert, key []byte // PEM
}

// issue makes a certificate of a name, signed by parent or, without one, by itself.
func issue(t *testing.T, name string, parent *pair) *pair {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: parent == nil, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	signer, by := key, template
	if parent != nil {
		signer, by = parent.private, parent.leaf
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return &pair{leaf, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})}
}

// folder holds the files of a listener.
type folder string

func (d folder) put(t *testing.T, name string, text []byte) string {
	t.Helper()
	file := filepath.Join(string(d), name)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func (d folder) files(t *testing.T, p *pair, ca []byte) Files {
	t.Helper()
	f := Files{Cert: d.put(t, "cert", p.cert), Key: d.put(t, "key", p.key), MinVersion: tls.VersionTLS12}
	if ca != nil {
		f.ClientCA = d.put(t, "ca", ca)
	}
	return f
}

// shake makes connections with a chain; the answer is the server's name, or an error of
// the client.
func shake(c *Chain, client *tls.Config) (state tls.ConnectionState, serverErr, clientErr error) {
	near, far := net.Pipe()
	var both sync.WaitGroup
	both.Go(func() {
		s := tls.Server(far, c.Config())
		_ = s.SetDeadline(time.Now().Add(20 * time.Second))
		if serverErr = s.Handshake(); serverErr == nil {
			_, serverErr = s.Write([]byte("x"))
		}
		_ = far.Close()
	})
	client.InsecureSkipVerify = true
	s := tls.Client(near, client)
	_ = s.SetDeadline(time.Now().Add(20 * time.Second))
	if clientErr = s.Handshake(); clientErr == nil {
		_, clientErr = io.ReadFull(s, make([]byte, 1)) // in TLS 1.3 the server judges later
	}
	state = s.ConnectionState()
	_ = near.Close()
	both.Wait()
	return state, serverErr, clientErr
}

// shows is the name on the certificate.
func shows(t *testing.T, c *Chain) string {
	t.Helper()
	state, _, err := shake(c, &tls.Config{NextProtos: []string{"h2", "http/1.1"}})
	if err != nil {
		t.Fatal(err)
	}
	if state.NegotiatedProtocol != "http/1.1" {
		t.Errorf("speaks %q", state.NegotiatedProtocol)
	}
	return state.PeerCertificates[0].Subject.CommonName
}

func TestTheCertificateFollowsItsFiles(t *testing.T) {
	d := folder(t.TempDir())
	told := make(chan error, 8)
	old, renewed := issue(t, "old", nil), issue(t, "new", nil)
	c, err := Load(d.files(t, old, nil), func(err error) { told <- err })
	if err != nil {
		t.Fatal(err)
	}
	if name := shows(t, c); name != "old" || !c.Expires().Equal(old.leaf.NotAfter) || c.ClientCAs() != nil {
		t.Errorf("shows %q until %v", name, c.Expires())
	}
	// What comes first does not fit the key that is still there.
	d.put(t, "cert", renewed.cert)
	await(t, c, func() bool { return len(told) == 1 })
	if err := <-told; err == nil || shows(t, c) != "old" {
		t.Errorf("half of it: %v", err)
	}
	d.put(t, "key", renewed.key)
	await(t, c, func() bool { return len(told) == 1 })
	if err := <-told; err != nil || shows(t, c) != "new" {
		t.Errorf("both: %v", err)
	}
}

func await(t *testing.T, c *Chain, done func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if c.Config(); time.Now().After(end) {
			t.Fatal("it is not read again")
		}
	}
}

func TestClientsAreAsked(t *testing.T) {
	ca, stranger := issue(t, "ca", nil), issue(t, "stranger", nil)
	c, err := Load(folder(t.TempDir()).files(t, issue(t, "server", nil), ca.cert), func(error) {})
	if err != nil {
		t.Fatal(err)
	}
	with := func(p *pair) *tls.Config {
		cert, err := tls.X509KeyPair(p.cert, p.key)
		if err != nil {
			t.Fatal(err)
		}
		// Shown whatever authorities the server names.
		return &tls.Config{GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &cert, nil }}
	}
	for name, k := range map[string]struct {
		client *tls.Config
		good   bool
	}{
		"none": {&tls.Config{}, true}, "good": {with(issue(t, "client", ca)), true}, "of a stranger": {with(issue(t, "client", stranger)), false},
		"of itself": {with(issue(t, "client", nil)), false},
	} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			k.client.MaxVersion = version
			if _, server, client := shake(c, k.client); (server == nil && client == nil) != k.good {
				t.Errorf("%s: %v, %v", name, server, client)
			}
		}
	}
	if c.ClientCAs() == nil {
		t.Error("no authorities")
	}
}

// With client certificates a session is not resumed, without them it is.
func TestResumption(t *testing.T) {
	ca := issue(t, "ca", nil)
	for _, authorities := range [][]byte{nil, ca.cert} {
		c, err := Load(folder(t.TempDir()).files(t, issue(t, "server", nil), authorities), func(error) {})
		if err != nil {
			t.Fatal(err)
		}
		client := &tls.Config{ClientSessionCache: tls.NewLRUClientSessionCache(4), ServerName: "server", MaxVersion: tls.VersionTLS12}
		resumed := false
		for range 2 {
			state, _, err := shake(c, client.Clone())
			if err != nil {
				t.Fatal(err)
			}
			resumed = state.DidResume
		}
		if resumed != (authorities == nil) {
			t.Errorf("with authorities %v: resumed %v", authorities != nil, resumed)
		}
	}
}

func TestOldVersionsAreRefused(t *testing.T) {
	f := folder(t.TempDir()).files(t, issue(t, "server", nil), nil)
	for least, refused := range map[uint16]uint16{tls.VersionTLS12: tls.VersionTLS11, tls.VersionTLS13: tls.VersionTLS12} {
		f.MinVersion = least
		c, err := Load(f, func(error) {})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := shake(c, &tls.Config{MinVersion: refused, MaxVersion: refused}); err == nil {
			t.Errorf("version %x is accepted", refused)
		}
		if _, _, err := shake(c, &tls.Config{MinVersion: least, MaxVersion: least}); err != nil {
			t.Errorf("version %x: %v", least, err)
		}
	}
}

func TestFilesThatCannotBeUsed(t *testing.T) {
	good, other := issue(t, "a", nil), issue(t, "b", nil)
	for name, c := range map[string]struct {
		change func(d folder, f *Files)
		key    string
		want   string
	}{
		"no certificate":      {func(_ folder, f *Files) { f.Cert = "/no/such/cert" }, "cert", "no such file"},
		"no key":              {func(_ folder, f *Files) { f.Key = "/no/such/key" }, "", "no such file"},
		"another's key":       {func(d folder, f *Files) { d.put(t, "key", other.key) }, "key", "does not match"},
		"key for certificate": {func(d folder, f *Files) { d.put(t, "cert", good.key) }, "cert", ""},
		"empty certificate":   {func(d folder, f *Files) { d.put(t, "cert", nil) }, "cert", ""},
		"empty key":           {func(d folder, f *Files) { d.put(t, "key", nil) }, "key", ""},
		"no authority":        {func(d folder, f *Files) { f.ClientCA = d.put(t, "ca", good.key) }, "clientca", "no certificate"},
	} {
		d := folder(t.TempDir())
		f := d.files(t, good, nil)
		c.change(d, &f)
		_, err := Load(f, func(error) {})
		var file *FileError
		if !errors.As(err, &file) || c.key != "" && file.Key != c.key || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "BEGIN") {
			t.Errorf("%s: %+v", name, err)
		}
	}
}
