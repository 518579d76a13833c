package client

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/urocket/urocket/cmd/urocket/cli"
)

// exchange is a call and what is shown of it.
type exchange struct {
	call    *cli.Call
	verbose bool
}

func (x *exchange) showRequest(r *http.Request) {
	if x.verbose {
		fmt.Fprintf(x.call.Err, "> %s %s\n> Host: %s\n", r.Method, r.URL.RequestURI(), r.Host)
		x.showHeader(">", r.Header)
	}
}

func (x *exchange) showHeader(mark string, h http.Header) {
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, value := range h[name] {
			fmt.Fprintf(x.call.Err, "%s %s: %s\n", mark, name, visible(value))
		}
	}
	fmt.Fprintln(x.call.Err, mark)
}

// show prints the answer and returns the exit code that it stands for.
func (x *exchange) show(a *http.Response) int {
	if x.verbose {
		fmt.Fprintf(x.call.Err, "< %s %s\n", a.Proto, a.Status)
		x.showHeader("<", a.Header)
	}
	code := exitOf(a.StatusCode)
	err := x.showBody(a, code == cli.OK)
	if x.verbose && len(a.Trailer) > 0 {
		x.showHeader("<", a.Trailer)
	}
	if err != nil {
		return x.call.Fail(err)
	}
	return code
}

func exitOf(status int) int {
	switch {
	case status/100 == 2:
		return cli.OK
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
		return exitAgain
	}
	return cli.Failed
}

func (x *exchange) showBody(a *http.Response, well bool) error {
	if well {
		return copyAnswer(x.call.Out, a.Body)
	}
	kind, _, _ := strings.Cut(a.Header.Get("Content-Type"), ";")
	if kind == "application/problem+json" {
		text, err := io.ReadAll(io.LimitReader(a.Body, mostText))
		if err == nil && x.showProblem(a.StatusCode, text) {
			return nil
		}
		a.Body = io.NopCloser(strings.NewReader(string(text)))
	}
	fmt.Fprintf(x.call.Err, "urocket call: %d %s\n", a.StatusCode, strings.ToLower(http.StatusText(a.StatusCode)))
	return copyAnswer(x.call.Err, a.Body)
}

// copyAnswer prints a body as it comes.
func copyAnswer(out io.Writer, body io.Reader) error {
	if screenOf(out) != nil {
		out = &visibleWriter{out: out}
	}
	n, err := io.Copy(out, body)
	if err != nil {
		return fmt.Errorf("the answer broke off behind %d bytes: %w", n, err)
	}
	return nil
}

// showProblem prints an RFC 9457 problem as a person reads it; false: it is none.
func (x *exchange) showProblem(status int, text []byte) bool {
	var p struct {
		Type, Title, Detail string
		RequestID           string `json:"request_id"`
		Errors              []struct{ In, Pointer, Detail string }
	}
	if json.Unmarshal(text, &p) != nil || p.Title == "" {
		return false
	}
	line := fmt.Sprintf("%d", status)
	if word, ours := strings.CutPrefix(p.Type, "urn:urocket:"); ours {
		line += " " + word
	}
	line += ": " + p.Title
	if p.Detail != "" {
		line += ": " + p.Detail
	}
	if p.RequestID != "" {
		line += " (request " + p.RequestID + ")"
	}
	fmt.Fprintf(x.call.Err, "urocket call: %s\n", visible(line))
	for _, e := range p.Errors {
		fmt.Fprintf(x.call.Err, "    %s %s\n", visible(strings.TrimSpace(e.In+" "+e.Pointer)), visible(e.Detail))
	}
	return true
}
