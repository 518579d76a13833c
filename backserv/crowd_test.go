package backserv

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// crowdedBack is a server with so many connections at once, that tells when one of
// them has nothing more to do.
type crowdedBack struct {
	*back
	idle chan struct{}
}

func crowded(t *testing.T, limit int) *crowdedBack {
	t.Helper()
	idle := make(chan struct{}, 1000)
	b := serve(t, func(s *Server) {
		s.opt.Connections = limit
		s.http.ConnState = func(c net.Conn, state http.ConnState) {
			changed(c, state)
			if state == http.StateIdle {
				idle <- struct{}{}
			}
		}
	})
	return &crowdedBack{back: b, idle: idle}
}

// delivering is a connection on which half a reply to id has come.
func (b *back) delivering(t *testing.T, id string) (*raw, *delivery) {
	t.Helper()
	d := b.calls.expect(id, nil)
	return b.alsoDelivering(t, id, d), d
}

func (b *back) alsoDelivering(t *testing.T, id string, d *delivery) *raw {
	t.Helper()
	c := b.dial(t)
	c.send(t, "POST /urhttp/%s HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{", id)
	wait(t, d.begun, "the delivery")
	return c
}

// served is a connection that has had an answer and waits for more to ask.
func (b *crowdedBack) served(t *testing.T) *raw {
	t.Helper()
	c := b.dial(t)
	b.ask(t, c)
	return c
}

func (b *crowdedBack) ask(t *testing.T, c *raw) {
	t.Helper()
	c.send(t, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
	if status, _ := c.answer(t); status != http.StatusOK {
		t.Errorf("status %d", status)
	}
	wait(t, b.idle, "the connection is idle")
}

// wantClosed waits for the end of the connection.
func (c *raw) wantClosed(t *testing.T) {
	t.Helper()
	if _, err := c.r.ReadByte(); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("it is not closed: %v", err)
	}
}

// finish sends the rest of a reply.
func (c *raw) finish(t *testing.T, d *delivery) {
	t.Helper()
	c.send(t, "}")
	if status, text := c.answer(t); status != http.StatusOK {
		t.Errorf("answer %d %q", status, text)
	}
	if _, body := d.reply(); body != "{}" {
		t.Errorf("the reply is %q", body)
	}
}

// One client with connections without end takes no place that a reply needs,
// whatever it does on them; replies that are on their way come in.
func TestReplyBesideAHogOfConnections(t *testing.T) {
	for name, text := range map[string]string{
		"that are silent":               "",
		"that begin a request":          "POST /urhttp/i",
		"that reply to no call":         "POST /urhttp/nobody HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nx",
		"that reply all to one call":    "POST /urhttp/own HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nx",
		"that have asked for something": "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			b := crowded(t, 10)
			first, d := b.delivering(t, "first")
			b.calls.expect("own", nil)
			for range 300 {
				c := b.dial(t)
				_, _ = io.WriteString(c, text) // it may be closed already
			}
			b.calls.expect("second", nil)
			if status, text := b.curl(t, nil, "-d", "{}", replyURL+"second"); status != http.StatusOK {
				t.Errorf("curl is told %d %q", status, text)
			}
			first.finish(t, d)
			if n := strings.Count(b.log.String(), "are closed for new ones"); n != 1 {
				t.Errorf("the log says so %d times", n)
			}
		})
	}
}

// The one that has waited longest goes first, and none with a request while
// there is one without.
func TestWhichConnectionGoesFirst(t *testing.T) {
	b := crowded(t, 4)
	reply, d := b.delivering(t, "id")
	again := b.alsoDelivering(t, "id", d)
	asking := b.dial(t)
	asking.send(t, "GET /heal")
	idle := b.served(t) // accepted after it

	second := b.served(t)
	idle.wantClosed(t)
	_, other := b.delivering(t, "other")
	second.wantClosed(t)
	third, last := b.delivering(t, "last")
	asking.wantClosed(t)
	b.served(t)
	again.wantClosed(t) // the same call has an earlier one
	reply.finish(t, d)
	third.finish(t, last)
	if got, _ := other.reply(); got != nil {
		t.Error("half a reply counts")
	}
}

// A connection counts from its last request on.
func TestConnectionThatIsUsedStays(t *testing.T) {
	b := crowded(t, 3)
	used, old, young := b.served(t), b.served(t), b.served(t)
	b.ask(t, used)
	b.served(t)
	old.wantClosed(t)
	b.ask(t, used)
	b.ask(t, young)
}

// When all carry replies a new one waits until one of them is through.
func TestConnectionWaitsForReplies(t *testing.T) {
	b := crowded(t, 2)
	first, d := b.delivering(t, "first")
	second, e := b.delivering(t, "second")
	third := b.dial(t)
	third.send(t, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
	for end := time.Now().Add(20 * time.Second); !strings.Contains(b.log.String(), "on the socket wait"); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the log does not say that connections wait")
		}
	}
	first.finish(t, d)
	if status, _ := third.answer(t); status != http.StatusOK {
		t.Errorf("status %d", status)
	}
	first.wantClosed(t)
	second.finish(t, e)
}

// A server that has no place is shut down all the same.
func TestShutdownWithoutAPlace(t *testing.T) {
	b := crowded(t, 1)
	_, _ = b.delivering(t, "id")
	waiting := b.dial(t)
	b.end()
	waiting.wantClosed(t)
}

// Who has few connections keeps them, however many another process group makes.
func TestOtherGroupsKeepTheirs(t *testing.T) {
	b := crowded(t, 12)
	own := b.served(t)
	hog := exec.Command("perl", "-e", fmt.Sprintf(`use Socket; setpgrp; $| = 1;
		for (1..200) { socket(my $s, AF_UNIX, SOCK_STREAM, 0); connect($s, sockaddr_un("%s")) or die "connect: $!"; push @s, $s }
		print "done\n"; <STDIN>`, b.path))
	stdin, err := hog.StdinPipe()
	check(t, err)
	out, err := hog.StdoutPipe()
	check(t, err)
	check(t, hog.Start())
	if _, err := io.ReadFull(out, make([]byte, 5)); err != nil {
		t.Errorf("the hog failed: %v", err)
	}
	b.served(t) // is accepted after all of those
	b.ask(t, own)
	check(t, stdin.Close())
	check(t, hog.Wait())
}
