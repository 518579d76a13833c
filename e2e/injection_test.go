package e2e

import (
	"net/url"
	"strings"
	"testing"
)

// hostile values: what a caller may send to become code.
var hostile = map[string]string{
	"single quotes":   `a'b''c'; touch marks/pwned; '`,
	"double quotes":   `a"b""c"; touch marks/pwned; "`,
	"substitution":    `$(touch marks/pwned)${PATH}$PATH$((1+1))`,
	"backticks":       "`touch marks/pwned`",
	"operators":       `; touch marks/pwned & touch marks/pwned | touch marks/pwned && touch marks/pwned`,
	"newlines":        "a\ntouch marks/pwned\n\r\nb\n\n",
	"backslashes":     `\\"\'\$(touch marks/pwned)\`,
	"globs":           `* ? [a-z] ~ {a,b}`,
	"blanks":          "  a   b\t c  ",
	"a redirection":   `>marks/pwned <marks/pwned`,
	"a comment":       `#touch marks/pwned`,
	"a format":        `%s%d%n\x41\n`,
	"invalid UTF-8":   "caf\xe9\xff\x80",
	"control":         "\x01\x1b[31m\x7f",
	"a placeholder":   `{{query.v}} {{requestid}} {{{{ UROCKET_V1 $UROCKET_V1`,
	"nothing":         "",
	"Unicode quotes":  "\u2019\u2018\u201c;\u2028touch marks/pwned",
	"an assignment":   `PATH=/nowhere IFS=x`,
	"a history event": `!! !-1 !touch`,
}

// contexts are the places where a value may stand; each prints it, bare.
var contexts = map[string]keys{
	"argv":                    {"cmd": []string{"@HELPER@", "probe", "--", "{{query.v}}"}},
	"within an argument":      {"cmd": []string{"@HELPER@", "probe", "--", "<{{query.v}}>"}},
	"a split string":          {"cmd": "@HELPER@ probe -- {{query.v}}"},
	"a quoted split string":   {"cmd": `@HELPER@ probe -- '{{query.v}}'`},
	"env":                     {"cmd": sh(`@HELPER@ probe -- "$V"`), "env": []string{"V={{query.v}}"}},
	"sh -c, outside quotes":   {"cmd": sh(`@HELPER@ probe -- {{query.v}}`)},
	"sh -c, double quotes":    {"cmd": sh(`@HELPER@ probe -- "{{query.v}}"`)},
	"sh -c, single quotes":    {"cmd": sh(`@HELPER@ probe -- '{{query.v}}'`)},
	"sh -c, mixed quotes":     {"cmd": sh(`@HELPER@ probe -- '<'"{{query.v}}"'>'`)},
	"sh -c, inside of single": {"cmd": sh(`@HELPER@ probe -- '<{{query.v}}>'`)},
	"sh -ec":                  {"cmd": []string{"/usr/bin/env", "sh", "-ec", `@HELPER@ probe -- {{query.v}}`}},
}

func TestInjection(t *testing.T) {
	t.Parallel()
	table := ops{}
	paths := map[string]string{}
	for name, op := range contexts {
		paths[name] = "/" + strings.NewReplacer(" ", "-", ",", "").Replace(name)
		op["reply"], op["encoding"] = "stdout", "raw"
		table["get "+paths[name]] = op
	}
	g := start(t, setup{ops: table})
	for where, path := range paths {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			for what, value := range hostile {
				want := value
				if cmd, ok := contexts[where]["cmd"].([]string); ok && strings.Contains(cmd[len(cmd)-1], "<") {
					want = "<" + value + ">"
				}
				s := g.see(t, request{path: path + "?v=" + url.QueryEscape(value)})
				if len(s.Args) != 2 || string(s.Args[1]) != want {
					t.Errorf("%s: arrived as %q, want %q", what, s.Args, want)
				}
				if exists(g.path("marks", "pwned")) {
					t.Fatalf("%s became code", what)
				}
			}
			g.get(t, path+"?v=a%00b").wantProblem(t, 400, "bad-request")
			if a := g.post(t, path, ""); a.status != 405 {
				t.Errorf("POST: %d", a.status)
			}
		})
	}
}

