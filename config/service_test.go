package config

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWarnings(t *testing.T) {
	for _, c := range []struct {
		name  string
		edits []string
		words []string // none: no warning at all
	}{
		{"sound", nil, nil},
		{"payload goes nowhere", []string{"channel: stdin", "channel: cmdline", theCmd, theCmd + " #@", "    get:\n", "    post:\n"}, []string{"post /pets/{petId}", "channel cmdline", "does not reach", "write {{jsonpayload}} in cmd or env, or channel: stdin"}},
		{"no payload with get", []string{"channel: stdin", "channel: cmdline"}, nil},
		{"script that is not there", []string{theCmd, `cmd: sh missing.sh {{path.petId}} #@`}, []string{"sh is given missing.sh, and there is no /", "/missing.sh, so each call will fail; a relative path is relative to wd"}},
		{"script that is there", []string{theCmd, `cmd: sh page.php`}, nil},
		{"option of an interpreter", []string{theCmd, `cmd: ["sh", "-c", "exit"]`}, nil},
		{"shell syntax in a string", []string{theCmd, `cmd: echo a > b #@`}, []string{"no shell is in between: > is given as an argument", `["sh", "-c", "…"]`}},
		{"two streams in one", []string{theCmd, `cmd: echo a 2>&1 #@`}, []string{"2>&1 is given"}},
		{"shell syntax in quotes", []string{theCmd, `cmd: echo "a | b" '>'`}, nil},
		{"variable for a shell", []string{theCmd, `cmd: echo $HOME/x #@`}, []string{"no shell is in between: $HOME/x is given"}},
		{"names for a shell", []string{theCmd, `cmd: echo *.csv #@`}, []string{"*.csv is given"}},
		{"home for a shell", []string{theCmd, `cmd: echo ~/x #@`}, []string{"~/x is given"}},
		{"redirection", []string{theCmd, `cmd: echo x 2>/dev/null #@`}, []string{"2>/dev/null is given"}},
		{"stars that are none", []string{theCmd, `cmd: sed -e s/a*/b/ -o jsonpath={.items[*].name} a*b`}, nil},
		{"dollar that is none", []string{theCmd, `cmd: echo 5$ '$x'`}, nil},
		{"one brace", []string{theCmd, `cmd: ["/bin/echo", "{path.petId}"] #@`}, []string{"{path.petId} is no placeholder: write {{path.petId}}"}},
		{"braces that are none", []string{theCmd, `cmd: ["/bin/echo", "{a}", "{{{{path.petId}}"]`}, nil},
		{"timeout in seconds", []string{"timeout: 1000", "timeout: 60 #@"}, []string{"60 is 60 milliseconds: write 60s"}},
		{"timeout in milliseconds", []string{"timeout: 1000", "timeout: 60ms"}, nil},
		{"shell syntax in a list", []string{theCmd, `cmd: ["echo", ">", "b"]`}, nil},
		{"payload file is not named", []string{"channel: stdin", "channel: file", theCmd, theCmd + " #@", "    get:\n", "    put:\n"}, []string{"channel file", "does not reach", "{{payloadfile}}"}},
		{"payload in an argument", []string{"channel: stdin", "channel: cmdline", `"{{path.petId}}"`, `"{{jsonpayload}}"`}, nil},
		{"core that holds", []string{inMap, "      limits: {core: 0}\n" + inMap}, nil},
		{"onexit without effect", []string{"      running: 2", "      onexit: wait #@"}, []string{"onexit: wait has no effect with reply: stdout"}},
		{"onexit as it is anyway", []string{"      running: 2", "      onexit: fail"}, nil},
		{"onexit as a default", []string{topLine, "defaults: {onexit: wait}\n"}, nil},
		{"path without a verb", []string{"paths:\n", "paths:\n  /x: #@\n"}, []string{"/x", "no verb"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := edit(t, good, c.edits...)
			before, _, _ := strings.Cut(text, "#@")
			service := mustLoad(t, text)
			warnings := append(service.Warnings(), service.Hints()...)
			for _, o := range service.Operations {
				if o.Lost() != nil {
					warnings = append(warnings, *o.Lost())
				}
			}
			if c.words == nil {
				if len(warnings) > 0 {
					t.Errorf("want none, got %v", warnings)
				}
				return
			}
			if len(warnings) != 1 || warnings[0].Line != strings.Count(before, "\n")+1 {
				t.Fatalf("got %v", warnings)
			}
			for _, w := range c.words {
				if !strings.Contains(warnings[0].Message, w) {
					t.Errorf("no %q in %s", w, warnings[0])
				}
			}
		})
	}
	if w := mustLoad(t, "servicename: x\nsocketpath: u.sock\nopenapi: api.json\n").Warnings(); len(w) != 1 || !strings.Contains(w[0].Message, "no paths") {
		t.Errorf("a file without paths: %v", w)
	}
}

func TestFaultAt(t *testing.T) {
	s := mustLoad(t, `servicename: shop
socketpath: u.sock
openapi: api.json
defaults:
  timeout: 5s
paths:
  /a:
    get:
      validate-in: true
      inject:
        cmd: /bin/true
        env:
          - A=1
          - B=2
    put: {inject: {cmd: [/bin/true,
      x]}}
`)
	for _, c := range []struct {
		path, method, key string
		line              int
	}{
		{"/a", "get", "cmd", 11},
		{"/a", "GET", "cmd", 11},
		{"/a", "get", "validatein", 9},
		{"/a", "get", "validate-in", 9},
		{"/a", "get", "env", 12},
		{"/a", "get", "env[1]", 14},
		{"/a", "get", "env[7]", 12},
		{"/a", "put", "cmd[1]", 16},
		{"/a", "get", "timeout", 5},
		{"/a", "get", "reply", 8},
		{"/a", "get", "", 8},
		{"/a", "post", "cmd", 7},
		{"", "", "openapi", 3},
		{"/nowhere", "get", "paths", 6},
		{"", "", "security", 1},
	} {
		want := Fault{File: s.File, Line: c.line, Message: "is wrong"}
		if got := s.FaultAt(c.path, c.method, c.key, "is wrong"); got != want {
			t.Errorf("%v: got %v, want %v", c, got, want)
		}
	}
}

