package backserv

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"syscall"
	"testing"
	"time"
)

// Requests on one connection are answered one after the other, whoever reads them.
func TestPlainAndOthersOnOneConnection(t *testing.T) {
	b := serve(t)
	c := b.dial(t)
	for i, request := range []string{
		"POST /urhttp/%s HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
		"POST /urhttp/%s HTTP/1.1\r\nHost: x\r\nUrocket-Status: 201\r\nContent-Length: 2\r\n\r\n{}",
		"POST /urhttp/%s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", // not plain: from here on it is net/http's
		"POST /urhttp/%s HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
	} {
		id := fmt.Sprint("call-", i)
		d := b.calls.expect(id, nil)
		c.send(t, "%s", fmt.Sprintf(request, id))
		if status, text := c.answer(t); status != http.StatusOK || text != "ok" {
			t.Fatalf("request %d: %d %q", i, status, text)
		}
		if got, body := d.reply(); got == nil || body != "{}" || i == 1 && got.Status != 201 {
			t.Errorf("request %d: the reply is %+v, %q", i, got, body)
		}
	}
}

// A refusal of a plain reply is told as that of any other.
func TestPlainRefused(t *testing.T) {
	b := serve(t)
	b.calls.expect("id", nil)
	for request, want := range map[string]int{
		"POST /urhttp/nobody HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}":                   http.StatusNotFound,
		"POST /urhttp/id HTTP/1.1\r\nHost: x\r\nUrocket-Status: 99\r\nContent-Length: 2\r\n\r\n{}": http.StatusBadRequest,
	} {
		c := b.dial(t)
		c.send(t, "%s", request)
		if status, _ := c.answer(t); status != want {
			t.Errorf("%q: %d, want %d", request, status, want)
		}
	}
}

// What is sent in pieces is put together again.
func TestPlainInPieces(t *testing.T) {
	b := serve(t)
	d := b.calls.expect("id", nil)
	c := b.dial(t)
	c.send(t, "POST /urhttp/id HT")
	c.send(t, "TP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{")
	wait(t, d.begun, "the delivery")
	c.send(t, "}")
	if status, text := c.answer(t); status != http.StatusOK || text != "ok" {
		t.Errorf("answer %d %q", status, text)
	}
	if _, body := d.reply(); body != "{}" {
		t.Errorf("the reply is %q", body)
	}
}

// Shutdown ends connections that wait, whether anything was sent on them or not.
func TestShutdownEndsPlainConnections(t *testing.T) {
	b := serve(t)
	b.calls.expect("id", nil)
	silent, used := b.dial(t), b.dial(t)
	used.send(t, "POST /urhttp/id HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
	if status, _ := used.answer(t); status != http.StatusOK {
		t.Fatalf("answer %d", status)
	}
	if err := b.Shutdown(t.Context()); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	for name, c := range map[string]*raw{"silent": silent, "used": used} {
		_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
		if _, err := c.r.ReadByte(); err != io.EOF && !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("the %s connection: %v, want its end", name, err)
		}
	}
}
