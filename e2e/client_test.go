package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// answer is what a caller or a script got.
type answer struct {
	status  int
	header  http.Header
	body    []byte
	trailer http.Header
	broken  error // the body did not end cleanly
}

// request is one request; the zero method is GET.
type request struct {
	method, path string
	body         []byte
	chunked      bool     // send the body without its length
	header       []string // "Name: value"
}

// uuidPattern is a random (version 4) UUID of RFC 9562.
var uuidPattern = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// send sends r over a connection of its own. It reads the answer while it still
// sends, as curl does: a refusal may come, and the connection end, before the
// whole body has gone.
func (r request) send(network, addr string) (answer, error) {
	req, err := r.build()
	if err != nil {
		return answer{}, err
	}
	conn, err := net.Dial(network, addr)
	if err != nil {
		return answer{}, err
	}
	if err := conn.SetDeadline(time.Now().Add(4 * patience)); err != nil {
		return answer{}, err
	}
	sent := make(chan error, 1)
	go func() { sent <- req.Write(conn) }()
	defer func() { _ = conn.Close(); <-sent }()
	resp, err := http.ReadResponse(bufio.NewReader(conn), req)
	if err != nil {
		return answer{}, err
	}
	a := answer{status: resp.StatusCode, header: resp.Header}
	a.body, a.broken = io.ReadAll(resp.Body)
	a.trailer = resp.Trailer
	return a, nil
}

// build makes the request that closes its connection.
func (r request) build() (*http.Request, error) {
	var body io.Reader
	if r.body != nil {
		body = bytes.NewReader(r.body)
	}
	method := r.method
	if method == "" {
		method = "GET"
	}
	req, err := http.NewRequest(method, "http://gateway.test"+r.path, body)
	if err != nil {
		return nil, err
	}
	req.Close = true
	req.Header.Set("User-Agent", "e2e")
	if r.chunked {
		req.Body, req.ContentLength, req.TransferEncoding = io.NopCloser(bytes.NewReader(r.body)), -1, []string{"chunked"}
	}
	for _, h := range r.header {
		name, value, _ := strings.Cut(h, ": ")
		req.Header[http.CanonicalHeaderKey(name)] = append(req.Header[http.CanonicalHeaderKey(name)], value)
	}
	return req, nil
}

// try sends a request to the public address.
func (g *gateway) try(r request) (answer, error) {
	return r.send("tcp", g.addr)
}

// do is try for a request that must be answered.
func (g *gateway) do(t *testing.T, r request) answer {
	t.Helper()
	a, err := g.try(r)
	if err != nil {
		t.Fatalf("%s %s: %v", r.method, r.path, err)
	}
	return a
}

func (g *gateway) get(t *testing.T, path string, header ...string) answer {
	t.Helper()
	return g.do(t, request{path: path, header: header})
}

// post posts JSON, unless a Content-Type among header says otherwise.
func (g *gateway) post(t *testing.T, path, body string, header ...string) answer {
	t.Helper()
	return g.do(t, request{method: "POST", path: path, body: []byte(body), header: withType(header)})
}

func withType(header []string) []string {
	for _, h := range header {
		if strings.HasPrefix(h, "Content-Type: ") {
			return header
		}
	}
	return append([]string{"Content-Type: application/json"}, header...)
}

// tryBack talks to the unix socket.
func (g *gateway) tryBack(method, path string, body []byte, header ...string) (answer, error) {
	return g.sendBack(request{method: method, path: path, body: body, header: header})
}

func (g *gateway) sendBack(r request) (answer, error) {
	return r.send("unix", g.sock)
}

func (g *gateway) back(t *testing.T, method, path, body string, header ...string) answer {
	t.Helper()
	a, err := g.tryBack(method, path, []byte(body), header...)
	if err != nil {
		t.Fatalf("%s %s on the socket: %v", method, path, err)
	}
	return a
}

// reply posts body as the reply to the call id.
func (g *gateway) reply(t *testing.T, id, body string, header ...string) answer {
	t.Helper()
	return g.back(t, "POST", "/urhttp/"+id, body, withType(header)...)
}

