package conform

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// answer is what a caller got.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// ask sends one request over a connection of its own.
func ask(network, address, method, path string, body []byte, header []string) (answer, error) {
	client := &http.Client{Timeout: 2 * patience, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, address)
		},
	}}
	req, err := http.NewRequest(method, "http://conform.test"+path, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	for _, h := range header {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Add(name, value)
	}
	resp, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode, header: resp.Header}
	a.body, err = io.ReadAll(resp.Body)
	return a, err
}

// call sends a trial's request.
func (g *gateway) call(tr trial, c call) (answer, error) {
	path := "/" + tr.name()
	if c.arg != "" {
		path += "?a=" + c.arg
	}
	return ask("tcp", g.addr, "POST", path, c.body, c.header)
}

// process is an entry of /urprocs.
type process struct {
	RequestID string `json:"request_id"`
	Path      string
	State     string
	End       *string
	PID       *int
	Driver    string // nothing: spawn
	ExitCode  *int
	Signal    *string
	Stdout    *string
	Stderr    *string
}

// processes are those of a trial, oldest first.
func (g *gateway) processes(tr trial) (of []process, err error) {
	a, err := ask("unix", g.sock, "GET", "/urprocs", nil, nil)
	if err != nil {
		return nil, err
	}
	var list struct{ Processes []process }
	if err := json.Unmarshal(a.body, &list); err != nil {
		return nil, fmt.Errorf("/urprocs: %w: %s", err, a.body)
	}
	for _, p := range list.Processes {
		if p.Path == "/"+tr.name() {
			of = append(of, p)
		}
	}
	return of, nil
}

// ending waits until a call and all of its processes have ended.
func (g *gateway) ending(id string) (p process, err error) {
	over := holds(func() bool {
		var a answer
		if a, err = ask("unix", g.sock, "GET", "/urprocs/"+id, nil, nil); err != nil {
			return false
		}
		err = json.Unmarshal(a.body, &p)
		return a.status == 200 && err == nil && p.State == "ended"
	})
	if !over {
		err = fmt.Errorf("the call %s is not over: %+v, %w", id, p, err)
	}
	return p, err
}
