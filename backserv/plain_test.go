package backserv

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

func post(lines ...string) string { return strings.Join(lines, "\r\n") }

func TestParsePlain(t *testing.T) {
	const id = "64ed1763-9ca9-4b95-b47f-75c1318b3462"
	for _, c := range []struct{ name, request string }{
		{"curl", post("POST /urhttp/"+id+" HTTP/1.1", "Host: internal", "User-Agent: curl/7.88.1", "Accept: */*", "Content-Type: application/json", "Content-Length: 2", "", "{}")},
		{"status and fields", post("POST /urhttp/"+id+" HTTP/1.1", "host: [::1]", "Host: a", "", "")},
	} {
		_, ok := parsePlain([]byte(c.request))
		if want := c.name == "curl"; ok != want {
			t.Errorf("%s: plain is %v, want %v", c.name, ok, want)
		}
	}
	p, ok := parsePlain([]byte(post("POST /urhttp/a-1 HTTP/1.1", "Host: internal:80", "URocket-Status: 201", "Urocket-Header: A: 1", "urocket-header:\tB: 2 ", "Connection: close", "Content-Length: 3", "", "abc")))
	if !ok {
		t.Fatal("not plain")
	}
	if p.id != "a-1" || string(p.body) != "abc" || !p.close || p.header.Get("Urocket-Status") != "201" || fmt.Sprint(p.header["Urocket-Header"]) != "[A: 1 B: 2]" {
		t.Errorf("got %+v", p)
	}
}

// What could be understood in more than one way, or is not whole, is for net/http.
func TestNotPlain(t *testing.T) {
	good := []string{"POST /urhttp/a HTTP/1.1", "Host: internal", "Content-Length: 2", "", "{}"}
	if _, ok := parsePlain([]byte(post(good...))); !ok {
		t.Fatal("the request that is spoilt below is not plain itself")
	}
	with := func(i int, line string) string {
		lines := append([]string{}, good...)
		lines[i] = line
		return post(lines...)
	}
	for _, request := range []string{
		"", "P", post(good...)[:20], post(good...)[:60],
		with(0, "GET /urhttp/a HTTP/1.1"), with(0, "POST /a HTTP/1.1"), with(0, "POST /urhttp/ HTTP/1.1"), with(0, "POST /urhttp/a HTTP/1.0"),
		with(0, "POST /urhttp/a%20 HTTP/1.1"), with(0, "POST /urhttp/a?b HTTP/1.1"), with(0, "POST /urhttp/"+strings.Repeat("a", maxID+1)+" HTTP/1.1"),
		with(1, "Host:"), with(1, "Host: a b"), with(1, "Host: a\r\nHost: a"), with(1, "Accept: */*"), with(1, "Host : internal"), with(1, " Host: internal"),
		with(1, "Host: internal\r\nX-Other: 1"), with(1, "Host: internal\r\n folded"), with(1, "Host: internal\nAccept: x"),
		with(2, "Content-Length: 1"), with(2, "Content-Length: 3"), with(2, "Content-Length: +2"), with(2, "Content-Length: 2\r\nContent-Length: 2"),
		with(2, "Content-Length: "), with(2, "Content-Length: 2, 2"), with(2, "Transfer-Encoding: chunked"), with(2, "Content-Length: 2\r\nTransfer-Encoding: chunked"),
		with(2, "Content-Length: 2\r\nExpect: 100-continue"), with(2, "Content-Length: 2\r\nConnection: upgrade"), with(2, "Content-Length: 2\r\nUser-Agent: \x00"),
		with(2, "Content-Length: 2\r\nUser-Agent: \xc3\xa4"), post(good...) + "POST",
	} {
		if _, ok := parsePlain([]byte(request)); ok {
			t.Errorf("taken for plain: %q", request)
		}
	}
}

// What is taken for plain says to net/http exactly what it says here.
func FuzzParsePlain(f *testing.F) {
	f.Add([]byte(post("POST /urhttp/a-1 HTTP/1.1", "Host: internal:80", "Urocket-Status: 201", "Urocket-Header: A: 1", "Content-Type: a/b", "Connection: close", "Content-Length: 3", "", "abc")))
	f.Add([]byte(post("POST /urhttp/b HTTP/1.1", "hOST: x", "accept:", "User-Agent: \t a  b", "Connection: keep-alive", "Content-Length: 0", "", "")))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, ok := parsePlain(b)
		if !ok {
			return
		}
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(b)))
		if err != nil {
			t.Fatalf("net/http: %v: %q", err, b)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil || !bytes.Equal(body, p.body) || r.ContentLength != int64(len(p.body)) {
			t.Errorf("the body is %q, %v to net/http and %q here", body, err, p.body)
		}
		if r.Method != http.MethodPost || r.URL.Path != "/urhttp/"+p.id || r.Close != p.close || r.ProtoMajor != 1 || r.ProtoMinor != 1 {
			t.Errorf("net/http reads %s %s, close %v; here the id is %q, close %v", r.Method, r.URL, r.Close, p.id, p.close)
		}
		for _, name := range []string{"Content-Type", statusHeader, fieldHeader} {
			if fmt.Sprintf("%q", r.Header.Values(name)) != fmt.Sprintf("%q", p.header.Values(name)) {
				t.Errorf("%s is %q to net/http and %q here", name, r.Header.Values(name), p.header.Values(name))
			}
		}
	})
}