// full is every key that this version can carry out.
const full = `servicename: shop
port: 8081
socketpath: u.sock
socketmode: "0600"
socketgroup: 0
openapi: api.json
basepath: ""
admin: "127.0.0.1:0"
security:
  key: {keys: ["a:sha256:00 b"], keysfile: page.php, keysenv: PATH}
  basic: {htpasswd: page.php}
  "odd: ": upstream
  token: {jwks: "https://id.example/jwks", issuer: any, audience: any}
  oidc: {jwks: page.php, issuer: "https://id.example/", audience: [a, b], algorithms: [ES512], leeway: 0}
  hub: {hmac: github, secretfile: page.php}
  pay: {hmac: stripe, secretenv: PATH, tolerance: 1m}
  client: {clients: any}
  other: {clients: [a, "b c"]}
tls: {cert: page.php, key: page.php, clientca: page.php, minversion: 1.3}
maxbody: 1000001
queuewait: 1500ms
cgroup: {mode: "off", parent: "/a b"}
paths:
  /a/{b}.json:
    get: {reply: cgi, onexit: report, running: 1, queued: 0, inject: {cmd: [/bin/cat], script: page.php, timeout: none, grace: 0}}
    put: {reply: stdout, contenttype: "text/plain; charset=utf-8", inject: {cmd: "/bin/echo 'a  b' {{jsonpayload}}", passenv: [A, "B_*"], env: []}}
  "/ä : ":
    post: {onexit: wait, inject: {cmd: [/bin/echo, "", "{{{{", "\"\\'\t\n\u2028\u00a0\U0001F680"], env: ["A=\u0085 \uFEFF", "B=yes"]}}
  "/odd: ":
    head:
      limits: {memory: 64MiB, swap: 0, pids: 3, cpus: 0.25, cpuweight: 10, iomax: ["8:0 rbps=max"], ioweight: 9, nofile: 64, fsize: 1kB, core: 5, mode: besteffort}
      inject: {cmd: /bin/true}
`

func TestWhatIsWrittenLoadsTheSame(t *testing.T) {
	for _, text := range []string{good, full, strings.Replace(original, "api.json", "DIR/api.json", 1)} {
		first := mustLoad(t, text)
		again := rewrite(t, first)
		if diff := differ(first, again); diff != "" {
			t.Error(diff)
		}
		if len(first.Warnings()) != len(again.Warnings()) {
			t.Errorf("warnings before\n%v\nand after\n%v", first.Warnings(), again.Warnings())
		}
	}
}

// rewrite loads what WriteYAML makes of a service, from another folder.
func rewrite(t testing.TB, s *Service) *Service {
	t.Helper()
	var out bytes.Buffer
	if err := s.WriteYAML(&out); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "written.yaml")
	if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := Load(file)
	if err != nil {
		t.Fatalf("what was written is refused:\n%v\n%s", err, out.Bytes())
	}
	return again
}

func TestWrittenForm(t *testing.T) {
	s := mustLoad(t, good)
	var out bytes.Buffer
	if err := s.WriteYAML(&out); err != nil {
		t.Fatal(err)
	}
	want := `servicename: "shop"
listen: "127.0.0.1:8080"
socketpath: "DIR/u.sock"
socketmode: "0660"
openapi: "DIR/api.json"
maxbody: 10MiB
running: 8
queued: 256
queuewait: 10s
drain: 25s
cgroup: auto
paths:
  /pets/{petId}:
    get:
      validatein: true
      validateout: false
      reply: stdout
      onexit: fail
      replyfrom: anyone
      logstdout: false
      stats: false
      statswait: 50ms
      ondisconnect: continue
      running: 2
      inject:
        wd: "DIR"
        env: ["A=1"]
        cmd: ["/bin/echo", "{{path.petId}}"]
        channel: stdin
        encoding: raw
        timeout: 1s
        grace: 2s
        tmpdir: inherit
        options: refuse
        driver: spawn
      limits:
        core: 0
        mode: enforce
`
	if got := strings.ReplaceAll(out.String(), filepath.Dir(s.File), "DIR"); got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestWrittenAddress(t *testing.T) {
	const listen = "listen: 127.0.0.1:8080\n"
	for in, want := range map[string]string{
		"":                       "port: 8080\n",
		"port: 81\n":             "port: 81\n",
		"listen: \":8080\"\n":    "port: 8080\n",
		"listen: \":0\"\n":       "listen: \":0\"\n",
		"listen: 0.0.0.0:8080\n": "listen: \"0.0.0.0:8080\"\n",
	} {
		s := mustLoad(t, edit(t, good, listen, in))
		var out bytes.Buffer
		if err := s.WriteYAML(&out); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), "\n"+want) || rewrite(t, s).Listen != s.Listen {
			t.Errorf("%q: want %q in\n%s", in, want, out.Bytes())
		}
	}
}

// full of disks: a writer that takes nothing.
type fullDisk struct{}

var errFull = errors.New("no space")

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func TestWriteErrorIsPassedOn(t *testing.T) {
	if err := mustLoad(t, good).WriteYAML(fullDisk{}); !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
}
