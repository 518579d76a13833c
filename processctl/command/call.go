package command

import (
	"fmt"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// call reads the words of a simple command.
func (v *verifier) call(n *syntax.CallExpr) *reading {
	if r, ok := v.calls[n]; ok {
		return r
	}
	words := make([]word, len(n.Args))
	for i, w := range n.Args {
		words[i] = v.word(w)
	}
	r := read(words, v.shell)
	v.calls[n] = r
	return r
}

// argument judges a reference that is, or is part of, a word of a simple
// command.
func (v *verifier) argument(n *syntax.CallExpr, w *syntax.Word) string {
	r := v.call(n)
	i := slices.Index(n.Args, w)
	if i < 0 {
		return oddPlace
	}
	if why := r.slots[i].why; why != "" {
		return why
	}
	if l := r.lead(i, v.allow); len(l) > 0 && !slices.ContainsFunc(v.leads, func(have lead) bool { return slices.Equal(have, l) }) {
		v.leads = append(v.leads, l)
	}
	name, _ := r.words[r.slots[i].owner].base()
	if !slices.Contains(harmless, name) {
		v.note(fmt.Sprintf("argument %d of %s in the script of %s", i-r.slots[i].owner, name, v.shell.name), name, r.words[i])
	}
	return ""
}

// harmless are commands of shells that make nothing of their arguments.
var harmless = strings.Fields(": true false echo printf print cd set test [ exit return shift kill")

func (v *verifier) note(place, program string, w word) {
	for _, note := range note(place, program, w) {
		if !slices.Contains(v.notes, note) {
			v.notes = append(v.notes, note)
		}
	}
}

// note says what others cannot know of the placeholders of an argument.
func note(place, program string, w word) []string {
	var notes []string
	for _, p := range w.holes() {
		notes = append(notes, fmt.Sprintf("%s: %s; what %s makes of it is its own", place, p, program))
	}
	return notes
}

// hazard looks for commands that spoil every place in a script.
func (v *verifier) hazard(n syntax.Node) {
	switch n := n.(type) {
	case *syntax.DeclClause:
		words := make([]word, len(n.Args))
		for i, a := range n.Args {
			if a.Value != nil && a.Name == nil {
				words[i] = v.word(a.Value)
			}
		}
		if declares(n.Variant.Value, words) {
			v.hazards = "declares numbers or references (" + n.Variant.Value + " -i, -n), which shells evaluate"
		}
	case *syntax.CallExpr:
		if len(n.Args) == 0 {
			return
		}
		words := v.call(n).words
		name, _ := words[0].literal()
		if declares(name, words[1:]) {
			v.hazards = "declares numbers or references (" + name + "), which shells evaluate"
		}
		if v.shell.confuses(name) {
			v.hazards = "changes how the shell reads it (" + name + ")"
		}
	}
}

// word turns a word of the tree into text, holes and fog.
func (v *verifier) word(n *syntax.Word) word {
	var w word
	braces := hasBraces(n)
	for _, p := range n.Parts {
		switch p := p.(type) {
		case *syntax.Lit:
			w.parts = append(w.parts, bare(p.Value, braces)...)
		case *syntax.SglQuoted:
			if p.Dollar {
				w.parts = append(w.parts, part{kind: fogPart})
			} else {
				w.parts = append(w.parts, part{kind: textPart, text: p.Value})
			}
		case *syntax.DblQuoted:
			w.parts = append(w.parts, v.quoted(p)...)
		default:
			w.parts = append(w.parts, part{kind: fogPart})
		}
	}
	return w
}

// quoted reads the parts of "…".
func (v *verifier) quoted(n *syntax.DblQuoted) []part {
	var parts []part
	for _, p := range n.Parts {
		switch p := p.(type) {
		case *syntax.Lit:
			parts = append(parts, part{kind: textPart, text: unescape(p.Value, "$`\"\\\n")})
		case *syntax.ParamExp:
			if hole, ok := v.offsets[p.Dollar.Offset()]; ok {
				parts = append(parts, part{holePart, v.holes[hole].String(), v.holes[hole]})
				continue
			}
			parts = append(parts, part{kind: fogPart})
		default:
			parts = append(parts, part{kind: fogPart})
		}
	}
	return parts
}

// bare reads unquoted text. From a glob, a tilde or a brace expansion on it is
// not known what will stand there.
func bare(text string, braces bool) []part {
	if braces {
		return []part{{kind: fogPart}}
	}
	if text == "[" || text == "[[" {
		return []part{{kind: textPart, text: text}}
	}
	if strings.HasPrefix(text, "~") {
		_, after, _ := strings.Cut(text, "/")
		return append([]part{{kind: fogPart}}, bare("/"+after, false)...)
	}
	if i := strings.IndexAny(text, "*?["); i >= 0 {
		return []part{{kind: textPart, text: unescape(text[:i], "")}, {kind: fogPart}}
	}
	return []part{{kind: textPart, text: unescape(text, "")}}
}

// hasBraces says whether a word may be a brace expansion, which makes several.
func hasBraces(n *syntax.Word) bool {
	var text strings.Builder
	for _, p := range n.Parts {
		if lit, ok := p.(*syntax.Lit); ok {
			text.WriteString(lit.Value)
		}
	}
	_, after, found := strings.Cut(text.String(), "{")
	return found && (strings.Contains(after, ",") || strings.Contains(after, ".."))
}

// unescape takes away backslashes: those before the characters of only, or, if
// that is empty, all. A backslash before a newline goes with it.
func unescape(text, only string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) && (only == "" || strings.IndexByte(only, text[i+1]) >= 0) {
			i++
			if text[i] == '\n' {
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}
