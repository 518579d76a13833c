package router

import (
	"cmp"
	"errors"
	"net/url"
	"slices"
	"strings"
)

// template is a path key of the document, taken apart.
type template struct {
	text     string // as the document has it
	segments []segment
	params   int
}

// segment is what stands between two slashes: literal texts with a parameter between
// each two of them. "{a}..{b}" has the texts "", ".." and "", the names a and b.
type segment struct {
	texts []string // decoded; one more than names
	names []string
}

func (s segment) literal() bool { return len(s.names) == 0 }

// bare reports whether the segment is one parameter and nothing else.
func (s segment) bare() bool {
	return len(s.names) == 1 && s.texts[0] == "" && s.texts[1] == ""
}

func (s segment) sameShape(o segment) bool { return slices.Equal(s.texts, o.texts) }

// compare orders patterns by the rank in which they are tried: more literal characters
// first, then fewer parameters, then anything that does not depend on who came first.
func (s segment) compare(o segment) int {
	return cmp.Or(
		cmp.Compare(o.weight(), s.weight()),
		cmp.Compare(len(s.names), len(o.names)),
		slices.Compare(s.texts, o.texts),
	)
}

// weight is the number of literal bytes.
func (s segment) weight() int {
	n := 0
	for _, t := range s.texts {
		n += len(t)
	}
	return n
}

func parse(path string) (template, error) {
	t := template{text: path}
	if !strings.HasPrefix(path, "/") {
		return t, errors.New("it does not begin with /")
	}
	// A path never holds a query or a fragment, so that such a key cannot be reached.
	if i := strings.IndexAny(path, "?#"); i >= 0 {
		return t, errors.New("it holds " + path[i:i+1] + ", which no path has")
	}
	seen := map[string]bool{}
	for part := range strings.SplitSeq(path[1:], "/") {
		s, err := parseSegment(part)
		if err != nil {
			return t, err
		}
		for _, name := range s.names {
			if seen[name] {
				return t, errors.New("it holds the parameter {" + name + "} twice")
			}
			seen[name] = true
		}
		t.segments = append(t.segments, s)
	}
	t.params = len(seen)
	return t, nil
}

func parseSegment(part string) (segment, error) {
	var s segment
	for {
		text, rest, found := strings.Cut(part, "{")
		if strings.Contains(text, "}") {
			return s, errors.New("a } has no {")
		}
		s.texts = append(s.texts, decodeLiteral(text))
		if !found {
			return s, nil
		}
		name, rest, found := strings.Cut(rest, "}")
		switch {
		case !found || strings.Contains(name, "{"):
			return s, errors.New("a { has no }")
		case name == "":
			return s, errors.New("a parameter has no name")
		}
		s.names = append(s.names, name)
		part = rest
	}
}

// static returns the path as a caller writes it, when the template has no parameter
// and no segment that a caller would have to write with an escape.
func (t template) static() (string, bool) {
	if t.params > 0 {
		return "", false
	}
	var b strings.Builder
	for _, s := range t.segments {
		if strings.ContainsAny(s.texts[0], "/%") {
			return "", false
		}
		b.WriteString("/" + s.texts[0])
	}
	return b.String(), true
}

// values reads the parameters out of a path that the template is known to match.
func (t template) values(path string) []Param {
	if t.params == 0 {
		return nil
	}
	params := make([]Param, 0, t.params)
	for _, s := range t.segments {
		var raw string
		raw, path = cutSegment(path)
		if !s.literal() {
			seg, _ := decode(raw) // it was decoded to be matched
			params = s.values(seg, params)
		}
	}
	return params
}

// split decodes the segments of a path into segs. It reports false for a path that
// cannot match: no leading slash, more than depth segments, a broken escape.
func split(path string, depth int, segs []string) ([]string, bool) {
	if !strings.HasPrefix(path, "/") {
		return nil, false
	}
	for path != "" {
		if len(segs) == depth {
			return nil, false
		}
		var raw string
		raw, path = cutSegment(path)
		seg, err := decode(raw)
		if err != nil {
			return nil, false
		}
		segs = append(segs, seg)
	}
	return segs, true
}

// cutSegment takes the first segment off a path that begins with a slash or is empty.
func cutSegment(path string) (seg, rest string) {
	if path == "" {
		return "", ""
	}
	if i := strings.IndexByte(path[1:], '/'); i >= 0 {
		return path[1 : i+1], path[i+1:]
	}
	return path[1:], ""
}

func decode(seg string) (string, error) {
	if strings.IndexByte(seg, '%') < 0 {
		return seg, nil
	}
	return url.PathUnescape(seg)
}

// decodeLiteral decodes the document's text; a percent sign that begins no escape
// stands for itself there.
func decodeLiteral(text string) string {
	if d, err := url.PathUnescape(text); err == nil {
		return d
	}
	return text
}
