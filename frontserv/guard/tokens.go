package guard

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/urocket/urocket/frontserv/follow"
	"github.com/urocket/urocket/frontserv/guard/jwks"
)

// Tokens are JSON Web Tokens (RFC 7519), signed by an issuer whose public keys are in a
// JSON Web Key Set. A token has to have exp, and sub if it is to have a name; its scopes
// are in scope (RFC 8693) or scp.
type Tokens struct {
	Keys       string        // the set: a file's name, or a URL
	Issuer     string        // iss; "": any
	Audience   []string      // aud has one of them; nil: any
	Algorithms []string      // of their signatures: RS256 and so on; only those with a public key find one
	Leeway     time.Duration // between clocks
}

// tokenChecker checks tokens.
type tokenChecker struct {
	place  place
	algs   []string
	parser *jwt.Parser
	keys   func(ctx context.Context, lacking *jwks.Set) (*jwks.Set, error)
}

func (Tokens) fits(s Scheme) bool {
	return s.Type == "http" && s.HTTP == "bearer" || s.Type == "oauth2" || s.Type == "openIdConnect"
}

// isURL says whether a set is to be fetched; else it is a file.
func isURL(keys string) bool { return strings.Contains(keys, "://") }

func (t Tokens) open(b *builder) checker {
	options := []jwt.ParserOption{
		jwt.WithValidMethods(t.Algorithms), jwt.WithExpirationRequired(), jwt.WithLeeway(t.Leeway), jwt.WithStrictDecoding(), jwt.WithIssuedAt(),
	}
	if t.Issuer != "" {
		options = append(options, jwt.WithIssuer(t.Issuer))
	}
	if len(t.Audience) > 0 {
		options = append(options, jwt.WithAudience(t.Audience...))
	}
	c := &tokenChecker{place: placeOf(b.scheme), algs: t.Algorithms, parser: jwt.NewParser(options...)}
	tell := b.Sources.tell(b.name, "jwks")
	if isURL(t.Keys) {
		if err := jwks.CheckURL(t.Keys); err != nil {
			b.fault("jwks", "%s %v", t.Keys, err)
			return c
		}
		c.keys = b.Sources.remote.Remote(t.Keys, tell).Set
		return c
	}
	file, err := follow.New(func(texts [][]byte) (*jwks.Set, error) { return jwks.Parse(texts[0]) }, tell, t.Keys)
	if err != nil {
		b.fault("jwks", "%s: %v", t.Keys, fileReason(err))
		return c
	}
	c.keys = func(context.Context, *jwks.Set) (*jwks.Set, error) { return file.Get(), nil }
	return c
}

// look implements [checker].
func (c *tokenChecker) look(r *Request) (holder, *failure) {
	sent, f := c.place.take(r)
	if f != nil {
		return holder{}, f
	}
	claims := jwt.MapClaims{}
	_, err := c.parser.ParseWithClaims(sent, claims, func(t *jwt.Token) (any, error) { return c.key(r.Context(), t) })
	if err != nil {
		return holder{}, tokenFailure(err)
	}
	user, err := claims.GetSubject()
	if err != nil || len(user) > maxName || !sayable(user) {
		return holder{}, invalid("the token's subject cannot be used")
	}
	return holder{user: user, scopes: scopesOf(claims)}, nil
}

var (
	errUnknownKey = errors.New("it is signed with a key that is not in the key set, or does not fit its algorithm")
	errCritical   = errors.New("it demands an extension")
	errNoKeys     = errors.New("there are no keys")
)

// key finds the public key of a token, whose algorithm is an allowed one by now.
func (c *tokenChecker) key(ctx context.Context, t *jwt.Token) (any, error) {
	if _, ok := t.Header["crit"]; ok { // RFC 7515 section 4.1.11: what is not understood is refused
		return nil, errCritical
	}
	id, ok := t.Header["kid"].(string)
	if _, named := t.Header["kid"]; named && !ok {
		return nil, errUnknownKey
	}
	set, err := c.keys(ctx, nil)
	if err != nil {
		return nil, errors.Join(errNoKeys, err)
	}
	key := set.Find(t.Method.Alg(), id)
	if key == nil { // it may be new
		if set, err = c.keys(ctx, set); err != nil {
			return nil, errors.Join(errNoKeys, err)
		}
		key = set.Find(t.Method.Alg(), id)
	}
	if key == nil {
		return nil, errUnknownKey
	}
	return key, nil
}

// tokenFailure says in our own words what is wrong with a token.
func tokenFailure(err error) *failure {
	if errors.Is(err, errNoKeys) {
		return broken(fmt.Errorf("check a token: %w", err))
	}
	for _, known := range []struct {
		err  error
		text string
	}{
		{errCritical, "it demands an extension that is not known here"},
		{errUnknownKey, errUnknownKey.Error()},
		{jwt.ErrTokenMalformed, "it is malformed"},
		{jwt.ErrTokenSignatureInvalid, "its signature is wrong, or of an algorithm that is not accepted"},
		{jwt.ErrTokenUnverifiable, "its algorithm is not accepted"},
		{jwt.ErrTokenExpired, "it has expired"},
		{jwt.ErrTokenNotValidYet, "it is not valid yet"},
		{jwt.ErrTokenUsedBeforeIssued, "it was issued in the future"},
		{jwt.ErrTokenInvalidIssuer, "it is of another issuer"},
		{jwt.ErrTokenInvalidAudience, "it is for another audience"},
		{jwt.ErrTokenRequiredClaimMissing, "it lacks exp, iss or aud"},
	} {
		if errors.Is(err, known.err) {
			return invalid("the token is not good: %s", known.text)
		}
	}
	return invalid("the token is not good")
}

// scopesOf are the scopes that a token grants: in scope, one string with blanks between
// them, or in scp, the same or a list.
func scopesOf(claims jwt.MapClaims) (scopes []string) {
	for _, name := range []string{"scope", "scp"} {
		switch value := claims[name].(type) {
		case string:
			scopes = append(scopes, strings.Fields(value)...)
		case []any:
			for _, item := range value {
				if s, ok := item.(string); ok && !slices.Contains(scopes, s) {
					scopes = append(scopes, s)
				}
			}
		}
	}
	return scopes
}

func (c *tokenChecker) challenge(ch *challenge) { ch.bearer() }
func (c *tokenChecker) hides() place            { return c.place }
func (c *tokenChecker) scoped() bool            { return true }
func (c *tokenChecker) kind() string            { return "Bearer" }
