package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// A situation is a script that misbehaves, and how to look at what comes of it.
type situation struct {
	name, title string
	script      string // of sh; PRINT makes it an answer that starts with its headers where the tool wants them
	look        func(ctx context.Context, r *running) (string, error)
}

// timeLimit is what tools are configured with that know a time limit.
const timeLimit = 2 * time.Second

var situations = []situation{
	{
		"hangs", "the script hangs, and so does a child of its own",
		"sleep $MARK & PRINT; sleep $MARK", hang,
	},
	{
		"daemon", "the script leaves a daemon behind that holds its output open",
		"setsid sleep $MARK & PRINT; echo done", daemon,
	},
	{
		"floods", "the script prints 256 MiB",
		"PRINT; head -c 268435456 /dev/zero", flood,
	},
	{
		"memory", "the script takes 300 MiB of memory",
		"PRINT; head -c 314572800 /dev/zero | tail -c 314572800 | wc -c", memory,
	},
	{
		"twice", "the script answers twice",
		"TWICE", twice,
	},
}

// patience is how long a caller waits here.
const patience = 10 * time.Second

// An answer is what a caller got.
type answer struct {
	status int
	body   []byte // its beginning
	length int64
	took   time.Duration
	err    error // it broke off, or never came
}

func (a answer) String() string {
	switch {
	case a.status == 0 && errors.Is(a.err, context.DeadlineExceeded):
		return fmt.Sprintf("no answer within %v", patience)
	case a.status == 0:
		return fmt.Sprintf("the connection is closed %s", about(a.took))
	case errors.Is(a.err, context.DeadlineExceeded):
		return fmt.Sprintf("%d, no end of it within %v", a.status, patience)
	case a.err != nil:
		return fmt.Sprintf("%d, broken off %s", a.status, about(a.took))
	}
	return fmt.Sprintf("%d %s", a.status, about(a.took))
}

// about rounds a time to what was not chance.
func about(d time.Duration) string {
	if d < time.Second/2 {
		return "at once"
	}
	return "after " + d.Round(time.Second).String()
}

// ask calls a tool once.
func ask(ctx context.Context, url string) (a answer) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	begun := time.Now()
	defer func() { a.took = time.Since(begun) }()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader("{}"))
	if err != nil {
		return answer{err: err}
	}
	res, err := (&http.Transport{DisableKeepAlives: true, DisableCompression: true}).RoundTrip(req)
	if err != nil {
		return answer{err: err}
	}
	defer res.Body.Close()
	a.status = res.StatusCode
	var first bytes.Buffer
	n, err := io.CopyN(&first, res.Body, 4096)
	if err == nil {
		var rest int64
		rest, err = io.Copy(io.Discard, res.Body)
		n += rest
	}
	if err == io.EOF {
		err = nil
	}
	a.body, a.length, a.err = first.Bytes(), n, err
	return a
}

// left says what is left of a script's processes when there was time to end them.
func left(r *running) string {
	for range 50 {
		if len(r.marked()) == 0 {
			return "nothing is left of it"
		}
		time.Sleep(100 * time.Millisecond)
	}
	n := len(r.marked())
	if n == 1 {
		return "**1 process goes on**"
	}
	return fmt.Sprintf("**%d processes go on**", n)
}

func hang(ctx context.Context, r *running) (string, error) {
	a := ask(ctx, r.url)
	return a.String() + "; " + left(r), nil
}

func daemon(ctx context.Context, r *running) (string, error) {
	a := ask(ctx, r.url)
	said := a.String()
	if a.status == http.StatusOK && a.err == nil && !bytes.Contains(a.body, []byte("done")) {
		said += " without what it printed"
	}
	return said + "; " + left(r), nil
}

func flood(ctx context.Context, r *running) (string, error) {
	before := r.peak()
	a := ask(ctx, r.url)
	said := a.String()
	if a.err == nil && a.length < 256<<20 {
		said += fmt.Sprintf(", %d MiB of it", a.length>>20)
	}
	grown := (r.peak() - before) >> 20
	if grown > 32 {
		return fmt.Sprintf("%s; the tool takes **%d MiB** more memory", said, grown), nil
	}
	return said + "; the tool's memory stays as it was", nil
}

func memory(ctx context.Context, r *running) (string, error) {
	if r.refused != "" {
		return r.refused, nil
	}
	a := ask(ctx, r.url)
	if bytes.Contains(a.body, []byte("314572800")) {
		return a.String() + ": it gets all of it; there is no limit for a request", nil
	}
	return a.String(), nil
}

func twice(ctx context.Context, r *running) (string, error) {
	a := ask(ctx, r.url)
	one, two := bytes.Contains(a.body, []byte("first")), bytes.Contains(a.body, []byte("second"))
	switch {
	case one && two:
		return a.String() + ": both, one after the other", nil
	case one:
		return a.String() + ": the first" + r.told(), nil
	case two:
		return a.String() + ": the second", nil
	}
	return a.String() + ": neither", nil
}
