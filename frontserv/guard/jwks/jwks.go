// Package jwks reads the public keys that tokens are signed with: a JSON Web Key Set
// (RFC 7517), from a text or from a URL.
//
// # What it promises
//
//   - Only keys that can check a signature of a public-key algorithm count: RSA of 2048 bits
//     and more, EC on P-256, P-384 and P-521, and Ed25519. A symmetric key is never one, so
//     nobody can sign with what is public.
//   - [Set.Find] returns keys that fit the algorithm of a token in every respect: type,
//     curve, and use, key_ops and alg where they are given.
//   - A [Remote] set is fetched when it is needed: the first time, when it is older than ten
//     minutes, and when a token names a key that is not in it; never twice within ten seconds.
//     A set that cannot be fetched again holds for a day, then it is an error.
//   - Only https is fetched, or http from the loopback interface; no redirect is followed.
package jwks

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
)

// minRSA is the size of RSA keys from which RFC 7518 section 3.3 allows them, in bits;
// maxRSA is where checking one becomes a way to keep a processor busy.
const (
	minRSA = 2048
	maxRSA = 8192
)

// A Set is the keys of one issuer.
type Set struct {
	keys []key
	odd  int // of which none is a key that can be used here
}

// key is a public key and what it is for.
type key struct {
	id     string
	algs   []string // that it can check
	public crypto.PublicKey
}

// jwk is a member of a set as RFC 7517 and RFC 7518 write it.
type jwk struct {
	Kty    string   `json:"kty"`
	Use    string   `json:"use"`
	KeyOps []string `json:"key_ops"`
	Alg    string   `json:"alg"`
	Kid    string   `json:"kid"`
	N      string   `json:"n"`
	E      string   `json:"e"`
	Crv    string   `json:"crv"`
	X      string   `json:"x"`
	Y      string   `json:"y"`
}

var errNone = errors.New("holds no key that can check a token: RSA of 2048 bits or more, EC (P-256, P-384, P-521) or Ed25519")

// Parse reads a set. Keys that cannot be used are left out; an error means that none is
// left, or that the text is no set. It shows nothing of the text.
func Parse(text []byte) (*Set, error) {
	var members struct {
		Keys []json.RawMessage `json:"keys"`
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&members); err != nil || members.Keys == nil {
		return nil, errors.New(`is no JSON Web Key Set: {"keys": […]}`)
	}
	s := &Set{}
	for _, text := range members.Keys {
		var m jwk
		if json.Unmarshal(text, &m) != nil {
			s.odd++
			continue
		}
		k, ok := m.key()
		if !ok {
			s.odd++
			continue
		}
		s.keys = append(s.keys, k)
	}
	if len(s.keys) == 0 {
		return nil, errNone
	}
	return s, nil
}

// String tells how many keys there are.
func (s *Set) String() string {
	if s.odd == 0 {
		return fmt.Sprintf("%d keys", len(s.keys))
	}
	return fmt.Sprintf("%d keys, and %d that cannot check a token", len(s.keys), s.odd)
}

// Find returns the keys that may have signed a token: the one with its key id, or, if it
// names none, the only one that fits its algorithm.
func (s *Set) Find(alg, id string) crypto.PublicKey {
	var found []crypto.PublicKey
	for _, k := range s.keys {
		if slices.Contains(k.algs, alg) && (id == "" || k.id == id) {
			found = append(found, k.public)
		}
	}
	if len(found) != 1 {
		return nil
	}
	return found[0]
}

// key is the public key of a member; false: it is of no use here.
func (m *jwk) key() (key, bool) {
	if m.Use != "" && m.Use != "sig" || m.KeyOps != nil && !slices.Contains(m.KeyOps, "verify") {
		return key{}, false
	}
	k := key{id: m.Kid}
	switch m.Kty {
	case "RSA":
		k.algs, k.public = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}, m.rsa()
	case "EC":
		alg, curve := ecAlgorithm(m.Crv)
		if curve == nil {
			return key{}, false
		}
		k.algs, k.public = []string{alg}, m.ec(curve)
	case "OKP":
		k.algs, k.public = []string{"EdDSA"}, m.ed25519()
	}
	if m.Alg != "" {
		k.algs = slices.DeleteFunc(k.algs, func(a string) bool { return a != m.Alg && (a != "EdDSA" || m.Alg != "Ed25519") })
	}
	return k, k.public != nil && len(k.algs) > 0
}

func (m *jwk) rsa() crypto.PublicKey {
	n, e := number(m.N), number(m.E)
	if n == nil || e == nil || n.BitLen() < minRSA || n.BitLen() > maxRSA || n.Bit(0) == 0 || !e.IsInt64() || e.Int64() < 3 || e.Int64() > 1<<31-1 || e.Bit(0) == 0 {
		return nil
	}
	return &rsa.PublicKey{N: n, E: int(e.Int64())}
}

// ecAlgorithm is what signs with a curve (RFC 7518 section 3.4).
func ecAlgorithm(curve string) (string, elliptic.Curve) {
	switch curve {
	case "P-256":
		return "ES256", elliptic.P256()
	case "P-384":
		return "ES384", elliptic.P384()
	case "P-521":
		return "ES512", elliptic.P521()
	}
	return "", nil
}

func (m *jwk) ec(curve elliptic.Curve) crypto.PublicKey {
	size := (curve.Params().BitSize + 7) / 8
	x, y := decode(m.X), decode(m.Y)
	if len(x) != size || len(y) != size {
		return nil
	}
	public, err := ecdsa.ParseUncompressedPublicKey(curve, slices.Concat([]byte{4}, x, y))
	if err != nil { // not on the curve
		return nil
	}
	return public
}

func (m *jwk) ed25519() crypto.PublicKey {
	x := decode(m.X)
	if m.Crv != "Ed25519" || len(x) != ed25519.PublicKeySize {
		return nil
	}
	return ed25519.PublicKey(x)
}

func number(text string) *big.Int {
	b := decode(text)
	if len(b) == 0 {
		return nil
	}
	return new(big.Int).SetBytes(b)
}

// decode reads base64url without padding (RFC 7515 section 2); nil: it is none.
func decode(text string) []byte {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	return b
}
