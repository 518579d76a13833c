package apidoc

import (
	"encoding/json"
	"math"
	"regexp/syntax"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// formatSamples are texts of the formats that say what they look like. Those of one array
// differ by what stands in place of 1.
var formatSamples = map[string]string{
	"date": "2026-01-01", "date-time": "2026-01-01T12:00:00Z", "time": "12:00:01Z", "duration": "PT1H",
	"email": "name1@example.com", "idn-email": "name1@example.com", "hostname": "host1.example.com", "idn-hostname": "host1.example.com",
	"ipv4": "192.0.2.1", "ipv6": "2001:db8::1", "uri": "https://example.com/1", "url": "https://example.com/1", "uri-reference": "/1",
	"iri": "https://example.com/1", "uuid": "00000000-0000-4000-8000-000000000001", "byte": "c3RyaW5n", "int32": "1", "int64": "1",
}

// sampleText makes a string by its format, its pattern and its length.
func sampleText(parts []*openapi3.Schema, nth int) string {
	var least, most uint64 = 0, 1 << 16
	format, pattern := "", ""
	for _, p := range parts {
		least = max(least, min(p.MinLength, 1<<12))
		if p.MaxLength != nil {
			most = min(most, *p.MaxLength)
		}
		if format == "" {
			format = p.Format
		}
		if pattern == "" {
			pattern = p.Pattern
		}
	}
	text := "string"
	if known := formatSamples[format]; known != "" {
		text = known
	}
	if pattern != "" {
		if found, ok := matching(pattern, text, least, most); ok {
			return found
		}
	}
	if nth > 0 {
		text = strings.TrimSuffix(text, "1") + strconv.Itoa(nth+1)
	}
	if short := least - min(least, uint64(len(text))); short > 0 {
		text += strings.Repeat("g", int(short))
	}
	return text[:min(uint64(len(text)), most)]
}

// matching finds a text for a pattern: the one that is there, or one that is made of it,
// with repeated parts as often as the length takes.
func matching(pattern, text string, least, most uint64) (string, bool) {
	expression, err := compilePattern(pattern)
	if err != nil {
		return "", false
	}
	fits := func(s string) bool {
		n := uint64(len([]rune(s)))
		return n >= least && n <= most && expression.MatchString(s)
	}
	if fits(text) {
		return text, true
	}
	tree, err := syntax.Parse(expression.String(), syntax.Perl)
	if err != nil {
		return "", false
	}
	for again := range 64 {
		w := walker{again: again, left: walkMost}
		w.walk(tree)
		if s := w.text.String(); fits(s) {
			return s, true
		}
	}
	return "", false
}

// walkMost bounds the steps: repetitions of repetitions would take very many.
const walkMost = 5000

// walker writes the first text that an expression describes.
type walker struct {
	again int // how often an open repetition is taken
	left  int // how many steps it may still take
	text  strings.Builder
}

func (w *walker) put(s string) {
	w.text.WriteString(s)
	w.left -= len([]rune(s))
}

func (w *walker) walk(e *syntax.Regexp) {
	switch e.Op {
	case syntax.OpLiteral:
		w.put(string(e.Rune))
	case syntax.OpCharClass:
		w.put(string(letterOf(e.Rune)))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		w.put("a")
	case syntax.OpCapture, syntax.OpAlternate:
		w.walk(e.Sub[0])
	case syntax.OpConcat:
		for _, sub := range e.Sub {
			w.walk(sub)
		}
	case syntax.OpStar, syntax.OpQuest, syntax.OpPlus, syntax.OpRepeat:
		for n := times(e, w.again); n > 0 && w.left > 0; n-- {
			w.left--
			w.walk(e.Sub[0])
		}
	}
}

// times is how often a repetition is taken.
func times(e *syntax.Regexp, again int) int {
	low, high := 0, again
	switch e.Op {
	case syntax.OpQuest:
		high = 1
	case syntax.OpPlus:
		low = 1
	case syntax.OpRepeat:
		low = e.Min
		if e.Max >= 0 {
			high = e.Max
		}
	}
	return max(low, min(again, high))
}

// letterOf is a letter of a class, if it has one, else its first character.
func letterOf(class []rune) rune {
	for _, want := range "aA1" {
		for i := 0; i+1 < len(class); i += 2 {
			if class[i] <= want && want <= class[i+1] {
				return want
			}
		}
	}
	for i := 0; i+1 < len(class); i += 2 {
		if class[i+1] > ' ' {
			return max(class[i], '!')
		}
	}
	return 'a'
}

// sampleNumber is 1, or what is nearest to it within the bounds.
func sampleNumber(parts []*openapi3.Schema, integer bool, nth int) json.Number {
	low, high, step := math.Inf(-1), math.Inf(1), 0.0
	for _, p := range parts {
		inside := 0.5
		if integer {
			inside = 1
		}
		bound := func(v *float64, exclusive openapi3.ExclusiveBound, by float64) (float64, bool) {
			switch {
			case exclusive.Value != nil:
				return *exclusive.Value + by, true
			case v == nil:
				return 0, false
			case exclusive.IsTrue():
				return *v + by, true
			}
			return *v, true
		}
		if v, ok := bound(p.Min, p.ExclusiveMin, inside); ok {
			low = max(low, v)
		}
		if v, ok := bound(p.Max, p.ExclusiveMax, -inside); ok {
			high = min(high, v)
		}
		if p.MultipleOf != nil {
			step = *p.MultipleOf
		}
	}
	n := max(min(1, high), low) + float64(nth)
	if integer {
		n = math.Ceil(n)
	}
	if step > 0 {
		n = (math.Ceil(n/step) + float64(nth)) * step
	}
	return json.Number(strconv.FormatFloat(n, 'f', -1, 64))
}
