package command

import "strings"

// option takes note of an option that changes how the operands are read.
func (w *walker) option(letter string) {
	if letter == "" {
		return
	}
	if strings.Contains(w.p.turns, letter) {
		w.then = w.p.turned
		w.count = w.p.skip // as with runuser -u: there is no user to skip
	}
	w.given = w.given || strings.Contains(w.p.given, letter)
	if w.sure && w.p.assigns && w.p.dash && (letter == "i" || letter == "-") {
		w.slots[w.at].clears = true // env -i
	}
}

// cluster reads short options: letters are the text after the "-", and whole
// says that no placeholder follows them in the same word.
func (w *walker) cluster(letters string, whole bool) {
	at := w.i
	w.i++
	for n := range len(letters) {
		letter, rest := letters[n:n+1], letters[n+1:]
		w.option(letter)
		joined := rest != "" || !whole
		switch {
		case strings.Contains(w.p.code, letter):
			w.argument(at, joined, "is code for -"+letter+" of "+w.name(), true)
			w.over = strings.Contains(w.p.last, letter)
			return
		case strings.Contains(w.p.codePath, letter):
			w.argument(at, joined, "is the path to code for -"+letter+" of "+w.name(), w.sure)
			w.over = strings.Contains(w.p.last, letter)
			return
		case strings.Contains(w.p.pairs, letter):
			w.pair(at, rest, joined)
			return
		case strings.Contains(w.p.short, letter):
			tight := w.p.tight && !strings.Contains(w.p.loose, letter)
			w.argument(at, joined, "belongs to -"+letter+" of "+w.name(), w.sure && tight)
			return
		case strings.Contains(w.p.swallow, letter) && rest != "":
			w.refuseIf(w.sure && w.p.tight, at, "belongs to -"+letter+" of "+w.name())
			return
		}
	}
	if !whole {
		w.refuseIf(w.sure || w.p.tight, at, "adds options to those of "+w.name())
	}
	if strings.ContainsAny(letters, w.p.after) && w.i < w.end {
		w.refuse(w.i, w.i+1, "follows -"+letters+" of "+w.name())
	}
}

// argument reads the argument of an option: the rest of its own word if it is
// joined, or else the next word.
func (w *walker) argument(at int, joined bool, why string, refused bool) {
	if !joined {
		at = w.i
		w.i++
	}
	if at >= w.end {
		return
	}
	if w.sure {
		w.slots[at].strict = true
	}
	w.refuseIf(refused, at, why)
}

// pair reads the NAME=value of an option such as -v of awk.
func (w *walker) pair(at int, value string, joined bool) {
	if !joined && w.i < w.end {
		value, _ = w.words[w.i].prefix()
	}
	w.argument(at, joined, "needs a literal NAME= before it for "+w.name(), !strings.Contains(value, "="))
}

// long reads a long option: text is what follows the "--".
func (w *walker) long(text string, whole bool) {
	at := w.i
	w.i++
	name, _, valued := strings.Cut(text, "=")
	if !whole && !valued {
		w.refuseIf(w.sure || w.p.tight, at, "adds options to those of "+w.name())
		return
	}
	if abbreviates(name, w.p.longTurns) {
		w.then, w.count = w.p.turned, w.p.skip
	}
	w.given = w.given || abbreviates(name, w.p.longGiven)
	if w.sure && w.p.assigns && w.p.dash && abbreviates(name, "ignore-environment") {
		w.slots[w.at].clears = true
	}
	switch {
	case abbreviates(name, w.p.longCode):
		w.argument(at, valued, "is code for --"+name+" of "+w.name(), true)
	case abbreviates(name, w.p.longPairs):
		_, value, _ := strings.Cut(text, "=")
		w.pair(at, value, valued)
	case valued || contains(w.p.long, name):
		w.argument(at, valued, "belongs to --"+name+" of "+w.name(), w.sure && w.p.tight)
	}
}

func (w *walker) refuseIf(refused bool, at int, why string) {
	if refused {
		w.refuse(at, at+1, why)
	}
}

func contains(names, name string) bool {
	for n := range strings.FieldsSeq(names) {
		if n == name {
			return true
		}
	}
	return false
}

// abbreviates says whether getopt_long would take a name for one of names.
func abbreviates(name, names string) bool {
	for n := range strings.FieldsSeq(names) {
		if name != "" && strings.HasPrefix(n, name) {
			return true
		}
	}
	return false
}
