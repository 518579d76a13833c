package guard

import (
	"context"
	"encoding/base64"
	"net/http"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/bcrypt"
)

// hashOf is a line of htpasswd -B, with the least cost there is.
func hashOf(t testing.TB, name, password string) string {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return name + ":" + strings.Replace(string(hash), "$2a$", "$2y$", 1) + "\n"
}

func basic(text string) string {
	return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(text))
}

func TestPasswords(t *testing.T) {
	g := newGuard(t, Setting{"basic", Passwords{file(t, "# users\n"+hashOf(t, "carol", "se:cret")+"\n"+hashOf(t, "döra", "ü")+hashOf(t, "empty", ""))}})
	r := newRule(t, g, "basic")
	for range 2 { // the second time from memory
		wantUser(t, r, sent("/", basic("carol:se:cret")), "carol")
		wantUser(t, r, sent("/", basic("döra:ü")), "döra")
		wantUser(t, r, sent("/", strings.Replace(basic("carol:se:cret"), "Basic", "bAsIc", 1)), "carol")
		for name, header := range map[string]string{
			"wrong password":                basic("carol:secret"),
			"somebody else's":               basic("carol:ü"),
			"nobody's name":                 basic("nobody:se:cret"),
			"nobody's name, first password": basic("nobody:se:cret"),
			"name in other letters":         basic("Carol:se:cret"),
			"no password":                   basic("carol:"),
			"the hash itself":               basic(strings.TrimSpace(hashOf(t, "carol", "se:cret"))),
		} {
			t.Run(name, func(t *testing.T) {
				wantRefusal(t, r, sent("/", header), http.StatusUnauthorized, "the name or the password is wrong", `Basic realm="shop"`)
			})
		}
		for name, headers := range map[string][]string{
			"no colon":         {basic("carol")},
			"no base64":        {"Authorization: Basic carol:se:cret"},
			"base64 of an URL": {"Authorization: Basic _-_-"},
			"twice":            {basic("carol:se:cret"), basic("carol:se:cret")},
			"two in one":       {basic("carol:se:cret") + ", " + basic("x:y")},
		} {
			t.Run(name, func(t *testing.T) {
				wantRefusal(t, r, sent("/", headers...), http.StatusUnauthorized, "basic: ")
			})
		}
		wantRefusal(t, r, sent("/"), http.StatusUnauthorized, "no header Authorization: Basic")
	}
}

func TestFileOfPasswords(t *testing.T) {
	good := hashOf(t, "a", "x")
	for text, want := range map[string]string{
		"a:plain-password\n":                                                                  "line 1: the hash is none of bcrypt, which alone is accepted: htpasswd -B -C 12",
		"a:$apr1$lZL6V/ci$eIMz/iKDkbtys/uU7LEK00\n":                                           "line 1: the hash is none of bcrypt",
		"a:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n":                                               "none of bcrypt",
		good + "noname\n":                                                                     "line 2 is not of the form NAME:HASH",
		":" + strings.TrimPrefix(good, "a:"):                                                  "line 1 is not of the form",
		good + "\n" + good:                                                                    "line 3 has the name of line 1",
		strings.Replace(good, "$04$", "$03$", 1):                                              "none of bcrypt",
		strings.Replace(good, "$04$", "$31$", 1):                                              "a bcrypt cost of 31",
		strings.TrimSpace(good) + "x\n":                                                       "none of bcrypt",
		strings.Replace(good, "$2y$", "$3y$", 1):                                              "none of bcrypt",
		strings.Repeat("n", maxName+1) + ":" + strings.TrimPrefix(good, "a:"):                 "NAME:HASH",
		"a\x01b:" + strings.TrimPrefix(good, "a:"):                                            "NAME:HASH",
		"a\xff:" + strings.TrimPrefix(good, "a:"):                                             "NAME:HASH",
		strings.Replace(good, "\n", ":x:Some Body\n", 1):                                      "none of bcrypt",
		"$2y$04$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a" + "\n# no name at all": "line 1 is not of the form",
	} {
		got := faultsOf(t, nil, Setting{"basic", Passwords{file(t, text)}})
		wantFaults(t, got, want)
		if strings.Contains(got[0], "plain-password") || strings.Contains(got[0], "$2y$") {
			t.Errorf("shown: %s", got[0])
		}
	}
	wantFaults(t, faultsOf(t, nil, Setting{"basic", Passwords{"/no/such/file"}}), "basic/htpasswd: /no/such/file: no such file")
	_, _, warnings := New(options(Setting{"basic", Passwords{file(t, good)}}))
	if len(warnings) != 1 || !strings.Contains(warnings[0].Message, "1 of its passwords have a bcrypt cost under 10") {
		t.Errorf("of a low cost: %v", warnings)
	}
	_, _, warnings = New(options(Setting{"basic", Passwords{file(t, "")}}))
	if len(warnings) != 1 || !strings.Contains(warnings[0].Message, "no password yet") {
		t.Errorf("of an empty file: %v", warnings)
	}
	wantRefusal(t, newRule(t, newGuard(t, Setting{"basic", Passwords{file(t, "")}}), "basic"), sent("/", basic("a:x")), http.StatusUnauthorized)
}

// What is remembered of a password is of use for that name, password and hash alone.
func TestWhatIsRemembered(t *testing.T) {
	g := newGuard(t, Setting{"basic", Passwords{file(t, hashOf(t, "a", "x")+hashOf(t, "b", "x"))}})
	c := g.settings["basic"].check.(*passwordChecker)
	r := newRule(t, g, "basic")
	for _, text := range []string{"a:x", "a:x", "b:x", "a:y", "none:x"} {
		_, _ = r.Check(sent("/", basic(text)))
	}
	if len(c.known) != 2 {
		t.Errorf("%d are remembered", len(c.known))
	}
	hash := c.file.Get()[0].hash
	for _, other := range [][32]byte{c.mark(hash, "a", "y"), c.mark(hash, "b", "x"), c.mark(c.file.Get()[1].hash, "a", "x"), c.mark(hash, "", "a x")} {
		if other == c.mark(hash, "a", "x") {
			t.Error("two marks are the same")
		}
	}
	for i := range maxKnown + 10 {
		c.known[[32]byte{byte(i), byte(i >> 8), 1}] = struct{}{}
	}
	wantUser(t, r, sent("/", basic("a:x")), "a")
	c.known[[32]byte{}] = struct{}{}
	c.known[c.mark(hash, "a", "x")] = struct{}{}
	_, _ = r.Check(sent("/", basic("b:x")))
	if n := len(c.known); n > maxKnown+20 {
		t.Errorf("%d are remembered", n)
	}
}

// Who has to wait too long for his turn is not told that he is wrong.
func TestTooManyPasswords(t *testing.T) {
	g := newGuard(t, Setting{"basic", Passwords{file(t, hashOf(t, "a", "x"))}})
	c := g.settings["basic"].check.(*passwordChecker)
	r := newRule(t, g, "basic")
	for range cap(c.slots) {
		c.slots <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	var waiting sync.WaitGroup
	waiting.Go(func() {
		req := sent("/", basic("a:x"))
		req.Request = req.WithContext(ctx)
		wantRefusal(t, r, req, http.StatusServiceUnavailable, "too many passwords")
	})
	cancel()
	waiting.Wait()
	for range cap(c.slots) {
		<-c.slots
	}
	wantUser(t, r, sent("/", basic("a:x")), "a")
}
