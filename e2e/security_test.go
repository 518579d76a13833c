package e2e

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// guardedDocument has an operation for each way to demand credentials.
const guardedDocument = `openapi: 3.1.0
info: {title: guarded, version: "1"}
security: [{key: []}]
paths:
  /key: {get: {responses: {"200": {description: d}}}, post: {responses: {"200": {description: d}}}}
  /query:
    get:
      security: [{qkey: []}]
      parameters: [{name: n, in: query, schema: {type: integer}}]
      responses: {"200": {description: d}}
  /cgi: {post: {security: [{key: [], qkey: [], cookie: []}], responses: {"200": {description: d}}}}
  /open: {get: {security: [], responses: {"200": {description: d}}}}
  /optional: {get: {security: [{key: []}, {}], responses: {"200": {description: d}}}}
  /either: {get: {security: [{key: []}, {token: []}], responses: {"200": {description: d}}}}
  /both: {get: {security: [{key: [], token: []}], responses: {"200": {description: d}}}}
  /basic: {get: {security: [{basic: []}], responses: {"200": {description: d}}}}
  /orders: {get: {security: [{oauth: ["orders:read"]}], responses: {"200": {description: d}}}}
  /proxied: {get: {security: [{sso: []}], responses: {"200": {description: d}}}}
  /hook:
    post:
      security: [{hook: []}]
      requestBody: {content: {application/json: {schema: {type: object, required: [id]}}}}
      responses: {"200": {description: d}}
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Key}
    qkey: {type: apiKey, in: query, name: api_key}
    cookie: {type: apiKey, in: cookie, name: session}
    basic: {type: http, scheme: basic}
    token: {type: http, scheme: bearer}
    oauth: {type: oauth2, flows: {clientCredentials: {tokenUrl: "https://id.example/token", scopes: {"orders:read": r}}}}
    sso: {type: openIdConnect, openIdConnectUrl: "https://id.example/.well-known/openid-configuration"}
    hook: {type: apiKey, in: header, name: X-Hub-Signature-256}
`

// Credentials of the tests; none may ever be seen in a log, an answer or a script. The
// hash is what htpasswd -nbBC 5 makes of the password.
const (
	aliceKey   = "alice-key-0123456789"
	bobToken   = "bob.token_0123456789"
	hookSecret = "hook-secret-0123456789"
	password   = "carols-password"
	htpasswd   = "carol:$2y$05$HvbUBRDvdkBrZO2FMaJRsOv9KJ4Y.ByrWyTyuTb09oV3tEtYQXZ4K\n"
)

// keyLine is a line of a file of keys.
func keyLine(name, key string) string {
	sum := sha256.Sum256([]byte(key))
	return name + ":sha256:" + hex.EncodeToString(sum[:]) + "\n"
}

// signer is an identity provider's key. It is made when it is wanted: this program is
// also each script of the tests.
var signer = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// jwks is its public key.
func jwks() string {
	b64 := base64.RawURLEncoding.EncodeToString
	text, _ := json.Marshal(map[string]any{"keys": []any{map[string]any{
		"kty": "RSA", "kid": "1", "use": "sig", "n": b64(signer().N.Bytes()), "e": b64(big.NewInt(int64(signer().E)).Bytes()),
	}}})
	return string(text)
}

// signedJWT is a token with changes of its claims.
func signedJWT(t *testing.T, changes jwt.MapClaims) string {
	t.Helper()
	claims := jwt.MapClaims{"iss": "https://id.example/", "aud": "shop", "sub": "dave", "exp": time.Now().Add(time.Hour).Unix(), "scope": "orders:read"}
	maps.Copy(claims, changes)
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	token.Header["kid"] = "1"
	text, err := token.SignedString(signer())
	check(t, err)
	return text
}

// hookSignature signs a body as GitHub does, with the tool that its documentation names.
func hookSignature(t *testing.T, body string) string {
	t.Helper()
	cmd := exec.Command("openssl", "dgst", "-sha256", "-hmac", hookSecret)
	cmd.Stdin = strings.NewReader(body)
	out, err := cmd.Output()
	check(t, err)
	fields := strings.Fields(string(out))
	return "X-Hub-Signature-256: sha256=" + fields[len(fields)-1]
}

