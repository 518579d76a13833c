package guard

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/urocket/urocket/frontserv/follow"
)

// Keys are long random keys, of which only digests are kept: one is NAME:sha256:HEX,
// and the scopes that it grants behind it, after blanks.
type Keys struct {
	List []string
	File string // one a line; empty lines and those that begin with # count for nothing
	Env  string // the name of our own variable that holds some, one a line or with commas between them
}

// key is one of them.
type key struct {
	name   string
	digest [sha256.Size]byte
	scopes []string
}

// keyChecker checks keys.
type keyChecker struct {
	place place
	typ   string
	fixed []key // of the list and the environment
	file  *follow.Value[[]key]
}

func (Keys) fits(s Scheme) bool {
	switch s.Type {
	case "apiKey":
		return s.sane()
	case "http":
		return s.HTTP == "bearer"
	}
	return s.Type == "oauth2" || s.Type == "openIdConnect"
}

func (k Keys) open(b *builder) checker {
	c := &keyChecker{place: placeOf(b.scheme), typ: b.scheme.Type}
	for i, entry := range k.List {
		one, err := parseKey(entry)
		if err != nil {
			b.fault(fmt.Sprintf("keys[%d]", i), "%v", err)
		}
		c.fixed = append(c.fixed, one)
	}
	if k.Env != "" {
		text, set := os.LookupEnv(k.Env)
		more, err := parseKeys([]byte(strings.ReplaceAll(text, ",", "\n")))
		switch {
		case !set:
			b.fault("keysenv", "the environment has no variable %s", k.Env)
		case err != nil:
			b.fault("keysenv", "%s: %v", k.Env, err)
		}
		c.fixed = append(c.fixed, more...)
	}
	var kept []key
	if k.File != "" {
		var err error
		c.file, err = follow.New(func(texts [][]byte) ([]key, error) { return parseKeys(texts[0]) }, b.Sources.tell(b.name, "keysfile"), k.File)
		if err != nil {
			b.fault("keysfile", "%s: %v", k.File, fileReason(err))
			return c
		}
		kept = c.file.Get()
	}
	if len(c.fixed)+len(kept) == 0 {
		b.warn("", "there is no key yet, so nobody is let in by %s", b.name)
	}
	return c
}

var errKeyForm = errors.New("is not of the form NAME:sha256:HEX (64 hexadecimal digits; behind it, after blanks, the scopes that it grants): HEX is what `printf %s KEY | sha256sum` prints")

// parseKey reads one key. Its errors show nothing of it: it may well be the key itself.
func parseKey(entry string) (key, error) {
	fields := strings.Fields(entry)
	if len(fields) == 0 {
		return key{}, errKeyForm
	}
	parts := strings.Split(fields[0], ":")
	if len(parts) != 3 || parts[0] == "" || len(parts[0]) > maxName || printable(parts[0]) != parts[0] || parts[1] != "sha256" || len(parts[2]) != 2*sha256.Size {
		return key{}, errKeyForm
	}
	k := key{name: parts[0], scopes: fields[1:]}
	if _, err := hex.Decode(k.digest[:], []byte(parts[2])); err != nil {
		return key{}, errKeyForm
	}
	if k.digest == sha256.Sum256(nil) || k.digest == sha256.Sum256([]byte("\n")) {
		return key{}, errors.New("is the digest of an empty key")
	}
	return k, nil
}

// maxName is how long a name may be that is given to scripts, in bytes.
const maxName = 256

// parseKeys reads one key a line.
func parseKeys(text []byte) ([]key, error) {
	keys := []key{}
	n := 0
	for line := range bytes.Lines(text) {
		n++
		entry := strings.TrimSpace(string(line))
		if entry == "" || entry[0] == '#' {
			continue
		}
		k, err := parseKey(entry)
		if err != nil {
			return nil, fmt.Errorf("line %d %w", n, err)
		}
		keys = append(keys, k)
	}
	return keys, nil
}

// look implements [checker]. Every key is compared, whichever fits, and of a key
// nothing but its digest: how long that takes tells nothing of it.
func (c *keyChecker) look(r *Request) (holder, *failure) {
	sent, f := c.place.take(r)
	if f != nil {
		return holder{}, f
	}
	if c.place.in == "auth" && !isToken(sent) {
		return holder{}, invalid("the token is malformed")
	}
	digest := sha256.Sum256([]byte(sent))
	found := find(c.fixed, digest)
	if c.file != nil {
		if k := find(c.file.Get(), digest); found == nil {
			found = k
		}
	}
	if found == nil {
		return holder{}, invalid("the key is not one that is known here")
	}
	return holder{user: found.name, scopes: found.scopes}, nil
}

func find(keys []key, digest [sha256.Size]byte) (found *key) {
	for i := range keys {
		if subtle.ConstantTimeCompare(keys[i].digest[:], digest[:]) == 1 {
			found = &keys[i]
		}
	}
	return found
}

func (c *keyChecker) challenge(ch *challenge) { ch.place("ApiKey", c.place) }
func (c *keyChecker) hides() place            { return c.place }
func (c *keyChecker) scoped() bool            { return true }

func (c *keyChecker) kind() string {
	if c.place.in == "auth" {
		return "Bearer"
	}
	return c.typ
}

// fileReason is an error of the file system without the path, which stands before it.
func fileReason(err error) error {
	var at *os.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}
