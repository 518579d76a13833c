package backserv

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/urocket/urocket/processctl/spool"
)

// Sizes around the limits, with and without a length and "Expect", and the
// answer must always be seen: curl fails the test on a broken pipe.
func TestSizes(t *testing.T) {
	file := filepath.Join(t.TempDir(), "body")
	b := serve(t)
	for i, size := range []int{0, 1, spool.MemoryLimit, spool.MemoryLimit + 1, maxBody, maxBody + 1, 5 * maxBody} {
		body := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
		if err := os.WriteFile(file, body, 0o600); err != nil {
			t.Fatal(err)
		}
		ways := map[string][]string{
			"with a length":              {"--data-binary", "@" + file},
			"without asking":             {"-H", "Expect:", "--data-binary", "@" + file},
			"chunked":                    {"-T", "-"},
			"chunked, without asking":    {"-H", "Expect:", "-T", "-"},
			"asking first":               {"-H", "Expect: 100-continue", "--data-binary", "@" + file},
			"HTTP/1.0, without a doubt ": {"-0", "--data-binary", "@" + file},
		}
		for way, args := range ways {
			id := fmt.Sprintf("id-%d", i)
			d := b.calls.expect(id, nil)
			want := http.StatusOK
			if size > maxBody {
				want = http.StatusRequestEntityTooLarge
			}
			if status, text := b.curl(t, bytes.NewReader(body), append(args, replyURL+id)...); status != want {
				t.Errorf("%d bytes %s: %d %q, want %d", size, way, status, text, want)
			}
			if got, sent := d.reply(); want == http.StatusOK && (got == nil || sent != string(body)) {
				t.Errorf("%d bytes %s: another body was committed", size, way)
			}
			// Nobody wants this one, and its sender is told.
			if status, _ := b.curl(t, bytes.NewReader(body), append(args, replyURL+"unknown")...); status != http.StatusNotFound {
				t.Errorf("%d bytes %s to an unknown id: %d", size, way, status)
			}
		}
	}
}

func TestNoRoomForALargeReply(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "missing"))
	b := serve(t)
	d := b.calls.expect("id", nil)
	body := bytes.NewReader(make([]byte, spool.MemoryLimit+1))
	if status, text := b.curl(t, body, "-H", "Expect:", "-T", "-", replyURL+"id"); status != http.StatusInternalServerError || !strings.Contains(text, "still open") {
		t.Errorf("%d %q", status, text)
	}
	if got, _ := d.reply(); got != nil {
		t.Error("committed")
	}
	if log := b.log.String(); !strings.Contains(log, "level=ERROR") || !strings.Contains(log, "missing") {
		t.Errorf("the log does not say why: %s", log)
	}
}

// The announcement must not wait for the body: the process may end meanwhile.
func TestDeliveryIsAnnouncedByItsHeaders(t *testing.T) {
	b := serve(t)
	d := b.calls.expect("id", nil)
	c := b.dial(t)
	c.send(t, "POST /urhttp/id HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n")
	wait(t, d.begun, "the announcement")
	c.send(t, "{}")
	if status, _ := c.answer(t); status != http.StatusOK {
		t.Errorf("status %d", status)
	}
	wait(t, d.ended, "the end of the delivery")
}

func TestReplyThatBreaksOffIsNone(t *testing.T) {
	b := serve(t)
	for _, framing := range []string{"Content-Length: 500000\r\n\r\nhalf", "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf", "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"} {
		for _, half := range []bool{false, true} {
			d := b.calls.expect("id", nil)
			c := b.dial(t)
			c.send(t, "POST /urhttp/id HTTP/1.1\r\nHost: x\r\n%s", framing)
			wait(t, d.begun, "the delivery")
			if half { // the sender could still read an answer, and must get none
				c.CloseWrite()
				if got, err := io.ReadAll(c.r); err != nil || len(got) > 0 {
					t.Errorf("%q: told %q, %v", framing, got, err)
				}
			} else {
				c.Close()
			}
			wait(t, d.ended, "the end of the delivery")
			if got, _ := d.reply(); got != nil {
				t.Errorf("%q: committed", framing)
			}
		}
	}
}

