package frontserv

import (
	"net/http"
	"strings"
	"testing"

	"golang.org/x/net/http/httpguts"
)

// FuzzCGIHead: whatever a script writes, what becomes a header is one, and none
// that is about the connection or ours.
func FuzzCGIHead(f *testing.F) {
	for _, seed := range []string{
		"Content-Type: text/plain\r\n\r\nbody", "Status: 404 Not There\nX-A: b\n\n", "Location: /x\n\n", "\n", "no header\n\n",
		"Content-Type: a\nTransfer-Encoding: chunked\nConnection: close\nurocket-stats: x\nProxy-A: b\n\n", "Status: 99\n\n", "A: b\x00\n\n", ": x\n\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		head, _, ok := cutHead(data)
		if !ok {
			return
		}
		reply, err := parseCGIHead(head)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\r\n") {
				t.Errorf("the error shows what was written: %q", err)
			}
			return
		}
		if reply.Status < 200 || reply.Status > 599 {
			t.Errorf("status %d", reply.Status)
		}
		for _, h := range reply.Header {
			if !httpguts.ValidHeaderFieldName(h.Name) || !httpguts.ValidHeaderFieldValue(h.Value) || notFromCGI[http.CanonicalHeaderKey(h.Name)] || strings.HasPrefix(strings.ToLower(h.Name), "urocket-") {
				t.Errorf("header %q: %q", h.Name, h.Value)
			}
		}
	})
}

func TestEchoable(t *testing.T) {
	for s, want := range map[string]bool{"a": true, "a-1_~!": true, strings.Repeat("x", 128): true, "": false, strings.Repeat("x", 129): false, "a b": false, "é": false, "a\x7f": false} {
		if got := echoable(s); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
}

func TestRawPath(t *testing.T) {
	for target, want := range map[string]string{
		"/a%2Fb|c?x=1": "/a%2Fb|c", "http://h:1/a|b%7c?x": "/a|b%7c", "/a?b?c": "/a", "//x": "//x",
	} {
		r, err := http.NewRequest("GET", "http://h/", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.RequestURI = target
		if got := rawPath(r); got != want {
			t.Errorf("%s: %s, want %s", target, got, want)
		}
	}
}

func TestEnvironmentKeepsOneValueForEachName(t *testing.T) {
	e := &environment{}
	e.set("A", "1")
	e.add([]string{"B=2", "A=3=4", "C="})
	if got := strings.Join(e.list, " "); got != "A=3=4 B=2 C=" {
		t.Errorf("got %q", got)
	}
}
