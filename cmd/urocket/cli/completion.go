package cli

import (
	"fmt"
	"slices"
	"strings"
)

// Shells are those that [Program.Completion] knows.
var Shells = []string{"bash", "zsh", "fish"}

// Completion is a script for a shell that completes this program's command lines. It
// offers what the commands and flags say they take ([Kind]); ids are asked for with
// the command `ps --quiet`.
func (p *Program) Completion(shell string) (string, error) {
	switch shell {
	case "bash":
		return p.bash(), nil
	case "zsh":
		return p.zsh(), nil
	case "fish":
		return p.fish(), nil
	}
	return "", fmt.Errorf("there is no completion for %q; the shells are %s", shell, strings.Join(Shells, ", "))
}

// lines joins what a script is made of.
type lines []string

func (l *lines) add(format string, args ...any) { *l = append(*l, fmt.Sprintf(format, args...)) }

func (l lines) String() string { return strings.Join(l, "\n") + "\n" }

// single is a text in single quotes, for a POSIX shell.
func single(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// bash completes by the word in front: what a flag takes, else flags, else arguments.
func (p *Program) bash() string {
	var l lines
	l.add("# bash completion for %s: source <(%s completion bash)", p.Name, p.Name)
	l.add("_%s() {", p.Name)
	l.add(`    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command= i`)
	l.add(`    local -a where=()`)
	l.add(`    COMPREPLY=()`)
	l.add(`    for ((i = 1; i < COMP_CWORD; i++)); do`)
	l.add(`        case ${COMP_WORDS[i]} in`)
	l.add(`        -c|--config|--socket) where=("${COMP_WORDS[i]}" "${COMP_WORDS[i+1]}") ;;`)
	l.add(`        %s) [[ $command ]] || command=${COMP_WORDS[i]} ;;`, strings.Join(p.names(), "|"))
	l.add(`        esac`)
	l.add(`    done`)
	l.add(`    if [[ ! $command && $cur != -* && $prev != -* ]]; then`)
	l.add(`        COMPREPLY=($(compgen -W %s -- "$cur"))`, single(strings.Join(p.names(), " ")))
	l.add(`        return`)
	l.add(`    fi`)
	l.add(`    case ${command:-%s}:$prev in`, p.Default)
	for _, c := range p.Commands {
		for _, f := range c.Flags.list {
			if f.Value != "" {
				l.add(`    %s) %s; return ;;`, caseOf(c.Name, f), bashWords(p.Name, f.Kind, f.Words))
			}
		}
	}
	l.add(`    esac`)
	l.add(`    case ${command:-%s} in`, p.Default)
	for _, c := range p.Commands {
		l.add(`    %s)`, c.Name)
		l.add(`        if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W %s -- "$cur")); else %s; fi ;;`,
			single(strings.Join(append(c.flagNames(), "--help"), " ")), bashWords(p.Name, c.Kind, c.Words))
	}
	l.add(`    help) COMPREPLY=($(compgen -W %s -- "$cur")) ;;`, single(strings.Join(p.names(), " ")))
	l.add(`    esac`)
	l.add(`}`)
	l.add("complete -F _%s %s", p.Name, p.Name)
	return l.String()
}

// caseOf is the pattern of a flag behind its command.
func caseOf(command string, f *Flag) string {
	var all []string
	for _, name := range f.Names {
		all = append(all, command+":"+dashed(name))
	}
	return strings.Join(all, "|")
}

// bashWords fills COMPREPLY.
func bashWords(program string, kind Kind, words []string) string {
	const each = `mapfile -t COMPREPLY < <(%s)`
	switch kind {
	case File:
		return `compopt -o filenames; ` + fmt.Sprintf(each, `compgen -f -- "$cur"`)
	case Folder:
		return `compopt -o filenames; ` + fmt.Sprintf(each, `compgen -d -- "$cur"`)
	case ID:
		return fmt.Sprintf(each, `compgen -W "$(`+program+` ps --quiet "${where[@]}" 2>/dev/null)" -- "$cur"`)
	case Word:
		return fmt.Sprintf(each, `compgen -W `+single(strings.Join(words, " "))+` -- "$cur"`)
	}
	return ":"
}

// flagNames are all names of a command's flags, with their dashes.
func (c *Command) flagNames() []string {
	var names []string
	for _, f := range c.Flags.list {
		for _, name := range f.Names {
			names = append(names, dashed(name))
		}
	}
	slices.Sort(names)
	return names
}
