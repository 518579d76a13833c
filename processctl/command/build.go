package command

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// builder compiles one Input and gathers its faults.
type builder struct {
	in     Input
	cmd    Command
	faults []Fault
}

// fault notes a fault once: a placeholder may stand twice in the same wrong place.
func (b *builder) fault(key string, index int, message string) {
	if f := (Fault{key, index, message}); !slices.Contains(b.faults, f) {
		b.faults = append(b.faults, f)
	}
}

// words reads the words of the command and checks each by itself.
func (b *builder) words() {
	b.cmd.dir, b.cmd.searchPath = b.in.Dir, b.in.SearchPath
	if b.in.Words != nil {
		for i, s := range b.in.Words {
			b.cmd.words = append(b.cmd.words, b.parse("cmd", i, s))
		}
	} else {
		line := b.parse("cmd", -1, b.in.Line)
		words, err := split(line)
		if err != nil {
			b.fault("cmd", -1, err.Error())
		}
		b.cmd.words = words
	}
	for i, w := range b.cmd.words {
		if hasNUL(w) {
			b.fault("cmd", i, "the argument "+noNUL)
		}
		b.uses("cmd", i, w)
	}
	b.firstWord()
}

// parse reads the placeholders of one string.
func (b *builder) parse(key string, index int, s string) word {
	w, errs := parseWord(s)
	for _, err := range errs {
		b.fault(key, index, err.Error())
	}
	return w
}

// uses notes the placeholders of one word.
func (b *builder) uses(key string, index int, w word) {
	for _, p := range w.holes() {
		b.cmd.uses = append(b.cmd.uses, Use{key, index, p})
		if err := b.in.checkPlaceholder(p); err != nil {
			b.fault(key, index, err.Error())
		}
	}
}

func (b *builder) firstWord() {
	if len(b.cmd.words) == 0 {
		b.fault("cmd", -1, "cmd is empty: write the program to run and its arguments")
		return
	}
	first := b.cmd.words[0]
	text, whole := first.literal()
	switch {
	case !whole:
		b.fault("cmd", 0, fmt.Sprintf("%s stands in the first word of cmd, which names the program: write the program out", first.holes()[0]))
	case text == "":
		b.fault("cmd", 0, "the first word of cmd is empty: write the program to run")
	}
}

// environment reads the entries of env.
func (b *builder) environment() {
	seen := map[string]int{}
	for i, s := range b.in.Env {
		value := b.parse("env", i, s)
		b.uses("env", i, value)
		v, err := readVariable(value)
		if err != nil {
			b.fault("env", i, err.Error())
		} else if first, twice := seen[v.name]; twice {
			b.fault("env", i, fmt.Sprintf("%s is set twice, here and in entry %d of env: keep one", v.name, first+1))
		} else {
			seen[v.name] = i
		}
		b.cmd.env = append(b.cmd.env, v)
	}
}

// program looks for the program, if its name can be known.
func (b *builder) program() {
	if len(b.cmd.words) == 0 {
		return
	}
	if text, whole := b.cmd.words[0].literal(); !whole || text == "" || hasNUL(b.cmd.words[0]) {
		return
	}
	for _, f := range b.faults {
		if f.Key == "env" && strings.HasPrefix(b.in.Env[f.Index], "PATH=") {
			return
		}
	}
	if _, err := b.cmd.Lookup(); err != nil {
		b.fault("cmd", 0, b.noProgram(err))
	}
}

// noProgram says what is wrong with the program, and what would be right. The
// value of PATH is left out: it is long, and the user's own.
func (b *builder) noProgram(err error) string {
	name, _ := b.cmd.words[0].literal()
	file := name
	if !filepath.IsAbs(file) {
		file = filepath.Join(b.in.Dir, file)
	}
	advice := ofShells(name)
	if advice != "" {
		return fmt.Sprintf("find program %q: %s", name, advice)
	}
	text := strings.Replace(err.Error(), " in PATH "+b.cmd.path(), " in PATH", 1)
	byPath := strings.Contains(name, "/")
	_, unseen := os.Stat(file) // a folder on the way may be what is not permitted
	switch {
	case byPath && errors.Is(err, fs.ErrNotExist):
		return fmt.Sprintf("find program %s: there is no such file; a relative path is relative to wd", file)
	case errors.Is(err, fs.ErrPermission) && (!byPath || unseen == nil):
		return text + ": it is not executable: chmod +x it, or write its interpreter in front"
	}
	return text + ": no such program can be run; write its path, or set PATH"
}

