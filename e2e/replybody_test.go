package e2e

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// everyByte holds each byte value, and ends in what is no UTF-8.
var everyByte = func() []byte {
	var b []byte
	for range 400 {
		for i := range 256 {
			b = append(b, byte(i))
		}
	}
	return append(b, "\xff\xfe\x80tail\r\n"...)
}()

// What of a reply reaches the caller: status, type, named headers, every byte.
func TestReplyReachesTheCaller(t *testing.T) {
	t.Parallel()
	g := start(t, setup{top: keys{"maxbody": "64MiB"}, ops: ops{"get /wait": waiting(nil)}})
	const form = "application/x-www-form-urlencoded"
	cases := []struct {
		name, method, path string // path: before the id
		body               []byte
		header             []string
		chunked            bool
		status             int
		ctype              string
		bodyless           bool
	}{
		{name: "PUT", method: "PUT", body: []byte("[1]")},
		{name: "the short path", path: "/", body: []byte("[1]")},
		{name: "no type is application/json", body: []byte("{}"), header: []string{"Content-Type: "}, ctype: "application/json"},
		{name: "an empty body has no type", body: []byte{}, header: []string{"Content-Type: "}, ctype: "none"},
		{name: "a type with charset", body: []byte("caf\xe9"), header: []string{"Content-Type: text/html; charset=iso-8859-1"}, ctype: "text/html; charset=iso-8859-1"},
		{name: "binary", body: everyByte, header: []string{"Content-Type: application/octet-stream"}, ctype: "application/octet-stream"},
		{name: "nothing is reformatted", body: []byte("{ \"b\" : 1.50,\n  \"a\":\"\\u00e9\" }\n")},
		{name: "chunked", body: bytes.Repeat([]byte("one\x00two"), 30000), chunked: true},
		{name: "20 MiB", body: bytes.Repeat([]byte("0123456789abcdef"), 20<<16)},
		{name: "20 MiB chunked", body: bytes.Repeat([]byte("fedcba9876543210"), 20<<16), chunked: true},
		{name: "curl marks JSON as a form", body: []byte(`{"a":1}`), header: []string{"Content-Type: " + form}, ctype: "application/json"},
		{name: "a form stays a form", body: []byte("a=b"), header: []string{"Content-Type: " + form}, ctype: form},
		{name: "a brace alone is a form", body: []byte("{a=b"), header: []string{"Content-Type: " + form}, ctype: form},
		{name: "204 drops the body", body: []byte("x"), header: []string{"Urocket-Status: 204"}, status: 204, bodyless: true},
		{name: "205 drops the body", body: []byte("x"), header: []string{"Urocket-Status: 205"}, status: 205, bodyless: true},
		{name: "304 drops the body", body: []byte("x"), header: []string{"Urocket-Status: 304"}, status: 304, bodyless: true},
	}
	for _, status := range []int{200, 201, 202, 301, 400, 404, 409, 418, 429, 500, 502, 503, 599} {
		cases = append(cases, cases[0])
		c := &cases[len(cases)-1]
		c.name, c.status, c.header = "status "+strconv.Itoa(status), status, []string{"Urocket-Status: " + strconv.Itoa(status)}
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := g.hold(t, "GET", "/wait")
			path := "/urhttp/"
			if c.path != "" {
				path = c.path
			}
			method := "POST"
			if c.method != "" {
				method = c.method
			}
			a, err := g.sendBack(request{method: method, path: path + h.id, body: c.body, chunked: c.chunked, header: withoutEmpty(c.header)})
			check(t, err)
			a.want(t, 200)
			got := h.answer(t)
			if got.want(t, max(c.status, 200)); c.bodyless {
				c.body = nil
			}
			if !bytes.Equal(got.body, c.body) {
				t.Errorf("the caller got %s, want %s", short(got.body), short(c.body))
			}
			if ct := got.header.Get("Content-Type"); c.ctype == "none" && ct != "" || c.ctype != "none" && c.ctype != "" && ct != c.ctype {
				t.Errorf("Content-Type %q, want %q", ct, c.ctype)
			}
			got.wantNosniff(t)
		})
	}
}

// withoutEmpty drops "Content-Type: ", which stands for no such header.
func withoutEmpty(header []string) []string {
	return slices.DeleteFunc(slices.Clone(header), func(h string) bool { return h == "Content-Type: " })
}