// A value that would begin an argument with "-" is refused, unless somebody has
// said that it may.
func TestOptionLikeValues(t *testing.T) {
	t.Parallel()
	const doc = `openapi: 3.0.3
info: {title: dash, version: "1"}
paths:
  /number: {get: {parameters: [{name: v, in: query, schema: {type: integer}}], responses: {"200": {description: fine}}}}
  /text: {get: {parameters: [{name: v, in: query, schema: {type: string}}], responses: {"200": {description: fine}}}}
`
	echo := func(more ...any) keys {
		k := keys{"cmd": []string{"@HELPER@", "probe", "{{query.v}}"}, "reply": "stdout"}
		for i := 0; i < len(more); i += 2 {
			k[more[i].(string)] = more[i+1]
		}
		return k
	}
	g := start(t, setup{doc: doc, ops: ops{
		"get /number":     echo(),
		"get /text":       echo(),
		"get /plain":      echo(),
		"get /joined":     echo("cmd", []string{"@HELPER@", "probe", "{{query.none}}{{query.v}}"}),
		"get /terminated": echo("cmd", []string{"@HELPER@", "probe", "--", "{{query.v}}"}),
		"get /prefixed":   echo("cmd", []string{"@HELPER@", "probe", "--v={{query.v}}"}),
		"get /allowed":    echo("options", "allow"),
		"get /env":        echo("cmd", "@HELPER@ probe", "env", []string{"V={{query.v}}"}),
	}})
	for _, path := range []string{"/text", "/plain", "/joined"} {
		for _, v := range []string{"-rf", "-", "--help", "-1x"} {
			g.get(t, path+"?v="+v).wantProblem(t, 400, "bad-request")
		}
		g.see(t, request{path: path + "?v=a-b"})
		g.see(t, request{path: path + "?v=%20-b"})
	}
	for _, path := range []string{"/terminated", "/prefixed", "/allowed"} {
		s := g.see(t, request{path: path + "?v=-rf"})
		if got := string(s.Args[len(s.Args)-1]); !strings.HasSuffix(got, "-rf") {
			t.Errorf("%s: %q", path, got)
		}
	}
	if s := g.see(t, request{path: "/number?v=-5"}); string(s.Args[0]) != "-5" {
		t.Errorf("a negative number arrived as %q", s.Args)
	}
	g.get(t, "/number?v=-x").wantProblem(t, 400, "validation")
	if env := g.see(t, request{path: "/env?v=-rf"}).env(t); env["V"] != "-rf" {
		t.Errorf("V=%q", env["V"])
	}
}

// Where a value could become code, the configuration is refused and the message
// names the way out.
func TestPlacesWhereAValueWouldBeCode(t *testing.T) {
	t.Parallel()
	for name, cmd := range map[string]any{
		"command position":      sh("{{query.v}} x"),
		"backticks":             sh("echo `echo {{query.v}}`"),
		"substitution":          sh("echo $(echo {{query.v}})"),
		"parameter expansion":   sh("echo ${X:-{{query.v}}}"),
		"arithmetic":            sh("echo $((1+{{query.v}}))"),
		"an arithmetic command": []string{"/bin/bash", "-c", "(( {{query.v}} ))"},
		"a test command":        []string{"/bin/bash", "-c", "[[ {{query.v}} -eq 1 ]]"},
		"an ANSI-C quote":       []string{"/bin/bash", "-c", "echo $'{{query.v}}'"},
		"an array index":        []string{"/bin/bash", "-c", "a[{{query.v}}]=1"},
		"a heredoc":             sh("cat <<X\n{{query.v}}\nX\n"),
		"a comment":             sh("echo x # {{query.v}}"),
		"eval":                  sh("eval {{query.v}}"),
		"eval, quoted":          sh(`eval "echo '{{query.v}}'"`),
		"a second shell":        sh(`sh -c "echo {{query.v}}"`),
		"source":                sh(". {{query.v}}"),
		"exec":                  sh("exec {{query.v}}"),
		"command":               sh("command {{query.v}}"),
		"trap":                  sh("trap {{query.v}} EXIT"),
		"test -v":               []string{"/bin/bash", "-c", "test -v {{query.v}}"},
		"printf -v":             []string{"/bin/bash", "-c", "printf -v {{query.v}} x"},
		"declare":               []string{"/bin/bash", "-c", "declare {{query.v}}"},
		"unset":                 sh("unset {{query.v}}"),
		"bash -lc after env":    []string{"/usr/bin/env", "bash", "-lc", "$(echo {{query.v}})"},
		"php -r":                []string{"php", "-r", "echo {{query.v}};"},
		"python3 -c":            []string{"/usr/bin/env", "python3", "-c", "print({{query.v}})"},
		"perl -e":               []string{"perl", "-e", "print {{query.v}}"},
		"awk":                   []string{"awk", "BEGIN { print {{query.v}} }"},
		"sed":                   []string{"sed", "s/x/{{query.v}}/"},
		"flock -c":              []string{"flock", "/tmp", "-c", "echo {{query.v}}"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := prepare(t, setup{ops: ops{"get /x": {"cmd": cmd}}})
			h.cli(t, "dry", "-c", h.path("urocket-service.yaml")).want(t, 2, "env")
		})
	}
}
