package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// These tests run real shells: what matters is not how urocket reads a script
// but what the shell makes of it. sh and bash have to be there; the others are
// tried where they are installed, and the log says which were.

var shells = [][]string{
	{"sh"}, {"bash"}, {"dash"}, {"busybox", "sh"}, {"ash"}, {"zsh"}, {"ksh"}, {"mksh"},
}

func eachShell(t *testing.T, test func(t *testing.T, shell []string)) {
	var missing []string
	for _, shell := range shells {
		if _, err := exec.LookPath(shell[0]); err != nil {
			if shell[0] == "sh" || shell[0] == "bash" {
				t.Errorf("%s is needed for this test: %v", shell[0], err)
			}
			missing = append(missing, shell[0])
			continue
		}
		t.Run(strings.Join(shell, " "), func(t *testing.T) { test(t, shell) })
	}
	t.Logf("not installed, not tried: %v", missing)
}

// values are what requests might say, by the name of the parameter.
type values map[string]string

func (v values) Value(p Placeholder) string { return v[p.Name] }
func (v values) Numeric(Placeholder) bool   { return false }

// hostile are values that would do something if anything looked into them. If
// one is run, there is a file named pwned.
var hostile = []string{
	"", " ", "a b", "\t\n", "plain", "trailing\n", "\nleading", "two\nlines\n\n", "a\rb", "\x01\x02\x1b[31m\x7f",
	"$(touch pwned)", "`touch pwned`", ";touch pwned;", "| touch pwned", "&& touch pwned", "& touch pwned &",
	"\ntouch pwned\n", "'; touch pwned; '", "\"; touch pwned; \"", "'$(touch pwned)'", "\"$(touch pwned)\"",
	"')\n touch pwned #", "\")\n touch pwned #", "}; touch pwned; {", ";; esac; touch pwned", "done; touch pwned",
	"a[$(touch pwned)]", "a[$(touch pwned)]=1", "path[$(touch pwned)]", "x[`touch pwned`]+1", "$((a[$(touch pwned)]))",
	"${x:=$(touch pwned)}", "${IFS}", "$HOME", "${UROCKET_V1}", "$UROCKET_V2", "{{requestid}}", "{{{{", "$'\\n'", "$\"x\"",
	"\\", "\\\\", "a\\", "\\n\\0", "\\'", "\\\"", "'", "\"", "''", "\"\"", "'\"'\"'", "*", "?", "[a-z]*", "/*", "~", "~root", "{a,b}",
	"{1..9}", "!", "!!", "!touch", "#", "# touch pwned", "=", "a=b", "%s%n", "%d", "+x", ">pwned", "<pwned", "2>&1",
	"\xff\xfe", "\x80\x81\x82\x83\x84\x85\x86\x87\x88", "\xc3\x28", "h\xc3\xa9llo", "\u2028", "\U000F0000", "-", "--", "-n", "-e", "-rf /",
	"-c touch pwned", "(", ")", "[", "]", "]]", "))", "<<E", "<(touch pwned)", "=(touch pwned)", "=ls", "*(e:touch pwned:)",
	strings.Repeat("long $(touch pwned) ", 5000),
}

// place is a piece of a script that prints the value of its placeholder, which
// is written P, and a NUL.
type place struct {
	script string
	before string // what is printed before the value,
	after  string // and after it
	dash   bool   // a value that begins with "-" is taken here
	shells string // of which it is the grammar; "" for all
}

var places = []place{
	{script: `printf '%s\0' P`},
	{script: `printf '%s\0' "P"`},
	{script: `printf '%s\0' 'P'`},
	{script: `printf '%s\0' xPy`, before: "x", after: "y", dash: true},
	{script: `printf '%s\0' "xPy"`, before: "x", after: "y", dash: true},
	{script: `printf '%s\0' 'xPy'`, before: "x", after: "y", dash: true},
	{script: `printf '%s\0' "a"'b 'P" c"`, before: "ab ", after: " c", dash: true},
	{script: `printf '%s\0' ''P""`},
	{script: `printf '%s\0' "~"P'~'`, before: "~", after: "~", dash: true},
	{script: `HOME=/h; printf '%s\0' ~/P:~`, before: "/h/", after: ":~", dash: true},
	{script: `x='$(touch pwned)'; printf '%s\0' "$xP"`, before: "$(touch pwned)"},
	{script: `x=1; printf '%s\0' ${x}P"[1]"`, before: "1", after: "[1]"},
	{script: `printf '%s\0' a\\P`, before: `a\`, dash: true},
	{script: `printf '%s\0' \'P`, before: `'`, dash: true},
	{script: `printf '%s\0' \"P\"`, before: `"`, after: `"`, dash: true},
	{script: `printf '%s\0' "\"P\""`, before: `"`, after: `"`, dash: true},
	{script: `printf '%s\0' '\P'`, before: `\`, dash: true},
	{script: `printf '%s\0' "\\P"`, before: `\`, dash: true},
	{script: `printf '%s\0' "P[1]:h"`, after: "[1]:h"},
	{script: `printf '%s\0' {xPy}`, before: "{x", after: "y}", dash: true},
	{script: "printf '%s\\0' \\\n  P # it's a comment\n# \"\n"},
	{script: `v=P; printf '%s\0' "$v"`, dash: true},
	{script: `v="P"; printf '%s\0' "$v"`, dash: true},
	{script: `v='P'; printf '%s\0' "$v"`, dash: true},
	{script: `v=P env | cat >/dev/null; v=P sh -c 'printf "%s\0" "$v"'`, dash: true},
	{script: `env v=P sh -c 'printf "%s\0" "$v"'`, dash: true},
	{script: `for i in P; do printf '%s\0' "$i"; done`, dash: true},
	{script: `case P in P) v=P;; *) v=no match;; esac; printf '%s\0' "$v"`, dash: true},
	{script: `case 'no value' in P) printf 'matched';; *) printf '%s\0' xP;; esac`, before: "x", dash: true},
	{script: `f() { printf '%s\0' "$@"; }; f P`},
	{script: `set -- P; printf '%s\0' "$@"`, dash: true},
	{script: `set -- P P; v=$#; printf '%s\0' "${#}xP"`, before: "2x", dash: true},
	{script: `(printf '%s\0' P)`},
	{script: `{ printf '%s\0' P; } 2>&1`},
	{script: `if [ xP = xP ]; then printf '%s\0' P; fi`},
	{script: `printf '%s\0' P | cat | cat`},
	{script: `! false && printf '%s\0' P`},
	{script: "cat <<E >/dev/null\n'\"`date`\nE\nprintf '%s\\0' P\n"},
	{script: `printf '%s\0' P >out; cat out; rm out`},
	{script: `printf '%s\0' xP & wait`, before: "x", dash: true},
	{script: `a=(P 'b'); printf '%s\0' "${a[0]}"`, dash: true, shells: "bash"},
	{script: `a[3]=P; printf '%s\0' "${a[3]}"`, dash: true, shells: "bash"},
	{script: `cat <<<P`, after: "\n", dash: true, shells: "bash ksh mksh zsh"},
	{script: `print -rn -- P; printf '%b' '\0'`, dash: true, shells: "zsh ksh mksh"},
}

