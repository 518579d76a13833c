package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"strings"
	"syscall"

	"github.com/urocket/urocket/e2e/escape"
)

// secret stands in the program's environment, and in whatever else of the
// server must never reach a caller.
const secret = "zq-secret-of-the-server"

// setup is what a gateway is made of; the zero value serves nothing.
type setup struct {
	top   keys              // keys of the file's first level, over the harness's own; nil takes one out
	ops   ops               // the callbacks
	doc   string            // the OpenAPI document; default: one without paths
	files map[string]string // further files, mode 0755, by name

	program    string   // another one than that under test
	args       []string // further arguments of the program
	environ    []string // further environment of the program
	extraFiles []*os.File
	via        []string // helper mode that starts the program
	sysProc    *syscall.SysProcAttr
}

// keys are keys of the configuration.
type keys map[string]any

// ops are operations by "verb /path". The keys of one are given flat, whether
// they stand under the operation, under inject or under limits.
type ops map[string]keys

// writeConfig writes the document and the service file. JSON is YAML, so the
// service file is JSON; the tests that need YAML's own syntax write it themselves.
func (g *gateway) writeConfig(s setup) {
	g.t.Helper()
	doc := s.doc
	if doc == "" {
		doc = `{"openapi": "3.0.3", "info": {"title": "e2e", "version": "1"}, "paths": {}}`
	}
	g.write("openapi.yaml", doc, 0o644)
	for name, content := range s.files {
		g.write(name, content, 0o755)
	}
	file := keys{
		"servicename": g.name, "listen": g.addr, "socketpath": g.sock, "openapi": "openapi.yaml",
		"drain": "3s", "queued": 2000, "queuewait": "30s",
		"defaults": keys{"timeout": "20s", "grace": "500ms"},
	}
	maps.Copy(file, s.top)
	maps.DeleteFunc(file, func(_ string, value any) bool { return value == nil })
	if s.ops != nil {
		file["paths"] = s.ops.nested()
	}
	text, err := json.MarshalIndent(file, "", "  ")
	check(g.t, err)
	g.write("urocket-service.yaml", g.expand(string(text)), 0o644)
}

// expand fills @DIR@ and @HELPER@, which a table cannot know.
func (g *gateway) expand(text string) string {
	return strings.NewReplacer("@DIR@", g.dir, "@HELPER@", g.path(helperName)).Replace(text)
}

// nested is the shape of the file: paths, verbs, keys.
func (o ops) nested() map[string]map[string]keys {
	paths := map[string]map[string]keys{}
	for at, flat := range o {
		verb, path, ok := strings.Cut(at, " ")
		if !ok {
			panic(fmt.Sprintf("operation %q is not \"verb /path\"", at))
		}
		if paths[path] == nil {
			paths[path] = map[string]keys{}
		}
		op, inject, limits := escape.Nested(escape.Keys(flat))
		op["inject"] = inject
		if len(limits) > 0 {
			op["limits"] = limits
		}
		paths[path][verb] = keys(op)
	}
	return paths
}

// sh is a command that runs a shell script.
func sh(script string) []string { return []string{"/bin/sh", "-c", script} }

// Shell text that scripts share. A test names its call by the query parameter
// t, which reaches the script as $T (see tenv).
const (
	// noteID tells the test the id of the call: it appears, whole, as ids/$T.
	noteID = `printf %s "$REQUEST_ID" >ids/.$T && mv ids/.$T ids/$T; `
	// awaitMark waits for the test to release the script.
	awaitMark = `while [ ! -e marks/$T ]; do sleep 0.05; done; `
	// curlReply posts what follows it as the reply, with real curl.
	curlReply = `curl -sS --unix-socket "$UROCKET_SOCKET" "http://internal/urhttp/$REQUEST_ID" -H "Content-Type: application/json" `
)

// tenv gives a script the call's name.
var tenv = []string{"T={{query.t}}"}

// waiting is an operation whose script tells its id and ends; the call waits
// for somebody else's reply.
func waiting(more keys) keys {
	k := keys{"cmd": sh(noteID), "env": tenv, "onexit": "wait"}
	maps.Copy(k, more)
	return k
}

// living is an operation whose script tells its id and stays until released.
func living(more keys) keys {
	k := keys{"cmd": sh(noteID + awaitMark), "env": tenv}
	maps.Copy(k, more)
	return k
}