// curl runs the real curl and returns what it printed.
func curl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command("curl", append([]string{"-sS", "--max-time", "60"}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("curl %q: %v: %s", args, err, out)
	}
	return string(out)
}

// held is a call whose script has told its id.
type held struct {
	token, id string
	got       chan answer
}

// hold starts a call of an operation that begins with noteID.
func (g *gateway) hold(t *testing.T, method, path string, header ...string) *held {
	t.Helper()
	h := g.begin(t, method, path, header...)
	h.id = g.idOf(t, h.token)
	return h
}

// begin starts a call without waiting for its script.
func (g *gateway) begin(t *testing.T, method, path string, header ...string) *held {
	t.Helper()
	h := &held{token: token(), got: make(chan answer, 1)}
	r := request{method: method, path: path + "?t=" + h.token, header: header}
	go func() {
		a, err := g.try(r)
		if err != nil {
			a.broken = err
		}
		h.got <- a
	}()
	return h
}

// idOf waits until the script of the call named tok has told its id.
func (g *gateway) idOf(t *testing.T, tok string) string {
	t.Helper()
	eventually(t, "the script tells its id", func() bool { return exists(g.path("ids", tok)) })
	return string(readFile(g.path("ids", tok)))
}

// release lets a script that stands at awaitMark go on.
func (g *gateway) release(t *testing.T, tok string) {
	t.Helper()
	check(t, os.WriteFile(g.path("marks", tok), nil, 0o644))
}

// answer waits for the caller's answer.
func (h *held) answer(t *testing.T) answer {
	t.Helper()
	var a answer
	eventually(t, "the caller is answered", func() bool {
		select {
		case a = <-h.got:
			return true
		default:
			return false
		}
	})
	if a.status == 0 {
		t.Fatalf("the caller got no answer: %v", a.broken)
	}
	return a
}

// waits tells whether the caller is still without an answer.
func (h *held) waits() bool { return len(h.got) == 0 }

// want demands a status and a whole body.
func (a answer) want(t *testing.T, status int, body ...string) answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d; body %s", a.status, status, short(a.body))
	}
	if a.broken != nil {
		t.Fatalf("the body broke off: %v", a.broken)
	}
	if len(body) > 0 && string(a.body) != body[0] {
		t.Fatalf("body %s, want %s", short(a.body), short([]byte(body[0])))
	}
	return a
}

// problem is a body of RFC 9457 with our members.
type problem struct {
	Type, Title, Detail string
	Status              int
	RequestID           string `json:"request_id"`
	ExitCode            *int   `json:"exitcode"`
	Signal              *string
	Errors              []struct{ In, Pointer, Detail string }
}

// wantProblem demands a problem of a status and a type, whole and well formed.
func (a answer) wantProblem(t *testing.T, status int, word string) problem {
	t.Helper()
	a.want(t, status)
	var p problem
	if err := json.Unmarshal(a.body, &p); err != nil {
		t.Fatalf("problem %s: %v", short(a.body), err)
	}
	if ct := a.header.Get("Content-Type"); ct != "application/problem+json" {
		t.Errorf("Content-Type %q, want application/problem+json", ct)
	}
	if p.Type != "urn:urocket:"+word || p.Status != status || p.Title == "" || p.Detail == "" {
		t.Errorf("problem %s, want type urn:urocket:%s, status %d, a title and a detail", a.body, word, status)
	}
	if !uuidPattern.MatchString(p.RequestID) {
		t.Errorf("request_id %q is no random UUID", p.RequestID)
	}
	a.wantNosniff(t)
	return p
}

func (a answer) wantNosniff(t *testing.T) {
	t.Helper()
	if got := a.header.Get("X-Content-Type-Options"); got != "nosniff" {
		t.Errorf("X-Content-Type-Options %q, want nosniff", got)
	}
}

// decode reads a JSON body.
func (a answer) decode(t *testing.T, into any) {
	t.Helper()
	if err := json.Unmarshal(a.body, into); err != nil {
		t.Fatalf("body %s: %v", short(a.body), err)
	}
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}
