package guard

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// The keys of the issuer, made once: RSA ones take a while.
var (
	rsaKey      = must(rsa.GenerateKey(rand.Reader, 2048))
	otherKey    = must(rsa.GenerateKey(rand.Reader, 2048))
	ecKey       = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	ec384Key    = must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	_, edKey, _ = ed25519.GenerateKey(rand.Reader)
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func rsaJWK(kid string, k *rsa.PublicKey) map[string]any {
	return map[string]any{"kty": "RSA", "kid": kid, "n": b64(k.N.Bytes()), "e": b64(big.NewInt(int64(k.E)).Bytes())}
}

func ecJWK(kid, crv string, k *ecdsa.PublicKey) map[string]any {
	size := (k.Params().BitSize + 7) / 8
	point := must(k.Bytes())
	return map[string]any{"kty": "EC", "kid": kid, "crv": crv, "x": b64(point[1 : 1+size]), "y": b64(point[1+size:])}
}

func keySet(keys ...map[string]any) string {
	return string(must(json.Marshal(map[string]any{"keys": keys})))
}

// theSet are the issuer's public keys.
func theSet() string {
	return keySet(rsaJWK("r", &rsaKey.PublicKey), ecJWK("e", "P-256", &ecKey.PublicKey), ecJWK("e384", "P-384", &ec384Key.PublicKey),
		map[string]any{"kty": "OKP", "crv": "Ed25519", "kid": "d", "x": b64(edKey.Public().(ed25519.PublicKey))},
		map[string]any{"kty": "oct", "kid": "o", "k": b64([]byte("shared"))})
}

const (
	issuer   = "https://id.example.com/"
	audience = "petshop"
)

func theTokens(keys string) Tokens {
	return Tokens{Keys: keys, Issuer: issuer, Audience: []string{"other", audience}, Algorithms: []string{"RS256", "ES256", "ES384", "EdDSA"}, Leeway: 30 * time.Second}
}

// claims are good ones with changes; nil takes one out.
func claims(changes map[string]any) jwt.MapClaims {
	c := jwt.MapClaims{"iss": issuer, "aud": audience, "sub": "dave", "exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix(), "scope": "read write"}
	for name, value := range changes {
		if value == nil {
			delete(c, name)
			continue
		}
		c[name] = value
	}
	return c
}

// signed makes a token; header holds changes.
func signedToken(method jwt.SigningMethod, key any, header map[string]any, c jwt.MapClaims) string {
	tok := jwt.NewWithClaims(method, c)
	maps.Copy(tok.Header, header)
	return must(tok.SignedString(key))
}

func kid(id string) map[string]any { return map[string]any{"kid": id} }

func bearer(token string) *Request { return sent("/", "Authorization: Bearer "+token) }

func TestTokensThatAreGood(t *testing.T) {
	r := newRule(t, newGuard(t, Setting{"oidc", theTokens(file(t, theSet()))}), "oidc read")
	for name, token := range map[string]string{
		"RS256":             signedToken(jwt.SigningMethodRS256, rsaKey, kid("r"), claims(nil)),
		"ES256":             signedToken(jwt.SigningMethodES256, ecKey, kid("e"), claims(nil)),
		"ES384":             signedToken(jwt.SigningMethodES384, ec384Key, kid("e384"), claims(nil)),
		"EdDSA":             signedToken(jwt.SigningMethodEdDSA, edKey, kid("d"), claims(nil)),
		"no kid":            signedToken(jwt.SigningMethodRS256, rsaKey, nil, claims(nil)),
		"among audiences":   signedToken(jwt.SigningMethodRS256, rsaKey, kid("r"), claims(map[string]any{"aud": []string{"x", audience}})),
		"within the leeway": signedToken(jwt.SigningMethodRS256, rsaKey, kid("r"), claims(map[string]any{"exp": time.Now().Add(-10 * time.Second).Unix()})),
		"nbf and iat soon":  signedToken(jwt.SigningMethodRS256, rsaKey, kid("r"), claims(map[string]any{"nbf": time.Now().Add(10 * time.Second).Unix(), "iat": time.Now().Add(10 * time.Second).Unix()})),
		"scp as a list":     signedToken(jwt.SigningMethodRS256, rsaKey, kid("r"), claims(map[string]any{"scope": nil, "scp": []string{"read"}})),
		"scp as a string":   signedToken(jwt.SigningMethodRS256, rsaKey, kid("r"), claims(map[string]any{"scope": nil, "scp": "x read"})),
	} {
		t.Run(name, func(t *testing.T) { wantUser(t, r, bearer(token), "dave") })
	}
	wantUser(t, r, bearer(signedToken(jwt.SigningMethodRS256, rsaKey, kid("r"), claims(map[string]any{"sub": nil}))), "")
	for _, scope := range []any{nil, "", "reader", "READ", []string{"read"}, 7} { // scope is a string by RFC 8693
		token := signedToken(jwt.SigningMethodRS256, rsaKey, kid("r"), claims(map[string]any{"scope": scope}))
		if _, list := scope.([]string); list {
			wantUser(t, r, bearer(token), "dave")
			continue
		}
		wantRefusal(t, r, bearer(token), http.StatusForbidden, `error="insufficient_scope"`, `scope="read"`)
	}
}

func TestTokensThatAreNot(t *testing.T) {
	r := newRule(t, newGuard(t, Setting{"bearer", theTokens(file(t, theSet()))}), "bearer")
	good := signedToken(jwt.SigningMethodRS256, rsaKey, kid("r"), claims(nil))
	parts := strings.Split(good, ".")
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(&rsaKey.PublicKey))})
	with := func(header map[string]any) string { return b64(must(json.Marshal(header))) }
	rs := func(changes map[string]any) string {
		return signedToken(jwt.SigningMethodRS256, rsaKey, kid("r"), claims(changes))
	}
	for name, c := range map[string]struct{ token, want string }{
		"alg none":                       {signedToken(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, kid("r"), claims(nil)), "its signature is wrong, or of an algorithm that is not accepted"},
		"alg None":                       {with(map[string]any{"alg": "None", "kid": "r"}) + "." + parts[1] + ".", "algorithm is not accepted"},
		"alg none, signature kept":       {with(map[string]any{"alg": "none", "kid": "r"}) + "." + parts[1] + "." + parts[2], "algorithm that is not accepted"},
		"no alg":                         {with(map[string]any{"kid": "r"}) + "." + parts[1] + "." + parts[2], "algorithm is not accepted"},
		"alg that is no text":            {with(map[string]any{"alg": 256}) + "." + parts[1] + "." + parts[2], "algorithm is not accepted"},
		"HS256 with the public key":      {signedToken(jwt.SigningMethodHS256, public, kid("r"), claims(nil)), "algorithm that is not accepted"},
		"HS256 with the modulus":         {signedToken(jwt.SigningMethodHS256, rsaKey.N.Bytes(), kid("r"), claims(nil)), "algorithm that is not accepted"},
		"HS256 with an oct key":          {signedToken(jwt.SigningMethodHS256, []byte("shared"), kid("o"), claims(nil)), "algorithm that is not accepted"},
		"algorithm that is not pinned":   {signedToken(jwt.SigningMethodRS512, rsaKey, kid("r"), claims(nil)), "algorithm that is not accepted"},
		"another's key":                  {signedToken(jwt.SigningMethodRS256, otherKey, kid("r"), claims(nil)), "its signature is wrong"},
		"another's key, unknown kid":     {signedToken(jwt.SigningMethodRS256, otherKey, kid("x"), claims(nil)), "not in the key set"},
		"kid of another kind":            {signedToken(jwt.SigningMethodRS256, rsaKey, kid("e"), claims(nil)), "not in the key set"},
		"ES256 with a kid of RSA":        {signedToken(jwt.SigningMethodES256, ecKey, kid("r"), claims(nil)), "not in the key set"},
		"ES256 with a kid of P-384":      {signedToken(jwt.SigningMethodES256, ecKey, kid("e384"), claims(nil)), "not in the key set"},
		"kid that is no text":            {signedToken(jwt.SigningMethodRS256, rsaKey, map[string]any{"kid": 7}, claims(nil)), "not in the key set"},
		"kid that is a path":             {signedToken(jwt.SigningMethodRS256, otherKey, kid("../../dev/null"), claims(nil)), "not in the key set"},
		"its own key, jwk":               {signedToken(jwt.SigningMethodRS256, otherKey, map[string]any{"jwk": rsaJWK("own", &otherKey.PublicKey), "kid": "own"}, claims(nil)), "not in the key set"},
		"its own key, jku":               {signedToken(jwt.SigningMethodRS256, otherKey, map[string]any{"jku": "https://evil.example/keys", "kid": "own"}, claims(nil)), "not in the key set"},
		"extension":                      {signedToken(jwt.SigningMethodRS256, rsaKey, map[string]any{"kid": "r", "crit": []string{"b64"}, "b64": false}, claims(nil)), "an extension"},
		"claims changed":                 {parts[0] + "." + b64(must(json.Marshal(claims(map[string]any{"sub": "root"})))) + "." + parts[2], "its signature is wrong"},
		"signature cut":                  {good[:len(good)-6], "its signature is wrong"},
		"no signature":                   {parts[0] + "." + parts[1] + ".", "its signature is wrong"},
		"expired":                        {rs(map[string]any{"exp": time.Now().Add(-time.Hour).Unix()}), "it has expired"},
		"without exp":                    {rs(map[string]any{"exp": nil}), "lacks exp"},
		"exp that is no number":          {rs(map[string]any{"exp": "tomorrow"}), "the token is not good"},
		"not yet":                        {rs(map[string]any{"nbf": time.Now().Add(time.Hour).Unix()}), "not valid yet"},
		"issued in the future":           {rs(map[string]any{"iat": time.Now().Add(time.Hour).Unix()}), "issued in the future"},
		"another issuer":                 {rs(map[string]any{"iss": "https://id.example.com"}), "another issuer"},
		"without issuer":                 {rs(map[string]any{"iss": nil}), "the token is not good"},
		"another audience":               {rs(map[string]any{"aud": "petshop2"}), "another audience"},
		"without audience":               {rs(map[string]any{"aud": nil}), "the token is not good"},
		"audience in a list of none":     {rs(map[string]any{"aud": []string{}}), "the token is not good"},
		"subject that is no text":        {rs(map[string]any{"sub": 7}), "subject cannot be used"},
		"subject with a NUL":             {rs(map[string]any{"sub": "a\x00b"}), "subject cannot be used"},
		"subject with a line's end":      {rs(map[string]any{"sub": "a\nUROCKET_X=1"}), "subject cannot be used"},
		"subject that is too long":       {rs(map[string]any{"sub": strings.Repeat("s", maxName+1)}), "subject cannot be used"},
		"oversized":                      {rs(map[string]any{"pad": strings.Repeat("x", maxCredential)}), "too long"},
		"four parts":                     {good + ".x", "malformed"},
		"two parts":                      {parts[0] + "." + parts[1], "malformed"},
		"dots":                           {strings.Repeat(".", 1000), "malformed"},
		"no base64":                      {"a.b.c", "malformed"},
		"padded":                         {parts[0] + "==." + parts[1] + "." + parts[2], "malformed"},
		"header that is a list":          {b64([]byte("[]")) + "." + parts[1] + "." + parts[2], "malformed"},
		"header that is null":            {b64([]byte("null")) + "." + parts[1] + "." + parts[2], "algorithm is not accepted"},
		"claims that are a list":         {parts[0] + "." + b64([]byte("[]")) + "." + parts[2], "malformed"},
		"deep claims":                    {parts[0] + "." + b64([]byte(strings.Repeat("[", 11000))) + "." + parts[2], "malformed"},
		"a key of ours and not a token":  {"KEY", "malformed"},
		"trailing bits of the signature": {looseBits(good), "the token is not good"},
	} {
		t.Run(name, func(t *testing.T) {
			wantRefusal(t, r, bearer(c.token), http.StatusUnauthorized, c.want, `error="invalid_token"`)
			_, refusal := r.Check(bearer(c.token))
			for _, part := range strings.Split(c.token, ".") {
				if refusal != nil && len(part) > 8 && strings.Contains(refusal.Detail, part) {
					t.Errorf("the token is shown: %s", refusal.Detail)
				}
			}
		})
	}
	wantRefusal(t, r, sent("/", "Authorization: Bearer "+good, "Authorization: Bearer "+good), http.StatusUnauthorized, "more than once")
	wantRefusal(t, r, sent("/?access_token="+good), http.StatusUnauthorized, "no header Authorization: Bearer")
	wantUser(t, r, bearer(good), "dave")
}