// guarded is a service with everything that the document demands.
func guarded() setup {
	who := keys{"cmd": sh(`: >"marks/ran-$REQUEST_ID"; printf %s "user=${UROCKET_USER-none}"`), "reply": "stdout"}
	with := func(more keys) keys {
		k := maps.Clone(who)
		maps.Copy(k, more)
		return k
	}
	env := sh(`cat; echo; env`)
	return setup{
		doc: guardedDocument,
		files: map[string]string{
			"keys": keyLine("alice", aliceKey), "tokens": "# bob\n" + keyLine("bob", bobToken), "users": htpasswd, "jwks.json": jwks(), "hook": hookSecret + "\n",
		},
		top: keys{"maxbody": "2MiB", "security": keys{
			"key": keys{"keysfile": "keys"}, "qkey": keys{"keys": []string{strings.TrimSpace(keyLine("alice-by-query", aliceKey))}},
			"cookie": keys{"keysenv": "COOKIE_KEYS"}, "basic": keys{"htpasswd": "users"}, "token": keys{"keysfile": "tokens"},
			"oauth": keys{"jwks": "jwks.json", "issuer": "https://id.example/", "audience": "shop"}, "sso": "upstream",
			"hook": keys{"hmac": "github", "secretfile": "hook"},
		}},
		environ: []string{"COOKIE_KEYS=" + strings.TrimSpace(keyLine("alice-by-cookie", aliceKey))},
		ops: ops{
			"get /key": who, "post /key": who, "get /open": who, "get /optional": who, "get /either": who, "get /both": who, "get /basic": who, "get /orders": who, "get /proxied": who,
			"get /query": {"cmd": env, "channel": "stdin", "reply": "stdout"},
			"post /cgi":  {"cmd": sh(`printf 'Content-Type: text/plain\n\n'; env`), "reply": "cgi"},
			"post /hook": with(keys{"channel": "stdin"}),
		},
	}
}

// ran counts the scripts that were started.
func (g *gateway) ran(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir(g.path("marks"))
	check(t, err)
	return len(entries)
}

// Every operation lets in whom the document lets in, and starts nothing for others.
func TestSecurityAsTheDocumentStatesIt(t *testing.T) {
	t.Parallel()
	g := start(t, guarded())
	basic := func(text string) string {
		return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(text))
	}
	const key, bearer = "X-Key: " + aliceKey, "Authorization: Bearer " + bobToken
	for _, c := range []struct {
		path    string
		headers []string
		user    string // who is let in
		status  int    // 401 or 403, else
	}{
		{"/key", []string{key}, "alice", 200},
		{"/key", []string{"x-KEY: " + aliceKey}, "alice", 200},
		{"/key", nil, "", 401},
		{"/key", []string{"X-Key: "}, "", 401},
		{"/key", []string{"X-Key: " + aliceKey + "x"}, "", 401},
		{"/key", []string{key, key}, "", 401},
		{"/key?api_key=" + aliceKey, nil, "", 401},
		{"/open", nil, "none", 200},
		{"/optional", nil, "none", 200},
		{"/optional", []string{key}, "alice", 200},
		{"/optional", []string{"X-Key: wrong"}, "none", 200},
		{"/either", []string{key}, "alice", 200},
		{"/either", []string{bearer}, "bob", 200},
		{"/either", []string{"X-Key: wrong", bearer}, "bob", 200},
		{"/either", nil, "", 401},
		{"/both", []string{bearer}, "", 401},
		{"/both", []string{key}, "", 401},
		{"/both", []string{key, bearer}, "alice", 200},
		{"/basic", []string{basic("carol:" + password)}, "carol", 200},
		{"/basic", []string{basic("carol:" + password)}, "carol", 200},
		{"/basic", []string{basic("carol:wrong")}, "", 401},
		{"/basic", []string{basic("nobody:" + password)}, "", 401},
		{"/basic", []string{bearer}, "", 401},
		{"/orders", []string{"Authorization: Bearer " + signedJWT(t, nil)}, "dave", 200},
		{"/orders", []string{"Authorization: Bearer " + signedJWT(t, jwt.MapClaims{"scope": "orders:write"})}, "", 403},
		{"/orders", []string{"Authorization: Bearer " + signedJWT(t, jwt.MapClaims{"aud": "another"})}, "", 401},
		{"/orders", []string{"Authorization: Bearer " + signedJWT(t, jwt.MapClaims{"exp": time.Now().Add(-time.Hour).Unix()})}, "", 401},
		{"/orders", []string{"Authorization: Bearer " + strings.Repeat("x", 20<<10)}, "", 401},
		{"/proxied", nil, "none", 200},
	} {
		before := g.ran(t)
		a := g.get(t, c.path, c.headers...)
		if c.status == 200 {
			a.want(t, 200, "user="+c.user)
			continue
		}
		word := map[int]string{401: "unauthorized", 403: "forbidden"}[c.status]
		a.wantProblem(t, c.status, word)
		wantNoLeak(t, g, a)
		if len(a.header.Values("Www-Authenticate")) == 0 {
			t.Errorf("%s %q: no WWW-Authenticate", c.path, c.headers)
		}
		if after := g.ran(t); after != before {
			t.Errorf("%s %q: refused, and a script has run", c.path, c.headers)
		}
	}
	g.wantNoCredentials(t)
}

