package e2e

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// goodConfig is valid; each fault is an edit of it. #! marks the lines that the
// message has to name.
const goodConfig = `servicename: NAME
listen: ADDR
socketpath: @DIR@/u.sock
openapi: openapi.yaml
running: 8
paths:
  /pets/{petId}:
    get:
      validatein: true
      reply: stdout
      running: 2
      inject:
        wd: .
        env: ["A=1"]
        cmd: ["/bin/echo", "{{path.petId}}"]
        channel: stdin
        encoding: raw
        timeout: 1000
`

const petsDocument = `openapi: 3.0.3
info: {title: pets, version: "1"}
paths:
  /pets/{petId}:
    parameters:
    - {name: petId, in: path, required: true, schema: {type: string}}
    get:
      responses: {"200": {description: fine}}
`

// fault is one wrong configuration: old is replaced by new, and the message
// must hold one of words.
type fault struct {
	name, old, new string
	words          []string
}

const (
	goodCmd  = `cmd: ["/bin/echo", "{{path.petId}}"]`
	goodLine = "running: 8\n"
)

var faults = []fault{
	{"an unknown key at the top", goodLine, "runing: 8 #!\n", []string{"runing"}},
	{"an unknown key of an operation", "      running: 2", "      onexitt: fail #!", []string{"onexitt"}},
	{"an unknown key of inject", "        wd: .", "        wdir: . #!", []string{"wdir"}},
	{"an unknown key of limits", "      running: 2", "      limits: {memry: 64MiB} #!", []string{"memry"}},
	{"an unknown key of defaults", goodLine, "defaults: {timout: 1s} #!\n", []string{"timout"}},
	{"a wrong type: text for a number", goodLine, "running: many #!\n", []string{"many"}},
	{"a wrong type: a list for a map", "      running: 2", "      limits: [1, 2] #!", []string{"limits"}},
	{"a wrong type: text for a truth", "validatein: true", "validatein: perhaps #!", []string{"perhaps", "validatein"}},
	{"a key given twice", goodLine, "running: 8 #!\nrunning: 9 #!\n", []string{"running"}},
	{"a path given twice", "paths:\n  /pets/{petId}:\n", "paths:\n  /pets/{petId}:\n    put: {reply: report, inject: {cmd: [/bin/true]}}\n  /pets/{petId}: #!\n", []string{"/pets/{petId}"}},
	{"a verb given twice", "    get:\n", "    get: {reply: report, inject: {cmd: [/bin/true]}} #!\n    get: #!\n", []string{"get"}},
	{"both spellings of one key", "validatein: true", "validatein: true #!\n      validate-in: false #!", []string{"validate"}},
	{"a verb that OpenAPI lacks", "    get:\n", "    fetch: #!\n", []string{"fetch"}},
	{"a path placeholder without its part", "{{path.petId}}\"]", "{{path.nope}}\"] #!", []string{"nope"}},
	{"a query placeholder that the document lacks", "{{path.petId}}\"]", "{{query.nope}}\"] #!", []string{"nope"}},
	{"a header placeholder that the document lacks", "{{path.petId}}\"]", "{{header.X-Nope}}\"] #!", []string{"X-Nope"}},
	{"an unknown placeholder in env", `["A=1"]`, `["A={{whatever}}"] #!`, []string{"whatever"}},
	{"payloadfile without channel file", "{{path.petId}}\"]", "{{payloadfile}}\"] #!", []string{"payloadfile", "channel"}},
	{"a placeholder in the first word", goodCmd, `cmd: ["/bin/{{path.petId}}"] #!`, []string{"first", "path.petId"}},
	{"a placeholder without quotes", goodCmd, "cmd: {{jsonpayload}} #!", []string{"quot"}},
	{"an unknown tag", goodCmd, `cmd: !Tosplit "/bin/echo x" #!`, []string{"Tosplit"}},
	{"an unbalanced quote in cmd", goodCmd, `cmd: "/bin/echo 'abc" #!`, []string{"quot"}},
	{"an empty cmd", goodCmd, "cmd: [] #!", []string{"cmd"}},
	{"no cmd", "        " + goodCmd + "\n", "", []string{"cmd"}},
	{"a missing program by path", goodCmd, `cmd: ["/no/such/program"] #!`, []string{"/no/such/program"}},
	{"a missing program by name", goodCmd, `cmd: ["no-such-program-zq"] #!`, []string{"no-such-program-zq"}},
	{"a missing folder", "        wd: .", "        wd: ./no/such #!", []string{"no/such"}},
	{"a missing document", "openapi: openapi.yaml", "openapi: nowhere.yaml #!", []string{"nowhere.yaml"}},
	{"an unknown user", "        wd: .", "        wd: .\n        user: no-such-user-zq #!", []string{"no-such-user-zq"}},
	{"an unknown group", "        wd: .", "        wd: .\n        group: no-such-group-zq #!", []string{"no-such-group-zq"}},
	{"an unknown socketgroup", goodLine, "socketgroup: no-such-group-zq #!\n", []string{"no-such-group-zq"}},
	{"a second document", "        timeout: 1000\n", "        timeout: 1000\n--- #!\nservicename: other\n", []string{"document"}},
	{"a reply that is none", "reply: stdout", "reply: pigeon #!", []string{"pigeon"}},
	{"a channel that is none", "channel: stdin", "channel: smoke #!", []string{"smoke"}},
	{"an encoding that is none", "encoding: raw", "encoding: rot13 #!", []string{"rot13"}},
	{"an onexit that is none", "      running: 2", "      onexit: shrug #!", []string{"shrug"}},
	{"timeout 0", "timeout: 1000", "timeout: 0 #!", []string{"none"}},
	{"a negative timeout", "timeout: 1000", "timeout: -5 #!", []string{"timeout"}},
	{"a timeout in an unknown unit", "timeout: 1000", "timeout: 5 parsecs #!", []string{"parsecs"}},
	{"a size that is none", goodLine, "maxbody: 10 bananas #!\n", []string{"bananas", "maxbody"}},
	{"running 0", goodLine, "running: 0 #!\n", []string{"running"}},
	{"a servicename with other letters", "servicename: NAME", "servicename: Über/../x #!", []string{"servicename"}},
	{"an address that is none", "listen: ADDR", "listen: nowhere-at-all #!", []string{"listen", "nowhere-at-all"}},
	{"listen and port", goodLine, "port: 8080 #!\n", []string{"port", "listen"}},
	{"a socketpath over 107 bytes", "socketpath: @DIR@/u.sock", "socketpath: /tmp/" + strings.Repeat("s", 103) + " #!", []string{"107"}},
	{"a socketmode that is none", goodLine, "socketmode: \"0999\" #!\n", []string{"socketmode", "0999"}},
	{"an env entry without =", `["A=1"]`, `["NOEQUALS"] #!`, []string{"NOEQUALS"}},
	{"env that sets REQUEST_ID", `["A=1"]`, `["REQUEST_ID=1"] #!`, []string{"REQUEST_ID"}},
	{"env that sets UROCKET_", `["A=1"]`, `["UROCKET_X=1"] #!`, []string{"UROCKET_"}},
	{"env that sets a name twice", `["A=1"]`, `["A=1", "A=2"] #!`, []string{"twice"}},
	{"passenv of UROCKET_ names", "        wd: .", "        wd: .\n        passenv: [\"UROCKET_*\"] #!", []string{"UROCKET_"}},
	{"memory under 8MiB", "      running: 2", "      limits: {memory: 1MiB, mode: besteffort} #!", []string{"memory", "8MiB"}},
	{"a security scheme that says nothing", goodLine, "security: {key: {}} #!\n", []string{"security: key says nothing"}},
	{"no servicename", "servicename: NAME\n", "", []string{"servicename"}},
	{"no socketpath", "socketpath: @DIR@/u.sock\n", "", []string{"socketpath"}},
	{"no document named", "openapi: openapi.yaml\n", "", []string{"openapi"}},
	{"broken YAML", "reply: stdout", "reply: [stdout #!", nil},
}