// looseBits changes bits of the last letter that mean nothing: strict base64 refuses them.
func looseBits(token string) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(letters, token[len(token)-1])
	return token[:len(token)-1] + letters[last+1:last+2]
}

func TestWhatIsNotLookedAtHasToBeSpelledOut(t *testing.T) {
	loose := theTokens(file(t, theSet()))
	loose.Issuer, loose.Audience = "", nil
	r := newRule(t, newGuard(t, Setting{"bearer", loose}), "bearer")
	wantUser(t, r, bearer(signedToken(jwt.SigningMethodRS256, rsaKey, kid("r"), claims(map[string]any{"iss": nil, "aud": nil}))), "dave")
}

// issuerServer serves a key set that can be changed, and counts.
type issuerServer struct {
	*httptest.Server
	set    atomic.Pointer[string]
	status atomic.Int64
	asked  atomic.Int64
}

func serveSet(t *testing.T, set string) *issuerServer {
	s := &issuerServer{}
	s.set.Store(&set)
	s.status.Store(http.StatusOK)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.asked.Add(1)
		w.WriteHeader(int(s.status.Load()))
		fmt.Fprint(w, *s.set.Load())
	}))
	t.Cleanup(s.Close)
	return s
}

func TestKeysThatAreFetched(t *testing.T) {
	s := serveSet(t, theSet())
	r := newRule(t, newGuard(t, Setting{"bearer", theTokens(s.URL)}), "bearer")
	if s.asked.Load() != 0 {
		t.Error("fetched before anybody needed it")
	}
	good := signedToken(jwt.SigningMethodRS256, rsaKey, kid("r"), claims(nil))
	for range 3 {
		wantUser(t, r, bearer(good), "dave")
	}
	unknown := signedToken(jwt.SigningMethodRS256, otherKey, kid("new"), claims(nil))
	for range 5 {
		wantRefusal(t, r, bearer(unknown), http.StatusUnauthorized, "not in the key set")
	}
	if n := s.asked.Load(); n != 1 { // within ten seconds nothing makes it ask again
		t.Errorf("asked %d times", n)
	}
	wantUser(t, r, bearer(good), "dave")
}

