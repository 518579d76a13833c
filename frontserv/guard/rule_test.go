package guard

import (
	"fmt"
	"strings"
	"testing"
)

// set is a scheme with one key, KEY-NAME, of a user who is called user-NAME.
func set(name string, scopes ...string) Setting {
	return Setting{name, Keys{List: []string{entry("user-"+name, "KEY-"+name, scopes...)}}}
}

func TestAlternatives(t *testing.T) {
	g := newGuard(t, set("cookie"), set("key"), set("query"), set("bearer", "read", "write"), Setting{"oauth", Upstream{}}, Setting{"oidc", Upstream{}})
	const key, wrong, query, cookie, bearer = "X-Key: KEY-key", "X-Key: KEY-query", "/?api_key=KEY-query", "Cookie: session=KEY-cookie", "Authorization: Bearer KEY-bearer"
	for _, c := range []struct {
		rule    string // alternatives, with | between them
		request []string
		want    string // the user, or the status of a refusal
	}{
		{"key", []string{"/"}, "401"},
		{"key", []string{"/", key}, "user-key"},
		{"key", []string{"/", wrong}, "401"},
		{"key", []string{query}, "401"},
		{"key|query", []string{query}, "user-query"},
		{"key|query", []string{"/", key}, "user-key"},
		{"key|query", []string{query, wrong}, "user-query"}, // one that is met is enough
		{"key|query", []string{"/", wrong}, "401"},
		{"key and query", []string{"/", key}, "401"},
		{"key and query", []string{query}, "401"},
		{"key and query", []string{query, wrong}, "401"},
		{"key and query", []string{query, key}, "user-key"}, // the first of the configuration
		{"query and key", []string{query, key}, "user-key"},
		{"query and key and cookie", []string{query, key, cookie}, "user-cookie"},
		{"key and query|cookie", []string{"/", cookie}, "user-cookie"},
		{"key and query|cookie", []string{"/", key}, "401"},
		{"", []string{"/"}, ""},
		{"|key", []string{"/"}, ""},
		{"|key", []string{"/", key}, "user-key"}, // who shows who he is is known
		{"|key", []string{"/", wrong}, ""},       // and nobody has to
		{"key|", []string{"/", key}, "user-key"},
		{"oauth", []string{"/"}, ""},
		{"oauth read and key", []string{"/"}, "401"},
		{"oauth read and key", []string{"/", key}, "user-key"},
		{"oauth and oidc", []string{"/"}, ""},
		{"oauth|key", []string{"/"}, ""},
		{"oauth|key", []string{"/", key}, "user-key"},
		{"bearer", []string{"/", bearer}, "user-bearer"},
		{"bearer read", []string{"/", bearer}, "user-bearer"},
		{"bearer read write", []string{"/", bearer}, "user-bearer"},
		{"bearer read admin", []string{"/", bearer}, "403"},
		{"bearer admin", []string{"/"}, "401"},
		{"bearer admin|bearer read", []string{"/", bearer}, "user-bearer"},
		{"bearer admin|key", []string{"/", bearer}, "403"},
		{"bearer admin|key", []string{"/", bearer, key}, "user-key"},
		{"bearer admin and key", []string{"/", bearer}, "401"},
		{"bearer admin and key", []string{"/", bearer, key}, "403"},
		{"bearer admin|", []string{"/", bearer}, ""},
	} {
		t.Run(c.rule+" "+strings.Join(c.request, " "), func(t *testing.T) {
			v, refusal := newRule(t, g, strings.Split(c.rule, "|")...).Check(sent(c.request[0], c.request[1:]...))
			got := ""
			if refusal != nil {
				got = fmt.Sprint(refusal.Status)
				if got == "401" && len(refusal.Challenges) == 0 {
					t.Error("401 without a challenge")
				}
			} else {
				got = v.User
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestChallenges(t *testing.T) {
	g := newGuard(t, set("key"), set("cookie"), set("oauth", "read"), Setting{"basic", Passwords{file(t, "")}}, Setting{"sig", Signatures{Form: "github", File: file(t, "s")}}, Setting{"oidc", Upstream{}})
	for _, c := range []struct {
		rule    string
		request []string
		want    []string
	}{
		{"key", nil, []string{`ApiKey realm="shop", in="header", name="X-Key"`}},
		{"key", []string{"X-Key: no"}, []string{`ApiKey realm="shop", in="header", name="X-Key"`}},
		{"basic", nil, []string{`Basic realm="shop", charset="UTF-8"`}},
		{"sig", nil, []string{`HMAC-SHA256 realm="shop", in="header", name="X-Hub-Signature-256"`}},
		{"oauth read", nil, []string{`Bearer realm="shop", scope="read"`}},
		{"oauth", []string{"Authorization: Bearer no"}, []string{`Bearer realm="shop", error="invalid_token", error_description="the key is not one that is known here"`}},
		{"oauth read admin", []string{"Authorization: Bearer KEY-oauth"}, []string{`Bearer realm="shop", error="insufficient_scope", error_description="the scope admin is missing", scope="read admin"`}},
		{"oauth|key|cookie", nil, []string{`Bearer realm="shop"`, `ApiKey realm="shop", in="header", name="X-Key"`, `ApiKey realm="shop", in="cookie", name="session"`}},
		{"cookie and key|oidc and key", nil, []string{`ApiKey realm="shop", in="cookie", name="session"`, `ApiKey realm="shop", in="header", name="X-Key"`}},
	} {
		_, refusal := newRule(t, g, strings.Split(c.rule, "|")...).Check(sent("/", c.request...))
		if refusal == nil {
			t.Errorf("%s: let in", c.rule)
			continue
		}
		if got, want := strings.Join(refusal.Challenges, "\n"), strings.Join(c.want, "\n"); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.rule, got, want)
		}
	}
}

func TestGaps(t *testing.T) {
	g := newGuard(t, set("key"), Setting{"basic", Passwords{file(t, "")}}, Setting{"oauth", Upstream{}})
	for _, c := range []struct {
		rule string
		ok   bool
		gaps string
		text string
	}{
		{"key", true, "", "key"},
		{"oauth a b", true, "", "oauth with a b (upstream)"},
		{"oauth and key", true, "", "oauth (upstream) and key"},
		{"cookie", false, "cookie (an apiKey in cookie session), which nothing here covers: write below security `cookie: {keysfile: FILE}`, or `cookie: upstream` if a proxy checks it", ""},
		{"cookie|key", true, "cookie (an apiKey in cookie session), which", "key"},
		{"cookie|", true, "cookie (an apiKey in cookie session), which", "nothing"},
		{"cookie and key", false, "cookie (an apiKey", ""},
		{"none", false, "none, which it does not describe", ""},
		{"basic admin", false, "basic with admin, and what checks it here knows no scopes or roles", ""},
		{"client", false, "`client: {clients: any}`, or", ""},
		{"sig", false, "`sig: {hmac: github, secretfile: FILE}`, or", ""},
		{"oidc", false, "`oidc: {jwks: URL, issuer: URL, audience: NAME}`, or", ""},
		{"bearer", false, "`bearer: {keysfile: FILE}`, or", ""},
		{"jwt", false, "`jwt: {jwks: URL, issuer: URL, audience: NAME}`, or", ""},
		{"digest", false, "write below security `digest: upstream` if a proxy checks it", ""},
	} {
		r, gaps, ok := g.Rule(demands(strings.Split(c.rule, "|")...))
		if all := strings.Join(gaps, "\n"); ok != c.ok || !strings.Contains(all, c.gaps) || c.gaps == "" && all != "" {
			t.Errorf("%s: %v, %q", c.rule, ok, all)
		}
		if ok && r.String() != c.text {
			t.Errorf("%s: %q", c.rule, r)
		}
	}
	if r, gaps, ok := g.Rule(nil); r != nil || gaps != nil || !ok {
		t.Errorf("nothing demanded: %v, %q, %v", r, gaps, ok)
	}
}

func TestWhatRefusesNobody(t *testing.T) {
	g := newGuard(t, set("key"), Setting{"oauth", Upstream{}})
	for rule, want := range map[string]string{"key": "", "": "free", "key|": "free", "oauth": "", "oauth|key": "idle", "oauth and key": "", "oauth|key|": "free"} {
		r, got := newRule(t, g, strings.Split(rule, "|")...), ""
		if r.Free() {
			got += "free"
		}
		if r.Idle() {
			got += "idle"
		}
		if got != want {
			t.Errorf("%q is %q, want %q", rule, got, want)
		}
	}
}

func TestHides(t *testing.T) {
	g := newGuard(t, set("key"), set("query"), Setting{"cookie", Upstream{}}, set("bearer"))
	r := newRule(t, g, "key and cookie", "query", "bearer")
	for what, want := range map[string]bool{"header X-Key": true, "header X-Other": false, "query api_key": true, "query X-Key": false, "cookie session": false} {
		in, name, _ := strings.Cut(what, " ")
		if r.Hides(in, name) != want {
			t.Errorf("%s: %v", what, !want)
		}
	}
}

func TestSettingsThatDoNotFit(t *testing.T) {
	keys, passwords, signatures := Keys{List: []string{entry("a", "k")}}, Passwords{file(t, "")}, Signatures{Form: "github", File: file(t, "s")}
	tokens, certificates := Tokens{Keys: file(t, "{}"), Algorithms: []string{"RS256"}}, Certificates{}
	for _, c := range []struct {
		scheme string
		method Method
		want   string
	}{
		{"none", keys, "none/: the document has no security scheme of this name; it has basic, bearer, client, cookie, digest, jwt, key, oauth, oidc, query, sig, stripe"},
		{"key", passwords, "key/: the document says that key is an apiKey in header x-key, which this cannot check: it takes keys, keysfile, keysenv, hmac, upstream"},
		{"key", tokens, "which this cannot check"},
		{"key", certificates, "which this cannot check"},
		{"cookie", signatures, "it takes keys, keysfile, keysenv, upstream"},
		{"basic", keys, "is http basic, which this cannot check: it takes htpasswd, upstream"},
		{"bearer", passwords, "it takes keys, keysfile, keysenv, jwks, upstream"},
		{"digest", keys, "it takes upstream"},
		{"oidc", signatures, "is openIdConnect, which this cannot check"},
		{"client", keys, "it takes clients, upstream"},
		{"client", certificates, "client/clients: client certificates are only asked for with tls: {clientca: FILE}"},
	} {
		wantFaults(t, faultsOf(t, nil, Setting{c.scheme, c.method}), c.want)
	}
}
