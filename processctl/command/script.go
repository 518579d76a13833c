package command

import (
	"fmt"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// script is the script of a shell while its placeholders are replaced by
// references to variables.
type script struct {
	shell  *shell
	source word          // as configured
	holes  []Placeholder // in the order of the source
	allow  bool          // options: allow

	whys    []string     // of each hole: why it may not stand there
	quotes  []quoting    // of each hole
	text    string       // the script with references
	offsets map[uint]int // of each reference in text: its hole
	leads   []lead
	notes   []string
}

// quoting is where in a script a placeholder stands.
type quoting int

const (
	unseen   quoting = iota
	unquoted         // sees "$UROCKET_V1"
	double           // in "…": sees ${UROCKET_V1}
	single           // in '…': leaves it for "$UROCKET_V1"
)

const oddPlace = "stands in a place of which urocket does not know what the shell makes of it"

func referenceName(i int) string { return fmt.Sprintf("UROCKET_V%d", i+1) }

// compileScript replaces the placeholders of a script. Where s.whys holds a
// reason afterwards, the script must not be run.
func compileScript(source word, sh *shell, allow bool, refs *references) *script {
	s := &script{shell: sh, source: source, holes: source.holes(), allow: allow}
	s.whys = make([]string, len(s.holes))
	s.quotes = make([]quoting, len(s.holes))
	langs := s.locate()
	if slices.Contains(s.quotes, unseen) {
		return s
	}
	s.substitute(refs)
	for _, lang := range langs {
		s.verify(lang)
	}
	return s
}

func (s *script) refuse(hole int, why string) {
	if s.whys[hole] == "" {
		s.whys[hole] = why
	}
}

func (s *script) refuseAll(why string) {
	for i := range s.holes {
		s.refuse(i, why)
	}
}

// Marks stand for placeholders while the script is parsed for the first time.
// They are private characters, which mean nothing to any shell.
const (
	firstMark = 0xF0000
	lastMark  = 0xFFFFD
)

// marked is the script with marks in place of its holes.
func (s *script) marked() (string, bool) {
	var b strings.Builder
	mark := rune(firstMark)
	for _, p := range s.source.parts {
		if p.kind == holePart {
			b.WriteRune(mark)
			mark++
			continue
		}
		if strings.ContainsFunc(p.text, func(r rune) bool { return r >= firstMark && r <= lastMark }) {
			return "", false
		}
		b.WriteString(p.text)
	}
	return b.String(), mark <= lastMark
}

// locate finds how each hole is quoted, and says in which dialects the script
// can be read.
func (s *script) locate() []syntax.LangVariant {
	text, ok := s.marked()
	if !ok {
		s.refuseAll("stands in a script with private Unicode characters")
		return nil
	}
	var langs []syntax.LangVariant
	for i, lang := range slices.Concat(s.shell.must, s.shell.may) {
		file, err := parse(text, lang)
		if err == nil {
			langs = append(langs, lang)
			s.quotings(file)
		} else if i < len(s.shell.must) {
			s.refuseAll(fmt.Sprintf("stands in a script that cannot be read (%s: %s)", lang, s.unmark(err.Error())))
		}
	}
	return langs
}

// unmark makes a message of the parser presentable.
func (s *script) unmark(text string) string {
	for i, p := range s.holes {
		text = strings.ReplaceAll(text, string(rune(firstMark+i)), p.String())
	}
	return text
}

// parse guards against panics of the parser, which reads what users write.
func parse(text string, lang syntax.LangVariant) (file *syntax.File, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("parser: %v", p)
		}
	}()
	return syntax.NewParser(syntax.Variant(lang), syntax.KeepComments(true)).Parse(strings.NewReader(text), "")
}

// quotings notes how the marks in a tree are quoted; dialects have to agree.
func (s *script) quotings(file *syntax.File) {
	seen := make([]bool, len(s.holes))
	walk(file, func(stack []syntax.Node) {
		text, quote := leaf(stack)
		for _, r := range text {
			if r < firstMark || r > lastMark {
				continue
			}
			hole := int(r - firstMark)
			s.refuse(hole, enclosed(stack))
			if s.quotes[hole] != unseen && s.quotes[hole] != quote {
				s.refuse(hole, "stands where shells differ in what is quoted")
			}
			s.quotes[hole], seen[hole] = quote, true
		}
	})
	for hole, ok := range seen {
		if !ok {
			s.refuse(hole, oddPlace)
		}
	}
}

// leaf is the text of the last node of a stack, and how it is quoted.
func leaf(stack []syntax.Node) (string, quoting) {
	switch n := stack[len(stack)-1].(type) {
	case *syntax.Lit:
		if _, ok := stack[len(stack)-2].(*syntax.DblQuoted); ok {
			return n.Value, double
		}
		return n.Value, unquoted
	case *syntax.SglQuoted:
		return n.Value, single
	case *syntax.Comment:
		return n.Text, unquoted
	}
	return "", unseen
}

// substitute writes the script with references for its holes. One that is
// refused already keeps its mark, so that the others can be judged.
func (s *script) substitute(refs *references) {
	var b strings.Builder
	s.offsets = map[uint]int{}
	hole := 0
	for _, p := range s.source.parts {
		if p.kind != holePart {
			b.WriteString(p.text)
			continue
		}
		if s.whys[hole] != "" {
			b.WriteRune(rune(firstMark + hole))
			hole++
			continue
		}
		name := referenceName(refs.number(p.hole))
		before, reference, after := `"`, "$"+name, `"`
		switch s.quotes[hole] {
		case double:
			before, reference, after = "", "${"+name+"}", ""
		case single:
			before, after = `'"`, `"'`
		}
		b.WriteString(before)
		s.offsets[uint(b.Len())] = hole
		b.WriteString(reference + after)
		hole++
	}
	s.text = b.String()
}

// walk visits every node of a tree with its ancestors; the node comes last.
func walk(file *syntax.File, visit func(stack []syntax.Node)) {
	var stack []syntax.Node
	syntax.Walk(file, func(n syntax.Node) bool {
		if n == nil {
			stack = stack[:len(stack)-1]
			return true
		}
		stack = append(stack, n)
		visit(stack)
		return true
	})
}