// wantNoCredentials looks for credentials in the log.
func (g *gateway) wantNoCredentials(t *testing.T) {
	t.Helper()
	for _, bad := range []string{aliceKey, bobToken, hookSecret, password, "eyJ", "$2y$"} {
		if strings.Contains(g.log(), bad) {
			t.Errorf("the log holds %q:\n%s", bad, tail(g.log(), 3000))
		}
	}
}

// The route comes before security, and security before the body and what is in it.
func TestOrderOfSecurity(t *testing.T) {
	t.Parallel()
	g := start(t, guarded())
	const key = "X-Key: " + aliceKey
	g.get(t, "/nowhere?api_key="+aliceKey).wantProblem(t, 404, "not-found")
	g.do(t, request{method: "DELETE", path: "/key"}).wantProblem(t, 405, "method-not-allowed")
	g.do(t, request{method: "OPTIONS", path: "/key"}).want(t, 204)
	g.post(t, "/key", "no JSON").wantProblem(t, 401, "unauthorized")
	g.post(t, "/key", "no JSON", key).wantProblem(t, 400, "not-json")
	g.get(t, "/query?n=x").wantProblem(t, 401, "unauthorized")
	g.get(t, "/query?n=x&api_key="+aliceKey).wantProblem(t, 400, "validation")

	// A body that is announced is not asked for.
	w := g.dial(t).ask("POST /key", "Content-Length: 1000000", "Content-Type: application/json", "Expect: 100-continue")
	resp, err := http.ReadResponse(w.in, nil)
	check(t, err)
	defer resp.Body.Close()
	if resp.StatusCode != 401 {
		t.Errorf("status %d before the body", resp.StatusCode)
	}
	large := request{method: "POST", path: "/key", body: bytes.Repeat([]byte("x"), 3<<20)}
	if a, err := g.try(large); err == nil {
		a.wantProblem(t, 401, "unauthorized")
	}
	large.header = []string{key}
	g.do(t, large).wantProblem(t, 413, "too-large")
	g.wantNoCredentials(t)
}

// A signature needs the body; one that cannot be any does not wait for it.
func TestSignedBodies(t *testing.T) {
	t.Parallel()
	g := start(t, guarded())
	const body = `{"id": 1}`
	big := `{"id": 1, "pad": "` + strings.Repeat("x", 1<<20) + `"}`
	g.post(t, "/hook", body, hookSignature(t, body)).want(t, 200, "user=none")
	g.post(t, "/hook", big, hookSignature(t, big)).want(t, 200, "user=none")
	g.do(t, request{method: "POST", path: "/hook", body: []byte(body), chunked: true, header: []string{"Content-Type: application/json", hookSignature(t, body)}}).want(t, 200)
	// The signature is over what was sent, not over what is made of it.
	form := "id=1"
	a := g.post(t, "/hook", form, "Content-Type: application/x-www-form-urlencoded", hookSignature(t, form))
	if a.status == 401 {
		t.Errorf("a signed form: %s", a.body)
	}
	before := g.ran(t)
	g.post(t, "/hook", body+" ", hookSignature(t, body)).wantProblem(t, 401, "unauthorized")
	g.post(t, "/hook", "no JSON", hookSignature(t, body)).wantProblem(t, 401, "unauthorized")
	g.post(t, "/hook", "no JSON", hookSignature(t, "no JSON")).wantProblem(t, 400, "not-json")
	g.post(t, "/hook", `{}`, hookSignature(t, `{}`)).wantProblem(t, 400, "validation")
	g.post(t, "/hook", body).wantProblem(t, 401, "unauthorized")
	over := strings.Repeat("x", 3<<20)
	g.post(t, "/hook", over, hookSignature(t, over)).wantProblem(t, 413, "too-large")
	if after := g.ran(t); after != before {
		t.Errorf("%d scripts have run for refused bodies", after-before)
	}
	// With real curl, as the documentation shows it.
	out := curl(t, "-H", "Content-Type: application/json", "-H", hookSignature(t, body), "--data-binary", body, "http://"+g.addr+"/hook")
	if out != "user=none" {
		t.Errorf("curl: %s", out)
	}
	g.wantNoCredentials(t)
}

