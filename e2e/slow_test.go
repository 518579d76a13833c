package e2e

import (
	"errors"
	"io"
	"net"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// Callers that make no progress. The times are urocket's own: 30 s for a
// body, 10 s for the head.
func TestSlowCallers(t *testing.T) {
	t.Parallel()
	g := start(t, setup{ops: ops{"post /in": {"cmd": "/bin/cat", "channel": "stdin", "encoding": "raw", "reply": "stdout"}}})
	for name, head := range map[string]string{
		"408 slow-request: a body with its length": "Content-Length: 10\r\n\r\nhello",
		"408 slow-request: a chunked body":         "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begun := time.Now()
			w := g.dial(t).say("POST /in HTTP/1.1\r\nHost: x\r\n", head)
			w.answer("POST").wantProblem(t, 408, "slow-request")
			if passed := time.Since(begun); passed < 25*time.Second {
				t.Errorf("408 after %v", passed)
			}
			_, _ = w.rest() // the connection closes
		})
	}
	t.Run("a body that goes on slowly is taken", func(t *testing.T) {
		t.Parallel()
		w := g.dial(t).say("POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: 35\r\n\r\n")
		for range 35 {
			w.say("x")
			time.Sleep(time.Second)
		}
		w.answer("POST").want(t, 200, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")
	})
	for name, line := range map[string]string{"404": "POST /nowhere", "405": "PUT /in", "413": "POST /big"} {
		t.Run("a refusal does not wait for a body that never comes: "+name, func(t *testing.T) {
			t.Parallel()
			length := "10"
			if name == "413" {
				line, length = "POST /in", "99999999"
			}
			w := g.dial(t).ask(line, "Content-Length: "+length)
			if a := w.answer("POST"); strconv.Itoa(a.status) != name {
				t.Errorf("told %d", a.status)
			}
			_, _ = w.rest() // nobody can keep the connection by sending nothing
		})
	}
	for name, head := range map[string]string{"nothing at all": "", "half a head": "GET /in HTTP/1.1\r\nHost: x\r\n"} {
		t.Run("headers late are closed without an answer: "+name, func(t *testing.T) {
			t.Parallel()
			w := g.dial(t).say(head)
			b, err := io.ReadAll(w.in)
			var late net.Error
			if len(b) > 0 || errors.As(err, &late) && late.Timeout() || err != nil && !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("read %q, %v", b, err)
			}
		})
	}
}
