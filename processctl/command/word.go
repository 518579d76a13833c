package command

import (
	"errors"
	"strings"
)

// word is one argument, or one word of a script: text with holes in it.
type word struct{ parts []part }

type partKind int

const (
	textPart partKind = iota
	holePart          // a placeholder
	fogPart           // what a shell will put there: not known here
)

type part struct {
	kind partKind
	text string // of a hole: the placeholder as the user wrote it
	hole Placeholder
}

// literal is the word's text, and whether that is all there is.
func (w word) literal() (string, bool) {
	text, rest := w.prefix()
	return text, len(rest.parts) == 0
}

// prefix is the text before the first hole or fog, and what follows it.
func (w word) prefix() (string, word) {
	var b strings.Builder
	for i, p := range w.parts {
		if p.kind != textPart {
			return b.String(), word{w.parts[i:]}
		}
		b.WriteString(p.text)
	}
	return b.String(), word{}
}

func (w word) holes() []Placeholder {
	var holes []Placeholder
	for _, p := range w.parts {
		if p.kind == holePart {
			holes = append(holes, p.hole)
		}
	}
	return holes
}

func (w word) holds() bool { return len(w.holes()) > 0 }

// lead lists the placeholders of which one may begin the word, because all
// before it may be empty. What a shell puts there may be empty too.
func (w word) lead() []Placeholder {
	var holes []Placeholder
	for _, p := range w.parts {
		switch {
		case p.kind == holePart:
			holes = append(holes, p.hole)
		case p.kind == textPart && p.text != "":
			return holes
		}
	}
	return holes
}

// base is the word's base name as a path, if the text that ends it tells.
func (w word) base() (string, bool) {
	text, whole := w.literal()
	if !whole {
		last := w.parts[len(w.parts)-1]
		if last.kind != textPart || !strings.Contains(last.text, "/") {
			return "", false
		}
		text = last.text
	}
	return text[strings.LastIndexByte(text, '/')+1:], true
}

// written is the word as the user wrote it.
func (w word) written() string {
	var b strings.Builder
	for _, p := range w.parts {
		if p.kind == textPart {
			b.WriteString(strings.ReplaceAll(p.text, "{{", "{{{{"))
		} else {
			b.WriteString(p.text)
		}
	}
	return b.String()
}

// fill is the word with its holes filled.
func (w word) fill(v Values) string {
	if len(w.parts) == 1 && w.parts[0].kind == textPart {
		return w.parts[0].text
	}
	var b strings.Builder
	for _, p := range w.parts {
		if p.kind == holePart {
			b.WriteString(v.Value(p.hole))
		} else {
			b.WriteString(p.text)
		}
	}
	return b.String()
}

// parseWord finds the placeholders in s. One that is malformed is reported and
// stays in the word as text.
func parseWord(s string) (word, []error) {
	var (
		w    word
		errs []error
		text strings.Builder
	)
	for s != "" {
		switch {
		case strings.HasPrefix(s, "{{{{"):
			text.WriteString("{{")
			s = s[4:]
		case strings.HasPrefix(s, "{{"):
			raw, p, err := cutPlaceholder(s)
			s = s[len(raw):]
			if err != nil {
				errs = append(errs, err)
				text.WriteString(raw)
				continue
			}
			w.flush(&text)
			w.parts = append(w.parts, part{holePart, raw, p})
		default:
			text.WriteByte(s[0])
			s = s[1:]
		}
	}
	w.flush(&text)
	return w, errs
}

func (w *word) flush(text *strings.Builder) {
	if text.Len() > 0 {
		w.parts = append(w.parts, part{kind: textPart, text: text.String()})
		text.Reset()
	}
}

// errQuote is a command line whose quotes do not match.
var errQuote = errors.New("a quote is not closed; double it or put the argument between quotes of the other kind")

// split cuts a line at its blanks and takes the quotes away. Placeholders are
// found before, so that blanks and quotes in them do not count.
func split(line word) ([]word, error) {
	s := splitter{}
	for _, p := range line.parts {
		if p.kind == holePart {
			s.word.flush(&s.text)
			s.word.parts = append(s.word.parts, p)
			s.open = true
			continue
		}
		for i := 0; i < len(p.text); i++ {
			i += s.step(p.text[i:])
		}
	}
	s.end()
	if s.quote != 0 {
		return s.words, errQuote
	}
	return s.words, nil
}

type splitter struct {
	words []word
	word  word
	text  strings.Builder
	quote byte // the quote that is open, or 0
	open  bool // a word has begun; '' is one
}

// step takes the first byte of s, and says how many more it took.
func (s *splitter) step(text string) int {
	c := text[0]
	switch {
	case s.quote == 0 && strings.IndexByte(blanks, c) >= 0:
		s.end()
		return 0
	case s.quote == 0 && (c == '\'' || c == '"'):
		s.quote, s.open = c, true
		return 0
	case s.quote == c && c != 0:
		s.quote = 0
		return 0
	case s.quote == '"' && (strings.HasPrefix(text, `\"`) || strings.HasPrefix(text, `\\`)):
		s.text.WriteByte(text[1])
		return 1
	}
	s.open = true
	s.text.WriteByte(c)
	return 0
}

func (s *splitter) end() {
	if s.open {
		s.word.flush(&s.text)
		s.words = append(s.words, s.word)
	}
	s.word, s.open = word{}, false
}
