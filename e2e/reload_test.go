package e2e

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

const (
	reloadedLine = `"msg":"reloaded"`
	refusedLine  = `"msg":"not reloaded`
)

// reload gives the program another configuration and returns the log's line of
// what came of it, which has to be of one kind.
func (g *gateway) reload(t *testing.T, s setup, want string) string {
	t.Helper()
	g.writeConfig(s)
	return g.hangup(t, want)
}

// hangup sends SIGHUP and waits for the line of what came of it.
func (g *gateway) hangup(t *testing.T, want string) string {
	t.Helper()
	seen := func() int { return len(g.logLines(reloadedLine)) + len(g.logLines(refusedLine)) }
	before := seen()
	g.signal(syscall.SIGHUP)
	eventually(t, "SIGHUP is heeded", func() bool { return seen() > before })
	lines := g.logLines(want)
	if len(lines) == 0 {
		t.Fatalf("the log has no %s:\n%s", want, tail(g.log(), 3000))
	}
	return lines[len(lines)-1]
}

// says is an operation that prints a word.
func says(word string, more ...any) keys {
	k := keys{"cmd": []string{"/bin/echo", word}, "reply": "stdout"}
	for i := 0; i < len(more); i += 2 {
		k[more[i].(string)] = more[i+1]
	}
	return k
}

// A good file is served whole: what was added, removed and changed, of the
// operations, of the service and of the document; the log counts it.
func TestReload(t *testing.T) {
	t.Parallel()
	doc := func(kind string) string {
		return `{"openapi": "3.0.3", "info": {"title": "e2e", "version": "1"}, "paths": {"/typed/{v}": {
			"parameters": [{"name": "v", "in": "path", "required": true, "schema": {"type": "` + kind + `"}}],
			"get": {"responses": {"200": {"description": "fine"}}}}}}`
	}
	g := start(t, setup{doc: doc("integer"), ops: ops{
		"get /same": says("same"), "get /old": says("old"), "get /word": says("one"), "get /typed/{v}": says("typed"),
	}})
	g.get(t, "/typed/word").wantProblem(t, 400, "validation")
	line := g.reload(t, setup{doc: doc("string"), top: keys{"maxbody": "1KiB", "queued": 7}, ops: ops{
		"get /same": says("same"), "get /word": says("two"), "get /typed/{v}": says("typed"), "get /new": says("new"), "post /new": says("new"),
	}}, reloadedLine)
	for _, part := range []string{`"operations":5`, `"added":2`, `"removed":1`, `"changed":1`, `"keys":"maxbody queued"`, `"document_changed":true`} {
		if !strings.Contains(line, part) {
			t.Errorf("the log's line lacks %s: %s", part, line)
		}
	}
	g.get(t, "/same").want(t, 200, "same\n")
	g.get(t, "/word").want(t, 200, "two\n")
	g.get(t, "/new").want(t, 200, "new\n")
	g.get(t, "/old").wantProblem(t, 404, "not-found")
	g.get(t, "/typed/word").want(t, 200, "typed\n")
	g.post(t, "/new", `"`+strings.Repeat("x", 2000)+`"`).wantProblem(t, 413, "too-large")

	line = g.hangup(t, reloadedLine)
	for _, part := range []string{`"added":0`, `"removed":0`, `"changed":0`, `"keys":""`, `"document_changed":false`} {
		if !strings.Contains(line, part) {
			t.Errorf("nothing was changed, and the log's line lacks %s: %s", part, line)
		}
	}
}