// times is how a line of crontab(5) begins.
var times = regexp.MustCompile(`^(\*(/[0-9]+)?|[0-9]+([-,/][0-9]+)*|@(reboot|yearly|annually|monthly|weekly|daily|midnight|hourly))$`)

// setting is what a shell reads as a variable that is set for the command behind it.
var setting = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*=`)

// ofShells says what to write in place of what a shell alone understands, where its line
// was copied; "" for anything else.
func ofShells(name string) string {
	switch name {
	case "cd", "pushd":
		return "it is part of a shell: write wd: FOLDER, and in cmd what is to be run there"
	case "umask":
		return "it is part of a shell: write umask: \"0027\" beside cmd"
	case "ulimit":
		return "it is part of a shell: limits has keys for that"
	case ".", "source", "export", "set", "exec", "eval", "if", "for", "while", "case", "{", "(", "!":
		return `it is part of a shell: write ["sh", "-c", "…"]`
	}
	switch {
	case strings.HasPrefix(name, "("):
		return `it begins what a shell runs: write ["sh", "-c", "…"]`
	case strings.HasPrefix(name, "~"), strings.HasPrefix(name, "$"):
		return "no shell is there that would put something in its place: write the path out"
	case times.MatchString(name):
		return "it looks like the time of a line of crontab: leave that out"
	case setting.MatchString(name):
		return fmt.Sprintf("it sets a variable, which takes a shell: write env: [%q], and in cmd what is behind it", name)
	}
	return ""
}

// arguments judges the placeholders of the command and compiles its scripts.
func (b *builder) arguments() {
	b.cmd.argv = append([]word(nil), b.cmd.words...)
	r := read(b.cmd.words, nil)
	for i, w := range b.cmd.words {
		if !w.holds() {
			continue
		}
		s := r.slots[i]
		switch {
		case s.why != "":
			b.refuse(i, w.holes()[0], "", s.why)
		case len(s.shells) > 0:
			b.script(r, i)
		default:
			b.argument(r, i)
		}
	}
}

// refuse reports a place in which a value could become code.
func (b *builder) refuse(index int, p Placeholder, where, why string) {
	b.fault("cmd", index, fmt.Sprintf("%s%s %s: a value must never become code; pass it by env (env: [\"NAME=%s\"])", p, where, why, p))
}

// argument notes what is to be known of an argument with a placeholder.
func (b *builder) argument(r *reading, i int) {
	if l := r.lead(i, b.in.AllowOptions); len(l) > 0 {
		b.cmd.leads = append(b.cmd.leads, l)
	}
	owner := r.slots[i].owner
	name, _ := r.words[owner].base()
	if !isShell(name) {
		b.cmd.notes = append(b.cmd.notes, note(fmt.Sprintf("argument %d of %s", i-owner, name), name, r.words[i])...)
	}
}

// script compiles the script of a shell, which is a word of the command.
func (b *builder) script(r *reading, i int) {
	sh := b.shell(r, i)
	s := compileScript(b.cmd.words[i], sh, b.in.AllowOptions, &b.cmd.refs)
	for hole, why := range s.whys {
		if why != "" {
			b.refuse(i, s.holes[hole], ", in the script of "+sh.name+",", why)
		}
	}
	b.cmd.argv[i] = word{[]part{{kind: textPart, text: s.text}}}
	b.cmd.leads = append(b.cmd.leads, s.leads...)
	b.cmd.notes = append(b.cmd.notes, s.notes...)
	for j := range i {
		name, _ := r.words[j].base()
		if r.slots[j].clears {
			b.fault("cmd", i, fmt.Sprintf("%s, in the script of %s, reaches it in a variable, which %s takes away: pass it by env -i NAME=%s",
				s.holes[0], sh.name, name, s.holes[0]))
		}
		if r.slots[j].drops {
			b.cmd.notes = append(b.cmd.notes, fmt.Sprintf("%s may not hand on the variables UROCKET_V1 … by which the script of %s gets %s", name, sh.name, s.holes[0]))
		}
	}
}

// shell is the shell of which a word is the script. If it can be that of several,
// it has to mean the same in all.
func (b *builder) shell(r *reading, i int) *shell {
	var merged shell
	for n, at := range r.slots[i].shells {
		text, _ := r.words[at].literal()
		name, _ := r.words[at].base()
		sh := findShell(text, name, b.in.Dir, b.cmd.path())
		if n == 0 {
			merged = sh
			continue
		}
		merged.must = append(merged.must, sh.must...)
		merged.may = append(merged.may, sh.may...)
		merged.korn = merged.korn || sh.korn
		merged.zsh = merged.zsh || sh.zsh
	}
	return &merged
}
