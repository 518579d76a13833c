package command

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// base is an Input in which all placeholders of these tests can be filled.
func base() Input {
	return Input{PathNames: []string{"x", "y"}, PayloadFile: true, Dir: "/", SearchPath: searchPath}
}

func TestLineIsSplitOnBlanks(t *testing.T) {
	for _, c := range []struct {
		line string
		want []string
	}{
		{"echo a  b\tc\nd ", []string{"echo", "a", "b", "c", "d"}},
		{`echo 'a b' "c d" e'f g'"h i"j`, []string{"echo", "a b", "c d", "ef gh ij"}},
		{`echo '' "" x''`, []string{"echo", "", "", "x"}},
		{`echo \n 'a\n' \' x'`, []string{"echo", `\n`, `a\n`, `\ x`}},
		{`echo "a\"b\\c\nd\$e"`, []string{"echo", `a"b\c\nd\$e`}},
		{`echo "it's" 'say "x"'`, []string{"echo", "it's", `say "x"`}},
		{`echo {{{{x}} {{{{ {{path.x}}`, []string{"echo", "{{{{x}}", "{{{{", "{{path.x}}"}},
		{`echo {{ path.x }}a {{query.it's a "name}}`, []string{"echo", "{{ path.x }}a", `{{query.it's a "name}}`}},
		{`echo '{{path.x}} b' "\{{path.y}}"`, []string{"echo", "{{path.x}} b", `\{{path.y}}`}},
	} {
		in := base()
		in.Line = c.line
		if got := mustCompile(t, in).Argv(); !slices.Equal(got, c.want) {
			t.Errorf("%q is split into %q, want %q", c.line, got, c.want)
		}
	}
}

func TestExpandFillsOneArgumentEach(t *testing.T) {
	in := base()
	in.Line = `echo {{path.x}} a{{path.x}}b'{{path.y}} c' {{query.none}} {{{{path.x}} {{header.X-Id}}`
	in.Env = []string{"A=1", "PET={{path.x}}/{{ query.none }}", "E=", "B=a=b {{{{"}
	v := values{"x": `{{requestid}} $x "'`, "y": "\n*", "X-Id": "é"}
	argv, env, err := mustCompile(t, in).Expand(v)
	if err != nil {
		t.Fatal(err)
	}
	wantArgv := []string{"echo", v["x"], "a" + v["x"] + "b" + v["y"] + " c", "", "{{path.x}}", "é"}
	wantEnv := []string{"A=1", "PET=" + v["x"] + "/", "E=", "B=a=b {{"}
	if !slices.Equal(argv, wantArgv) || !slices.Equal(env, wantEnv) {
		t.Errorf("Expand gives\n%q %q, want\n%q %q", argv, env, wantArgv, wantEnv)
	}
}

func TestScriptsGetReferences(t *testing.T) {
	in := base()
	in.Words = []string{"env", "sh", "-c", `echo {{path.x}} "a {{path.y}}" 'b {{ path.x }}'`, "sh", "{{path.y}}"}
	in.Env = []string{"A={{path.y}}"}
	c := mustCompile(t, in)
	argv, env, err := c.Expand(values{"x": "1", "y": "2"})
	if err != nil {
		t.Fatal(err)
	}
	script := `echo "$UROCKET_V1" "a ${UROCKET_V2}" 'b '"$UROCKET_V1"''`
	if want := []string{"env", "sh", "-c", script, "sh", "2"}; !slices.Equal(argv, want) {
		t.Errorf("argv is %q, want %q", argv, want)
	}
	if want := []string{"A=2", "UROCKET_V1=1", "UROCKET_V2=2"}; !slices.Equal(env, want) {
		t.Errorf("env is %q, want %q", env, want)
	}
	if got := c.Argv(); !slices.Equal(got, in.Words) {
		t.Errorf("Argv is %q, want it as written: %q", got, in.Words)
	}
}

func TestPlaceholdersAreListed(t *testing.T) {
	in := base()
	in.Words = []string{"sh", "-c", "echo {{query.a}}", "{{header.X-Id}}", "{{jsonpayload}}{{method}}"}
	in.Env = []string{"A=1", "B={{uripath}} {{requestid}} {{payloadfile}}"}
	want := []Use{
		{"cmd", 2, Placeholder{Query, "a"}},
		{"cmd", 3, Placeholder{Header, "X-Id"}},
		{"cmd", 4, Placeholder{Source: Payload}},
		{"cmd", 4, Placeholder{Source: Method}},
		{"env", 1, Placeholder{Source: URIPath}},
		{"env", 1, Placeholder{Source: RequestID}},
		{"env", 1, Placeholder{Source: PayloadFile}},
	}
	if got := mustCompile(t, in).Placeholders(); !slices.Equal(got, want) {
		t.Errorf("Placeholders gives\n%v, want\n%v", got, want)
	}
}