// take is how many values are tried by one process.
const take = 32

func TestShellsSeeTheExactValue(t *testing.T) {
	eachShell(t, func(t *testing.T, shell []string) {
		for _, p := range places {
			if p.shells != "" && !contains(p.shells, shell[0]) {
				continue
			}
			for from := 0; from < len(hostile); from += take {
				p.try(t, shell, hostile[from:min(from+take, len(hostile))])
			}
		}
	})
}

// try runs the piece of script once for each value, in one shell.
func (p place) try(t *testing.T, shell, batch []string) {
	t.Helper()
	var (
		script strings.Builder
		want   bytes.Buffer
		names  []string
		v      = values{}
	)
	for i, value := range batch {
		if strings.HasPrefix(value, "-") && !p.dash {
			p.mustRefuse(t, shell, value)
			continue
		}
		name := fmt.Sprintf("p%d", i)
		names = append(names, name)
		v[name] = value
		script.WriteString(strings.ReplaceAll(p.script, "P", "{{path."+name+"}}") + "\n")
		want.WriteString(p.before + value + p.after)
		if !strings.HasPrefix(p.script, "cat <<<") {
			want.WriteByte(0)
		}
	}
	words := append(append([]string(nil), shell...), "-c", script.String())
	out, dir := run(t, words, names, v)
	if !bytes.Equal(out, want.Bytes()) {
		t.Fatalf("%.300q\ngave %.400q\nwant %.400q", words, out, want.Bytes())
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Fatalf("%q left %v (%v)", words, left, err)
	}
}

// mustRefuse checks that a value that begins an argument with "-" is a bad
// request.
func (p place) mustRefuse(t *testing.T, shell []string, value string) {
	t.Helper()
	words := append(append([]string(nil), shell...), "-c", strings.ReplaceAll(p.script, "P", "{{path.x}}"))
	c := mustCompile(t, Input{Words: words, PathNames: []string{"x"}, Dir: "/", SearchPath: os.Getenv("PATH")})
	_, _, err := c.Expand(values{"x": value})
	var bad *ValueError
	if !errors.As(err, &bad) || bad.Placeholder.Name != "x" {
		t.Errorf("%q with %q: error %v, want a *ValueError", words, value, err)
	}
}

func mustCompile(t testing.TB, in Input) *Command {
	t.Helper()
	c, faults := Compile(in)
	if len(faults) > 0 {
		t.Fatalf("compile %.300q: %.600v", in.Words, faults)
	}
	return c
}

// run compiles, fills and starts a command in an empty folder, and returns its
// output and the folder.
func run(t *testing.T, words, names []string, v Values) ([]byte, string) {
	t.Helper()
	dir := t.TempDir()
	c := mustCompile(t, Input{Words: words, PathNames: names, Dir: dir, SearchPath: os.Getenv("PATH")})
	return start(t, c, dir, v), dir
}

func start(t *testing.T, c *Command, dir string, v Values) []byte {
	t.Helper()
	argv, env, err := c.Expand(v)
	if err != nil {
		t.Fatalf("expand %q: %v", c.Argv(), err)
	}
	file, err := c.Lookup()
	if err != nil {
		t.Fatal(err)
	}
	// The limit is for a shell that waits for something; none of them should.
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, file)
	cmd.Args, cmd.Dir = argv, dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "LC_ALL=C.UTF-8"}, env...)
	out, err := cmd.Output()
	if ctx.Err() != nil {
		t.Fatalf("%q did not end", argv)
	}
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		t.Logf("%.200q: %v, stderr %.400q", argv, exit, exit.Stderr)
	case err != nil:
		t.Fatalf("start %q: %v", argv, err)
	}
	return out
}