// Who the caller is reaches the script, how he has shown it does not.
func TestWhatAScriptIsGivenOfCredentials(t *testing.T) {
	t.Parallel()
	g := start(t, guarded())
	a := g.get(t, "/query?a=b&n=7&api_key="+aliceKey+"&c=%20").want(t, 200)
	for _, want := range []string{`"n":7`, `"a":"b"`, "\nQUERY_STRING=a=b&n=7&c=%20\n", "\nUROCKET_USER=alice-by-query\n"} {
		if !strings.Contains(string(a.body), want) {
			t.Errorf("the script lacks %q:\n%s", want, a.body)
		}
	}
	a = g.post(t, "/cgi?x=1&api%5Fkey="+aliceKey, "", "X-Key: "+aliceKey, "Cookie: a=1; session="+aliceKey, "Cookie: b=2", "X-Other: kept").want(t, 200)
	for _, want := range []string{"REMOTE_USER=alice-by-cookie\n", "AUTH_TYPE=apiKey\n", "UROCKET_USER=alice-by-cookie\n", "HTTP_COOKIE=a=1; b=2\n", "HTTP_X_OTHER=kept\n", "REQUEST_URI=/cgi?x=1\n", "QUERY_STRING=x=1\n"} {
		if !strings.Contains(string(a.body), want) {
			t.Errorf("the CGI script lacks %q:\n%s", want, a.body)
		}
	}
	for _, bad := range []string{aliceKey, "HTTP_X_KEY", "COOKIE_KEYS"} {
		if strings.Contains(string(a.body), bad) {
			t.Errorf("the CGI script is given %s:\n%s", bad, a.body)
		}
	}
	eventually(t, "the log names the user", func() bool { return len(g.logLines(`"path":"/cgi"`, `"user":"alice-by-cookie"`)) == 1 })
	g.wantNoCredentials(t)
}

// What is not given to a script is not given to a worker either.
func TestWhatAWorkerIsGivenOfCredentials(t *testing.T) {
	t.Parallel()
	s, odds := guarded(), oddSetup(t, nil, nil)
	s.doc = strings.Replace(s.doc, "/cgi:", "/head:", 1)
	delete(s.ops, "post /cgi")
	s.ops["post /head"] = odd(nil, nil)
	maps.Copy(s.files, odds.files)
	g := start(t, s).staffed(t)
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	a := g.post(t, "/head?x=1&api%5Fkey="+aliceKey, "{}", "X-Key: "+aliceKey, "Cookie: a=1; session="+aliceKey, "Cookie: b=2",
		"Authorization: Bearer "+aliceKey, "X-Other: kept", "Traceparent: "+parent).want(t, 200)
	if strings.Contains(string(a.body), aliceKey) {
		t.Errorf("the worker is given the key:\n%s", a.body)
	}
	var head struct {
		Query   string
		Headers map[string][]string
		Env     map[string]string
	}
	a.decode(t, &head)
	if head.Query != "x=1" || head.Env["QUERY_STRING"] != "x=1" || head.Env["UROCKET_USER"] != "alice-by-cookie" || !strings.HasPrefix(head.Env["TRACEPARENT"], parent[:36]) {
		t.Errorf("%+v", head)
	}
	if strings.Join(head.Headers["cookie"], "; ") != "a=1; b=2" || head.Headers["x-key"] != nil || head.Headers["authorization"] != nil || head.Headers["x-other"] == nil {
		t.Errorf("%v", head.Headers)
	}
	g.wantNoCredentials(t)
}

