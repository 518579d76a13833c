package e2e

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/urocket/urocket/internal/notrun"
)

// complete is a line that is completed, and what has to be among what is offered. The
// line's last word, perhaps empty, is the one that is not complete.
type complete struct {
	line string
	want []string
	not  string // must not be offered
}

var completions = []complete{
	{"urocket re", []string{"reply"}, "run"},
	{"urocket ", []string{"run", "dry", "init", "ps", "completion", "help"}, ""},
	{"urocket help sc", []string{"schema"}, ""},
	{"urocket reply --st", []string{"--status"}, "--socket"},
	{"urocket --log-l", []string{"--log-level"}, ""},
	{"urocket run --log-level ", []string{"debug", "info", "warn", "error"}, ""},
	{"urocket completion z", []string{"zsh"}, "bash"},
	{"urocket call p", []string{"put", "post", "patch"}, "get"},
	{"urocket dry -c uro", []string{"urocket-service.yaml"}, ""},
	{"urocket init ope", []string{"openapi.yaml"}, ""},
	{"urocket init openapi.yaml --stubs mar", []string{"marks"}, ""},
	{"urocket reply -t text/", []string{"text/csv"}, "application/json"},
}

// shell runs a script in a shell that finds the program by its name.
func (g *gateway) shell(t *testing.T, shell string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(shell); err != nil {
		notrun.Here(t, "there is no "+shell)
	}
	if !exists(g.path("bin")) {
		check(t, os.Mkdir(g.path("bin"), 0o755))
		check(t, os.Symlink(program, g.path("bin", "urocket")))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, shell, args...)
	cmd.Dir, cmd.WaitDelay = g.dir, time.Second
	cmd.Env = append(g.environment(), "PATH="+g.path("bin")+":/usr/bin:/bin", "HOME="+g.path("bin"), "TERM=dumb")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", shell, err, out)
	}
	return string(out)
}

// check compares what is offered, one a line.
func (c complete) check(t *testing.T, offered string) {
	t.Helper()
	var words []string
	for line := range strings.Lines(offered) {
		word, _, _ := strings.Cut(strings.TrimSpace(line), "\t") // fish puts a description behind it
		words = append(words, strings.TrimSuffix(word, "/"))
	}
	for _, w := range c.want {
		if !slices.Contains(words, w) {
			t.Errorf("%q: %q is not offered: %q", c.line, w, words)
		}
	}
	if c.not != "" && slices.Contains(words, c.not) {
		t.Errorf("%q: %q is offered", c.line, c.not)
	}
}

// What each shell offers. Bash and fish are asked; zsh is given a terminal and a tab.
func TestCompletion(t *testing.T) {
	t.Parallel()
	g := start(t, setup{top: patient, ops: ops{"get /stays": living(nil)}})
	h := g.hold(t, "GET", "/stays")
	mine := complete{"urocket kill " + h.id[:4], []string{h.id}, ""}

	t.Run("bash", func(t *testing.T) {
		for _, c := range append(completions, mine, complete{"urocket logs --socket " + g.sock + " " + h.id[:4], []string{h.id}, ""}) {
			words := strings.Split(c.line, " ")
			script := `source <(urocket completion bash); COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); compopt() { :; }; _urocket; printf '%s\n' "${COMPREPLY[@]}"`
			c.check(t, g.shell(t, "bash", append([]string{"--norc", "-c", script, "bash"}, words...)...))
		}
	})
	t.Run("fish", func(t *testing.T) {
		for _, c := range append(completions, mine) {
			c.check(t, g.shell(t, "fish", "--no-config", "-c", "urocket completion fish | source; complete -C "+quotedForFish(c.line)))
		}
	})
	t.Run("zsh", func(t *testing.T) {
		for typed, wanted := range map[string]string{
			"urocket repl": "reply ", "urocket run --log-level e": "level error ", "urocket dry --conf": "--config ",
			"urocket completion f": "completion fish ", "urocket init ope": "init openapi.yaml ", mine.line: h.id,
		} {
			text := g.shell(t, "zsh", "-f", "-c", zshTab, "zsh", typed, wanted)
			if !strings.Contains(text, "completed") {
				t.Errorf("%q is not completed to %q: %q", typed, wanted, text)
			}
		}
	})
	g.reply(t, h.id, "{}").want(t, 200)
	g.release(t, h.token)
	h.answer(t).want(t, 200)
}

// zshTab types its first argument and a tab into a zsh on a terminal, and waits for the
// second one.
const zshTab = `
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "PROMPT= RPROMPT=; unsetopt zle_bracketed_paste; autoload -U compinit; compinit -u -D; source <(urocket completion zsh); print REA''DY"
zpty -r -m z seen "*READY*"
zpty -n -w z "$1"$'\t'
zpty -r -m z seen "*$2*" && print completed
zpty -d z
`

func quotedForFish(line string) string { return "'" + strings.ReplaceAll(line, "'", `\'`) + "'" }

func TestNoCompletion(t *testing.T) {
	t.Parallel()
	g := prepare(t, setup{})
	g.cli(t, "completion", "tcsh").want(t, 2, "bash, zsh, fish")
	g.cli(t, "completion").want(t, 2, "SHELL is missing")
}
