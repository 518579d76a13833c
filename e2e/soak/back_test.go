package soak

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// back sends one request to the unix socket.
func (s *soak) back(method, path string, body []byte, header ...string) (response, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: internal\r\nConnection: close\r\nContent-Length: %d\r\n", method, path, len(body))
	for _, h := range header {
		b.WriteString(h + "\r\n")
	}
	b.WriteString("\r\n")
	b.Write(body)
	return s.backRaw(b.Bytes())
}

func (s *soak) backRaw(text []byte) (response, error) {
	conn, err := net.Dial("unix", s.sock)
	if err != nil {
		return response{}, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return response{}, err
	}
	if _, err := conn.Write(text); err != nil {
		return response{}, err
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return response{}, err
	}
	a := response{status: resp.StatusCode, header: resp.Header}
	a.body, err = io.ReadAll(resp.Body)
	return a, err
}

// process is an entry of /urprocs.
type process struct {
	RequestID string `json:"request_id"`
	Path      string
	State     string
	Driver    *string
	PID       *int
}

// processes reads /urprocs.
func (s *soak) processes() ([]process, error) {
	a, err := s.back("GET", "/urprocs", nil)
	if err != nil {
		return nil, err
	}
	if a.status != http.StatusOK {
		return nil, fmt.Errorf("/urprocs: %d %s", a.status, clip(a.body, 200))
	}
	var list struct{ Processes []process }
	return list.Processes, json.Unmarshal(a.body, &list)
}

// running lists the calls that are not over.
func (s *soak) running() ([]string, error) {
	all, err := s.processes()
	var list []string
	for _, p := range all {
		if p.State != "ended" {
			list = append(list, p.State+" "+p.Path+" "+p.RequestID)
		}
	}
	return list, err
}

// repliers answer the calls that scripts hand over, and try to answer those
// that take replies only from their own.
func (s *soak) repliers(ctx context.Context) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.replyTo("handover", "handover-")
			s.replyTo("stolen", "stolen-")
		}
	}
}

// replyTo posts a reply for every id that lies in a folder, under its token.
func (s *soak) replyTo(folder, text string) {
	entries, _ := os.ReadDir(s.path(folder))
	for _, e := range entries {
		token := e.Name()
		if strings.HasPrefix(token, ".") {
			continue // not whole yet
		}
		id, _ := os.ReadFile(s.path(folder, token))
		_ = os.Remove(s.path(folder, token))
		a, err := s.back("POST", "/urhttp/"+string(id), []byte(text+token), "Content-Type: text/plain")
		if err == nil || a.status != 0 {
			s.notes.note(fmt.Sprintf("%s told %d", token, a.status))
		}
	}
}
