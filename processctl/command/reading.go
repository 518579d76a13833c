package command

import (
	"path"
	"slices"
	"strings"
)

// reading is how the words of one command will be taken by the programs that it
// starts: a chain (timeout 5 sudo -u x php …) of which all but the last run the
// next. It is used for the command of an operation and for each simple command
// of a script.
type reading struct {
	words []word
	slots []slot
	shell *shell // the shell whose script this is a command of, or nil
	// stdin says that the chain ends in a shell or interpreter that is given no
	// code and so takes it from its standard input.
	stdin bool
}

// slot is what is known of one word.
type slot struct {
	why    string // why no placeholder may stand here; "" if one may
	owner  int    // the word that names the program which gets it
	strict bool   // a known program may take it for an option: options: allow is not honoured
	after  bool   // it follows the script of a shell: a positional parameter
	shells []int  // it is the script of the shells that these words name
	drops  bool   // it names a program that may withhold variables
	clears bool   // it names an env that withholds them
}

// read follows the chain from the first word on, and then looks for shells and
// takers of code in every other word, because a program that is not known may
// run what follows it.
func read(words []word, sh *shell) *reading {
	r := &reading{words: words, slots: make([]slot, len(words)), shell: sh}
	if len(words) == 0 {
		return r
	}
	r.command(0, len(words))
	for i := 1; i < len(words); i++ {
		name, ok := words[i].base()
		if !ok {
			continue
		}
		if isShell(name) {
			r.readShell(name, i, len(words), false)
		} else if p, ok := known(name); ok {
			r.readProgram(p, i, len(words), false)
		}
	}
	return r
}

// command reads the command that begins at a word and ends before another.
func (r *reading) command(at, end int) {
	for i := at; i < end; i++ {
		r.slots[i].owner = at
	}
	text, whole := r.words[at].literal()
	if !whole {
		r.refuse(at, at+1, "stands in command position")
		r.refuse(at+1, end, "follows a command of which the name is not literal")
		return
	}
	name := path.Base(text)
	if r.shell != nil {
		for i := at + 1; i < end; i++ {
			r.refuse(i, i+1, r.shell.builtin(name, r.words[at:end], i-at))
			r.slots[i].strict = contains("test [ printf print", name) // -v of theirs names a variable
		}
	}
	p, ok := known(name)
	switch {
	case name == "find":
		r.readFind(at, end)
	case isShell(name) && (name != "busybox" || at+1 < end && r.isOption(at+1)):
		r.readShell(name, at, end, true)
	case ok:
		r.slots[at].drops = p.drops
		r.readProgram(p, at, end, true)
	}
}

func (r *reading) isOption(i int) bool {
	text, _ := r.words[i].prefix()
	return strings.HasPrefix(text, "-")
}

// readFind reads what find executes; its own arguments are data.
func (r *reading) readFind(at, end int) {
	for i := at + 1; i < end; i++ {
		text, _ := r.words[i].literal()
		if !slices.Contains([]string{"-exec", "-execdir", "-ok", "-okdir"}, text) {
			continue
		}
		stop := i + 1
		for stop < end && !r.is(stop, ";") && !r.is(stop, "+") {
			stop++
		}
		if i+1 < stop {
			r.command(i+1, stop)
		}
		i = stop
	}
}

func (r *reading) is(i int, text string) bool {
	s, whole := r.words[i].literal()
	return whole && s == text
}

// refuse notes a reason for the words of a range, unless they have one.
func (r *reading) refuse(from, to int, why string) {
	for i := from; i < min(to, len(r.slots)); i++ {
		if r.slots[i].why == "" {
			r.slots[i].why = why
		}
	}
}

// lead lists the placeholders of a word of which one may begin it and may not
// begin with "-".
func (r *reading) lead(i int, allow bool) lead {
	s := r.slots[i]
	if allow && !s.strict {
		return nil
	}
	name, _ := r.words[s.owner].base()
	if !slices.Contains(noEnd, name) {
		for j := s.owner + 1; j < i; j++ {
			if r.is(j, "--") && r.slots[j].owner == s.owner {
				return nil
			}
		}
	}
	return r.words[i].lead()
}

// walker reads the arguments of one known program.
type walker struct {
	*reading
	p    *program
	at   int // the word that names it
	i    int // the word to read next
	end  int
	sure bool // the program is one of the chain: not a word that only looks like it

	then   operands
	count  int  // operands so far
	given  bool // an option has taken the place of the first operand
	closed bool // "--" was seen
	over   bool
}

// readProgram reads the arguments of the program that a word names. If that is
// not sure, only what must be code is refused.
func (r *reading) readProgram(p *program, at, end int, sure bool) {
	w := &walker{reading: r, p: p, at: at, i: at + 1, end: end, sure: sure, then: p.then}
	for w.i < w.end && !w.over {
		w.step()
	}
	bare := (w.then == scriptFile || w.then == joined) && !w.given && w.count <= p.skip
	r.stdin = r.stdin || sure && (bare || p.reads)
}

// step reads one argument, and with it the one that belongs to it.
func (w *walker) step() {
	at := w.i
	if w.sure {
		w.slots[at].strict = true
	}
	text, rest := w.words[at].prefix()
	whole := len(rest.parts) == 0
	switch {
	case w.closed:
		w.operand()
	case whole && text == "--":
		w.closed = true
		w.i++
	case whole && text == "-" && w.p.dash:
		w.option("-")
		w.i++
	case strings.HasPrefix(text, "--"):
		w.long(text[2:], whole)
	case len(text) > 1 && text[0] == '-', text == "-" && !whole:
		w.cluster(text[1:], whole)
	default:
		w.operand()
	}
}

// operand reads an argument that is no option.
func (w *walker) operand() {
	at := w.i
	text, _ := w.words[at].prefix()
	if name, _, ok := strings.Cut(text, "="); ok && w.p.assigns && w.then == commandLine {
		if takesCode(name) {
			w.refuse(at, at+1, "sets "+name+", from which programs take code")
		}
		w.i++
		return
	}
	w.i++
	if w.count++; w.count <= w.p.skip {
		return
	}
	switch w.then {
	case commandLine:
		w.over = true
		if w.sure {
			w.command(at, w.end)
		}
	case joined:
		w.over = true
		if w.sure {
			w.refuse(at, w.end, "is handed to a shell by "+w.name())
		}
	case scriptFile:
		w.over = true
		if !w.given && w.sure {
			w.refuse(at, at+1, "is the path to the code that "+w.name()+" runs")
		}
	case programText:
		if !w.given {
			w.refuse(at, at+1, "is the program of "+w.name())
			w.given = true
		}
		w.over = !w.p.permute
	case plain:
		w.over = !w.p.permute
	}
}

// name is the base name of the program, for messages.
func (w *walker) name() string {
	name, _ := w.words[w.at].base()
	return name
}
