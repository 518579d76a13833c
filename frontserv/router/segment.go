package router

import (
	"strings"
	"unicode/utf8"
)

// match reports whether a decoded segment fits the pattern with no value empty.
func (s segment) match(seg string) bool { return s.fit(seg, nil) }

// values appends the parameters' values in a segment that fits.
func (s segment) values(seg string, params []Param) []Param {
	base := len(params)
	for _, name := range s.names {
		params = append(params, Param{Name: name})
	}
	s.fit(seg, params[base:])
	return params
}

// fit matches from the right: the last text is an end, each text before it is sought
// from the right, so that earlier parameters take as much as they can. Taking the
// rightmost place for a text leaves the most room to its left, so a first failure is
// final and no place is tried twice. out, when not nil, takes the values.
func (s segment) fit(seg string, out []Param) bool {
	last := len(s.names) - 1
	rest, ok := strings.CutSuffix(seg, s.texts[last+1])
	for i := last; ok && i > 0; i-- {
		at := lastPlace(rest, s.texts[i])
		if at < 0 {
			return false
		}
		if out != nil {
			out[i].Value = rest[at+len(s.texts[i]):]
		}
		rest = rest[:at]
	}
	first, found := strings.CutPrefix(rest, s.texts[0])
	if out != nil {
		out[0].Value = first
	}
	return ok && found && first != ""
}

// lastPlace finds where the last text in rest begins that leaves a value of one
// character at least to its right. Between two parameters without a text that is
// before the last character, which is not always one byte.
func lastPlace(rest, text string) int {
	if rest == "" {
		return -1
	}
	if text == "" {
		_, size := utf8.DecodeLastRuneInString(rest)
		return len(rest) - size
	}
	return strings.LastIndex(rest[:len(rest)-1], text)
}
