package reply

import (
	"strings"
	"testing"

	"github.com/urocket/urocket/processctl/spool"
)

func TestCheckType(t *testing.T) {
	for _, v := range []string{"", "application/json", "text/html; charset=utf-8", "multipart/form-data; boundary=\"a b\"", "application/vnd.api+json", "text/plain;"} {
		if err := CheckType(v); err != nil {
			t.Errorf("%q: %v", v, err)
		}
	}
	for _, v := range []string{"json", "/", "a/", "text/html; charset", "text/html\r\nX: y", "text/h\x01", "text/html; a=\"\x01\"", "text/plain; a=é", "text/" + strings.Repeat("x", MaxType), ";"} {
		if CheckType(v) == nil {
			t.Errorf("%q is taken", v)
		}
	}
}

func TestContentType(t *testing.T) {
	for _, c := range []struct{ kind, body, want string }{
		{"text/csv", "", ""},
		{"", "a,b", "application/json"},
		{"text/csv", "a,b", "text/csv"},
		{formType, "a=b", formType},
		{formType, " {}", jsonType},
		{formType, "{", formType},
		{formType, "\"text\"", formType},
	} {
		if got, err := ContentType(c.kind, spool.FromBytes([]byte(c.body))); got != c.want || err != nil {
			t.Errorf("%q with %q: %q (%v), want %q", c.kind, c.body, got, err, c.want)
		}
	}
}

func TestCheckStatus(t *testing.T) {
	for status, good := range map[int]bool{200: true, 599: true, 404: true, 199: false, 600: false, 0: false, -1: false, 100: false} {
		if got := CheckStatus(status) == nil; got != good {
			t.Errorf("%d: %v", status, got)
		}
	}
}
