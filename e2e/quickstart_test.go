package e2e

import (
	"regexp"
	"strings"
	"testing"
)

// The original's quick example, as a person does it: a curl that blocks, the id
// read in the log, a wrong id that changes nothing, the right one that releases.
func TestQuickExampleWithRealCurl(t *testing.T) {
	t.Parallel()
	g := start(t, setup{
		args: []string{"--log-format", "text"},
		ops:  ops{"post /get/pets": {"cmd": "/usr/bin/echo {{jsonpayload}}", "onexit": "wait", "timeout": "5m", "logstdout": true}},
	})
	caller := make(chan string, 1)
	go func() {
		caller <- curl(t, "-d", `{"payload":"low"}`, "-H", "Content-Type: application/json", "http://"+g.addr+"/get/pets")
	}()

	stored := regexp.MustCompile(`I stored the reqid :: ([0-9a-f-]{36})`)
	var id string
	eventually(t, "the log tells the request id", func() bool {
		if m := stored.FindStringSubmatch(g.log()); m != nil {
			id = m[1]
		}
		return id != ""
	})
	eventually(t, "the script's line is in the log", func() bool { return len(g.logLines(`payload`, `low`, id)) > 0 })

	back := func(id string) string {
		return curl(t, "--unix-socket", g.sock, "-H", "Content-Type: application/json", "-d", `{"hello":true}`,
			"-w", " %{http_code}", "http://internal/urhttp/"+id)
	}
	if got := back("something"); !strings.HasSuffix(got, " 404") {
		t.Errorf("a wrong id is told %q, want 404", got)
	}
	if len(caller) > 0 {
		t.Fatalf("a wrong id released the caller with %q", <-caller)
	}
	if got := strings.Fields(back(id)); len(got) != 2 || got[0] != "ok" || got[1] != "200" {
		t.Errorf("the right id is told %q, want ok 200", got)
	}
	if got := <-caller; got != `{"hello":true}` {
		t.Errorf("the caller got %q", got)
	}
}

// The original's own configuration runs with only its folder changed; its
// echo ends without a reply, which is a 502 here.
func TestOriginalConfiguration(t *testing.T) {
	t.Parallel()
	s := setup{}
	g := prepare(t, s)
	g.write("pets.yaml", originalDocument, 0o644)
	g.write("original.yaml", g.expand(originalConfig), 0o644)
	g.cli(t, "dry", "-c", g.path("original.yaml")).want(t, 0, "/get/pets", "/get/cats")

	// The port and the socket are the machine's: only for the run, others.
	g.write("urocket-service.yaml", strings.NewReplacer("port: 8080", "listen: "+g.addr, "/tmp/urocket.sock", g.sock,
		"mynastyport", g.name).Replace(g.expand(originalConfig)), 0o644)
	g.launch(s)
	g.waitUp()
	for _, path := range []string{"/get/pets", "/get/cats"} {
		a := g.post(t, path, `{"payload":"low"}`)
		if p := a.wantProblem(t, 502, "no-answer"); p.ExitCode == nil || *p.ExitCode != 0 {
			t.Errorf("%s: problem %s lacks exitcode 0", path, a.body)
		}
	}
}

const originalDocument = `openapi: 3.0.1
info: {title: Pets, version: 1.0.6}
servers:
- url: https://pets.example/v2
paths:
  /pet:
    put:
      operationId: updatePet
      requestBody:
        content:
          application/json:
            schema: {type: object}
      responses:
        "400":
          description: Invalid ID supplied
          content: {}
      x-codegen-request-body-name: body
`

const originalConfig = `servicename: mynastyport
port: 8080
socketpath: /tmp/urocket.sock

openapi: pets.yaml

paths:
  /get/pets:
    post:
      validatein: false
      inject:
        wd: @DIR@
        env:
          - MYENV=CI
        cmd: !ToSplit "/usr/bin/echo {{jsonpayload}}"
        channel: "cmdline"
        timeout: 300
        encoding: json
      logstdout: true
      validateout: false
  /get/cats:
    post:
      validatein: false
      inject:
        wd: @DIR@
        env:
          - MYENV=CI
        cmd: !Splitted ["/bin/sh","-c", "echo {{jsonpayload}} $REQUEST_ID"]
        channel: "cmdline"
        encoding: json
      logstdout: true
      validateout: false
#    post:
#      inject:
#        wd: /home/someone
`
