package guard

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

func macOf(secret, text string) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(text))
	return hex.EncodeToString(m.Sum(nil))
}

func bodyOf(text string) func() io.Reader { return func() io.Reader { return strings.NewReader(text) } }

// An example of GitHub's documentation.
const (
	githubSecret = "It's a Secret to Everybody"
	githubBody   = "Hello, World!"
	githubMAC    = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
)

func TestSignatures(t *testing.T) {
	t.Setenv("HOOK", "from-env\n")
	g := newGuard(t, Setting{"sig", Signatures{Form: "github", File: file(t, "new-secret\n\n"+githubSecret+"\n"), Env: "HOOK"}})
	r := newRule(t, g, "sig")
	for _, c := range []struct{ header, body, want string }{
		{"sha256=" + githubMAC, githubBody, ""},
		{githubMAC, githubBody, ""},
		{"sha256=" + strings.ToUpper(githubMAC), githubBody, ""},
		{"sha256=" + macOf("new-secret", "x"), "x", ""},
		{"sha256=" + macOf("from-env", ""), "", ""},
		{"sha256=" + githubMAC, githubBody + " ", "does not fit the body"},
		{"sha256=" + githubMAC, "", "does not fit the body"},
		{"sha256=" + macOf("", githubBody), githubBody, "does not fit the body"},
		{"sha256=" + macOf("another", githubBody), githubBody, "does not fit the body"},
	} {
		v, refusal := r.Check(sent("/", "X-Hub-Signature-256: "+c.header))
		if refusal != nil || !v.NeedsBody() || v.User != "" {
			t.Errorf("%s: %+v, %+v", c.header, v, refusal)
			continue
		}
		refusal = v.CheckBody(bodyOf(c.body))
		switch {
		case c.want == "" && refusal == nil && v.Kind == "HMAC-SHA256" && !v.NeedsBody():
		case c.want != "" && refusal != nil && refusal.Status == http.StatusUnauthorized && strings.Contains(refusal.Detail, c.want) && len(refusal.Challenges) == 1:
		default:
			t.Errorf("%s of %q: %+v", c.header, c.body, refusal)
		}
	}
}

// What is no signature is refused before anybody reads a body.
func TestSignaturesThatAreNone(t *testing.T) {
	g := newGuard(t, Setting{"sig", Signatures{Form: "github", File: file(t, githubSecret)}})
	r := newRule(t, g, "sig")
	for _, header := range []string{
		"", "sha256=", "sha1=" + githubMAC[:40], "sha256=" + githubMAC[:63], "sha256=" + githubMAC + "0", "sha256=" + githubMAC[:63] + "g",
		"sha256=" + githubMAC + ",sha256=" + githubMAC, "sha512=" + githubMAC, "md5=" + githubMAC,
	} {
		wantRefusal(t, r, sent("/", "X-Hub-Signature-256: "+header), http.StatusUnauthorized, "sig: ")
	}
	wantRefusal(t, r, sent("/"), http.StatusUnauthorized, "no header X-Hub-Signature-256")
	wantRefusal(t, r, sent("/", "X-Hub-Signature-256: sha256="+githubMAC, "X-Hub-Signature-256: sha256="+githubMAC), http.StatusUnauthorized, "more than once")
}

