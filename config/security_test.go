package config

import (
	"bytes"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestSchemes(t *testing.T) {
	t.Setenv("SOME_SECRET", "x")
	for _, c := range []struct {
		value string
		want  func(dir string) Scheme
	}{
		{"upstream", func(string) Scheme { return Scheme{Upstream: true} }},
		{"{keys: [a b, c], keysfile: page.php, keysenv: SOME_SECRET}", func(dir string) Scheme {
			return Scheme{Keys: &Keys{List: []string{"a b", "c"}, File: dir + "/page.php", Env: "SOME_SECRET"}}
		}},
		{"{keysfile: DIR/page.php}", func(dir string) Scheme { return Scheme{Keys: &Keys{File: dir + "/page.php"}} }},
		{"{htpasswd: ./page.php}", func(dir string) Scheme { return Scheme{Passwords: dir + "/page.php"} }},
		{"{jwks: page.php, issuer: i, audience: a}", func(dir string) Scheme {
			return Scheme{Tokens: &Tokens{JWKS: dir + "/page.php", Issuer: "i", Audience: []string{"a"}, Algorithms: []string{"RS256", "ES256", "EdDSA"}, Leeway: 30 * time.Second}}
		}},
		{"{jwks: 'https://x/y', issuer: any, audience: any, algorithms: [PS512], leeway: 0}", func(string) Scheme {
			return Scheme{Tokens: &Tokens{JWKS: "https://x/y", Algorithms: []string{"PS512"}}}
		}},
		{"{hmac: github, secretfile: page.php}", func(dir string) Scheme {
			return Scheme{Webhook: &Webhook{Form: HMACGitHub, File: dir + "/page.php", Tolerance: 5 * time.Minute}}
		}},
		{"{hmac: stripe, secretenv: SOME_SECRET, tolerance: 1m}", func(string) Scheme {
			return Scheme{Webhook: &Webhook{Form: HMACStripe, Env: "SOME_SECRET", Tolerance: time.Minute}}
		}},
		{"{clients: any}", func(string) Scheme { return Scheme{Clients: &Clients{}} }},
		{"{clients: one}", func(string) Scheme { return Scheme{Clients: &Clients{Names: []string{"one"}}} }},
		{"{clients: [one, two]}", func(string) Scheme { return Scheme{Clients: &Clients{Names: []string{"one", "two"}}} }},
	} {
		s := mustLoad(t, edit(t, good, topLine, topLine+"security: {s: "+c.value+"}\n"))
		want := c.want(filepath.Dir(s.File))
		want.Name = "s"
		if len(s.Schemes) != 1 || !reflect.DeepEqual(*s.Schemes[0], want) {
			t.Errorf("%s: got %+v", c.value, s.Schemes[0])
		}
	}
	if s := mustLoad(t, edit(t, good, topLine, topLine+"security: {}\n")); s.Security != SecurityNone || s.Schemes != nil {
		t.Errorf("an empty map: %+v", s)
	}
}

var schemes = []refusal{
	{"nothing", []string{topLine, "security: #@\n"}, []string{"security wants upstream or a map of schemes, found nothing"}},
	{"list", []string{topLine, "security: [key] #@\n"}, []string{"upstream or a map of schemes, found a list"}},
	{"scheme that says nothing", []string{topLine, "security:\n  key: #@\n"}, []string{"security: key wants upstream, or a map with one of keysfile"}},
	{"scheme with an empty map", []string{topLine, "security:\n  key: {} #@\n"}, []string{"security: key says nothing"}},
	{"scheme with another word", []string{topLine, "security:\n  key: downstream #@\n"}, []string{"security: key wants upstream", "downstream"}},
	{"unknown key", []string{topLine, "security:\n  key:\n    keyfile: x #@\n"}, []string{`unknown key "keyfile" of a security scheme: did you mean keysfile?`}},
	{"two ways", []string{topLine, "security:\n  key:\n    keysfile: page.php\n    htpasswd: page.php #@\n"}, []string{"htpasswd and keysfile exclude each other"}},
	{"scheme twice", []string{topLine, "security:\n  key: upstream\n  key: upstream #@\n"}, []string{"key is given twice"}},
	{"missing file", []string{topLine, "security:\n  key: {keysfile: none} #@\n"}, []string{"keysfile", "does not exist"}},
	{"keys in a string", []string{topLine, "security:\n  key: {keys: abc} #@\n"}, []string{"keys wants a list such as"}},
	{"keys with a map in them", []string{topLine, "security:\n  key: {keys: [{a: b}]} #@\n"}, []string{"keys wants a list", "found a map in it"}},
	{"variable that is not there", []string{topLine, "security:\n  key: {keysenv: NOT_SET_AT_ALL} #@\n"}, []string{"keysenv wants the name of a variable that urocket's environment has"}},
	{"tokens without an issuer", []string{topLine, "security:\n  t: {jwks: page.php, audience: a} #@\n"}, []string{"security: t has no issuer", "or any"}},
	{"tokens without an audience", []string{topLine, "security:\n  t: {jwks: page.php, issuer: a} #@\n"}, []string{"security: t has no audience"}},
	{"tokens without keys", []string{topLine, "security:\n  t: {issuer: a, audience: a} #@\n"}, []string{"security: t has no jwks"}},
	{"shared secret", []string{topLine, "security:\n  t: {jwks: page.php, issuer: a, audience: a, algorithms: [RS256, HS256]} #@\n"}, []string{"HS256", "is none of RS256"}},
	{"no algorithm", []string{topLine, "security:\n  t: {jwks: page.php, issuer: a, audience: a, algorithms: [none]} #@\n"}, []string{`"none" is none of RS256`}},
	{"empty list of algorithms", []string{topLine, "security:\n  t: {jwks: page.php, issuer: a, audience: a, algorithms: []} #@\n"}, []string{"algorithms wants a list"}},
	{"empty list of audiences", []string{topLine, "security:\n  t: {jwks: page.php, issuer: a, audience: []} #@\n"}, []string{"audience wants"}},
	{"any among audiences", []string{topLine, "security:\n  t: {jwks: page.php, issuer: a, audience: [a, any]} #@\n"}, []string{`"any" is no name`}},
	{"long leeway", []string{topLine, "security:\n  t: {jwks: page.php, issuer: a, audience: a, leeway: 1h} #@\n"}, []string{"leeway", "10m at most"}},
	{"signature without a form", []string{topLine, "security:\n  h: {secretfile: page.php} #@\n"}, []string{"security: h has no hmac"}},
	{"signature of another form", []string{topLine, "security:\n  h: {hmac: slack, secretfile: page.php} #@\n"}, []string{"github or stripe", "slack"}},
	{"signature without a secret", []string{topLine, "security:\n  h: {hmac: github} #@\n"}, []string{"security: h has no secret"}},
	{"time where there is none", []string{topLine, "security:\n  h: {hmac: github, secretfile: page.php, tolerance: 1m} #@\n"}, []string{"tolerance has a meaning with hmac: stripe only"}},
	{"nobody's certificates", []string{topLine, "security:\n  c: {clients: []} #@\n"}, []string{"clients wants any, or a list"}},
	{"secret that a script is given", []string{topLine, "security: {h: {hmac: github, secretenv: PATH}}\n", theEnv, theEnv + "\n        passenv: [HOME, \"PA*\"] #@"}, []string{"passenv: it would hand the script PATH"}},
	{"tls that says nothing", []string{topLine, "tls: {} #@\n"}, []string{"tls has no cert"}},
	{"tls without a key", []string{topLine, "tls: {cert: page.php} #@\n"}, []string{"tls has no key"}},
	{"tls with a missing file", []string{topLine, "tls: {cert: none.pem, key: page.php} #@\n"}, []string{"none.pem", "does not exist"}},
	{"tls of old", []string{topLine, "tls: {cert: page.php, key: page.php, minversion: 1.1} #@\n"}, []string{"minversion wants 1.2 or 1.3, found 1.1"}},
	{"tls with an unknown key", []string{topLine, "tls: {cert: page.php, key: page.php, ca: page.php} #@\n"}, []string{`unknown key "ca" in tls`}},
	{"admin for everybody by accident", []string{topLine, "admin: \":9090\" #@\n"}, []string{"open to everybody: write 127.0.0.1:9090, or 0.0.0.0:9090 if that is meant"}},
}

func TestSchemesThatAreRefused(t *testing.T) {
	for _, r := range schemes {
		t.Run(r.name, func(t *testing.T) {
			text := edit(t, good, r.edits...)
			before, _, marked := strings.Cut(text, "#@")
			if !marked {
				t.Fatal("no mark")
			}
			wantFault(t, text, strings.Count(before, "\n")+1, r.words)
		})
	}
}

// Somebody may well write the secret itself where its digest or a variable's name belongs.
func TestSecretsAreNotShown(t *testing.T) {
	for _, text := range []string{
		"security: {s: {keys: hunter2-secret}}\n", "security: {s: {keysenv: hunter2}}\n", "security: {s: {hmac: github, secretenv: 'hunter2-secret!'}}\n",
	} {
		if all := faultsOf(t, edit(t, good, topLine, text)).Error(); strings.Contains(all, "hunter2") {
			t.Errorf("shown: %s", all)
		}
	}
	t.Setenv("SOME_SECRET", "hunter2")
	var out bytes.Buffer
	if err := mustLoad(t, edit(t, good, topLine, "security: {s: {hmac: github, secretenv: SOME_SECRET}}\n")).WriteYAML(&out); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "hunter2") || !strings.Contains(out.String(), `secretenv: "SOME_SECRET"`) {
		t.Errorf("written:\n%s", out.Bytes())
	}
}

