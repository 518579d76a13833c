package frontserv

import (
	"log/slog"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/urocket/urocket/frontserv/guard"
)

// hiding is an exchange whose operation demands a query parameter and a cookie, both
// called key.
func hiding(t *testing.T, target string) *exchange {
	t.Helper()
	keys := guard.Keys{List: []string{"a:sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}}
	g, faults, _ := guard.New(guard.Options{
		Schemes:  map[string]guard.Scheme{"q": {Type: "apiKey", In: "query", Name: "key"}, "c": {Type: "apiKey", In: "cookie", Name: "key"}},
		Settings: []guard.Setting{{Scheme: "q", Method: keys}, {Scheme: "c", Method: keys}},
		Sources:  &guard.Sources{Log: slog.New(slog.DiscardHandler)},
	})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	rule, _, _ := g.Rule([][]guard.Demand{{{Scheme: "q"}}, {{Scheme: "c"}}})
	return &exchange{r: httptest.NewRequest("GET", target, nil), endpoint: &endpoint{rule: rule}}
}

func TestQueriesWithoutKeys(t *testing.T) {
	for query, want := range map[string]string{
		"":                   "",
		"a=b":                "a=b",
		"key=abc":            "",
		"a=b&key=abc&c=d":    "a=b&c=d",
		"key=abc&key=x&a":    "a",
		"%6Bey=abc&a=key":    "a=key",
		"k%65y&b=%zz&&c=1+2": "b=%zz&&c=1+2",
		"Key=abc":            "Key=abc",
		"key[]=abc&a=1":      "key[]=abc&a=1",
		"a=key=abc":          "a=key=abc",
	} {
		x := hiding(t, "/p?"+query)
		if got := x.openRequest().URL.RawQuery; got != want {
			t.Errorf("%q becomes %q, want %q", query, got, want)
		}
		if x.r.URL.RawQuery != query {
			t.Errorf("the request itself is changed to %q", x.r.URL.RawQuery)
		}
		uri := "/p"
		if want != "" {
			uri += "?" + want
		}
		if got := x.openURI(); got != uri {
			t.Errorf("the target with %q becomes %q", query, got)
		}
	}
	x := &exchange{r: httptest.NewRequest("GET", "/p?key=abc", nil), endpoint: &endpoint{}}
	if x.openRequest() != x.r || x.openURI() != "/p?key=abc" {
		t.Error("changed where nothing is demanded")
	}
}

func TestCookiesWithoutKeys(t *testing.T) {
	for _, c := range []struct{ sent, want []string }{
		{[]string{"a=1; key=abc; b=2"}, []string{"a=1; b=2"}},
		{[]string{"key=abc"}, nil},
		{[]string{"key=abc", "a=1"}, []string{"a=1"}},
		{[]string{"a=1;key=abc;b=2"}, []string{"a=1;b=2"}},
		{[]string{"keys=abc; a=key"}, []string{"keys=abc; a=key"}},
		{[]string{" key =abc;"}, nil},
	} {
		if got := hiding(t, "/").openCookies(c.sent); !slices.Equal(got, c.want) {
			t.Errorf("%q becomes %q, want %q", c.sent, got, c.want)
		}
	}
}

func TestLoggedURI(t *testing.T) {
	for uri, want := range map[string]string{
		"/a": "/a", "/a?key=abc&b": "/a?key=…&b", "/a?x=1=2&?=3": "/a?x=…&?=…", "*": "*", "/a?": "/a?",
	} {
		if got := loggedURI(uri); got != want {
			t.Errorf("%q is logged as %q, want %q", uri, got, want)
		}
	}
}
