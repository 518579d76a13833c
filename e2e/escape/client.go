package escape

import (
	"bufio"
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
	if err := conn.SetDeadline(time.Now().Add(3 * patience)); err != nil {
		return answer{err: err}
	}
	_, err = fmt.Fprintf(conn, "GET %s?about=%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path, url.QueryEscape(about))
	if err != nil {
		return answer{err: err}
	}
	return readAnswer(conn)
}

// maxBody is how much of an answer is kept, in bytes; the rest is read and dropped.
const maxBody = 1 << 20

// readAnswer demands one response and then the connection's end.
func readAnswer(conn io.Reader) (a answer) {
	all := bufio.NewReader(conn)
	r, err := http.ReadResponse(all, nil)
	if err != nil {
		return answer{err: err}
	}
	defer r.Body.Close()
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err == nil {
		_, err = io.Copy(io.Discard, r.Body)
	}
	a = answer{status: r.StatusCode, body: string(body), err: err}
	if err == nil {
		if n, err := io.Copy(io.Discard, all); n > 0 || err != nil {
			a.err = fmt.Errorf("after the answer there are %d bytes more (%v)", n, err)
		}
	}
	return a
}
