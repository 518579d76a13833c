package command

import (
	"path"
	"path/filepath"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// shell is one of the shells that the contract names, with what it makes of a
// script.
type shell struct {
	name string
	// must and may are the dialects in which a script is read: it has to parse
	// in all of must, and those of may in which it parses have to agree.
	must, may []syntax.LangVariant
	// korn shells evaluate more than others: operands of test -eq, arguments of
	// printf %d, exit and shift are arithmetic, and that may run commands.
	korn bool
	zsh  bool
}

// isShell says whether a base name is that of a shell, by the contract's list.
func isShell(name string) bool {
	return slices.Contains([]string{"sh", "ash", "bash", "dash", "ksh", "mksh", "zsh", "busybox"}, name)
}

// shellNamed is the shell of that base name. What sh speaks differs from system
// to system, so its scripts have to mean the same in all dialects; is is the
// base name of the file that sh is a link to here.
func shellNamed(name, is string) shell {
	s := shell{name: name, korn: strings.Contains(is, "ksh") || is == "yash", zsh: strings.HasPrefix(is, "zsh")}
	switch name {
	case "bash":
		s.must = []syntax.LangVariant{syntax.LangBash}
	case "ksh", "mksh":
		s.korn = true
		s.must = []syntax.LangVariant{syntax.LangMirBSDKorn}
		s.may = []syntax.LangVariant{syntax.LangBash}
	case "zsh":
		s.zsh = true
		s.must = []syntax.LangVariant{syntax.LangZsh, syntax.LangBash}
	default:
		s.must = []syntax.LangVariant{syntax.LangPOSIX}
		s.may = []syntax.LangVariant{syntax.LangBash, syntax.LangMirBSDKorn}
	}
	s.korn = s.korn || s.zsh
	return s
}

// findShell is the shell that a word names, as it is on this machine.
func findShell(word, name, dir, searchPath string) shell {
	is := name
	if file, err := lookup(word, dir, searchPath); err == nil {
		if target, err := filepath.EvalSymlinks(file); err == nil {
			is = path.Base(target)
		}
	}
	return shellNamed(name, is)
}

// shellOptions is how the options of a shell were read.
type shellOptions struct {
	next  int  // the word after the options: the script, or the file of one
	code  bool // an option cluster holds c
	stdin bool // and one holds s
	odd   bool // something that is not understood: do not rely on next
}

// readShell finds the script of the shell that a word names.
func (r *reading) readShell(name string, at, end int, sure bool) {
	o := r.shellOptions(at, end)
	if r.shell != nil {
		if sure || o.code {
			r.refuse(at+1, end, "is an argument of a second shell, "+name)
		}
		r.stdin = r.stdin || sure && !o.code && (o.stdin || o.next >= end)
		return
	}
	r.refuse(at, at+1, "is in the path of a shell")
	switch {
	case o.odd && (o.code || !r.slots[at].after):
		r.refuse(at+1, end, "follows options of "+name+" that urocket does not know: write "+name+" -c 'SCRIPT'")
	case o.code && o.next < end:
		r.refuse(at+1, o.next, "is an option of a shell, "+name)
		if s := &r.slots[o.next]; !slices.Contains(s.shells, at) {
			s.shells = append(s.shells, at)
		}
		for i := o.next + 1; i < end; i++ {
			r.slots[i].after = true
			r.slots[i].owner = at
		}
	case r.slots[at].after: // sh -c 'SCRIPT' sh {{path.id}}: the script's own name
	default:
		r.refuse(at+1, o.next, "is an option of a shell, "+name)
		if o.next < end {
			r.refuse(o.next, o.next+1, "is the path to the script that "+name+" runs")
		}
	}
}

// shellOptions steps over the options of a shell as sh(1), bash(1), mksh(1) and
// zsh(1) do: the script is the first argument after all of them.
func (r *reading) shellOptions(at, end int) (o shellOptions) {
	for o.next = at + 1; o.next < end; {
		text, rest := r.words[o.next].prefix()
		switch {
		case text == "" || text[0] != '-' && text[0] != '+':
			return o
		case len(rest.parts) > 0:
			o.odd = true // a hole among the options
			o.code = o.code || strings.Contains(text, "c")
			o.next++
		case text == "-" || text == "--":
			o.next++
			return o
		case strings.HasPrefix(text, "--"):
			o.odd = o.odd || !contains(longShellOptions, text[2:])
			o.next++
			if contains("rcfile init-file emulate", text[2:]) {
				o.next++
			}
		default:
			r.shellCluster(text, &o)
		}
	}
	o.next = min(o.next, end)
	return o
}

// shellCluster reads -c, -lc, +x, -eo pipefail. In all shells o and O take the
// next argument; that they may also take the rest of the word, as in zsh, is
// refused.
func (r *reading) shellCluster(text string, o *shellOptions) {
	o.next++
	for i, c := range text[1:] {
		switch {
		case c == 'c':
			o.code = true
		case c == 's':
			o.stdin = true
		case c == 'o' || c == 'O':
			if i+2 != len(text) || o.next >= len(r.words) {
				o.odd = true
				continue
			}
			name, whole := r.words[o.next].literal()
			o.odd = o.odd || !whole || !contains(shellOptionNames, name)
			o.next++
		case !strings.ContainsRune(shellFlags, c):
			o.odd = true
		}
	}
}

// shellFlags are letters that neither take an argument nor change how a script
// is parsed, as -k of bash does.
const shellFlags = "aeflmnpuvxirhbBCEHPTDt"

const longShellOptions = "norc noprofile posix login verbose noediting restricted rcfile init-file emulate"

// shellOptionNames are names for -o and -O that leave the grammar alone: not
// rcquotes or aliases. extglob is part of the dialect as it is parsed here.
const shellOptionNames = "pipefail errexit nounset noglob noclobber xtrace verbose allexport posix noexec nolog " +
	"ignoreeof notify physical errtrace functrace braceexpand hashall monitor privileged err_exit no_unset " +
	"err_return pipe_fail errreturn extglob nullglob globstar failglob dotglob nocaseglob nocasematch " +
	"inherit_errexit lastpipe shwordsplit sh_word_split null_glob"
