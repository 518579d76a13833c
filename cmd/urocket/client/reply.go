package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/urocket/urocket/cmd/urocket/cli"
	"github.com/urocket/urocket/processctl/spool"
)

// replyOptions are what reply was given.
type replyOptions struct {
	status, kind, id, socket string
	header                   []string
}

func replyCommand() *cli.Command {
	o := replyOptions{status: "200", id: os.Getenv("REQUEST_ID"), socket: os.Getenv("UROCKET_SOCKET")}
	c := &cli.Command{
		Name: "reply", Args: "[FILE|-]", Takes: [2]int{0, 1}, Kind: cli.File,
		Summary: "reply to the request for which this script runs",
		Text: `The body of the reply is FILE, or standard input. It is sent when it is complete.
The content type is application/json for JSON, text/plain; charset=utf-8 for other text, and
application/octet-stream for anything else, unless --type says what it is.

Exit codes: 0 this is the caller's answer; 1 it was refused, and what urocket said is on standard
error, or nobody was there to take it; 2 wrong usage, or no request.`,
	}
	c.Flags.String(&o.status, "status", "CODE", "status of the answer, 200 to 599 (default 200)")
	c.Flags.Func(o.addHeader, "H,header", "'NAME: VALUE'", "a header of the answer; may be given several times")
	c.Flags.String(&o.kind, "t,type", "TYPE", "its content type, as in text/csv").Is(cli.Word, "application/json", "text/plain", "text/csv", "text/html")
	c.Flags.String(&o.id, "id", "ID", "the request to reply to (default $REQUEST_ID)").Is(cli.ID)
	c.Flags.String(&o.socket, "socket", "PATH", "the socket to reply on (default $UROCKET_SOCKET)").Is(cli.File)
	c.Run = func(call *cli.Call) int { return reply(call, &o) }
	return c
}

func (o *replyOptions) addHeader(line string) error {
	if err := checkHeader(line); err != nil {
		return err
	}
	o.header = append(o.header, line)
	return nil
}

// checkHeader wants "Name: value" of what can be sent. Which headers a reply may
// set is for the socket to say.
func checkHeader(line string) error {
	name, _, ok := strings.Cut(line, ":")
	switch {
	case !ok || name == "" || strings.ContainsAny(name, " \t"):
		return fmt.Errorf("%q is not of the form 'Name: value'", line)
	case strings.ContainsAny(line, "\r\n\x00"):
		return fmt.Errorf("%q holds a line break", line)
	}
	return nil
}

// wrong says what is wrong with the options, or "".
func (o *replyOptions) wrong() string {
	if n, err := strconv.Atoi(o.status); err != nil || n < 200 || n > 599 {
		return fmt.Sprintf("--status: %q is not a number from 200 to 599", o.status)
	}
	switch {
	case o.id == "":
		return "REQUEST_ID is not set, so there is no request to reply to: urocket sets it for the processes that it starts; elsewhere name one with --id"
	case o.socket == "":
		return "UROCKET_SOCKET is not set: name the socket with --socket"
	}
	return ""
}

func reply(call *cli.Call, o *replyOptions) int {
	if wrong := o.wrong(); wrong != "" {
		return call.Misuse("%s", wrong)
	}
	body, err := readBody(call)
	if err != nil {
		return call.Fail(err)
	}
	defer body.Close()
	if err := o.send(body); err != nil {
		var refused *refusal
		if errors.As(err, &refused) {
			err = fmt.Errorf("urocket refused the reply: %w", err)
		}
		return call.Fail(err)
	}
	return cli.OK
}

// mostBody leaves it to urocket what is too large.
const mostBody = math.MaxInt64

// readBody takes the file that was named, or standard input, to its end.
func readBody(call *cli.Call) (*spool.Body, error) {
	if len(call.Args) == 0 || call.Args[0] == "-" {
		return spool.Read(call.In, -1, mostBody)
	}
	return readFile(call.Args[0])
}

func readFile(name string) (*spool.Body, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return spool.Read(f, -1, mostBody)
}

// send posts the reply.
func (o *replyOptions) send(body *spool.Body) error {
	s := at(o.socket)
	r := s.request(http.MethodPost, "/urhttp/"+url.PathEscape(o.id))
	r.Body, r.ContentLength = io.NopCloser(body.NewReader()), body.Size()
	if body.Size() == 0 {
		r.Body = http.NoBody
	}
	r.Header.Set("Urocket-Status", o.status)
	r.Header["Urocket-Header"] = o.header
	kind := o.kind
	if kind == "" && !o.typed() {
		guess, err := typeOf(body)
		if err != nil {
			return err
		}
		kind = guess
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	_, err := s.ask(r, mostText)
	return err
}

// typed says that a header names the type.
func (o *replyOptions) typed() bool {
	for _, line := range o.header {
		if name, _, _ := strings.Cut(line, ":"); strings.EqualFold(name, "Content-Type") {
			return true
		}
	}
	return false
}

// typeOf tells the content type of a body by what it holds: JSON, text, or neither.
func typeOf(body *spool.Body) (string, error) {
	all, err := body.Bytes()
	switch {
	case err != nil:
		return "", err
	case len(all) == 0:
		return "", nil
	case !utf8.Valid(all):
		return "application/octet-stream", nil
	case json.Valid(all):
		return "application/json", nil
	case strings.ContainsRune(string(all), 0):
		return "application/octet-stream", nil
	}
	return "text/plain; charset=utf-8", nil
}
