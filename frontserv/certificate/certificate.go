// Package certificate is the TLS side of the public listener: the certificate that it
// shows, and the authorities whose client certificates it takes.
//
// # What it promises
//
//   - Both follow their files (package follow). A certificate whose key has not come yet, or
//     anything else that does not go together, changes nothing until it does.
//   - A client is asked for a certificate if there are authorities, and may have none: which
//     operations want one is for others to say. One that is not good ends the handshake.
//   - Only HTTP/1.1 is offered. How an answer is broken off, when a caller counts as gone and
//     how many connections there may be is all said of connections with one request at a time.
//   - With client certificates no session is resumed: each connection shows one anew.
package certificate

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/urocket/urocket/frontserv/follow"
)

// Files name PEM files.
type Files struct {
	Cert, Key  string
	ClientCA   string // "": no client is asked for a certificate
	MinVersion uint16 // of TLS, as in crypto/tls
}

// Chain is a certificate that follows its files.
type Chain struct {
	files Files
	value *follow.Value[*loaded]
}

// loaded is what was in the files.
type loaded struct {
	config *tls.Config
	leaf   *x509.Certificate
}

// A FileError says which file is to blame, by what it is for: cert, key or clientca.
type FileError struct {
	Key string
	Err error
}

func (e *FileError) Error() string { return e.Err.Error() }

// Unwrap is the cause.
func (e *FileError) Unwrap() error { return e.Err }

// Load reads the files. The error is a *FileError. tell is called when they have been
// read again, as package follow says.
func Load(f Files, tell func(error)) (*Chain, error) {
	names := []string{f.Cert, f.Key}
	if f.ClientCA != "" {
		names = append(names, f.ClientCA)
	}
	value, err := follow.New(func(texts [][]byte) (*loaded, error) { return load(f, texts) }, tell, names...)
	var known *FileError
	if err != nil && !errors.As(err, &known) {
		err = &FileError{Key: "cert", Err: err} // it names its file
	}
	if err != nil {
		return nil, err
	}
	return &Chain{files: f, value: value}, nil
}

func load(f Files, texts [][]byte) (*loaded, error) {
	pair, err := tls.X509KeyPair(texts[0], texts[1])
	if err != nil {
		return nil, &FileError{Key: toBlame(texts[0]), Err: fmt.Errorf("use the certificate with its key: %w", err)}
	}
	l := &loaded{leaf: pair.Leaf, config: &tls.Config{
		Certificates: []tls.Certificate{pair}, MinVersion: f.MinVersion, NextProtos: []string{"http/1.1"},
	}}
	if len(texts) == 2 {
		return l, nil
	}
	l.config.ClientCAs = x509.NewCertPool()
	if !l.config.ClientCAs.AppendCertsFromPEM(texts[2]) {
		return nil, &FileError{Key: "clientca", Err: errors.New("read the authorities: there is no certificate in PEM")}
	}
	l.config.ClientAuth, l.config.SessionTicketsDisabled = tls.VerifyClientCertIfGiven, true
	return l, nil
}

// toBlame is the file that an error of the pair comes from: the certificate's, if there
// is none in it.
func toBlame(cert []byte) string {
	for block, rest := pem.Decode(cert); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			if _, bad := x509.ParseCertificate(block.Bytes); bad == nil {
				return "key"
			}
			break
		}
	}
	return "cert"
}

// Config is for a handshake that begins now.
func (c *Chain) Config() *tls.Config { return c.value.Get().config }

// ClientCAs are the authorities for client certificates; nil: none were asked for.
func (c *Chain) ClientCAs() *x509.CertPool { return c.value.Get().config.ClientCAs }

// Expires is when the certificate does.
func (c *Chain) Expires() time.Time { return c.value.Get().leaf.NotAfter }