// A bad file changes nothing, and every fault is logged at its line.
func TestReloadOfABadFile(t *testing.T) {
	t.Parallel()
	good := strings.NewReplacer("reply: stdout", "reply: stdout\n      validateout: false").Replace(goodConfig)
	g := prepare(t, setup{doc: petsDocument})
	file := func(edit ...string) {
		text := strings.NewReplacer("NAME", g.name, "ADDR", g.addr).Replace(strings.NewReplacer(edit...).Replace(good))
		g.write("urocket-service.yaml", g.expand(text), 0o644)
	}
	file()
	g.launch(setup{})
	g.waitUp()
	for name, bad := range map[string]struct {
		edit  []string
		doc   string
		lines []int
	}{
		"three faults":                 {edit: []string{"running: 8", "runing: 8", "        wd: .", "        wd: ./nowhere", "timeout: 1000", "timeout: 0"}, lines: []int{5, 14, 19}},
		"no YAML":                      {edit: []string{"running: 8", "running: [8"}, lines: []int{5}},
		"a placeholder of no document": {edit: []string{"{{path.petId}}", "{{path.petId}} {{query.none}}"}, lines: []int{16}},
		"a bad document":               {doc: "openapi: 3.0.3\npaths: {/x: {$ref: '#/nowhere'}}\n", lines: []int{4}},
		"no document":                  {doc: "none", lines: []int{4}},
	} {
		t.Run(name, func(t *testing.T) {
			check(t, os.Truncate(g.logPath(), 0))
			file(bad.edit...)
			switch bad.doc {
			case "":
			case "none":
				check(t, os.Remove(g.path("openapi.yaml")))
			default:
				g.write("openapi.yaml", bad.doc, 0o644)
			}
			line := g.hangup(t, refusedLine)
			for _, n := range bad.lines {
				if len(g.logLines(`"level":"ERROR"`, fmt.Sprintf(`"at":"%s:%d"`, g.path("urocket-service.yaml"), n))) == 0 {
					t.Errorf("no fault at line %d", n)
				}
			}
			if faults := fmt.Sprintf(`"faults":%d`, len(bad.lines)); !strings.Contains(line, faults) {
				t.Errorf("the log's line lacks %s: %s", faults, line)
			}
			g.get(t, "/pets/7").want(t, 200, "7\n")
			g.write("openapi.yaml", petsDocument, 0o644)
		})
	}
	t.Run("no file", func(t *testing.T) {
		check(t, os.Remove(g.path("urocket-service.yaml")))
		g.hangup(t, refusedLine)
		g.get(t, "/pets/7").want(t, 200, "7\n")
	})
	file(`"/bin/echo"`, `"/bin/echo", good`)
	g.hangup(t, reloadedLine)
	g.get(t, "/pets/7").want(t, 200, "good 7\n")
}

// What is made at the start is not made again: the log names each such key, with
// what it was and is, at its line, and nothing else of the file counts either.
func TestReloadThatNeedsARestart(t *testing.T) {
	t.Parallel()
	admin, other := freeAddress(t), freeAddress(t)
	base := setup{top: keys{"admin": admin}, ops: ops{"get /x": says("old")}}
	g := start(t, base)
	_, port, _ := strings.Cut(other, ":")
	for key, value := range map[string]any{
		"servicename": "another", "listen": other, "admin": other, "socketpath": "@DIR@/other.sock", "socketmode": "0600",
		"socketgroup": "1", "cgroup": "required", "port": nil,
	} {
		t.Run(key, func(t *testing.T) {
			check(t, os.Truncate(g.logPath(), 0))
			s := setup{top: keys{"admin": admin, key: value}, ops: ops{"get /x": says("new")}}
			shown := fmt.Sprint(value)
			if key == "port" {
				n, err := strconv.Atoi(port)
				check(t, err)
				s.top["port"], s.top["listen"], shown = n, nil, ":"+port
			}
			g.writeConfig(s)
			g.hangup(t, refusedLine)
			at := fmt.Sprintf(`"at":"%s:%d"`, g.path("urocket-service.yaml"), g.lineOf(t, `"`+key+`":`))
			if len(g.logLines("restart", at, g.expand(shown))) != 1 {
				t.Errorf("the log has no line of %s at %s", key, at)
			}
			g.get(t, "/x").want(t, 200, "old\n")
		})
	}
	t.Run("all at once", func(t *testing.T) {
		check(t, os.Truncate(g.logPath(), 0))
		line := g.reload(t, setup{top: keys{"listen": other, "cgroup": "off", "socketmode": "0666", "running": 3}}, refusedLine)
		if len(g.logLines("restart")) != 4 || !strings.Contains(line, `"faults":4`) { // admin is gone too
			t.Errorf("want four keys that need a restart:\n%s", g.log())
		}
	})
	t.Run("the same meant, written differently", func(t *testing.T) {
		base.top["socketmode"], base.top["cgroup"] = "0660", "auto"
		g.reload(t, base, reloadedLine)
	})
}

// lineOf is the line of the configuration that holds text.
func (g *gateway) lineOf(t *testing.T, text string) int {
	t.Helper()
	before, _, ok := strings.Cut(string(readFile(g.path("urocket-service.yaml"))), text)
	if !ok {
		t.Fatalf("no %s in the configuration", text)
	}
	return strings.Count(before, "\n") + 1
}

