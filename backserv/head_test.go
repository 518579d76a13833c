package backserv

import (
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/urocket/urocket/internal/reply"
	"github.com/urocket/urocket/visor"
)

func TestStatus(t *testing.T) {
	good := map[string]int{"200": 200, "201": 201, "204": 204, "404": 404, "599": 599}
	for v, want := range good {
		if got, err := parseStatus([]string{v}); err != nil || got != want {
			t.Errorf("%q: %d, %v", v, got, err)
		}
	}
	if got, err := parseStatus(nil); err != nil || got != 200 {
		t.Errorf("none: %d, %v", got, err)
	}
	for _, v := range []string{"", "abc", "99", "0", "1000", "600", "199", "101", "-1", "+20", "+200", "0200", "200 OK", "2e2", "20\x00", "２００"} {
		if got, err := parseStatus([]string{v}); err == nil {
			t.Errorf("%q: %d", v, got)
		}
	}
	if _, err := parseStatus([]string{"200", "200"}); err == nil {
		t.Error("two of them are accepted")
	}
}

func TestField(t *testing.T) {
	good := map[string]visor.Field{
		"Location: /pets/7":      {Name: "Location", Value: "/pets/7"},
		"x-a:b":                  {Name: "x-a", Value: "b"},
		"X-Empty:":               {Name: "X-Empty"},
		"X-A: \t spaced \t out ": {Name: "X-A", Value: "spaced \t out"},
		"Set-Cookie: a=b; c=d":   {Name: "Set-Cookie", Value: "a=b; c=d"},
		"X-A: caf\xe9 café":      {Name: "X-A", Value: "caf\xe9 café"},
		"Proxy: x":               {Name: "Proxy", Value: "x"},
		"!#$%&'*+-.^_`|~09az: :": {Name: "!#$%&'*+-.^_`|~09az", Value: ":"},
	}
	for line, want := range good {
		if got, err := parseField(line); err != nil || got != want {
			t.Errorf("%q: %+v, %v", line, got, err)
		}
	}
	bad := []string{
		"", "No colon here", "Bad Name: x", ": nameless", "X(y): z", "X-\xe9: z", "X-A : b", " X-A: b", "X-A\x00: b",
		"X-A: a\x01b", "X-A: a\r\nInjected: yes", "X-A: a\nb", "X-A: a\x00b", "X-A: a\x7fb",
		"Content-Length: 1", "Transfer-Encoding: chunked", "Connection: close, X-Foo", "Trailer: X", "Upgrade: x", "TE: trailers", "Keep-Alive: 1",
		"Proxy-Authenticate: x", "proxy-: x", "Date: now", "Server-Timing: a", "urocket-stats: wall=1", "UROCKET-Any: 1", "cOnTeNt-LeNgTh: 1",
	}
	for _, line := range bad {
		if got, err := parseField(line); err == nil {
			t.Errorf("%q: %+v", line, got)
		}
	}
}

func TestHead(t *testing.T) {
	got, err := parseHead(http.Header{
		"Urocket-Status": {"202"},
		"Content-Type":   {"text/plain"},
		"Urocket-Header": {"Set-Cookie: a=1", "content-type: text/csv", "Set-Cookie: b=2"},
		"X-Other":        {"1"},
	})
	want := head{status: 202, kind: "text/csv", fields: []visor.Field{{Name: "Set-Cookie", Value: "a=1"}, {Name: "Set-Cookie", Value: "b=2"}}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	for name, h := range map[string]http.Header{
		"two types":                 {"Content-Type": {"text/plain", "text/plain"}},
		"two types as fields":       {"Urocket-Header": {"Content-Type: a/b", "Content-Type: a/b"}},
		"a bad type behind a field": {"Content-Type": {"bad"}, "Urocket-Header": {"Content-Type: a/b"}},
	} {
		if got, err := parseHead(h); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// Whatever a script sends: what is accepted cannot break out of the answer's
// head, and what is refused is refused in one printable line.
func FuzzHead(f *testing.F) {
	for _, seed := range [][3]string{
		{"200", "Location: /pets/7", "application/json"},
		{"204", "Set-Cookie: a=b; Path=/", "text/html; charset=utf-8"},
		{"", "X-A: b\r\nInjected: yes", "text/plain\r\nInjected: yes"},
		{"1e2", "TRANSFER-encoding: chunked", "multipart/form-data; boundary=\"a\\\"b\""},
		{"599", "Content-Type: text/csv", ""},
		{"+20", "X-\u560d\u560a: \u560d\u560a", "a/b;c=\x80"},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, status, field, kind string) {
		h, err := parseHead(http.Header{"Urocket-Status": {status}, "Urocket-Header": {field}, "Content-Type": {kind}})
		if err != nil {
			if reply.HasControl(err.Error()) || strings.Contains(err.Error(), "\t") {
				t.Errorf("message %q", err)
			}
			return
		}
		if h.status < 200 || h.status > 599 {
			t.Errorf("status %d", h.status)
		}
		if strings.ContainsFunc(h.kind, func(r rune) bool { return r < ' ' && r != '\t' || r > '~' }) {
			t.Errorf("content type %q", h.kind)
		}
		for _, f := range h.fields {
			if strings.ContainsAny(f.Name, " :\r\n\x00") || f.Name == "" || strings.ContainsAny(f.Value, "\r\n\x00") {
				t.Errorf("field %+v", f)
			}
			name := http.CanonicalHeaderKey(f.Name)
			if reply.CheckField(name, f.Value) != nil {
				t.Errorf("field %+v", f)
			}
		}
	})
}
