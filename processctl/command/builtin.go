package command

import (
	"slices"
	"strings"
)

// Commands of the shells themselves that make more of an argument than data.
// Where it was not plain from the manuals it was found by trying: see
// TestShellsEvaluate. An argument that is evaluated as arithmetic, or taken for
// the name of a variable with an index, can run a command: a[$(id)].

// evaluating are those that run an argument, assign to a variable that it
// names, or set what later commands mean.
var evaluating = strings.Fields(`
	eval . source exec command builtin trap let [[ declare typeset local export readonly unset alias unalias
	read mapfile readarray getopts bind complete compgen compopt enable fc hist history hash jobs wait coproc
	integer float nameref compound enum autoload functions unfunction zmodload zstyle sched emulate vared zle
	zcompile bindkey zparseopts zregexparse zargs zformat compdef compadd compcall repeat foreach alarm namespace
`)

// evaluatingKorn do so in ksh, mksh and zsh only.
var evaluatingKorn = strings.Fields(`
	return exit shift break continue ulimit limit unlimit kill fg bg disown pushd popd umask bye logout suspend
`)

// builtin says why no placeholder may be the i-th word of a simple command, or
// nothing. words[0] is its name.
func (s *shell) builtin(name string, words []word, i int) string {
	switch {
	case slices.Contains(evaluating, name), s.korn && slices.Contains(evaluatingKorn, name):
		return "is an argument of " + name
	case name == "test" || name == "[":
		return s.test(name, words, i)
	case name == "printf":
		return s.printf(words, i)
	case name == "print" && s.korn && !plainPrint(words[1:i]):
		return "is an argument of print without literal options -r, -n or -l and a -- after them"
	case name == "set" && s.korn && (i == 1 || !literally(words[1], "--")):
		return "is an argument of set without a -- before it"
	}
	return ""
}

// test refuses operands of -v and -R, which name variables, and for korn shells
// all that might be compared as numbers: they evaluate the operands of -eq. The
// [ of dash, busybox and bash takes nothing but digits there (bash evaluates only
// in [[ ]]), so [ {{path.n}} -gt 5 ] is accepted in those.
func (s *shell) test(name string, words []word, i int) string {
	for j := 1; j < len(words); j++ {
		text, whole := words[j].literal()
		switch {
		case j < i && (text == "-v" || text == "-R"):
			return "is an operand of " + name + " " + text
		case s.korn && !whole && !words[j].holds():
			return "stands in " + name + " beside words that are not literal, which " + s.name + " might evaluate"
		case s.korn && contains("-eq -ne -lt -le -gt -ge -t -o -a", text):
			return "is an operand of " + name + " " + text + ", which " + s.name + " may evaluate"
		}
	}
	return ""
}

// printf refuses printf -v, and for korn shells formats whose arguments are
// arithmetic.
func (s *shell) printf(words []word, i int) string {
	for _, w := range words[1:i] {
		if text, _ := w.prefix(); strings.HasPrefix(text, "-v") {
			return "is an argument of printf -v"
		}
	}
	if text, _ := words[i].prefix(); i == 1 && strings.HasPrefix(text, "-v") {
		return "is an argument of printf -v"
	}
	if !s.korn {
		return ""
	}
	format := 1
	if literally(words[1], "--") {
		format = 2
	}
	if i <= format {
		return "is the format of printf, which " + s.name + " may evaluate"
	}
	text, whole := words[format].literal()
	if !whole || !plainFormat(text) {
		return "follows a format of printf with more than %s, which " + s.name + " may evaluate"
	}
	return ""
}

// plainFormat accepts text, %s, %b and %%.
func plainFormat(format string) bool {
	for {
		_, after, found := strings.Cut(format, "%")
		if !found {
			return true
		}
		if after == "" || !strings.Contains("sb%", after[:1]) {
			return false
		}
		format = after[1:]
	}
}

// plainPrint accepts options that leave the arguments alone, and their end.
func plainPrint(options []word) bool {
	for _, w := range options {
		text, whole := w.literal()
		if whole && text == "--" {
			return true
		}
		if !whole || len(text) < 2 || text[0] != '-' || strings.Trim(text[1:], "rnl") != "" {
			return false
		}
	}
	return false
}

func literally(w word, text string) bool {
	s, whole := w.literal()
	return whole && s == text
}

// integers are variables that some shell holds as a number, so that to assign to
// them is to evaluate.
var integers = strings.Fields("RANDOM SRANDOM SECONDS OPTIND LINENO HISTCMD BASHPID PPID EPOCHSECONDS EPOCHREALTIME")

// special are more of them in ksh, mksh and zsh, and the parameters and arrays
// of zsh that hold code or the way to it (zshparam(1), zshmodules(1)).
var special = strings.Fields(`
	COLUMNS LINES TMOUT HISTSIZE SAVEHIST UID EUID GID EGID PGRP USER_ID KSHUID KSHGID KSHEGID USERNAME SHLVL FUNCNEST
	LISTMAX BAUD KEYTIMEOUT DIRSTACKSIZE LOGCHECK MAILCHECK ERRNO TTYIDLE REPORTTIME REPORTMEMORY OPTARG ERRCODE
	PIPESTATUS PROMPT RPROMPT path fpath cdpath module_path manpath mailpath fignore psvar watch prompt histchars argv
	functions dis_functions aliases dis_aliases galiases dis_galiases saliases dis_saliases commands hash options
	modules builtins nameddirs userdirs parameters status pipestatus terminfo termcap _
`)

// assigns says why a script may not give a variable a value from a request.
func (s *shell) assigns(name string) string {
	switch {
	case takesCode(name), slices.Contains(integers, name), strings.HasPrefix(name, "UROCKET_"):
	case s.korn && (slices.Contains(special, name) || strings.Contains(name, ".")):
	default:
		return ""
	}
	return "is assigned to " + name + ", which shells and programs do not take as mere text"
}

// declares says whether a command makes variables of which the value is
// evaluated at each assignment: declare -i, or a reference, declare -n.
func declares(name string, args []word) bool {
	switch name {
	case "integer", "float", "nameref", "compound":
		return true
	case "declare", "typeset", "local", "readonly", "export":
	default:
		return false
	}
	return slices.ContainsFunc(args, func(w word) bool {
		text, rest := w.prefix()
		if text == "" {
			return len(rest.parts) > 0 // what a shell puts there may be an option
		}
		return (text[0] == '-' || text[0] == '+') && (strings.ContainsAny(text, "inEFTCm") || len(rest.parts) > 0)
	})
}

// confuses says whether a command changes how the rest of a script is read.
func (s *shell) confuses(name string) bool {
	return name == "alias" || s.zsh && contains("setopt unsetopt emulate", name)
}
