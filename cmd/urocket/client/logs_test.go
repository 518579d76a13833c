package client

import "testing"

func TestNews(t *testing.T) {
	for _, c := range []struct {
		end  string
		n    int64
		want string
		lost int64
	}{
		{"abc", 0, "", 0},
		{"abc", 2, "bc", 0},
		{"abc", 3, "abc", 0},
		{"abc", 10, "abc", 7},
		{"", 5, "", 5},
		{"aé", 2, "é", 0},
		{"aé", 3, "aé", 0},
		{"a\ufffd\ufffdb", 3, "\ufffd\ufffdb", 0}, // two bytes that were no UTF-8
		{"a\ufffd", 9, "a\ufffd", 7},
	} {
		if text, lost := news(c.end, c.n); text != c.want || lost != c.lost {
			t.Errorf("%q, %d: %q and %d lost, want %q and %d", c.end, c.n, text, lost, c.want, c.lost)
		}
	}
}
