package soak

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// prank is one thing that a stranger does to the program, and which statuses may
// come of it. 0 stands for a connection that is closed without an answer.
type prank struct {
	name string
	do   func(s *soak, r *rand.Rand) (int, error)
	want []int
}

var pranks = []prank{
	{"wrong ids", wrongID, []int{404}},
	{"halves of replies", halfReply, []int{0}},
	{"bad replies", badReplyPost, []int{400, 403, 404, 409, 410}},
	{"replies to printers", replyToPrinter, []int{404, 409, 410}},
	{"junk on the socket", junkOn("unix"), []int{0, 400, 404, 405, 431, 501, 505}},
	{"junk on the front", junkOn("tcp"), []int{0, 400, 404, 405, 414, 431, 501, 505}},
	{"looks at /urprocs", lookAtProcesses, []int{200}},
	{"looks at /healthz", func(s *soak, _ *rand.Rand) (int, error) { return s.status("GET", "/healthz", "") }, []int{200}},
	{"silent connections", sayNothing, []int{0}},
	{"strangers at the door of spares", knock, []int{0}},
}

// prank plays pranks.
func (s *soak) prank(ctx context.Context, r *rand.Rand, l *life) {
	for wait(ctx, r, 200*time.Millisecond) {
		p := pranks[r.IntN(len(pranks))]
		status, err := p.do(s, r)
		if l.ending.Load() != nothingYet {
			return
		}
		s.events.add(p.name, 1)
		if !slices.Contains(p.want, status) {
			s.fault("life %d, %s: status %d, error %v", l.number, p.name, status, err)
		}
	}
}

func (s *soak) status(method, path, body string, header ...string) (int, error) {
	a, err := s.back(method, path, []byte(body), header...)
	return a.status, err
}

func wrongID(s *soak, r *rand.Rand) (int, error) {
	return s.status("POST", "/urhttp/"+uuid.Must(uuid.NewRandomFromReader(bytes.NewReader(s.noise[r.IntN(1000):]))).String(), "nobody asked")
}

// someone picks a call that is under way; its id, or a wrong one.
func (s *soak) someone(r *rand.Rand, which func(process) bool) string {
	all, _ := s.processes()
	all = slices.DeleteFunc(all, func(p process) bool { return p.State != "running" || !which(p) })
	if len(all) == 0 {
		return "none"
	}
	return all[r.IntN(len(all))].RequestID
}

func printer(p process) bool {
	return p.Path != "/report-on-exit" && slices.ContainsFunc([]string{"/out/", "/cgi/", "/report", "/edited/", "/shift", "/worker/", "/nobody/worker"}, func(prefix string) bool {
		return strings.HasPrefix(p.Path, prefix)
	})
}

// halfReply begins to answer somebody's call, and breaks off.
func halfReply(s *soak, r *rand.Rand) (int, error) {
	id := s.someone(r, func(p process) bool { return !printer(p) })
	conn, err := net.Dial("unix", s.sock)
	if err != nil {
		return -1, err
	}
	defer conn.Close()
	_, _ = fmt.Fprintf(conn, "POST /urhttp/%s HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf", id)
	time.Sleep(time.Duration(r.IntN(50)) * time.Millisecond)
	return 0, nil
}

// badReplyPost posts to somebody's call what cannot be its answer.
func badReplyPost(s *soak, r *rand.Rand) (int, error) {
	id := s.someone(r, func(process) bool { return true })
	header := []string{"Urocket-Status: 1000", "Urocket-Status: two", "Urocket-Header: Transfer-Encoding: chunked", "Urocket-Header: no colon"}
	return s.status("POST", "/"+id, "bad", header[r.IntN(len(header))])
}

// replyToPrinter posts to a call whose answer is what it prints.
func replyToPrinter(s *soak, r *rand.Rand) (int, error) {
	return s.status("PUT", "/urhttp/"+s.someone(r, printer), "foreign")
}

func lookAtProcesses(s *soak, r *rand.Rand) (int, error) {
	all, err := s.processes()
	if err != nil {
		return -1, err
	}
	if len(all) > 0 {
		one := all[r.IntN(len(all))]
		if status, err := s.status("GET", "/urprocs/"+one.RequestID, ""); status != 200 && status != 404 {
			return status, err
		}
	}
	return 200, nil
}

// junk is what no client sends.
var junk = []string{
	"\x00\xff\x13garbage\r\n\r\n", "GET", "GET / HTTP/9.9\r\n\r\n", "POST /urhttp/x HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("y", 70_000) + "\r\n\r\n", "GET /" + strings.Repeat("z", 40_000) + " HTTP/1.1\r\nHost: x\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n", "GET / HTTP/1.1\r\nHost: x\r\n bad folding\r\n\r\n", "\r\n\r\n\r\n",
	"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}

// junkOn writes junk to a listener, and sometimes listens.
func junkOn(network string) func(s *soak, r *rand.Rand) (int, error) {
	return func(s *soak, r *rand.Rand) (int, error) {
		address := s.addr
		if network == "unix" {
			address = s.sock
		}
		conn, err := net.Dial(network, address)
		if err != nil {
			return -1, err
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, junk[r.IntN(len(junk))]); err != nil {
			return 0, err
		}
		_ = conn.SetReadDeadline(time.Now().Add(time.Duration(r.IntN(100)) * time.Millisecond))
		head := make([]byte, 12)
		if _, err := io.ReadFull(conn, head); err != nil {
			return 0, err
		}
		var status int
		_, err = fmt.Sscanf(string(head), "HTTP/1.1 %d", &status)
		return status, err
	}
}

// sayNothing connects and is silent for a while.
func sayNothing(s *soak, r *rand.Rand) (int, error) {
	for network, address := range map[string]string{"tcp": s.addr, "unix": s.sock} {
		conn, err := net.Dial(network, address)
		if err != nil {
			return -1, err
		}
		defer conn.Close()
	}
	time.Sleep(time.Duration(r.IntN(300)) * time.Millisecond)
	return 0, nil
}

// knock comes to where spares wait for their calls, as a spare would, or with junk.
func knock(s *soak, r *rand.Rand) (int, error) {
	doors, _ := filepath.Glob(s.path("tmp/*/door"))
	for _, door := range doors {
		conn, err := net.Dial("unix", door)
		if err != nil {
			continue // it was that of another life
		}
		_, _ = io.WriteString(conn, []string{"", "junk\n", "00000004a\x00b\x00", "99999999"}[r.IntN(4)])
		time.Sleep(time.Duration(r.IntN(50)) * time.Millisecond)
		_ = conn.Close()
	}
	return 0, nil
}