func TestSignaturesWithATime(t *testing.T) {
	g := newGuard(t, Setting{"stripe", Signatures{Form: "stripe", File: file(t, "whsec_1\nwhsec_2\n"), Tolerance: 5 * time.Minute}})
	r := newRule(t, g, "stripe")
	at := func(d time.Duration) string { return fmt.Sprint(time.Now().Add(d).Unix()) }
	now := at(0)
	mac := func(secret, stamp string) string { return macOf(secret, stamp+`.{"id":1}`) }
	for _, c := range []struct{ header, want string }{
		{"t=" + now + ",v1=" + mac("whsec_1", now), ""},
		{"t=" + now + ", v1=" + mac("whsec_2", now), ""},
		{"v1=" + mac("whsec_1", now) + ",t=" + now, ""},
		{"t=" + now + ",v1=" + mac("other", now) + ",v1=" + mac("whsec_1", now) + ",v0=abc", ""},
		{"t=" + now + ",v0=" + mac("whsec_1", now), "malformed"},
		{"t=" + now + ",v1=" + mac("other", now), "does not fit"},
		{"t=" + now + ",v1=" + macOf("whsec_1", `{"id":1}`), "does not fit"},
		{"t=" + at(time.Second) + ",v1=" + mac("whsec_1", now), "does not fit"}, // the time is signed
		{"t=" + at(-time.Hour) + ",v1=" + mac("whsec_1", at(-time.Hour)), "too old"},
		{"t=" + at(time.Hour) + ",v1=" + mac("whsec_1", at(time.Hour)), "from the future"},
		{"t=" + now + ",t=" + now + ",v1=" + mac("whsec_1", now), "malformed"},
		{"v1=" + mac("whsec_1", now), "malformed"},
		{"t=,v1=" + mac("whsec_1", ""), "malformed"},
		{"t=-" + now + ",v1=" + mac("whsec_1", now), "malformed"},
		{"t=99999999999999999999,v1=" + mac("whsec_1", now), "malformed"},
		{"t=9999999999999,v1=" + mac("whsec_1", now), "malformed"},
		{"t=" + now + strings.Repeat(",v1="+mac("whsec_1", now), maxSignatures+1), "malformed"},
		{"nonsense", "malformed"},
	} {
		v, refusal := r.Check(sent("/", "Stripe-Signature: "+c.header))
		if refusal == nil {
			refusal = v.CheckBody(bodyOf(`{"id":1}`))
		}
		if got := fmt.Sprint(refusal); (c.want == "") != (refusal == nil) || !strings.Contains(got, c.want) {
			t.Errorf("%s: %s", c.header, got)
		}
	}
}

func TestSignaturesAmongAlternatives(t *testing.T) {
	g := newGuard(t, set("key"), Setting{"sig", Signatures{Form: "github", File: file(t, "s")}})
	good, wrong := "X-Hub-Signature-256: "+macOf("s", "body"), "X-Hub-Signature-256: "+macOf("s", "other")
	for _, c := range []struct {
		rule    string
		headers []string
		want    string // early or late: let in, with or without the body; else the status, the same
	}{
		{"sig|key", []string{good}, "late"},
		{"sig|key", []string{wrong}, "late 401"},
		{"sig|key", []string{wrong, "X-Key: KEY-key"}, "early"},
		{"sig|key", nil, "early 401"},
		{"sig and key", []string{good, "X-Key: KEY-key"}, "late"},
		{"sig and key", []string{wrong, "X-Key: KEY-key"}, "late 401"},
		{"sig and key", []string{good}, "early 401"},
		{"sig|", []string{wrong}, "early"},
	} {
		v, refusal := newRule(t, g, strings.Split(c.rule, "|")...).Check(sent("/", c.headers...))
		got := "early"
		if refusal == nil && v.NeedsBody() {
			got, refusal = "late", v.CheckBody(bodyOf("body"))
		}
		if refusal != nil {
			got += fmt.Sprint(" ", refusal.Status)
		}
		if got != c.want {
			t.Errorf("%s with %q: %s, want %s", c.rule, c.headers, got, c.want)
		}
		if c.want == "late" && c.rule == "sig and key" && v.User != "user-key" {
			t.Errorf("user %q", v.User)
		}
	}
}

func TestABodyThatCannotBeReadBack(t *testing.T) {
	g := newGuard(t, Setting{"sig", Signatures{Form: "github", File: file(t, "s")}})
	v, refusal := newRule(t, g, "sig").Check(sent("/", "X-Hub-Signature-256: "+macOf("s", "")))
	if refusal != nil {
		t.Fatal(refusal)
	}
	disk := errors.New("bad disk")
	refusal = v.CheckBody(func() io.Reader { return iotest.ErrReader(disk) })
	if refusal == nil || refusal.Status != http.StatusInternalServerError || !errors.Is(refusal.Err, disk) || strings.Contains(refusal.Detail, "disk") {
		t.Errorf("got %+v", refusal)
	}
}

func TestFaultsOfSignatures(t *testing.T) {
	t.Setenv("EMPTY_SECRET", " \n")
	wantFaults(t, faultsOf(t, nil,
		Setting{"sig", Signatures{Form: "github", Env: "EMPTY_SECRET"}}, Setting{"stripe", Signatures{Form: "stripe", Env: "NOT_SET_AT_ALL", File: file(t, "\n\n")}},
		Setting{"key", Signatures{Form: "github", File: "/no/such/file"}}),
		"sig/secretenv: EMPTY_SECRET holds no secret", "stripe/secretenv: the environment has no variable", "stripe/secretfile", "key/secretfile: /no/such/file: no such file")
}