// faulty writes the configuration with edits and returns its name.
func (g *gateway) faulty(t *testing.T, edits ...fault) string {
	t.Helper()
	text := goodConfig
	for _, e := range edits {
		if !strings.Contains(text, e.old) {
			t.Fatalf("the edit of %q does not apply", e.name)
		}
		text = strings.Replace(text, e.old, e.new, 1)
	}
	text = strings.NewReplacer("NAME", g.name, "ADDR", g.addr).Replace(g.expand(text))
	name := "svc-" + token() + ".yaml"
	g.write(name, text, 0o644)
	return name
}

var atLine = regexp.MustCompile(`svc-[0-9a-f-]+\.yaml:(\d+)`)

// wantRefused runs the program on a faulty file and demands exit code 2 and a
// message at the marked lines (each of them, or one).
func (g *gateway) wantRefused(t *testing.T, name string, every bool) outcome {
	t.Helper()
	o := g.cli(t, "run", "-c", g.path(name)).want(t, 2)
	var told []int
	for _, m := range atLine.FindAllStringSubmatch(o.text(), -1) {
		n, _ := strconv.Atoi(m[1])
		told = append(told, n)
	}
	if len(told) == 0 {
		t.Fatalf("no FILE:LINE in %s", o.text())
	}
	marked, found := 0, 0
	for i, line := range strings.Split(string(readFile(g.path(name))), "\n") {
		if strings.Contains(line, "#!") {
			marked++
			if slices.Contains(told, i+1) {
				found++
			}
		}
	}
	if marked > 0 && found == 0 || every && found < marked {
		t.Errorf("%d of %d marked lines named, lines told: %v\n%s", found, marked, told, o.text())
	}
	if regexp.MustCompile(`goroutine |\.go:\d|\*?config\.[A-Z]|yaml: unmarshal`).MatchString(o.text()) {
		t.Errorf("the message shows the program's insides: %s", o.text())
	}
	return o
}