// The file may be replaced by another of its name, or lie behind a symbolic link
// that is turned to another.
func TestReloadOfAReplacedFile(t *testing.T) {
	t.Parallel()
	g := prepare(t, setup{ops: ops{"get /x": says("one")}})
	versions := map[string]string{}
	for _, word := range []string{"one", "two", "three"} {
		g.writeConfig(setup{ops: ops{"get /x": says(word)}})
		versions[word] = string(readFile(g.path("urocket-service.yaml")))
	}
	folder := func(word string) {
		g.write(word+"/urocket-service.yaml", versions[word], 0o644)
		g.write(word+"/openapi.yaml", string(readFile(g.path("openapi.yaml"))), 0o644)
	}
	folder("one")
	folder("three")
	check(t, os.Symlink("one", g.path("current")))
	g.launchArgs(setup{}, "run", "-c", g.path("current", "urocket-service.yaml"))
	g.waitUp()
	g.get(t, "/x").want(t, 200, "one\n")

	g.write("one/next", versions["two"], 0o644)
	check(t, os.Rename(g.path("one", "next"), g.path("one", "urocket-service.yaml")))
	g.hangup(t, reloadedLine)
	g.get(t, "/x").want(t, 200, "two\n")

	check(t, os.Symlink("three", g.path("next")))
	check(t, os.Rename(g.path("next"), g.path("current")))
	g.hangup(t, reloadedLine)
	g.get(t, "/x").want(t, 200, "three\n")
}

// slowDocument takes seconds to read.
func slowDocument() string {
	var b strings.Builder
	b.WriteString(`{"openapi": "3.0.3", "info": {"title": "slow", "version": "1"}, "paths": {"/a": {}`)
	for i := range 3_000 {
		fmt.Fprintf(&b, `, "/p%d/{x}": {"get": {"parameters": [{"name": "x", "in": "path", "required": true, "schema": {"type": "integer"}}], "responses": {"200": {"description": "d"}}}}`, i)
	}
	b.WriteString("}}")
	return b.String()
}

// SIGTERM does not wait for a document that takes seconds to read.
func TestSIGTERMWhileReading(t *testing.T) {
	t.Parallel()
	slow := slowDocument()
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run("at the start, "+sig.String(), func(t *testing.T) {
			t.Parallel()
			s := setup{doc: slow, args: []string{"--log-level", "debug"}}
			g := prepare(t, s)
			g.launch(s)
			eventually(t, "it reads", func() bool { return len(g.logLines(`"msg":"reading"`)) == 1 })
			g.signal(sig)
			if code := g.exitCode(); code != 0 || len(g.logLines("stopped before")) != 1 || len(g.logLines(`"serving"`)) != 0 {
				t.Errorf("exit code %d", code)
			}
			if exists(g.sock) {
				t.Error("there is a socket")
			}
		})
	}
	t.Run("at a reload", func(t *testing.T) {
		t.Parallel()
		g := start(t, setup{ops: ops{"get /wait": waiting(nil)}})
		h := g.hold(t, "GET", "/wait")
		g.writeConfig(setup{doc: slow})
		g.signal(syscall.SIGHUP)
		eventually(t, "it reloads", func() bool { return len(g.logLines(`"msg":"reloading"`)) == 1 })
		g.signal(syscall.SIGTERM)
		eventually(t, "it drains", func() bool { return g.back(t, "GET", "/readyz", "").status == 503 })
		g.signal(syscall.SIGHUP)
		eventually(t, "a reload is refused now", func() bool { return len(g.logLines(refusedLine, "stopping")) == 1 })
		g.reply(t, h.id, "in time").want(t, 200)
		h.answer(t).want(t, 200, "in time")
		if code := g.exitCode(); code != 0 || len(g.logLines(reloadedLine)) != 0 {
			t.Errorf("exit code %d, and the new configuration was taken after all", code)
		}
	})
}

// A SIGHUP that comes while a reload reads is followed by another reload, however
// many there are, and none delays the service.
func TestSIGHUPWhileReloading(t *testing.T) {
	t.Parallel()
	g := start(t, setup{ops: ops{"get /x": says("old")}})
	g.writeConfig(setup{doc: slowDocument(), ops: ops{"get /x": says("slow")}})
	g.signal(syscall.SIGHUP)
	eventually(t, "it reloads", func() bool { return len(g.logLines(`"msg":"reloading"`)) == 1 })
	g.get(t, "/x").want(t, 200, "old\n")
	g.writeConfig(setup{ops: ops{"get /x": says("new")}})
	for range 1000 {
		g.signal(syscall.SIGHUP)
	}
	eventually(t, "the last file is served", func() bool { return string(g.get(t, "/x").body) == "new\n" })
	eventually(t, "all reloads are over", func() bool {
		return len(g.logLines(`"msg":"reloading"`)) == len(g.logLines(reloadedLine))+len(g.logLines(refusedLine))
	})
	if n := len(g.logLines(`"msg":"reloading"`)); n < 2 || n > 1000 {
		t.Errorf("%d reloads", n)
	}
}