func TestUsesPayload(t *testing.T) {
	for line, want := range map[string]bool{
		"echo {{path.x}}": false, "echo {{jsonpayload}}": true, "echo a{{payloadfile}}": true,
		"sh -c 'echo {{jsonpayload}}'": true, "echo {{{{jsonpayload}}": false,
	} {
		in := base()
		in.Line = line
		if got := mustCompile(t, in).UsesPayload(); got != want {
			t.Errorf("UsesPayload of %q is %v", line, got)
		}
	}
}

func TestFaultsSayWhatWouldBeRight(t *testing.T) {
	for _, c := range []struct {
		in   Input
		want []Fault // Message is a part of the message
	}{
		{Input{}, []Fault{{"cmd", -1, "cmd is empty"}}},
		{Input{Line: " \t"}, []Fault{{"cmd", -1, "cmd is empty"}}},
		{Input{Words: []string{}}, []Fault{{"cmd", -1, "cmd is empty"}}},
		{Input{Words: []string{"", "a"}}, []Fault{{"cmd", 0, "first word of cmd is empty"}}},
		{Input{Words: []string{"/bin/{{path.x}}"}}, []Fault{{"cmd", 0, "{{path.x}} stands in the first word"}}},
		{Input{Line: "echo 'a"}, []Fault{{"cmd", -1, "quote is not closed"}}},
		{Input{Line: `echo "a\"`}, []Fault{{"cmd", -1, "quote is not closed"}}},
		{Input{Line: "echo {{whatever}}"}, []Fault{{"cmd", -1, "unknown placeholder {{whatever}}: there are {{jsonpayload}}"}}},
		{Input{Line: "echo {{path.x} }"}, []Fault{{"cmd", -1, "{{ without }}"}}},
		{Input{Words: []string{"echo", "{{"}}, []Fault{{"cmd", 1, "{{{{ for a literal {{"}}},
		{Input{Words: []string{"echo", "{{}}", "{{PATH.x}}"}}, []Fault{{"cmd", 1, "unknown"}, {"cmd", 2, "unknown"}}},
		{Input{Words: []string{"echo", "{{path}}", "{{method.x}}"}}, []Fault{{"cmd", 1, "unknown"}, {"cmd", 2, "unknown"}}},
		{Input{Words: []string{"echo", "{{query.}}", "{{header.a b}}"}}, []Fault{{"cmd", 1, "no name"}, {"cmd", 2, "no name of a header"}}},
		{Input{Words: []string{"echo", "{{{path.x}}}"}}, []Fault{{"cmd", 1, "unknown placeholder"}}},
		{Input{Words: []string{"echo", "{{path.nope}}"}}, []Fault{{"cmd", 1, "{{path.nope}}: the path has no such parameter; it has x, y"}}},
		{Input{Words: []string{"echo", "{{payloadfile}}"}}, []Fault{{"cmd", 1, "channel: file"}}},
		{Input{Words: []string{"echo", "a\x00b"}}, []Fault{{"cmd", 1, "NUL"}}},
		{Input{Line: "no-such-program-zq a"}, []Fault{{"cmd", 0, "no-such-program-zq"}}},
		{Input{Line: "/no/such/program a"}, []Fault{{"cmd", 0, "/no/such/program"}}},
		{Input{Line: "echo", Env: []string{"A"}}, []Fault{{"env", 0, "NAME=value"}}},
		{Input{Line: "echo", Env: []string{"A=1", "1A=2", "=3", "A B=4"}}, []Fault{{"env", 1, "no digit first"}, {"env", 2, "name"}, {"env", 3, "name"}}},
		{Input{Line: "echo", Env: []string{"{{path.x}}=1"}}, []Fault{{"env", 0, "in the name of a variable"}}},
		{Input{Line: "echo", Env: []string{"A=1", "A=2"}}, []Fault{{"env", 1, "A is set twice, here and in entry 1"}}},
		{Input{Line: "echo", Env: []string{"REQUEST_ID=1", "UROCKET_X=2"}}, []Fault{{"env", 0, "set by urocket"}, {"env", 1, "set by urocket"}}},
		{Input{Line: "echo", Env: []string{"A={{whatever}}"}}, []Fault{{"env", 0, "{{whatever}}"}}},
		{Input{Line: "echo", Env: []string{"A=\x00"}}, []Fault{{"env", 0, "NUL"}}},
		{
			Input{Line: "sh -c '{{path.x}}' {{query.}}", Env: []string{"PATH={{path.y}}", "LD_AUDIT={{path.x}}"}},
			[]Fault{{"cmd", -1, "no name"}, {"env", 0, "in PATH"}, {"env", 1, "in LD_AUDIT"}},
		},
		{
			Input{Words: []string{"sh", "-c", "{{path.x}} `{{path.y}}`", "sh", "{{path.nope}}"}},
			[]Fault{{"cmd", 4, "path.nope"}},
		},
		{
			Input{Words: []string{"sh", "-c", "{{path.x}}; echo `{{path.y}}`; {{path.x}}"}},
			[]Fault{{"cmd", 2, "{{path.x}}, in the script of sh, stands in command position"}, {"cmd", 2, "{{path.y}}, in the script of sh, stands inside backticks"}},
		},
	} {
		c.in.PathNames, c.in.Dir, c.in.SearchPath = []string{"x", "y"}, "/", searchPath
		cmd, got := Compile(c.in)
		same := func(a, b Fault) bool {
			return a.Key == b.Key && a.Index == b.Index && strings.Contains(a.Message, b.Message)
		}
		if !slices.EqualFunc(got, c.want, same) || cmd != nil {
			t.Errorf("%+v gives\n%+v, want\n%+v", c.in, got, c.want)
		}
	}
}