func TestConfigFaults(t *testing.T) {
	t.Parallel()
	g := prepare(t, setup{doc: petsDocument})
	g.cli(t, "dry", "-c", g.path(g.faulty(t))).want(t, 0)
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			o := g.wantRefused(t, g.faulty(t, f), false)
			found := f.words == nil
			for _, w := range f.words {
				found = found || strings.Contains(strings.ToLower(o.text()), strings.ToLower(w))
			}
			if !found {
				t.Errorf("none of %q in %s", f.words, o.text())
			}
		})
	}
}

func TestConfigFaultsAllAtOnce(t *testing.T) {
	t.Parallel()
	g := prepare(t, setup{doc: petsDocument})
	names := []string{
		"an unknown key at the top", "a reply that is none", "an unknown key of an operation", "timeout 0",
		"a path placeholder without its part", "a missing folder", "an env entry without =", "a channel that is none",
	}
	var edits []fault
	for _, f := range faults {
		if slices.Contains(names, f.name) {
			edits = append(edits, f)
		}
	}
	if len(edits) != len(names) {
		t.Fatal("a fault has another name")
	}
	o := g.wantRefused(t, g.faulty(t, edits...), true)
	for _, w := range []string{"runing", "pigeon", "onexitt", "nope", "no/such", "NOEQUALS", "smoke"} {
		if !strings.Contains(o.text(), w) {
			t.Errorf("%q is not told: %s", w, o.text())
		}
	}
}

func TestSpellingsThatAreAccepted(t *testing.T) {
	t.Parallel()
	g := prepare(t, setup{doc: petsDocument})
	accepted := map[string]fault{
		"validate-in, validate-out, log-stdout": {old: "validatein: true", new: "validate-in: false\n      validate-out: true\n      log-stdout: true"},
		"a string":                              {old: goodCmd, new: `cmd: /bin/echo "a b" 'c'`},
		"!ToSplit":                              {old: goodCmd, new: `cmd: !ToSplit "/bin/echo a b"`},
		"!Splitted":                             {old: goodCmd, new: `cmd: !Splitted ["/bin/echo", "a b"]`},
		"blanks inside the braces":              {old: "{{path.petId}}", new: "{{ path.petId }}"},
		"a literal {{":                          {old: "{{path.petId}}", new: "{{{{x"},
		"seconds":                               {old: "timeout: 1000", new: "timeout: 1s"},
		"none":                                  {old: "timeout: 1000", new: "timeout: none"},
		"grace 0":                               {old: "timeout: 1000", new: "timeout: 5m\n        grace: 0"},
		"sizes":                                 {old: goodLine, new: "running: 8\nmaxbody: 1MiB\n"},
		"core 0":                                {old: "      running: 2", new: "      limits: {core: 0}"},
		"a limit at best effort":                {old: "      running: 2", new: "      limits: {nofile: 256, mode: besteffort}"},
	}
	for name, e := range accepted {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g.cli(t, "dry", "-c", g.path(g.faulty(t, e))).want(t, 0)
		})
	}
	t.Run("a security scheme that nothing covers", func(t *testing.T) {
		t.Parallel()
		h := prepare(t, setup{doc: petsDocument + "      security: [{key: []}]\ncomponents: {securitySchemes: {key: {type: apiKey, in: header, name: X-Key}}}\n"})
		h.cli(t, "dry", "-c", h.path(h.faulty(t))).want(t, 2, "security")
		h.cli(t, "dry", "-c", h.path(h.faulty(t, fault{old: "validatein: true", new: "validatein: false"}))).want(t, 2, "security")
		h.cli(t, "dry", "-c", h.path(h.faulty(t, fault{old: goodLine, new: "security: upstream\n"}))).want(t, 0)
	})
	t.Run("cgroup required follows what holds here", func(t *testing.T) {
		t.Parallel()
		o := g.cli(t, "dry", "-c", g.path(g.faulty(t, fault{old: goodLine, new: "cgroup: required\n"})))
		if o.code != 0 && (o.code == 1 || !strings.Contains(o.text(), "cgroup")) {
			t.Errorf("exit code %d: %s", o.code, o.text())
		}
	})
}