// Where there are no keys nobody is let in, and nobody is told that his token is bad.
func TestKeysThatCannotBeFetched(t *testing.T) {
	s := serveSet(t, theSet())
	s.status.Store(http.StatusInternalServerError)
	r := newRule(t, newGuard(t, Setting{"bearer", theTokens(s.URL)}), "bearer")
	good := signedToken(jwt.SigningMethodRS256, rsaKey, kid("r"), claims(nil))
	for range 3 {
		_, refusal := r.Check(bearer(good))
		if refusal == nil || refusal.Status != http.StatusInternalServerError || refusal.Err == nil || strings.Contains(refusal.Detail, s.URL) {
			t.Fatalf("got %+v", refusal)
		}
		if !errors.Is(refusal.Err, errNoKeys) || !strings.Contains(refusal.Err.Error(), "status 500") {
			t.Errorf("the log gets %v", refusal.Err)
		}
	}
	if n := s.asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
	// Also where the document lets in who shows nothing: he has shown something.
	open := newRule(t, newGuard(t, Setting{"bearer", theTokens(s.URL)}), "bearer", "")
	if _, refusal := open.Check(bearer(good)); refusal == nil || refusal.Status != http.StatusInternalServerError {
		t.Errorf("got %+v", refusal)
	}
	wantUser(t, open, sent("/"), "")
}

func TestFaultsOfTokens(t *testing.T) {
	for keys, want := range map[string]string{
		"/no/such/file":                       "bearer/jwks: /no/such/file: no such file",
		file(t, "secret"):                     "is no JSON Web Key Set",
		file(t, `{"keys":[]}`):                "holds no key that can check a token",
		"http://id.example.com/keys":          "is not https",
		"ftp://id.example.com/keys":           "is not https",
		"https://user:secret@id.example.com/": "holds a name or a password",
	} {
		got := faultsOf(t, nil, Setting{"bearer", theTokens(keys)})
		wantFaults(t, got, want)
	}
}
