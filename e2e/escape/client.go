package escape

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// answer is what a caller got, whole.
type answer struct {
	status int
	body   string
	err    error // no answer, a broken one, or more than one
}

// problem is the body of an answer that is urocket's own.
type problem struct {
	Type      string
	RequestID string `json:"request_id"`
	Signal    string
	OOM       bool
}

func (a answer) problem() (p problem) {
	_ = json.Unmarshal([]byte(a.body), &p)
	return p
}

// ask makes one request and reads until the connection is closed.
func ask(address, path, about string) answer {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return answer{err: err}
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return answer{err: err}
	}
	_, err = fmt.Fprintf(conn, "GET %s?about=%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path, url.QueryEscape(about))
	if err != nil {
		return answer{err: err}
	}
	text, err := io.ReadAll(conn)
	if len(text) == 0 && err == nil {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return answer{err: err}
	}
	return parse(text)
}

// parse demands that a text is one response and nothing more.
func parse(text []byte) (a answer) {
	all := bufio.NewReader(bytes.NewReader(text))
	r, err := http.ReadResponse(all, nil)
	if err != nil {
		return answer{err: err}
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	a = answer{status: r.StatusCode, body: string(body), err: err}
	if rest, _ := io.ReadAll(all); err == nil && len(rest) > 0 {
		a.err = fmt.Errorf("after the answer there is more: %q", rest)
	}
	return a
}
