package suggest

import "testing"

func TestNearest(t *testing.T) {
	words := []string{"run", "parse", "dry", "reply", "kill", "version", "validatein", "validateout"}
	for word, want := range map[string]string{
		"rnu": "run", "prase": "parse", "rpely": "reply", "repyl": "reply", "kil": "kill", "killl": "kill",
		"vers": "version", "versions": "version", "validatin": "validatein", "validateut": "validateout",
		"launch": "", "x": "", "": "",
	} {
		if got := Nearest(word, words); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"", "abc", 3},
		{"abc", "", 3},
		{"abc", "abc", 0},
		{"abc", "abd", 1},
		{"abc", "ab", 1},
		{"ab", "ba", 1},
		{"abcd", "abdc", 1},
		{"ca", "abc", 3},
		{"kitten", "sitting", 3},
	} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("%q to %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
