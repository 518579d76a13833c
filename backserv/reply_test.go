package backserv

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/urocket/urocket/processctl/spool"
	"github.com/urocket/urocket/visor"
)

// largeJSON does not stay in memory.
var largeJSON = "[" + strings.Repeat("1,", spool.MemoryLimit) + "1]"

func TestReplyIsTheAnswer(t *testing.T) {
	tests := []struct {
		name string
		args []string
		want visor.Reply
		body string
	}{
		{"as documented", []string{"-H", "Content-Type: application/json", "-d", `{"hello":true}`}, visor.Reply{Status: 200, ContentType: "application/json"}, `{"hello":true}`},
		{"curl -d marks JSON as a form", []string{"-d", `[1, 2]`}, visor.Reply{Status: 200, ContentType: "application/json"}, `[1, 2]`},
		{"JSON after blanks in a form", []string{"--data-binary", " \n{}"}, visor.Reply{Status: 200, ContentType: "application/json"}, " \n{}"},
		{"large JSON in a form", []string{"--data-binary", "@-"}, visor.Reply{Status: 200, ContentType: "application/json"}, largeJSON},
		{"blanks in a form", []string{"-d", "  "}, visor.Reply{Status: 200, ContentType: "application/x-www-form-urlencoded"}, "  "},
		{"a form that is not UTF-8", []string{"-d", "[\"\xff\"]"}, visor.Reply{Status: 200, ContentType: "application/x-www-form-urlencoded"}, "[\"\xff\"]"},
		{"a real form", []string{"-d", "a=b"}, visor.Reply{Status: 200, ContentType: "application/x-www-form-urlencoded"}, "a=b"},
		{"a form that begins like JSON", []string{"-d", "{a=b"}, visor.Reply{Status: 200, ContentType: "application/x-www-form-urlencoded"}, "{a=b"},
		{"a JSON string in a form", []string{"-d", `"a"`}, visor.Reply{Status: 200, ContentType: "application/x-www-form-urlencoded"}, `"a"`},
		{"no type", []string{"-H", "Content-Type:", "-d", "plain"}, visor.Reply{Status: 200, ContentType: "application/json"}, "plain"},
		{"PUT", []string{"-T", "-", "-H", "Content-Type: text/csv"}, visor.Reply{Status: 200, ContentType: "text/csv"}, "from stdin"},
		{"empty", []string{"-d", ""}, visor.Reply{Status: 200}, ""},
		{
			"another status",
			[]string{"-H", "Urocket-Status: 201", "-H", "Urocket-Header: Location: /pets/7", "-d", "{}"},
			visor.Reply{Status: 201, ContentType: "application/json", Header: []visor.Field{{Name: "Location", Value: "/pets/7"}}},
			"{}",
		},
		{"204 drops the body", []string{"-H", "Urocket-Status: 204", "-d", "{}"}, visor.Reply{Status: 204}, ""},
		{"205 drops the body", []string{"-H", "Urocket-Status: 205", "-d", "{}"}, visor.Reply{Status: 205}, ""},
		{"304 drops the body", []string{"-H", "Urocket-Status: 304", "-d", "{}"}, visor.Reply{Status: 304}, ""},
		{"other headers stay behind", []string{"-H", "Set-Cookie: a=b", "-H", "X-Other: 1", "-d", "{}"}, visor.Reply{Status: 200, ContentType: "application/json"}, "{}"},
		{"its type as a header", []string{"-H", "Urocket-Header: Content-Type: text/csv", "-d", "a,b"}, visor.Reply{Status: 200, ContentType: "text/csv"}, "a,b"},
	}
	b := serve(t)
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			url := replyURL
			if i%2 == 1 { // the other spelling, and any host
				url = "http://some.other.name:99/"
			}
			id := fmt.Sprintf("id-%d", i)
			d := b.calls.expect(id, nil)
			input := strings.NewReader("from stdin")
			if test.body == largeJSON {
				input = strings.NewReader(largeJSON)
			}
			if status, text := b.curl(t, input, append(test.args, url+id)...); status != http.StatusOK || text != "ok" {
				t.Fatalf("curl is told %d %q", status, text)
			}
			got, body := d.reply()
			got.Body = nil
			if fmt.Sprint(*got) != fmt.Sprint(test.want) || body != test.body {
				t.Errorf("committed %+v %.40q\nwant      %+v %.40q", *got, body, test.want, test.body)
			}
			wait(t, d.ended, "the end of the delivery")
		})
	}
}