func TestReplyHeaders(t *testing.T) {
	t.Parallel()
	g := start(t, setup{ops: ops{"get /wait": waiting(nil)}})
	t.Run("named ones reach the caller, in order", func(t *testing.T) {
		t.Parallel()
		h := g.hold(t, "GET", "/wait")
		g.reply(t, h.id, "made", "Urocket-Status: 201", "Content-Type: text/plain", "Urocket-Header: Location: /pets/7",
			"Urocket-Header: Set-Cookie: a=1; Path=/", "Urocket-Header: Set-Cookie: b=2", "Urocket-Header: X-Colon: a:b: c").want(t, 200)
		a := h.answer(t).want(t, 201, "made")
		if a.header.Get("Location") != "/pets/7" || a.header.Get("X-Colon") != "a:b: c" ||
			!slices.Equal(a.header.Values("Set-Cookie"), []string{"a=1; Path=/", "b=2"}) {
			t.Errorf("headers: %v", a.header)
		}
	})
	t.Run("others of the POST stay behind", func(t *testing.T) {
		t.Parallel()
		h := g.hold(t, "GET", "/wait")
		g.reply(t, h.id, "{}", "X-Other: 1", "Set-Cookie: a=b", "Location: /x", "Status: 404").want(t, 200)
		a := h.answer(t).want(t, 200)
		for _, name := range []string{"X-Other", "Set-Cookie", "Location", "Status"} {
			if a.header.Get(name) != "" {
				t.Errorf("%s reached the caller", name)
			}
		}
	})
	t.Run("any host name", func(t *testing.T) {
		t.Parallel()
		h := g.hold(t, "GET", "/wait")
		w := g.dialBack(t).say("POST /urhttp/", h.id, " HTTP/1.1\r\nHost: some.other.name:99\r\nContent-Length: 2\r\n\r\n{}")
		w.answer("POST").want(t, 200)
		h.answer(t).want(t, 200, "{}")
	})
	t.Run("no response splitting", func(t *testing.T) {
		t.Parallel()
		for _, evil := range []string{
			"X-A: b\r\n Injected: yes", "X-A: b\nInjected: yes", "X-A: b\rInjected: yes", "X-A: b%0d%0aInjected: yes",
			"X-A: b\x00\r\n\tInjected: yes", "X-A\r\nInjected: yes", "X-A: b\xe5\x98\x8a\xe5\x98\x8dInjected: yes",
		} {
			h := g.hold(t, "GET", "/wait")
			w := g.dialBack(t).ask("POST /urhttp/"+h.id, "Content-Length: 2", "Connection: close", "Urocket-Header: "+evil).say("{}")
			if text, _ := w.rest(); !strings.HasPrefix(text, "HTTP/1.1 200") {
				g.reply(t, h.id, "{}").want(t, 200)
			}
			if a := h.answer(t); a.header.Get("Injected") != "" {
				t.Errorf("%q injects a header", evil)
			}
		}
	})
}

// Only POST and PUT reply.
func TestOtherMethodsOnTheSocket(t *testing.T) {
	t.Parallel()
	g := start(t, setup{ops: ops{"get /wait": waiting(nil)}})
	h := g.hold(t, "GET", "/wait")
	for _, method := range []string{"GET", "DELETE", "PATCH", "OPTIONS", "HEAD"} {
		if a := g.back(t, method, "/urhttp/"+h.id, ""); a.status != 404 && a.status != 405 {
			t.Errorf("%s: %d", method, a.status)
		}
	}
	g.reply(t, h.id, "{}").want(t, 200)
	h.answer(t).want(t, 200)
}

// A POST that breaks off is no reply, however much of it came.
func TestReplyThatBreaksOff(t *testing.T) {
	t.Parallel()
	g := start(t, setup{ops: ops{"get /wait": waiting(nil)}})
	for name, head := range map[string]string{
		"with its length": "Content-Length: 500000\r\n\r\n" + strings.Repeat("x", 300000),
		"chunked":         "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := g.hold(t, "GET", "/wait")
			w := g.dialBack(t).say("POST /urhttp/", h.id, " HTTP/1.1\r\nHost: x\r\n", head)
			check(t, w.Close())
			g.reply(t, h.id, "whole").want(t, 200)
			h.answer(t).want(t, 200, "whole")
		})
	}
}

// However many reply at once, exactly one is told ok, and that one's is delivered.
func TestTwentyRepliesAtOnce(t *testing.T) {
	t.Parallel()
	g := start(t, setup{ops: ops{"get /wait": waiting(nil)}})
	h := g.hold(t, "GET", "/wait")
	var told [20]int
	var wg sync.WaitGroup
	for i := range told {
		wg.Go(func() {
			if a, err := g.tryBack("POST", "/urhttp/"+h.id, fmt.Append(nil, i)); err == nil {
				told[i] = a.status
			}
		})
	}
	wg.Wait()
	winner := slices.Index(told[:], http.StatusOK)
	for i, status := range told {
		if i != winner && status != 409 {
			t.Errorf("reply %d is told %d; all: %v", i, status, told)
		}
	}
	h.answer(t).want(t, 200, strconv.Itoa(winner))
}

// Answers go to their own callers, in whatever order the replies come.
func TestFiftyCallsDoNotMix(t *testing.T) {
	t.Parallel()
	g := start(t, setup{ops: ops{"get /wait": waiting(nil)}})
	calls := make([]*held, 50)
	for i := range calls {
		calls[i] = g.begin(t, "GET", "/wait")
	}
	for _, i := range rand.Perm(len(calls)) {
		calls[i].id = g.idOf(t, calls[i].token)
		g.reply(t, calls[i].id, calls[i].id).want(t, 200)
	}
	seen := map[string]bool{}
	for _, h := range calls {
		h.answer(t).want(t, 200, h.id)
		if !uuidPattern.MatchString(h.id) || seen[h.id] {
			t.Errorf("id %q is no UUID of its own", h.id)
		}
		seen[h.id] = true
	}
}
