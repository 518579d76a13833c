package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/urocket/urocket/bench/load"
	"github.com/urocket/urocket/bench/measure"
)

// growths are the curves.
func (b *bench) growths() []growth {
	curve := func(name, x string) measure.Curve { return measure.Curve{Name: name, X: x} }
	post := load.Job{URL: "/call", Body: []byte(question), ContentType: "application/json", Conns: 16, Duration: time.Second}
	waiting := growth{curve: curve("waiting", "callers that wait for a place")}
	for _, n := range []int{1, 10, 100, 1000, 10000} {
		waiting.stages = append(waiting.stages, stage{x: n, start: b.grown(1), job: post, waiting: n})
	}
	routes := growth{curve: curve("routes", "operations, all of them called in turn")}
	for _, n := range []int{10, 100, 1000} {
		job := post
		job.URL = ""
		for i := range n {
			job.Paths = append(job.Paths, fmt.Sprintf("/r%d/items/%d", i, i*7))
		}
		routes.stages = append(routes.stages, stage{x: n, start: b.grown(n), job: job})
	}
	payload := growth{curve: curve("payload", "bytes of a payload, raw, on the script's standard input")}
	for _, n := range []int{1e3, 1e4, 1e5, 1e6, 1e7} {
		job := load.Job{URL: "/raw", Body: bytes.Repeat([]byte("x"), n), ContentType: "application/octet-stream", Conns: 4, Duration: time.Second}
		payload.stages = append(payload.stages, stage{x: n, start: b.grown(1), job: job})
	}
	conns := growth{curve: curve("connections", "connections, one request under way on each")}
	for _, n := range []int{1, 2, 4, 8, 16, 32, 64} {
		job := post
		job.Conns = n
		conns.stages = append(conns.stages, stage{x: n, start: b.grown(1), job: job})
	}
	return []growth{waiting, routes, payload, conns}
}

func (b *bench) urocket() string {
	path, err := filepath.Abs(b.urockets[0].path)
	if err != nil {
		return b.urockets[0].path
	}
	return path
}

// grown starts an urocket with so many operations like that of the rows, and beside
// them one that takes a raw payload and one in front of which callers wait.
func (b *bench) grown(routes int) func(*site) (string, error) {
	return func(s *site) (string, error) {
		var paths, operations strings.Builder
		child := filepath.Join(b.work, "child-post")
		for i := range routes {
			fmt.Fprintf(&paths, route, i)
			fmt.Fprintf(&operations, operation, i, child)
		}
		if err := s.write("openapi.yaml", document+paths.String()+others); err != nil {
			return "", err
		}
		config := fmt.Sprintf(service, s.addr(), s.file("sock"), "auto", "socket", `["`+child+`", "{{jsonpayload}}"]`) +
			operations.String() + fmt.Sprintf(otherOperations, filepath.Join(b.work, "child-read"))
		config += "queued: 20000\nqueuewait: 10m\ndrain: 1s\n"
		if err := s.write("urocket-service.yaml", config); err != nil {
			return "", err
		}
		return "http://" + s.addr(), s.start(b.urocket(), "run", "-c", "urocket-service.yaml")
	}
}

const (
	route = `  /r%d/items/{id}:
    post:
      parameters: [{name: id, in: path, required: true, schema: {type: integer}}]
      requestBody: {content: {application/json: {schema: {type: object}}}}
      responses: {"200": {description: done}}
`
	operation = `  /r%d/items/{id}:
    post: {inject: {cmd: ["%s", "{{jsonpayload}}"]}}
`
	others = `  /raw:
    post:
      requestBody: {content: {application/octet-stream: {}}}
      responses: {"200": {description: done}}
  /wait:
    post:
      responses: {"200": {description: done}}
`
	otherOperations = `  /raw:
    post:
      reply: stdout
      inject: {cmd: ["%s"], channel: stdin, encoding: raw, timeout: 10s}
  /wait:
    post:
      running: 1
      inject: {cmd: sleep 600, timeout: 10m, grace: 0}
`
)

// copyExample lays the example of the sources into a site, on its own address and
// socket.
func copyExample(s *site) error {
	repo, err := os.Getwd()
	if err != nil {
		return err
	}
	if err := os.Mkdir(s.file("examples"), 0o755); err != nil {
		return err
	}
	if err := os.Symlink(filepath.Join(repo, "scripts"), s.file("scripts")); err != nil {
		return err
	}
	api, err := os.ReadFile(filepath.Join(repo, "examples/openapi.yaml"))
	if err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(repo, "examples/urocket-service.yaml"))
	if err != nil {
		return err
	}
	config := regexp.MustCompile(`(?m)^listen: \S+`).ReplaceAllString(string(text), "listen: "+s.addr())
	config = regexp.MustCompile(`(?m)^socketpath: \S+`).ReplaceAllString(config, "socketpath: "+s.file("sock"))
	if err := s.write("examples/openapi.yaml", string(api)); err != nil {
		return err
	}
	return s.write("examples/urocket-service.yaml", config)
}