func TestRefusedReplies(t *testing.T) {
	refused := &visor.RefusedError{Err: errors.New("/id: want integer\nbut got string")}
	disk := &visor.RefusedError{Err: &spool.StorageError{Err: errors.New("disk full")}}
	tests := []struct {
		name, id, says string
		commit, late   error
		args           []string
		status         int
	}{
		{name: "unknown id", id: "nobody", status: 404, says: "REQUEST_ID"},
		{name: "id too long to be one", id: strings.Repeat("x", maxID+1), status: 404, says: "REQUEST_ID"},
		{name: "no id", id: "", status: 400, says: "getenv('REQUEST_ID')"},
		{name: "a path below", id: "a/b", status: 404, says: "/urhttp/"},
		{name: "answered before", id: "a", late: visor.ErrAnswered, status: 409, says: "already answered"},
		{name: "answered meanwhile", id: "b", commit: visor.ErrAnswered, status: 409, says: "already answered"},
		{name: "does not reply here", id: "c", late: visor.ErrNotHere, status: 409, says: "reply: socket"},
		{name: "timeout", id: "d", late: &visor.GoneError{End: visor.EndTimeout}, status: 410, says: "timeout"},
		{name: "exit", id: "e", late: &visor.GoneError{End: visor.EndExit}, status: 410, says: "exit"},
		{name: "out of memory", id: "f", late: &visor.GoneError{End: visor.EndOOM}, status: 410, says: "memory"},
		{name: "caller gone", id: "g", late: &visor.GoneError{End: visor.EndCallerGone}, status: 410, says: "caller"},
		{name: "stopping", id: "h", late: &visor.GoneError{End: visor.EndDraining}, status: 410, says: "stopping"},
		{name: "timeout meanwhile", id: "i", commit: &visor.GoneError{End: visor.EndTimeout}, status: 410, says: "504"},
		{name: "forgotten meanwhile", id: "j", commit: visor.ErrUnknown, status: 404, says: "60 s"},
		{name: "validateout", id: "k", commit: refused, status: 422, says: "/id: want integer but got string"},
		{name: "validateout without a disk", id: "l", commit: disk, status: 500, says: "log"},
		{name: "cannot be kept", id: "m", commit: errors.New("internal matter"), status: 500, says: "still open"},
		{name: "bad status", id: "n", args: []string{"-H", "Urocket-Status: 99"}, status: 400, says: `"99"`},
		{name: "empty status", id: "o", args: []string{"-H", "Urocket-Status;"}, status: 400, says: "from 200 to 599"},
		{name: "two statuses", id: "p", args: []string{"-H", "Urocket-Status: 201", "-H", "Urocket-Status: 202"}, status: 400, says: "more than one"},
		{name: "bad header", id: "q", args: []string{"-H", "Urocket-Header: Location"}, status: 400, says: "Name: value"},
		{name: "header of the connection", id: "r", args: []string{"-H", "Urocket-Header: Connection: close"}, status: 400, says: "Connection"},
		{name: "bad type", id: "s", args: []string{"-H", "Content-Type: json"}, status: 400, says: "application/json"},
		{name: "GET", id: "t", args: []string{"-G"}, status: 405, says: "POST or PUT"},
		{name: "DELETE", id: "u", args: []string{"-X", "DELETE"}, status: 405, says: "POST or PUT"},
	}
	b := serve(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.late != nil {
				b.calls.refuse(test.id, test.late)
			} else if len(test.id) == 1 {
				d := b.calls.expect(test.id, test.commit)
				t.Cleanup(func() {
					if got, _ := d.reply(); got != nil {
						t.Error("a refused reply was committed")
					}
				})
			}
			for _, url := range []string{replyURL, "http://internal/"} {
				status, text := b.curl(t, nil, append(test.args, "-d", `{"a":1}`, url+test.id)...)
				if status != test.status || !strings.Contains(text, test.says) {
					t.Errorf("%s: %d %q\nwant %d and %q", url, status, text, test.status, test.says)
				}
				if lines := strings.Count(text, "\n"); lines < 1 || lines > 2 {
					t.Errorf("%d lines: %q", lines, text)
				}
			}
		})
	}
	log := b.log.String()
	if strings.Contains(log, "nobody") {
		t.Error("an unknown id is in the log")
	}
	for _, id := range []string{"n", "q", "s"} {
		if !strings.Contains(log, `msg="reply refused" request_id=`+id+" status=400 error=") {
			t.Errorf("the log does not tell of the refusal of %s: %s", id, log)
		}
	}
}

