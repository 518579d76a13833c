package guard

import (
	"net/http"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// FuzzCredentials: whatever is sent where credentials belong, nobody is let in by it, and
// the refusal is one.
func FuzzCredentials(f *testing.F) {
	good := Setting{"oidc", theTokens(file(f, theSet()))}
	g := newGuard(f, set("key"), set("cookie"), set("bearer"), Setting{"basic", Passwords{file(f, hashOf(f, "a", "long password"))}},
		Setting{"sig", Signatures{Form: "github", File: file(f, "s")}}, Setting{"stripe", Signatures{Form: "stripe", File: file(f, "s"), Tolerance: time.Minute}}, good)
	r := newRule(f, g, "key", "cookie", "bearer", "basic", "oidc read", "sig", "stripe")
	for _, seed := range []string{
		"", "Bearer x", "Basic YTpi", "Bearer " + signedToken(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil, claims(nil)), "sha256=" + githubMAC, "t=1,v1=" + githubMAC, "session=x; session=y", "Bearer a.b.c",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		req := sent("/")
		for _, name := range []string{"Authorization", "X-Key", "Cookie", "X-Hub-Signature-256", "Stripe-Signature"} {
			req.Header[name] = []string{text}
		}
		v, refusal := r.Check(req)
		if refusal == nil { // a signature of the right form
			refusal = v.CheckBody(bodyOf("body"))
		}
		if refusal == nil || refusal.Status != http.StatusUnauthorized || len(refusal.Challenges) == 0 {
			t.Fatalf("%q: %+v", text, refusal)
		}
		for _, c := range refusal.Challenges {
			for _, b := range []byte(c) {
				if b < ' ' || b > '~' {
					t.Fatalf("%q makes the challenge %q", text, c)
				}
			}
		}
	})
}
