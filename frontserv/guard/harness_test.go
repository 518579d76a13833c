package guard

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// theSchemes are one of each kind.
var theSchemes = map[string]Scheme{
	"key":    {Type: "apiKey", In: "header", Name: "x-key"},
	"query":  {Type: "apiKey", In: "query", Name: "api_key"},
	"cookie": {Type: "apiKey", In: "cookie", Name: "session"},
	"sig":    {Type: "apiKey", In: "header", Name: "X-Hub-Signature-256"},
	"stripe": {Type: "apiKey", In: "header", Name: "Stripe-Signature"},
	"basic":  {Type: "http", HTTP: "basic"},
	"bearer": {Type: "http", HTTP: "bearer"},
	"jwt":    {Type: "http", HTTP: "bearer", JWT: true},
	"digest": {Type: "http", HTTP: "digest"},
	"oauth":  {Type: "oauth2"},
	"oidc":   {Type: "openIdConnect"},
	"client": {Type: "mutualTLS"},
}

// options are those of a guard with the settings.
func options(settings ...Setting) Options {
	return Options{Realm: "shop", Schemes: theSchemes, Settings: settings, Sources: &Sources{Log: slog.New(slog.DiscardHandler)}}
}

// newGuard makes a guard that has no faults.
func newGuard(t testing.TB, settings ...Setting) *Guard {
	t.Helper()
	g, faults, _ := New(options(settings...))
	if len(faults) > 0 {
		t.Fatalf("faults: %v", faults)
	}
	return g
}

// newRule makes a rule that somebody can meet, of alternatives such as "key", "a b and c".
func newRule(t testing.TB, g *Guard, alternatives ...string) *Rule {
	t.Helper()
	r, gaps, ok := g.Rule(demands(alternatives...))
	if !ok {
		t.Fatalf("nobody could call: %q", gaps)
	}
	return r
}

// demands reads alternatives: schemes with " and " between them, each a name with the
// scopes behind it; "" is one without schemes.
func demands(alternatives ...string) (all [][]Demand) {
	for _, a := range alternatives {
		list := []Demand{}
		for part := range strings.SplitSeq(a, " and ") {
			if words := strings.Fields(part); len(words) > 0 {
				list = append(list, Demand{words[0], words[1:]})
			}
		}
		all = append(all, list)
	}
	return all
}

// sent is a request with headers "Name: value".
func sent(target string, headers ...string) *Request {
	r := httptest.NewRequest(http.MethodPost, target, nil)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Add(name, value)
	}
	return &Request{Request: r, Query: r.URL.Query()}
}

// entry is a line of keys.
func entry(name, key string, scopes ...string) string {
	sum := sha256.Sum256([]byte(key))
	return strings.TrimSpace(name + ":sha256:" + hex.EncodeToString(sum[:]) + " " + strings.Join(scopes, " "))
}

// file writes a file of a fresh folder.
func file(t testing.TB, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// wantUser wants a request to be let in under a name.
func wantUser(t *testing.T, r *Rule, req *Request, user string) {
	t.Helper()
	v, refusal := r.Check(req)
	if refusal != nil {
		t.Errorf("refused: %+v", *refusal)
		return
	}
	if v.NeedsBody() {
		t.Error("the body is wanted")
	}
	if v.User != user {
		t.Errorf("user %q, want %q", v.User, user)
	}
}

// wantRefusal wants a request to be refused, with words in its detail and challenges.
func wantRefusal(t *testing.T, r *Rule, req *Request, status int, words ...string) {
	t.Helper()
	v, refusal := r.Check(req)
	if refusal == nil {
		t.Errorf("let in: %+v", *v)
		return
	}
	text := refusal.Detail + "\n" + strings.Join(refusal.Challenges, "\n")
	if refusal.Status != status {
		t.Errorf("status %d, want %d: %s", refusal.Status, status, text)
	}
	if status == http.StatusUnauthorized && len(refusal.Challenges) == 0 {
		t.Error("401 without a challenge")
	}
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("no %q in %s", w, text)
		}
	}
}

// faultsOf are the faults of settings, as SCHEME/KEY: MESSAGE.
func faultsOf(t *testing.T, roots func() *x509.CertPool, settings ...Setting) (list []string) {
	t.Helper()
	o := options(settings...)
	o.ClientCAs = roots
	g, faults, _ := New(o)
	if (g == nil) != (len(faults) > 0) {
		t.Errorf("guard %v with faults %v", g, faults)
	}
	for _, f := range faults {
		list = append(list, f.Scheme+"/"+f.Key+": "+f.Message)
	}
	return list
}

// wantFaults wants one fault for each text, which it holds.
func wantFaults(t *testing.T, got []string, want ...string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d faults, want %d: %q", len(got), len(want), got)
	}
	for i := range want {
		if !strings.Contains(got[i], want[i]) {
			t.Errorf("no %q in %q", want[i], got[i])
		}
	}
}
