package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/urocket/urocket/bench/measure"
)

// document describes what is asked of urocket: requests are validated, as they are
// where it is used.
const document = `openapi: 3.0.3
info: {title: bench, version: "1"}
paths:
  /call:
    post:
      requestBody:
        required: true
        content:
          application/json:
            schema: {type: object, required: [ping], properties: {ping: {type: string}}}
      responses:
        "200": {description: done, content: {application/json: {schema: {type: object}}}}
`

// service is its configuration: the defaults, but for what a row is about.
const service = `servicename: bench
listen: %s
socketpath: %s
openapi: openapi.yaml
cgroup: %s
paths:
  /call:
    post:
      reply: %s
      inject:
        cmd: %s
`

// urocketRows are those of one build: each way to answer, with a cgroup for each
// request and without.
func (b *bench) urocketRows(of binary) (rows []contender) {
	modes := []struct{ reply, cmd, limitGroup, limit, note string }{
		{"socket", `["%s/child-post", "{{jsonpayload}}"]`, limitPostGroup, limitPost, "the script posts its answer"},
		{"stdout", `["%s/child-print", "{{jsonpayload}}"]`, limitPrintGroup, limitPrint, "the script prints its answer"},
		{"cgi", `["%s/child-cgi"]`, limitPrintGroup, limitPrint, "a CGI program"},
	}
	path, err := filepath.Abs(of.path)
	if err == nil {
		_, err = os.Stat(path)
	}
	for _, groups := range []bool{true, false} {
		for _, m := range modes {
			row := measure.Row{Name: of.name + " " + m.reply, Group: "urocket", Limit: m.limitGroup, Note: m.note}
			cgroup := "required"
			switch {
			case !groups:
				row.Name, row.Limit, row.Note = row.Name+", no cgroup", m.limit, m.note+"; `cgroup: off`"
				cgroup = `"off"`
			case b.ground.dir == "":
				row.Gone = "no cgroup v2 here: " + b.ground.missing
			default:
				row.Note += "; a fresh cgroup for each request"
				cgroup = "auto"
			}
			if err != nil {
				row.Gone = err.Error()
			}
			cmd := fmt.Sprintf(m.cmd, b.work)
			rows = append(rows, contender{row: row, ways: []way{{start: startUrocket(path, m.reply, cmd, cgroup)}}, after: accounted})
		}
	}
	return rows
}

func startUrocket(path, reply, cmd, cgroup string) func(*site) (string, error) {
	return func(s *site) (string, error) {
		if err := s.write("openapi.yaml", document); err != nil {
			return "", err
		}
		if err := s.write("urocket-service.yaml", fmt.Sprintf(service, s.addr(), s.file("sock"), cgroup, reply, cmd)); err != nil {
			return "", err
		}
		return "http://" + s.addr() + "/call", s.start(path, "run", "-c", "urocket-service.yaml")
	}
}

// accounted looks whether urocket's log has a line for each answer, and no more than
// callers who were there; and whether it has removed its groups.
func accounted(s *site, answers, cut int64) error {
	replies, others, err := ends(s.file("log"))
	if err != nil {
		return err
	}
	if replies < answers || replies+others > answers+cut {
		return fmt.Errorf("%d answers (and at most %d callers who left), but the log has %d with end=reply and %d others", answers, cut, replies, others)
	}
	if left := s.ground.left(rowGroup); s.ground.dir != "" && len(left) > 0 {
		return fmt.Errorf("groups are left: %s", strings.Join(left, " "))
	}
	return nil
}

// ends counts in the log how calls ended.
func ends(log string) (replies, others int64, err error) {
	f, err := os.Open(log)
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		switch line := lines.Bytes(); {
		case bytes.Contains(line, []byte(`"end":"reply"`)):
			replies++
		case bytes.Contains(line, []byte(`"msg":"request"`)):
			others++
		}
	}
	return replies, others, lines.Err()
}