// After a refusal the same call takes a better reply.
func TestRequestStaysOpen(t *testing.T) {
	b := serve(t)
	d := b.calls.expect("id", nil)
	if status, _ := b.curl(t, nil, "-H", "Urocket-Status: 600", "-d", "{}", replyURL+"id"); status != http.StatusBadRequest {
		t.Errorf("a bad status: %d", status)
	}
	big := bytes.NewReader(make([]byte, maxBody+1))
	if status, _ := b.curl(t, big, "-T", "-", replyURL+"id"); status != http.StatusRequestEntityTooLarge {
		t.Errorf("too large: %d", status)
	}
	if status, _ := b.curl(t, nil, "-d", "better", replyURL+"id"); status != http.StatusOK {
		t.Errorf("the better reply: %d", status)
	}
	if _, body := d.reply(); body != "better" {
		t.Errorf("committed %.40q", body)
	}
}

func TestSurvivesGarbage(t *testing.T) {
	b := serve(t)
	b.calls.expect("id", nil)
	for _, junk := range []string{
		"\x00\xff\x13garbage\r\n\r\n", "GET", "POST / HTTP/9.9\r\n\r\n", "CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST /urhttp/id HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", "BREW /urhttp/%00%0a HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST //// HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "GET /urprocs/" + strings.Repeat("%2f", 1000) + " HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		c := b.dial(t)
		c.send(t, "%s", junk)
		c.CloseWrite()
		if got, err := io.ReadAll(c.r); err != nil || bytes.HasPrefix(got, []byte("HTTP/1.1 2")) && !strings.HasPrefix(junk, "OPTIONS") {
			t.Errorf("%.40q: %q, %v", junk, got, err)
		}
	}
	if status, _ := b.curl(t, nil, "-d", "{}", replyURL+"id"); status != http.StatusOK {
		t.Errorf("status %d", status)
	}
	if log := b.log.String(); strings.Contains(log, "panic") {
		t.Errorf("log: %s", log)
	}
}

// What a script sends stays one line of the log and one header, whatever it is.
func TestIDsAreOpaque(t *testing.T) {
	b := serve(t)
	id := "a\nlevel=ERROR msg=forged"
	d := b.calls.expect(id, nil)
	c := b.dial(t)
	c.send(t, "POST /urhttp/a%%0Alevel=ERROR%%20msg=forged HTTP/1.1\r\nHost: x\r\nUrocket-Status: 1\r\nContent-Length: 0\r\n\r\n")
	if status, _ := c.answer(t); status != http.StatusBadRequest {
		t.Errorf("status %d", status)
	}
	wait(t, d.ended, "the end of the delivery")
	if log := b.log.String(); strings.Count(log, "\n") != 1 {
		t.Errorf("log: %s", log)
	}
}