func TestAPathWithoutParameters(t *testing.T) {
	_, faults := Compile(Input{Line: "echo {{path.x}}", Dir: "/", SearchPath: searchPath})
	if len(faults) != 1 || !strings.Contains(faults[0].Message, "the path has no parameters") {
		t.Errorf("faults are %+v", faults)
	}
}

func TestVariablesThatLeadToCode(t *testing.T) {
	for _, name := range []string{
		"PATH", "LD_PRELOAD", "LD_LIBRARY_PATH", "BASH_ENV", "BASH_FUNC_ls", "ENV", "IFS", "PS4", "PROMPT_COMMAND",
		"SHELLOPTS", "PYTHONPATH", "PERL5LIB", "PERL5OPT", "RUBYOPT", "NODE_OPTIONS", "PHPRC", "PHP_INI_SCAN_DIR",
		"LUA_INIT_5_4", "GIT_SSH_COMMAND", "ZDOTDIR",
	} {
		in := base()
		in.Line, in.Env = "echo", []string{name + "={{path.x}}"}
		if _, faults := Compile(in); len(faults) != 1 || !strings.Contains(faults[0].Message, name) {
			t.Errorf("a placeholder in %s: %+v", name, faults)
		}
		in.Env = []string{name + "=/usr/bin"}
		if name == "PATH" {
			in.Line = "/bin/sh"
		}
		mustCompile(t, in)
	}
	in := base()
	in.Line, in.Env = "echo", []string{"NODE_ENV={{path.x}}", "GIT_AUTHOR_NAME={{path.x}}", "PROMPT={{path.x}}", "path={{path.x}}"}
	mustCompile(t, in)
}

func TestNotes(t *testing.T) {
	for line, want := range map[string][]string{
		"php get.php {{jsonpayload}}": {"argument 2 of php: {{jsonpayload}}; what php makes of it is its own"},
		"timeout 5 /usr/bin/php a {{path.x}}": {
			"argument 2 of php: {{path.x}}; what php makes of it is its own",
		},
		"sh -c 'echo {{path.x}}' sh {{path.y}}": nil,
		"sh -c 'grep -e {{path.x}} a'":          {"argument 2 of grep in the script of sh: {{path.x}}; what grep makes of it is its own"},
		"sudo sh -c 'echo {{path.x}}'":          {"sudo may not hand on the variables UROCKET_V1 … by which the script of sh gets {{path.x}}"},
	} {
		in := base()
		in.Line = line
		if got := mustCompile(t, in).Notes(); !slices.Equal(got, want) {
			t.Errorf("notes on %q are %q, want %q", line, got, want)
		}
	}
}

// typed are values of which some are numbers by the document.
type typed struct {
	values
	numeric string
}

func (v typed) Numeric(p Placeholder) bool { return strings.Contains(v.numeric, p.Name) }