// What is renewed counts without a restart: files by themselves, the map by SIGHUP. What
// cannot be used changes nothing.
func TestCredentialsAreRenewed(t *testing.T) {
	t.Parallel()
	s := guarded()
	g := start(t, s)
	status := func(key string) int { return g.get(t, "/key", "X-Key: "+key).status }
	if status(aliceKey) != 200 || status("erin-key") != 401 {
		t.Fatal("not even at first")
	}
	g.write("keys", keyLine("erin", "erin-key"), 0o644)
	eventually(t, "the new key is taken", func() bool { return status("erin-key") == 200 })
	if got := status(aliceKey); got != 401 {
		t.Errorf("a key that was withdrawn: %d", got)
	}
	g.write("keys", "a line that is none\n", 0o644)
	eventually(t, "the log tells", func() bool { _ = status("x"); return len(g.logLines("not read again", "keysfile", "line 1")) > 0 })
	if status("erin-key") != 200 {
		t.Error("a broken file has changed something")
	}
	g.hangup(t, refusedLine) // a start would refuse it
	if len(g.logLines("line 1 is not of the form", "urocket-service.yaml")) == 0 {
		t.Errorf("the log does not say where:\n%s", tail(g.log(), 2000))
	}
	if status("erin-key") != 200 {
		t.Error("a refused reload has changed something")
	}
	g.write("keys", keyLine("frank", "frank-key"), 0o644)
	line := g.hangup(t, reloadedLine)
	if status("frank-key") != 200 || status("erin-key") != 401 {
		t.Errorf("after a reload: %s", line)
	}
	s.top["security"].(keys)["key"] = keys{"keysfile": "tokens"}
	if line := g.reload(t, setup{doc: s.doc, top: s.top, ops: s.ops}, reloadedLine); !strings.Contains(line, `"keys":"security"`) {
		t.Errorf("the log's line: %s", line)
	}
	if status(bobToken) != 200 || status("frank-key") != 401 {
		t.Error("the map was not reloaded")
	}
	g.wantNoCredentials(t)
}

// Keys that were fetched are kept across a reload, and fetched only when needed.
func TestKeysFromAnIssuer(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	var down atomic.Bool
	idp := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		if down.Load() {
			w.WriteHeader(503)
			return
		}
		fmt.Fprint(w, jwks())
	}))
	defer idp.Close()
	s := guarded()
	s.top["security"].(keys)["oauth"] = keys{"jwks": idp.URL + "/keys", "issuer": "https://id.example/", "audience": []string{"shop"}}
	g := start(t, s)
	if asked.Load() != 0 {
		t.Error("asked before the first token")
	}
	good := "Authorization: Bearer " + signedJWT(t, nil)
	g.get(t, "/orders", good).want(t, 200, "user=dave")
	down.Store(true)
	g.hangup(t, reloadedLine)
	g.get(t, "/orders", good).want(t, 200, "user=dave")
	if n := asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}

	down.Store(true)
	h := start(t, s)
	p := h.get(t, "/orders", good).wantProblem(t, 500, "internal")
	if strings.Contains(p.Detail, idp.URL) {
		t.Errorf("the caller is told of the issuer: %s", p.Detail)
	}
	eventually(t, "the log says why", func() bool { return len(h.logLines("status 503", idp.URL)) > 0 })
	h.get(t, "/orders").wantProblem(t, 401, "unauthorized")
}

