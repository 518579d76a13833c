package command

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// soup is what scripts are made of here: the tokens that open, close, quote and
// hide, in any order. None of them can open a file for writing (a script of this
// kind may name any file: in zsh, >=ls is the program itself); the probes of
// TestShellsEvaluate do, in a folder of their own.
var soup = []string{
	"{{path.x}}", "{{path.x}}", "{{path.x}}", "{{path.x}}", " ", " ", " ", " ", "\n", ";", "; ", "'", "'", `"`, `"`, "`", "\\", "$", "$(", ")",
	"(", "((", "))", "${a", "${a:-", "}", "{ ", "; }", "|", "&&", "||", "&", "[ ", " ]", "[[ ", " ]]", "=", "a", "a=", "a[", "]", "]=1",
	"echo ", "echo ", "printf %s ", "eval ", "cat ", "cat <<E\n", "\nE\n", "<<<", "<", "#", " # ", "$'", `$"`, "case ", " in ",
	") ", ";;", " esac", "if ", "then ", "fi", "for i in ", "do ", "done", "f() ", "-eq ", "-v ", "!", "~", "*", "?", "{", ",", "..",
	"sh -c ", "env ", "test ", "export ", "read ", "set -- ", "$a", "$((", "1", "+", "@(", "time ", "$[", "=(", "<(", "-", "--", "\t",
}

// TestScriptSoup compiles many random scripts and runs those that are accepted
// in sh and bash. Whatever they do, the values must not run.
func TestScriptSoup(t *testing.T) {
	const scripts, runs = 60_000, 250
	evil := []string{
		"a[$(touch pwned)]", "'; touch pwned; '", `"; touch pwned; "`, "`touch pwned`", "\ntouch pwned\n", ";touch pwned;#", "$(touch pwned)",
		"touch pwned",
	}
	for _, shell := range []string{"sh", "bash"} {
		t.Run(shell, func(t *testing.T) {
			dir := t.TempDir()
			random := rand.New(rand.NewPCG(1, 2))
			accepted := 0
			for n := 0; n < scripts && accepted < runs; n++ {
				script := brew(random)
				c, faults := Compile(Input{
					Words: []string{shell, "-c", script}, PathNames: []string{"x"}, Dir: dir, SearchPath: os.Getenv("PATH"),
				})
				if len(faults) > 0 || !strings.Contains(script, "{{path.x}}") {
					continue
				}
				accepted++
				start(t, c, dir, values{"x": evil[accepted%len(evil)]})
				if _, err := os.Stat(filepath.Join(dir, "pwned")); err == nil {
					t.Fatalf("%q runs %q", script, evil[accepted%len(evil)])
				}
			}
			if accepted < runs/2 {
				t.Errorf("of %d scripts only %d were accepted and run", scripts, accepted)
			}
		})
	}
}

// brew begins half of the scripts with something that is likely to be accepted.
func brew(random *rand.Rand) string {
	var b strings.Builder
	if random.IntN(2) == 0 {
		b.WriteString("echo ")
	}
	for range 2 + random.IntN(10) {
		b.WriteString(soup[random.IntN(len(soup))])
	}
	return b.String()
}
