package guard

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/urocket/urocket/frontserv/follow"
)

// Signatures are HMAC-SHA256 over the body as it was sent, made with a secret that both
// sides know, as senders of webhooks make them.
type Signatures struct {
	Form      string        // "github" or "stripe"
	File, Env string        // where the secrets are, one a line: any of them may have signed
	Tolerance time.Duration // of the time that stripe's form holds
}

// bodyCheck holds a body against a signature.
type bodyCheck func(body io.Reader) *failure

const (
	macHex = 2 * sha256.Size // of a signature in hexadecimal
	// maxSignatures is how many signatures one header may hold.
	maxSignatures = 16
)

// signatureChecker checks signatures.
type signatureChecker struct {
	place     place
	stripe    bool
	fixed     [][]byte // secrets of the environment
	file      *follow.Value[[][]byte]
	tolerance time.Duration
}

func (Signatures) fits(s Scheme) bool { return s.Type == "apiKey" && s.In == "header" && s.Name != "" }

func (s Signatures) open(b *builder) checker {
	c := &signatureChecker{place: placeOf(b.scheme), stripe: s.Form == "stripe", tolerance: s.Tolerance}
	if s.Env != "" {
		text, set := os.LookupEnv(s.Env)
		var err error
		c.fixed, err = parseSecrets([]byte(text))
		switch {
		case !set:
			b.fault("secretenv", "the environment has no variable %s", s.Env)
		case err != nil:
			b.fault("secretenv", "%s %v", s.Env, err)
		}
	}
	if s.File != "" {
		var err error
		c.file, err = follow.New(func(texts [][]byte) ([][]byte, error) { return parseSecrets(texts[0]) }, b.Sources.tell(b.name, "secretfile"), s.File)
		if err != nil {
			b.fault("secretfile", "%s: %v", s.File, fileReason(err))
		}
	}
	return c
}

// parseSecrets reads one secret a line. Without one anybody could sign.
func parseSecrets(text []byte) (secrets [][]byte, err error) {
	for line := range bytes.Lines(text) {
		if secret := bytes.TrimSpace(line); len(secret) > 0 {
			secrets = append(secrets, secret)
		}
	}
	if len(secrets) == 0 {
		return nil, errors.New("holds no secret")
	}
	return secrets, nil
}

// look implements [checker]: a signature that is none is refused before the body is read.
func (c *signatureChecker) look(r *Request) (holder, *failure) {
	sent, f := c.place.take(r)
	if f != nil {
		return holder{}, f
	}
	stamp, macs := "", [][]byte(nil)
	if c.stripe {
		stamp, macs = parseStripe(sent)
		if f := c.late(stamp, time.Now()); f != nil {
			return holder{}, f
		}
		stamp += "."
	} else {
		macs = appendMAC(nil, strings.TrimPrefix(sent, "sha256="))
	}
	if len(macs) == 0 || len(macs) > maxSignatures {
		return holder{}, invalid("the signature is malformed")
	}
	return holder{body: func(body io.Reader) *failure { return c.compare(stamp, macs, body) }}, nil
}

// parseStripe reads t=UNIXTIME,v1=HEX; there may be several v1, and others, which count
// for nothing.
func parseStripe(value string) (stamp string, macs [][]byte) {
	for part := range strings.SplitSeq(value, ",") {
		name, text, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch {
		case name == "t" && stamp != "":
			return "", nil
		case name == "t":
			stamp = text
		case name == "v1":
			macs = appendMAC(macs, text)
		}
	}
	return stamp, macs
}

// appendMAC adds a signature if it is one.
func appendMAC(macs [][]byte, text string) [][]byte {
	mac, err := hex.DecodeString(text)
	if err != nil || len(text) != macHex {
		return macs
	}
	return append(macs, mac)
}

// late tells of a time too far from ours: somebody may send again what he has seen.
func (c *signatureChecker) late(stamp string, now time.Time) *failure {
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || seconds < 0 || len(stamp) > 12 {
		return invalid("the signature is malformed")
	}
	if d := now.Sub(time.Unix(seconds, 0)); d > c.tolerance || d < -c.tolerance {
		return invalid("the signature is too old, or from the future")
	}
	return nil
}

// compare holds the body against the signatures, with each secret and in constant time.
func (c *signatureChecker) compare(stamp string, macs [][]byte, body io.Reader) *failure {
	secrets := c.fixed
	if c.file != nil {
		secrets = append(secrets[:len(secrets):len(secrets)], c.file.Get()...)
	}
	made := make([]hash.Hash, len(secrets))
	all := make([]io.Writer, len(secrets))
	for i, secret := range secrets {
		made[i] = hmac.New(sha256.New, secret)
		all[i] = made[i]
	}
	to := io.MultiWriter(all...)
	_, _ = io.WriteString(to, stamp) // a hash never fails
	if _, err := io.Copy(to, body); err != nil {
		return broken(fmt.Errorf("check a signature: read the body back: %w", err))
	}
	good := false
	for _, m := range made {
		sum := m.Sum(nil)
		for _, mac := range macs {
			good = hmac.Equal(sum, mac) || good
		}
	}
	if !good {
		return invalid("the signature does not fit the body")
	}
	return nil
}

func (c *signatureChecker) challenge(ch *challenge) { ch.place("HMAC-SHA256", c.place) }
func (c *signatureChecker) hides() place            { return place{} } // it is of no use to who does not know the secret
func (c *signatureChecker) scoped() bool            { return false }
func (c *signatureChecker) kind() string            { return "HMAC-SHA256" }