// What nothing covers refuses start, all of it at once, each at its line and with what to
// write.
func TestSecurityThatRefusesStart(t *testing.T) {
	t.Parallel()
	g := prepare(t, guarded())
	g.write("plain", "carol:plain-password\n", 0o644)
	text := `servicename: guarded
listen: 127.0.0.1:0
socketpath: ` + g.sock + `
openapi: openapi.yaml
security:
  key: {htpasswd: users}
  nokey: upstream
  basic:
    htpasswd: plain
  hook: {hmac: github, secretfile: hook}
defaults: {reply: stdout, cmd: /bin/true}
paths:
  /either: {get: {}}
  /orders: {get: {}}
  /open: {get: {}}
  /hook: {post: {}}
`
	g.write("bad.yaml", text, 0o644)
	o := g.cli(t, "dry", "-c", "bad.yaml").want(t, 2,
		"bad.yaml:6: security: key: the document says that key is an apiKey in header X-Key, which this cannot check: it takes keys, keysfile, keysenv, hmac, upstream",
		"bad.yaml:7: security: nokey: the document has no security scheme of this name; it has basic, cookie, hook, key, oauth, qkey, sso, token",
		"bad.yaml:9: security: basic: htpasswd: ", "line 1: the hash is none of bcrypt")
	if strings.Contains(o.text(), "plain-password") {
		t.Errorf("a password is shown: %s", o.text())
	}
	g.write("bad.yaml", strings.NewReplacer("  key: {htpasswd: users}\n", "", "  nokey: upstream\n", "", "htpasswd: plain", "htpasswd: users").Replace(text), 0o644)
	g.cli(t, "run", "-c", "bad.yaml").want(t, 2,
		"bad.yaml:11: security: nobody could call this operation: the document demands key (an apiKey in header X-Key), which nothing here covers: write below security `key: {keysfile: FILE}`, or `key: upstream` if a proxy checks it; or token (http bearer), which nothing here covers: write below security `token: {keysfile: FILE}`",
		"bad.yaml:12: security: nobody could call this operation: the document demands oauth (oauth2), which nothing here covers: write below security `oauth: {jwks: URL, issuer: URL, audience: NAME}`")
}

// One alternative is enough to be served; which cannot be met is told. What a proxy checks
// alone is met by everybody, which is told, too.
func TestSecurityOnDry(t *testing.T) {
	t.Parallel()
	g := prepare(t, guarded())
	text := `servicename: guarded
listen: 127.0.0.1:0
socketpath: ` + g.sock + `
openapi: openapi.yaml
security:
  token: {keysfile: tokens}
  SCHEME
defaults: {reply: stdout, cmd: /bin/true}
paths:
  /either: {get: {}}
  /open: {get: {}}
  /optional: {get: {}}
`
	g.write("one.yaml", strings.Replace(text, "SCHEME", "", 1), 0o644)
	g.cli(t, "dry", "-c", "one.yaml").want(t, 0,
		"GET     /either\n        stdout, payload by cmdline, for 1s at most: /bin/true\n        security: token\n", "/open\n        stdout, payload by cmdline, for 1s at most: /bin/true\n        security: nothing\n",
		"one.yaml:10: security: token is checked, which is enough; the document would take, too, key (an apiKey in header X-Key), which nothing here covers",
		"security: nothing\n")
	g.write("two.yaml", strings.Replace(text, "SCHEME", "key: upstream", 1), 0o644)
	g.cli(t, "dry", "-c", "two.yaml").want(t, 0, "security: key (upstream), or token\n", "two.yaml:10: security: nobody is refused here, whatever he sends")
	g.write("all.yaml", strings.NewReplacer("security:\n", "security: upstream\n", "  token: {keysfile: tokens}\n  SCHEME\n", "").Replace(text), 0o644)
	g.cli(t, "dry", "-c", "all.yaml").want(t, 0, "/either\n        stdout, payload by cmdline, for 1s at most: /bin/true\n        security: upstream\n")

	// What the document demands of all holds for what it lacks, too.
	more := strings.Replace(text, "/optional", "/more", 1)
	g.write("more.yaml", strings.Replace(more, "SCHEME", "", 1), 0o644)
	g.cli(t, "dry", "-c", "more.yaml").want(t, 2, "more.yaml:12: security: nobody could call this operation: the document demands key")
	g.write("more.yaml", strings.Replace(more, "SCHEME", "key: {keysfile: keys}", 1), 0o644)
	g.cli(t, "dry", "-c", "more.yaml").want(t, 0, "/more\n        stdout, payload by cmdline, for 1s at most: /bin/true\n        security: key\n")
	g.write("openapi.yaml", strings.Replace(guardedDocument, "security: [{key: []}]\npaths:", "paths:", 1), 0o644)
	g.cli(t, "dry", "-c", "more.yaml").want(t, 0, "more.yaml:12: /more is not in the document: it is served unvalidated, and to everybody")
	g.write("openapi.yaml", guardedDocument, 0o644)

	o := g.cli(t, "parse", "-c", "one.yaml").want(t, 0, `keysfile: "`+g.path("tokens")+`"`)
	g.write("again.yaml", o.stdout, 0o644)
	if again := g.cli(t, "parse", "-c", "again.yaml").want(t, 0); again.stdout != o.stdout {
		t.Errorf("what is printed is another configuration:\n%s", again.stdout)
	}
}
