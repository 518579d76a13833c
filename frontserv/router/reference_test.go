package router

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// reference is the same contract in its most direct form: try every template, keep
// those that fit, choose by comparing rank after rank from the left.
func reference(templates []string, path string) string {
	if !strings.HasPrefix(path, "/") {
		return ""
	}
	segs := strings.Split(path[1:], "/")
	for i := range segs {
		d, err := url.PathUnescape(segs[i])
		if err != nil {
			return ""
		}
		segs[i] = d
	}
	best, found := template{}, false
	for _, text := range templates {
		t, err := parse(text)
		if err != nil || len(t.segments) != len(segs) {
			continue
		}
		fits := true
		for i, s := range t.segments {
			fits = fits && naiveFit(s, segs[i])
		}
		if fits && (!found || slices.CompareFunc(t.segments, best.segments, rank) < 0) {
			best, found = t, true
		}
	}
	return best.text
}

func rank(a, b segment) int {
	class := func(s segment) int {
		switch {
		case s.literal():
			return 0
		case s.bare():
			return 2
		}
		return 1
	}
	if c := class(a) - class(b); c != 0 {
		return c
	}
	return a.compare(b)
}

// naiveFit tries every way to share a segment out.
func naiveFit(s segment, seg string) bool {
	rest, ok := strings.CutPrefix(seg, s.texts[0])
	if !ok || s.literal() {
		return ok && rest == ""
	}
	tail := segment{texts: s.texts[1:], names: s.names[1:]}
	for i := range rest { // by character
		if i > 0 && naiveFit(tail, rest[i:]) {
			return true
		}
	}
	return rest != "" && naiveFit(tail, "")
}

// join puts a matched segment together again from its template and values.
func join(s segment, values []Param) string {
	b := s.texts[0]
	for i, v := range values {
		b += v.Value + s.texts[i+1]
	}
	return b
}

func checkAgainstReference(t interface {
	Errorf(format string, args ...any)
}, templates []string, path string,
) {
	var r Router[string]
	var added []string
	for _, p := range templates {
		if r.Add("GET", p, p) == nil {
			added = append(added, p)
		}
	}
	want, have := reference(added, path), ""
	if m, ok := r.Match(path); ok {
		v, params, _ := m.Verb("GET")
		have = v
		checkValues(t, v, path, params)
	}
	if have != want {
		t.Errorf("%q among %q: got %q, want %q", path, added, have, want)
	}
}

// checkValues asks that the values, put into the template, give the path again.
func checkValues(t interface {
	Errorf(format string, args ...any)
}, text, path string, params []Param,
) {
	tm, _ := parse(text)
	for _, s := range tm.segments {
		var raw string
		raw, path = cutSegment(path)
		seg, _ := url.PathUnescape(raw)
		for _, p := range params[:len(s.names)] {
			if p.Value == "" {
				t.Errorf("%s: empty value for %s", text, p.Name)
			}
		}
		if back := join(s, params[:len(s.names)]); back != seg {
			t.Errorf("%s: values give %q, path has %q", text, back, seg)
		}
		params = params[len(s.names):]
	}
}

func TestLikeReference(t *testing.T) {
	piece := rapid.SampledFrom([]string{"a", "b", "ab", ".", "%61", "%2F", "é"})
	hole := rapid.SampledFrom([]string{"{p}", "{q}", "{r}"})
	seg := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.OneOf(piece, hole, piece), 0, 4).Draw(t, "segment"), "")
	})
	path := rapid.Custom(func(t *rapid.T) string {
		return "/" + strings.Join(rapid.SliceOfN(seg, 0, 3).Draw(t, "segments"), "/")
	})
	rapid.Check(t, func(t *rapid.T) {
		templates := rapid.SliceOfN(path, 1, 12).Draw(t, "templates")
		text := strings.NewReplacer("{p}", "a", "{q}", "b.", "{r}", "").Replace(path.Draw(t, "path"))
		checkAgainstReference(t, templates, text)
	})
}

func FuzzMatch(f *testing.F) {
	f.Add("/pets/{id}\n/pets/mine\n/files/{n}.json", "/pets/mine")
	f.Add("/{a}..{b}\n/{a}{b}\n/x%2Fy", "/x%2fy")
	f.Add("/{a}a{b}a{c}", "/aaaaaaa")
	f.Fuzz(func(t *testing.T, templates, path string) {
		if len(templates) > 400 || len(path) > 60 {
			return // the reference is exponential
		}
		checkAgainstReference(t, strings.Split(templates, "\n"), path)
	})
}