func TestChunksThatAreNone(t *testing.T) {
	b := serve(t)
	d := b.calls.expect("id", nil)
	c := b.dial(t)
	c.send(t, "POST /urhttp/id HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n")
	if status, _ := c.answer(t); status != http.StatusBadRequest {
		t.Errorf("status %d", status)
	}
	if rest, err := io.ReadAll(c.r); err != nil || len(rest) > 0 {
		t.Errorf("the connection goes on: %q, %v", rest, err)
	}
	if got, _ := d.reply(); got != nil {
		t.Error("committed")
	}
}

func TestStalledBody(t *testing.T) {
	b := serve(t, func(s *Server) { s.progress = 50 * time.Millisecond })
	d := b.calls.expect("id", nil)
	c := b.dial(t)
	c.send(t, "POST /urhttp/id HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\nhalf")
	if status, text := c.answer(t); status != http.StatusRequestTimeout || !strings.Contains(text, "no progress") {
		t.Errorf("%d %q", status, text)
	}
	if rest, err := io.ReadAll(c.r); err != nil || len(rest) > 0 {
		t.Errorf("the connection goes on: %q, %v", rest, err)
	}
	wait(t, d.ended, "the end of the delivery")

	// One that nobody wants is told first, and cut off then.
	c = b.dial(t)
	c.send(t, "POST /urhttp/unknown HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\nhalf")
	if status, _ := c.answer(t); status != http.StatusNotFound {
		t.Errorf("status %d", status)
	}
	if rest, err := io.ReadAll(c.r); len(rest) > 0 {
		t.Errorf("the connection goes on: %q, %v", rest, err)
	}
}

// A body may take longer than the limit, as long as it moves.
func TestSlowBodyThatMoves(t *testing.T) {
	b := serve(t, func(s *Server) { s.progress = 2 * time.Second })
	d := b.calls.expect("id", nil)
	c := b.dial(t)
	c.send(t, "POST /urhttp/id HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\n\r\n")
	for range 12 {
		time.Sleep(200 * time.Millisecond)
		c.send(t, "x")
	}
	if status, _ := c.answer(t); status != http.StatusOK {
		t.Errorf("status %d", status)
	}
	if _, body := d.reply(); len(body) != 12 {
		t.Errorf("committed %.40q", body)
	}
}

func TestSlowScriptsBlockNobody(t *testing.T) {
	b := serve(t)
	slow := b.calls.expect("slow", nil)
	for range 50 {
		c := b.dial(t)
		c.send(t, "POST /urhttp/slow HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\nhalf")
		wait(t, slow.begun, "a slow delivery")
	}
	b.calls.expect("id", nil)
	if status, _ := b.curl(t, nil, "-d", "{}", replyURL+"id"); status != http.StatusOK {
		t.Errorf("status %d", status)
	}
}

// "100 Continue" is sent when the reply is wanted, and not when it is not.
func TestAskingBeforeSending(t *testing.T) {
	b := serve(t)
	b.calls.expect("id", nil)
	const head = "POST /urhttp/%s HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n%s\r\n"
	c := b.dial(t)
	c.send(t, head, "id", "")
	if line, err := c.r.ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 100 ") {
		t.Fatalf("%q, %v", line, err)
	}
	if _, err := c.r.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	c.send(t, "{}")
	if status, _ := c.answer(t); status != http.StatusOK {
		t.Errorf("status %d", status)
	}
	for id, want := range map[string]int{"unknown": 404, "id": 400} {
		c := b.dial(t)
		c.send(t, head, id, "Urocket-Status: no\r\n")
		res, err := http.ReadResponse(c.r, nil)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want || !res.Close { // not 100
			t.Errorf("%s: status %d, close %v, want %d", id, res.StatusCode, res.Close, want)
		}
	}
}

// A refused reply leaves the connection fit for the next one, even if its
// sender looks for the answer only after the last byte.
func TestConnectionOutlivesARefusal(t *testing.T) {
	b := serve(t)
	d := b.calls.expect("id", nil)
	c := b.dial(t)
	for _, id := range []string{"unknown", "id", "unknown"} {
		body := strings.Repeat("x", 3*maxBody)
		c.send(t, "POST /urhttp/%s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", id, len(body), body)
		if status, _ := c.answer(t); status != 404 && status != 413 {
			t.Errorf("%s: status %d", id, status)
		}
	}
	c.send(t, "POST /urhttp/id HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
	if status, _ := c.answer(t); status != http.StatusOK {
		t.Errorf("status %d", status)
	}
	if _, body := d.reply(); body != "{}" {
		t.Errorf("committed %.40q", body)
	}
}