func TestValuesThatReadAsOptions(t *testing.T) {
	for _, c := range []struct {
		line  string
		x, y  string
		allow bool
		bad   string // the placeholder that is refused
	}{
		{line: "echo {{path.x}}", x: "-n", bad: "x"},
		{line: "echo {{path.x}}", x: "-", bad: "x"},
		{line: "echo {{path.x}}", x: "a-n"},
		{line: "echo {{path.x}}", x: "-n", allow: true},
		{line: "echo a{{path.x}}", x: "-n"},
		{line: "echo -- {{path.x}}", x: "-n"},
		{line: "echo {{path.x}} --", x: "-n", bad: "x"},
		{line: "echo {{path.x}}-n", x: "", y: ""},
		{line: "echo {{path.x}}{{path.y}}", x: "", y: "-n", bad: "y"},
		{line: "echo {{path.x}}{{path.y}}", x: "a", y: "-n"},
		{line: "echo {{path.y}}", y: "-5"},
		{line: "echo {{path.y}}", y: "-5.25e+3"},
		{line: "echo {{path.y}}", y: "-rf", bad: "y"},
		{line: "echo {{path.y}}", y: "-5 -n", bad: "y"},
		{line: "echo {{path.y}}", y: "-5\n", bad: "y"},
		{line: "echo {{path.x}}", x: "-5", bad: "x"},
		{line: "env -- printf %s {{path.x}}", x: "-n", bad: "x"},
		{line: "env A={{path.x}} printf a{{path.x}}", x: "-n"},
		{line: "find -- {{path.x}}", x: "-delete", bad: "x"},
		{line: "sh -c 'echo {{path.x}}'", x: "-n", bad: "x"},
		{line: "sh -c 'echo {{path.x}}'", x: "-n", allow: true},
		{line: "sh -c 'echo {{path.y}}'", y: "-5"},
		{line: "sh -c 'echo -- {{path.x}}'", x: "-n"},
		{line: "sh -c 'ls -- a; echo {{path.x}}'", x: "-n", bad: "x"},
		{line: "sh -c 'timeout -- 5 rm {{path.x}}'", x: "-n", bad: "x"},
		{line: "sh -c 'echo \"$a\"{{path.x}}'", x: "-n", bad: "x"},
		{line: "bash -c 'echo {a,{{path.x}}}'", x: "-n", bad: "x"},
		{line: "bash -c 'echo {{path.x}}{a,b}'", x: "-n", bad: "x"},
		{line: "sh -c 'echo ~/{{path.x}}; a={{path.x}} ls; ls >{{path.x}}; for i in {{path.x}}; do :; done'", x: "-n"},
		{line: `sh -c 'printf %s "$1"' sh {{path.x}}`, x: "-n", bad: "x"},
		{line: `sh -c 'printf %s "$1"' sh {{path.x}}`, x: "-n", allow: true},
		// Where options are code, the permission is not honoured.
		{line: "sed -e p {{path.x}}", x: "-es/a/b/e", allow: true, bad: "x"},
		{line: "sed -e p -- {{path.x}}", x: "-es/a/b/e"},
		{line: "perl -e 1 {{path.x}}", x: "-esystem", allow: true, bad: "x"},
		{line: "php a.php {{path.x}}", x: "-rsystem", allow: true},
		{line: "sh -c 'sed -e p {{path.x}}'", x: "-es/a/b/e", allow: true, bad: "x"},
		{line: "bash -c 'printf {{path.x}} a'", x: "-va[1]", allow: true, bad: "x"},
		{line: "bash -c '[ {{path.x}} {{path.y}} ]'", x: "-v", y: "a[1]", allow: true, bad: "x"},
	} {
		in := base()
		in.Line, in.AllowOptions = c.line, c.allow
		_, _, err := mustCompile(t, in).Expand(typed{values{"x": c.x, "y": c.y}, "y"})
		var bad *ValueError
		switch {
		case c.bad == "" && err != nil:
			t.Errorf("%q with %q, %q: %v", c.line, c.x, c.y, err)
		case c.bad != "" && (!errors.As(err, &bad) || bad.Placeholder.Name != c.bad):
			t.Errorf("%q with %q, %q: error %v, want one about %s", c.line, c.x, c.y, err, c.bad)
		}
	}
}

func TestNULIsRefused(t *testing.T) {
	for _, in := range []Input{
		{Line: "echo a{{path.x}}"},
		{Line: "sh -c 'echo a{{path.x}}'"},
		{Line: "echo", Env: []string{"A={{path.x}}"}},
	} {
		in.PathNames, in.Dir, in.SearchPath = []string{"x"}, "/", searchPath
		_, _, err := mustCompile(t, in).Expand(values{"x": "secret\x00"})
		var bad *ValueError
		if !errors.As(err, &bad) || !strings.Contains(bad.Reason, "NUL") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%+v: error %v", in, err)
		}
	}
}
