package client

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/urocket/urocket/cmd/urocket/cli"
)

// followTime is how often is looked for more.
const followTime = 250 * time.Millisecond

func logsCommand() *cli.Command {
	var where finder
	follow := false
	c := &cli.Command{
		Name: "logs", Args: "ID", Takes: [2]int{1, 1}, Kind: cli.ID,
		Summary: "what a call has printed: the last 4 KiB of its stdout and of its stderr",
		Text: `Each goes to the stream of that name. What is not kept any more is counted on standard error. Calls are
remembered for a minute after their end. ID may be as short as ps shows it on a terminal.`,
	}
	where.flags(c)
	c.Flags.Switch(&follow, "f,follow", "go on with what is printed until the call ends")
	c.Run = func(call *cli.Call) int {
		s, err := where.find()
		if err != nil {
			return call.Misuse("%v", err)
		}
		if err := s.logs(call, follow); err != nil {
			return call.Fail(err)
		}
		return cli.OK
	}
	return c
}

func (s *socket) logs(call *cli.Call, follow bool) error {
	id, err := s.resolve(call.Args[0])
	if err != nil {
		return err
	}
	shown := [2]shownStream{newStream(call, "stdout", call.Out), newStream(call, "stderr", call.Err)}
	for first := true; ; first = false {
		p, err := s.process(id)
		var refused *refusal
		if !first && errors.As(err, &refused) && refused.status == http.StatusNotFound {
			return nil // it has ended, and is forgotten by now
		}
		if err != nil {
			return err
		}
		if err := errors.Join(shown[0].show(p.Stdout, p.Stats.Stdout), shown[1].show(p.Stderr, p.Stats.Stderr)); err != nil {
			return err
		}
		if !follow || p.ended() {
			return nil
		}
		time.Sleep(followTime)
	}
}

// shownStream is a stream of a call as far as it was shown.
type shownStream struct {
	name      string
	out, errs io.Writer
	terminal  bool
	bytes     int64 // how many there were
}

func newStream(call *cli.Call, name string, out io.Writer) shownStream {
	return shownStream{name: name, out: out, errs: call.Err, terminal: screenOf(out) != nil}
}

// show prints what is new of the stream, of which there are the end and the length.
func (s *shownStream) show(end string, total int64) error {
	text, lost := news(end, total-s.bytes)
	s.bytes = total
	if lost > 0 {
		fmt.Fprintf(s.errs, "urocket logs: %d bytes of %s are not kept any more\n", lost, s.name)
	}
	if s.terminal {
		text = visible(text)
	}
	_, err := io.WriteString(s.out, text)
	return err
}

// news is the part of a stream's end that came as the last n bytes, and how many of
// these are missing. U+FFFD stands for one byte that was no UTF-8.
func news(end string, n int64) (text string, lost int64) {
	at := len(end)
	for at > 0 && n > 0 {
		r, size := utf8.DecodeLastRuneInString(end[:at])
		at -= size
		if r == utf8.RuneError {
			size = 1
		}
		n -= int64(size)
	}
	return end[at:], max(n, 0)
}
