package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// openssl runs the tool in the gateway's folder of certificates.
func (g *gateway) openssl(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.Command("openssl", args...)
	cmd.Dir = g.path("pki")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("openssl %q: %v: %s", args, err, out)
	}
}

// authority makes NAME.crt and NAME.key of a certificate authority.
func (g *gateway) authority(t *testing.T, name string) {
	t.Helper()
	check(t, os.MkdirAll(g.path("pki"), 0o755))
	g.openssl(t, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
		"-subj", "/CN="+name, "-keyout", name+".key", "-out", name+".crt")
}

// issue makes NAME.crt and NAME.key of a certificate that an authority has signed.
func (g *gateway) issue(t *testing.T, ca, name, extension string) {
	t.Helper()
	g.openssl(t, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN="+name, "-keyout", name+".key", "-out", name+".csr")
	check(t, os.WriteFile(g.path("pki", name+".ext"), []byte(extension+"\n"), 0o644))
	g.openssl(t, "x509", "-req", "-in", name+".csr", "-CA", ca+".crt", "-CAkey", ca+".key", "-CAcreateserial", "-days", "30", "-extfile", name+".ext", "-out", name+".crt")
}

// Extensions of certificates.
const (
	ofServer = "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth"
	ofClient = "extendedKeyUsage=clientAuth"
)

// installed puts a certificate where the configuration wants it.
func (g *gateway) installed(t *testing.T, from string) {
	t.Helper()
	for _, end := range []string{".crt", ".key"} {
		text, err := os.ReadFile(g.path("pki", from+end))
		check(t, err)
		check(t, os.WriteFile(g.path("live"+end+".new"), text, 0o600))
		check(t, os.Rename(g.path("live"+end+".new"), g.path("live"+end)))
	}
}

// startTLS starts a gateway that shows a certificate of the authority ca.
func startTLS(t *testing.T, s setup, tlsKeys keys) *gateway {
	t.Helper()
	if s.top == nil {
		s.top = keys{}
	}
	s.top["tls"] = keys{"cert": "live.crt", "key": "live.key"}
	for key, value := range tlsKeys {
		s.top["tls"].(keys)[key] = value
	}
	g := prepare(t, s)
	g.authority(t, "ca")
	g.issue(t, "ca", "server", ofServer)
	g.installed(t, "server")
	roots := x509.NewCertPool()
	text, err := os.ReadFile(g.path("pki", "ca.crt"))
	check(t, err)
	roots.AppendCertsFromPEM(text)
	g.secure = &tls.Config{RootCAs: roots, ServerName: "127.0.0.1"}
	g.launch(s)
	g.waitUp()
	return g
}

// curlTLS is what curl prints, and the text of its failure.
func (g *gateway) curlTLS(args ...string) (string, error) {
	out, err := exec.Command("curl", append([]string{"-sS", "--max-time", "60", "--cacert", g.path("pki", "ca.crt")}, args...)...).CombinedOutput()
	return string(out), err
}

// wantCurl wants curl to succeed and to print a text.
func (g *gateway) wantCurl(t *testing.T, want string, args ...string) {
	t.Helper()
	if out, err := g.curlTLS(args...); err != nil || out != want {
		t.Errorf("curl %q: %v: %q, want %q", args, err, out, want)
	}
}

// With TLS an answer is what it is without: whole or visibly not.
func TestTLS(t *testing.T) {
	t.Parallel()
	g := startTLS(t, setup{ops: ops{
		"get /hi":          says("hi"),
		"post /cat":        {"cmd": "/bin/cat", "channel": "stdin", "reply": "stdout", "encoding": "raw"},
		"get /stream":      {"cmd": sh(noteID + "echo first; " + awaitMark + "echo second"), "env": tenv, "reply": "stdout"},
		"get /fails-later": {"cmd": sh(noteID + "echo partial; " + awaitMark + "exit 3"), "env": tenv, "reply": "stdout"},
		"get /late":        {"cmd": sh("echo partial; " + "sleep 60"), "env": tenv, "reply": "stdout", "timeout": "300ms"},
		"get /kill":        living(keys{"cmd": sh(onTerm + noteID + awaitMark), "ondisconnect": "kill"}),
	}}, nil)
	url := "https://" + g.addr
	g.wantCurl(t, "hi\n", url+"/hi")
	g.wantCurl(t, "hi\n1.1", "--http2", "-w", "%{http_version}", url+"/hi")
	g.wantCurl(t, "hi\n1hi\n0", "-w", "%{num_connects}", url+"/hi", url+"/hi", "-o", "/dev/stdout") // the second finds it open
	large := strings.Repeat("0123456789abcdef", 1<<16)
	g.write("large", large, 0o644)
	g.wantCurl(t, large, "--data-binary", "@"+g.path("large"), url+"/cat")

	t.Run("it is streamed", func(t *testing.T) { t.Parallel(); g.wantStreamed(t, "/stream") })
	for _, path := range []string{"/fails-later", "/late"} {
		t.Run("failure after the first byte breaks off: "+path, func(t *testing.T) { t.Parallel(); g.wantBrokenOff(t, path) })
		for _, version := range []string{"--http1.1", "--http1.0"} {
			t.Run("curl sees it: "+path+" "+version, func(t *testing.T) {
				t.Parallel()
				tok := token()
				g.release(t, tok)
				if out, err := g.curlTLS(version, url+path+"?t="+tok); err == nil {
					t.Errorf("a clean end: %q", out)
				}
			})
		}
	}
	t.Run("a caller who leaves is noticed", func(t *testing.T) {
		t.Parallel()
		tok := token()
		w := g.dial(t).ask("GET /kill?t=" + tok)
		g.idOf(t, tok)
		check(t, w.Close())
		eventually(t, "the script gets SIGTERM", func() bool { return exists(g.path("marks", tok+".term")) })
	})
	t.Run("who speaks no TLS is told", func(t *testing.T) {
		t.Parallel()
		if out := curl(t, "-o", "/dev/null", "-w", "%{http_code}", "http://"+g.addr+"/hi"); out != "400" {
			t.Errorf("status %s", out)
		}
	})
	t.Run("old versions are refused", func(t *testing.T) {
		t.Parallel()
		if out, err := g.curlTLS("--tlsv1.0", "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0", url+"/hi"); err == nil {
			t.Errorf("served: %s", out)
		}
	})
}

// A certificate is renewed by replacing its files; what cannot be used is told, and the
// old one shown on.
func TestCertificateIsRenewed(t *testing.T) {
	t.Parallel()
	s := setup{top: keys{}, ops: ops{"get /hi": says("hi")}}
	g := startTLS(t, s, nil)
	url := "https://" + g.addr + "/hi"
	subject := func() string {
		out, err := g.curlTLS("-v", url)
		check(t, err)
		for line := range strings.Lines(out) {
			if _, name, ok := strings.Cut(line, "subject: CN="); ok {
				return strings.TrimSpace(name)
			}
		}
		t.Fatalf("no subject: %s", out)
		return ""
	}
	if got := subject(); got != "server" {
		t.Fatalf("it shows %q", got)
	}
	kept := g.dial(t) // a connection that stays open is served on
	kept.ask("GET /hi").answer("GET").want(t, 200)
	g.issue(t, "ca", "renewed", ofServer)
	g.installed(t, "renewed")
	eventually(t, "the new one is shown", func() bool { return subject() == "renewed" })
	kept.ask("GET /hi").answer("GET").want(t, 200)
	g.write("live.key", "no key", 0o600)
	eventually(t, "the log tells", func() bool { _ = subject(); return len(g.logLines("the old certificate is shown on")) > 0 })
	if got := subject(); got != "renewed" {
		t.Errorf("with a broken key it shows %q", got)
	}
	if line := g.hangup(t, refusedLine); line == "" || len(g.logLines("tls: key: use the certificate with its key")) == 0 {
		t.Errorf("a reload with a broken key:\n%s", tail(g.log(), 2000))
	}
	// Other files by SIGHUP; none at all needs a restart.
	g.issue(t, "ca", "third", ofServer)
	s.top["tls"] = keys{"cert": "pki/third.crt", "key": "pki/third.key", "minversion": "1.3"}
	if line := g.reload(t, s, reloadedLine); !strings.Contains(line, `"keys":"tls"`) {
		t.Errorf("the log's line: %s", line)
	}
	if got := subject(); got != "third" {
		t.Errorf("after a reload it shows %q", got)
	}
	if out, err := g.curlTLS("--tls-max", "1.2", url); err == nil {
		t.Errorf("TLS 1.2 is served: %s", out)
	}
	s.top["tls"] = nil
	g.reload(t, s, refusedLine)
	if len(g.logLines("tls was on and is off now, which needs a restart")) == 0 {
		t.Errorf("the log does not say why:\n%s", tail(g.log(), 2000))
	}
	if got := subject(); got != "third" {
		t.Errorf("after a refused reload it shows %q", got)
	}
}

// Client certificates: only where the document wants one, and only of the authority.
func TestMutualTLS(t *testing.T) {
	t.Parallel()
	s := setup{
		doc: `openapi: 3.1.0
info: {title: t, version: "1"}
paths:
  /open: {get: {responses: {"200": {description: d}}}}
  /mine: {get: {security: [{client: []}], responses: {"200": {description: d}}}}
  /yours: {get: {security: [{other: []}], responses: {"200": {description: d}}}}
components:
  securitySchemes:
    client: {type: mutualTLS}
    other: {type: mutualTLS}
`,
		top: keys{"security": keys{"client": keys{"clients": "any"}, "other": keys{"clients": []string{"yours.example.com"}}}},
		ops: ops{},
	}
	for _, path := range []string{"/open", "/mine", "/yours"} {
		s.ops["get "+path] = keys{"cmd": sh(`printf %s "${UROCKET_USER-none}"`), "reply": "stdout"}
	}
	s.files = map[string]string{"clientca.pem": ""}
	g := prepareClients(t, s)
	url := "https://" + g.addr
	with := func(name string) []string {
		return []string{"--cert", g.path("pki", name+".crt"), "--key", g.path("pki", name+".key")}
	}
	status := func(args ...string) string {
		out, err := g.curlTLS(append([]string{"-o", "/dev/null", "-w", "%{http_code}"}, args...)...)
		if err != nil {
			return "none"
		}
		return out
	}
	g.wantCurl(t, "none", url+"/open")
	g.wantCurl(t, "reports", append(with("reports"), url+"/mine")...)
	g.wantCurl(t, "yours.example.com", append(with("yours"), url+"/yours")...)
	for _, c := range []struct {
		want string
		args []string
	}{
		{"401", []string{url + "/mine"}},
		{"403", append(with("reports"), url+"/yours")},
		{"none", append(with("forged"), url+"/mine")}, // no handshake
		{"none", append(with("forged"), url+"/open")},
		{"401", append([]string{"-H", "X-Client-Cert: reports", "-H", "X-SSL-Client-S-DN: CN=reports"}, url+"/mine")},
	} {
		if got := status(c.args...); got != c.want {
			t.Errorf("curl %q: status %s, want %s", c.args, got, c.want)
		}
	}
	// The authority is replaced: who was good is not, on a connection that is open already
	// neither.
	cert, err := tls.LoadX509KeyPair(g.path("pki", "reports.crt"), g.path("pki", "reports.key"))
	check(t, err)
	g.secure.Certificates = []tls.Certificate{cert}
	kept := g.dial(t)
	kept.ask("GET /mine").answer("GET").want(t, 200, "reports")
	text, err := os.ReadFile(g.path("pki", "stranger.crt"))
	check(t, err)
	g.write("clientca.pem", string(text), 0o644)
	eventually(t, "the new authority counts", func() bool { return status(append(with("forged"), url+"/mine")...) == "200" })
	kept.ask("GET /mine").answer("GET").wantProblem(t, 401, "unauthorized")
	if got := status(append(with("reports"), url+"/mine")...); got != "none" {
		t.Errorf("a certificate of the old authority: status %s", got)
	}
}

// prepareClients starts a gateway that takes certificates of the authority ca: those of
// reports and yours. That of forged is of a stranger.
func prepareClients(t *testing.T, s setup) *gateway {
	t.Helper()
	p := prepare(t, setup{})
	p.authority(t, "ca")
	text, err := os.ReadFile(p.path("pki", "ca.crt"))
	check(t, err)
	s.files["clientca.pem"] = string(text)
	g := startTLS(t, s, keys{"clientca": "clientca.pem"})
	for _, end := range []string{".crt", ".key"} {
		check(t, os.Rename(p.path("pki", "ca"+end), g.path("pki", "clients"+end)))
	}
	g.authority(t, "stranger")
	g.issue(t, "clients", "reports", ofClient)
	g.issue(t, "clients", "yours", ofClient+"\nsubjectAltName=DNS:yours.example.com")
	g.issue(t, "stranger", "forged", ofClient)
	return g
}

func TestTLSThatRefusesStart(t *testing.T) {
	t.Parallel()
	g := prepare(t, setup{})
	g.authority(t, "ca")
	g.issue(t, "ca", "server", ofServer)
	text := `servicename: secure
listen: 127.0.0.1:0
socketpath: ` + g.sock + `
openapi: openapi.yaml
tls:
  cert: pki/server.crt
  key: pki/server.key
paths: {/hi: {get: {inject: {cmd: /bin/true}}}}
`
	for name, c := range map[string]struct{ old, new, want string }{
		"good":           {"", "", ""},
		"another's key":  {"server.key", "ca.key", "bad.yaml:7: tls: key: use the certificate with its key: tls: private key does not match public key"},
		"no certificate": {"server.crt", "server.key", "bad.yaml:6: tls: cert: use the certificate with its key"},
		"no authority":   {"server.key", "server.key\n  clientca: pki/server.key", "bad.yaml:8: tls: clientca: read the authorities: there is no certificate"},
		"missing file":   {"server.crt", "none.crt", `bad.yaml:6: cert: "pki/none.crt" does not exist`},
	} {
		g.write("bad.yaml", strings.Replace(text, c.old, c.new, 1), 0o644)
		code := 2
		if c.want == "" {
			code = 0
		}
		if o := g.cli(t, "dry", "-c", "bad.yaml").want(t, code, c.want); strings.Contains(o.text(), "PRIVATE KEY") || strings.Count(strings.TrimSpace(o.stderr), "\n") > 0 && code == 2 {
			t.Errorf("%s: %s", name, o.text())
		}
	}
}
