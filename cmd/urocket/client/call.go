package client

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/urocket/urocket/cmd/urocket/cli"
	"github.com/urocket/urocket/internal/suggest"
	"github.com/urocket/urocket/processctl/spool"
)

// exitAgain is EX_TEMPFAIL of sysexits.h: it may go better later.
const exitAgain = 75

// callOptions are what call was given.
type callOptions struct {
	file, address string
	data          *string
	header        http.Header
	verbose       bool
	timeout       time.Duration
}

func callCommand() *cli.Command {
	o := &callOptions{header: http.Header{}}
	c := &cli.Command{
		Name: "call", Args: "[METHOD] PATH", Takes: [2]int{1, 2}, Kind: cli.Word, Words: verbs,
		Summary: "call an operation of the service that runs, as from a line of a crontab",
		Text: `It goes to the public listener, as any caller does: with the same checks, places and locks. METHOD is get
unless it is written; post with --data. PATH may have a query.

The body of a 2xx answer goes to standard output, anything else to standard error.

Exit codes: 0 for a 2xx; 1 for another answer, or none; 2 wrong usage or configuration; 75 (EX_TEMPFAIL)
for 429 and 503: the service is busy or stopping, and later it may go better.`,
	}
	c.Flags.String(&o.file, "c,config", "FILE", "the configuration that says where it listens (default urocket-service.yaml)").Is(cli.File)
	c.Flags.String(&o.address, "address", "HOST:PORT", "where it listens, in place of -c")
	c.Flags.Func(func(text string) error { o.data = &text; return nil }, "d,data", "DATA|@FILE", "the body; of a file, or of standard input with @-").Is(cli.File)
	c.Flags.Func(o.addHeader, "H,header", "'NAME: VALUE'", "a header of the request; may be given several times")
	c.Flags.Func(o.setTimeout, "timeout", "TIME", "how long to wait for the end of the answer, as in 90s (default: as long as it takes)")
	c.Flags.Switch(&o.verbose, "v,verbose", "show the headers of both on standard error")
	c.Run = func(call *cli.Call) int { return makeCall(call, o) }
	return c
}

// verbs are those that OpenAPI has.
var verbs = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

func (o *callOptions) addHeader(line string) error {
	if err := checkHeader(line); err != nil {
		return err
	}
	name, value, _ := strings.Cut(line, ":")
	o.header.Add(name, strings.TrimSpace(value))
	return nil
}

func (o *callOptions) setTimeout(text string) (err error) {
	if o.timeout, err = time.ParseDuration(text); err != nil || o.timeout <= 0 {
		return fmt.Errorf("%q is no time such as 90s or 5m", text)
	}
	return nil
}

func makeCall(call *cli.Call, o *callOptions) int {
	r, err := o.request(call.Args)
	if err != nil {
		return call.Misuse("%v", err)
	}
	guessed := o.data != nil && r.Header.Get("Content-Type") == ""
	if o.data != nil {
		body, err := o.body(call.In)
		if err != nil {
			return call.Fail(err)
		}
		defer body.Close()
		if err := attach(r, body); err != nil {
			return call.Fail(err)
		}
	}
	client := &http.Client{
		Transport:     &http.Transport{DisableCompression: true, DisableKeepAlives: true, DialContext: (&net.Dialer{Timeout: connectTime}).DialContext},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       o.timeout,
	}
	x := &exchange{call: call, verbose: o.verbose}
	x.showRequest(r)
	a, err := client.Do(r)
	if err != nil {
		return call.Fail(unanswered(r.URL.Host, err))
	}
	defer a.Body.Close()
	if kind := r.Header.Get("Content-Type"); guessed && kind == formType && a.StatusCode == http.StatusUnsupportedMediaType {
		fmt.Fprintf(call.Err, "urocket call: the body was sent as %s, for it is not valid JSON; --header 'Content-Type: …' says otherwise\n", kind)
	}
	return x.show(a)
}

// request is what METHOD and PATH say.
func (o *callOptions) request(args []string) (*http.Request, error) {
	method, path := "get", args[len(args)-1]
	switch {
	case len(args) == 2:
		method = strings.ToLower(args[0])
	case o.data != nil:
		method = "post"
	}
	if !slices.Contains(verbs, method) {
		if near := suggest.Nearest(method, verbs); near != "" {
			return nil, fmt.Errorf("unknown method %q: did you mean %s?", args[0], near)
		}
		return nil, fmt.Errorf("unknown method %q: it is one of %s", args[0], strings.Join(verbs, ", "))
	}
	if !strings.HasPrefix(path, "/") {
		return nil, fmt.Errorf("the path %q does not begin with /", path)
	}
	if strings.Contains(path, "#") {
		return nil, fmt.Errorf("the path %q holds a #: write %%23", path)
	}
	host, err := o.host()
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequest(strings.ToUpper(method), "http://"+host+path, nil)
	if err != nil {
		return nil, fmt.Errorf("the path %q cannot be sent: %w", path, errors.Unwrap(err))
	}
	r.Header = o.header
	r.Header.Set("User-Agent", "urocket")
	if named := r.Header.Get("Host"); named != "" {
		r.Host = named
	}
	return r, nil
}

// host is where the service is called: on the loopback interface if it listens on all.
func (o *callOptions) host() (string, error) {
	address := o.address
	if address == "" {
		a, err := addresses(o.file)
		if err != nil {
			return "", err
		}
		address = a.Listen
	}
	host, port, err := net.SplitHostPort(address)
	switch {
	case err != nil:
		return "", fmt.Errorf("%q is not an address such as 127.0.0.1:8080", address)
	case port == "0":
		return "", errors.New("the service listens on a port that it was given at its start: name it with --address")
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip == netip.IPv4Unspecified() {
		host = "127.0.0.1"
	} else if err == nil && ip == netip.IPv6Unspecified() {
		host = "::1"
	}
	return net.JoinHostPort(host, port), nil
}

// body is what --data says.
func (o *callOptions) body(stdin io.Reader) (*spool.Body, error) {
	switch name, isFile := strings.CutPrefix(*o.data, "@"); {
	case !isFile:
		return spool.FromBytes([]byte(*o.data)), nil
	case name == "-":
		return spool.Read(stdin, -1, mostBody)
	default:
		return readFile(name)
	}
}

const formType = "application/x-www-form-urlencoded"

// attach sends a body with a request: JSON as that, anything else as curl does.
func attach(r *http.Request, body *spool.Body) error {
	if body.Size() == 0 {
		return nil
	}
	r.Body, r.ContentLength = io.NopCloser(body.NewReader()), body.Size()
	if r.Header.Get("Content-Type") != "" {
		return nil
	}
	kind, err := typeOf(body)
	if kind != "application/json" {
		kind = formType
	}
	r.Header.Set("Content-Type", kind)
	return err
}

// unanswered says why there is no answer.
func unanswered(host string, err error) error {
	var at *url.Error
	switch errors.As(err, &at); {
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("nobody listens on %s: does the service run?", host)
	case at != nil && at.Timeout():
		return fmt.Errorf("%s has not answered in time", host)
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		return fmt.Errorf("%s has closed the connection without an answer", host)
	case at != nil:
		return fmt.Errorf("no answer of %s: %w", host, at.Err)
	}
	return err
}