func TestAdminThatOthersCanReach(t *testing.T) {
	for address, warned := range map[string]bool{
		"127.0.0.1:9": false, "localhost:9": false, "'[::1]:9'": false, "127.3.2.1:9": false,
		"0.0.0.0:9": true, "'[::]:9'": true, "10.1.2.3:9": true, "some-host:9": true,
	} {
		w := mustLoad(t, edit(t, good, topLine, "admin: "+address+"\n")).Warnings()
		if got := len(w) == 1 && strings.Contains(w[0].Message, "reached from outside") && w[0].Line == 5; got != warned || len(w) > 1 {
			t.Errorf("%s: %v", address, w)
		}
	}
}

func TestCredentialsInTheClear(t *testing.T) {
	const here, there, secure = "listen: 127.0.0.1:8080", "port: 8080", "tls: {cert: page.php, key: page.php}\n"
	const checked, upstream = "security: {a: {keysfile: page.php}, b: upstream}\n", "security: {b: upstream}\n"
	for _, c := range []struct {
		listen, more string
		told         bool
	}{
		{here, checked, false}, {there, checked, true}, {"listen: 0.0.0.0:8080", checked, true}, {there, upstream, false}, {there, checked + secure, false}, {there, "", false},
	} {
		hints := mustLoad(t, edit(t, good, here, c.listen, topLine, topLine+c.more)).Hints()
		if got := len(hints) == 1 && strings.Contains(hints[0].Message, "in the clear"); got != c.told {
			t.Errorf("%+v: %v", c, hints)
		}
	}
}

func TestFaultAtOfMaps(t *testing.T) {
	s := mustLoad(t, "servicename: shop\nsocketpath: u.sock\nopenapi: api.json\nsecurity:\n  a:\n    keysfile: page.php\n    keys:\n      - x\n      - y\n  b: upstream\n")
	for key, line := range map[string]int{
		"security": 4, "security/a": 5, "security/a/keysfile": 6, "security/a/keys[1]": 9, "security/a/other": 5, "security/b": 10, "security/c": 4, "tls/cert": 1,
	} {
		if got := s.FaultAt("", "", key, "x").Line; got != line {
			t.Errorf("%s is on line %d, want %d", key, got, line)
		}
	}
}
