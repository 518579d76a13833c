package e2e

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/urocket/urocket/internal/realdoc"
)

// initial is a gateway without a configuration, and with a document.
func initial(t *testing.T, document string) *gateway {
	t.Helper()
	g := prepare(t, setup{})
	check(t, os.Remove(g.path("urocket-service.yaml")))
	g.write("openapi.yaml", document, 0o644)
	return g
}

// serveInitial serves what init has written: at an address of the test's, with every
// answer held against the document and no request.
func (g *gateway) serveInitial(t *testing.T) {
	t.Helper()
	text := string(readFile(g.path("urocket-service.yaml")))
	for pattern, line := range map[string]string{
		`servicename: \S+`: "servicename: " + g.name, `listen: \S+`: "listen: " + g.addr, `socketpath: \S+`: "socketpath: " + g.sock,
		`defaults:`: "defaults:\n  validatein: false\n  validateout: true", `timeout: 5s`: "timeout: 20s",
	} {
		found := regexp.MustCompile(`(?m)^( *)` + pattern)
		if !found.MatchString(text) {
			t.Fatalf("no line %s in\n%s", pattern, text)
		}
		text = found.ReplaceAllString(text, "${1}"+line)
	}
	check(t, os.WriteFile(g.path("urocket-service.yaml"), []byte(text), 0o644))
	g.launch(setup{})
	g.waitUp()
}

// The example's document, from nothing to answers.
func TestInit(t *testing.T) {
	t.Parallel()
	document := readFile("../examples/openapi.yaml")
	g := initial(t, string(document))
	g.cli(t, "init", "openapi.yaml", "--stubs", "scripts").want(t, 0, "wrote 12 scripts to scripts", "wrote urocket-service.yaml with 12 operations")
	written := readFile(g.path("urocket-service.yaml"))

	t.Run("nothing is overwritten", func(t *testing.T) {
		g.cli(t, "init", "openapi.yaml").want(t, 1, "urocket-service.yaml", "nothing is overwritten")
		check(t, os.WriteFile(g.path("scripts/place-order.php"), []byte("<?php // mine\n"), 0o644))
		g.cli(t, "init", "openapi.yaml", "-o", "other.yaml", "--stubs", "scripts").want(t, 0, "kept scripts/place-order.php", "kept scripts/urocket.php", "wrote 0 scripts")
		if now := readFile(g.path("urocket-service.yaml")); string(now) != string(written) || string(readFile(g.path("scripts/place-order.php"))) != "<?php // mine\n" {
			t.Error("a file has changed")
		}
		check(t, os.Remove(g.path("scripts/place-order.php")))
		check(t, os.Remove(g.path("other.yaml")))
		g.cli(t, "init", "openapi.yaml", "-o", "other.yaml", "--stubs", "scripts").want(t, 0, "wrote 1 script to")
	})
	t.Run("dry has nothing against it", func(t *testing.T) {
		if o := g.cli(t, "dry").want(t, 0, "/store/order/{orderId}"); o.stderr != "" {
			t.Errorf("dry says %s", o.stderr)
		}
	})
	t.Run("it says what it is", func(t *testing.T) {
		for _, words := range []string{"servicename: pet-shop ", "listen: 127.0.0.1:8080", "NOBODY CHECKS THEM HERE", "api_key, petstore_auth", "# Find a pet by its number", "wd: scripts"} {
			if !strings.Contains(string(written), words) {
				t.Errorf("the map lacks %q", words)
			}
		}
	})
	g.serveInitial(t)
	for request, want := range map[string]struct {
		status int
		kind   string
		body   string
	}{
		"GET /pet/7":        {200, "application/json", `{"id":1,"name":"string","status":"available","category":"string","price":1,"tags":["string"]}`},
		"POST /store/order": {201, "application/json", `{"id":1,"petId":1,"quantity":1,"status":"placed"}`},
		"DELETE /pet/7":     {204, "", ""}, "GET /report/access": {200, "text/plain", "string"},
		"GET /store/inventory": {200, "application/json", `{"key1":1}`}, "POST /job/mail-queue": {200, "application/json", "{}"},
	} {
		t.Run(request, func(t *testing.T) {
			method, path, _ := strings.Cut(request, " ")
			a := g.do(t, rawRequest(method, path)).want(t, want.status, want.body)
			if kind := a.header.Get("Content-Type"); kind != want.kind {
				t.Errorf("Content-Type %q, want %q", kind, want.kind)
			}
		})
	}
}

// rawRequest is a request with a body where its verb has one.
func rawRequest(method, path string) request {
	r := request{method: method, path: path}
	if slices.Contains([]string{"POST", "PUT", "PATCH"}, method) {
		r.body, r.header = []byte("{}"), []string{"Content-Type: application/json"}
	}
	return r
}

// Without scripts, examples are printed. On standard output nothing else is.
func TestInitWithoutScripts(t *testing.T) {
	t.Parallel()
	g := initial(t, string(readFile("../examples/openapi.yaml")))
	printed := g.cli(t, "init", "openapi.yaml", "-o", "-", "--name", "mine").want(t, 0)
	if !strings.Contains(printed.stdout, "servicename: mine ") || printed.stderr != "" || exists(g.path("urocket-service.yaml")) {
		t.Errorf("printed %s, and %s", printed.stdout, printed.stderr)
	}
	check(t, os.WriteFile(g.path("urocket-service.yaml"), []byte(printed.stdout), 0o644))
	g.cli(t, "dry").want(t, 0)
	g.serveInitial(t)
	g.get(t, "/pet/7").want(t, 200, `{"id":1,"name":"string","status":"available"}`+"\n")
	g.get(t, "/report/access").want(t, 200, "string\n")
}

// A document that tries what it can.
const awkwardDocument = `openapi: 3.1.0
info: {title: "Ünusual / API: {{x}}\nsecond line", version: '1'}
servers: [{url: 'https://example.com/v1'}]
paths:
  /quote's "and" \:
    get: {operationId: it's, summary: "ends PHP ?> <?= 1 ?> here\nand goes on", responses: {'200': &text {description: d, content: {text/plain: {schema: {type: string, enum: ["it's\n?> '; exit; // \\"]}}}}}}
  /json/string: {get: {summary: "# no: {yaml} [here]", responses: {'200': {description: d, content: {application/json: {schema: {type: string, const: "{{path.x}} 'é' \u0007"}}}}}}}
  /json/null: {get: {responses: {'200': {description: d, content: {application/json: {schema: {type: 'null'}}}}}}}
  /json/empty: {get: {responses: {'200': {description: d, content: {application/json: {schema: {type: object, required: [a, b, c], properties: {a: {type: object, maxProperties: 0}, b: {type: array, maxItems: 0}, c: {type: object, required: ['0', '1'], properties: {'0': {type: integer}, '1': {type: 'null'}}}}}}}}}}}
  /json/numbers: {get: {responses: {'200': {description: d, content: {application/json: {example: [1.5, -3, 1e3, 9007199254740993], schema: {type: array, items: {type: number}}}}}}}}
  /hal: {get: {operationId: same, responses: {'203': {description: d, headers: {Location: {required: true, schema: {type: string}}, Date: {required: true, schema: {type: string}}}, content: {application/hal+json: {schema: {type: object}}}}}}}
  /xml: {post: {operationId: Same, requestBody: {content: {application/xml: {}}}, responses: {'201': {description: d, content: {application/xml: {}}}}}}
  /none: {put: {operationId: same, responses: {'204': {description: d}}}}
  /head: {head: {responses: {'200': {description: d, content: {application/json: {schema: {type: object}}}}}}}
  /a/{x}: {get: {responses: {'200': *text}}}
  /a/{y}: {get: {responses: {'200': *text}}}
  '/with#fragment': {get: {responses: {'200': *text}}}
  /urocket: {get: {operationId: urocket, responses: {'200': *text}}}
  /odd: {get: {responses: {'200': {description: d, content: {application/json: {schema: {type: integer, minimum: 2, maximum: 1}}}}}}}
`

func TestInitOfAnAwkwardDocument(t *testing.T) {
	t.Parallel()
	g := initial(t, awkwardDocument)
	g.cli(t, "init", "openapi.yaml", "--stubs", "on").want(t, 0, "with 12 operations", "left out: GET /a/{y}", "left out: GET /with#fragment")
	o := g.cli(t, "dry").want(t, 0)
	if strings.Count(o.stdout, "payload by stdin") != 12 || strings.Contains(o.stderr, "payload") {
		t.Errorf("dry says %s%s", o.stdout, o.stderr)
	}
	for _, name := range []string{"it-s", "same", "same-2", "same-3", "urocket-2", "get-json-string"} {
		if !exists(g.path("on", name+".php")) {
			t.Errorf("there is no %s.php", name)
		}
	}
	g.serveInitial(t)
	for path, want := range map[string]string{
		"/v1/quote's%20%22and%22%20%5C": "it's\n?> '; exit; // \\", "/json/string": `"{{path.x}} 'é' \u0007"`, "/json/null": "null",
		"/json/empty": `{"a":{},"b":[],"c":{"0":1,"1":null}}`, "/json/numbers": `[1.5,-3,1000,9007199254740993]`, "/urocket": "it's\n?> '; exit; // \\", "/a/1": "it's\n?> '; exit; // \\",
	} {
		t.Run(path, func(t *testing.T) {
			a := g.get(t, path).want(t, 200)
			var got, wanted any
			if json.Unmarshal([]byte(want), &wanted) == nil && json.Unmarshal(a.body, &got) == nil {
				if g, w := marshaled(t, got), marshaled(t, wanted); g != w {
					t.Errorf("%s, want %s", g, w)
				}
			} else if string(a.body) != want {
				t.Errorf("%q, want %q", a.body, want)
			}
		})
	}
	if a := g.get(t, "/hal").want(t, 203, "{}"); a.header.Get("Content-Type") != "application/hal+json" || a.header.Get("Location") != "string" {
		t.Errorf("header %v", a.header)
	}
	g.do(t, request{method: "POST", path: "/xml", body: []byte("<a/>"), header: []string{"Content-Type: application/xml"}}).want(t, 201, "<example/>")
	g.do(t, rawRequest("PUT", "/none")).want(t, 204, "")

	t.Run("without scripts", func(t *testing.T) {
		check(t, os.WriteFile(g.path("echo.yaml"), []byte(g.cli(t, "init", "openapi.yaml", "-o", "-").want(t, 0).stdout), 0o644))
		g.cli(t, "dry", "-c", "echo.yaml").want(t, 0, "{{{{path.x}}")
	})
}

func marshaled(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	check(t, err)
	return string(text)
}

// What cannot be a configuration's beginning.
func TestInitRefused(t *testing.T) {
	t.Parallel()
	g := initial(t, "openapi: 3.0.3\ninfo: {title: t, version: '1'}\npaths: {}\n")
	g.write("swagger.yaml", "swagger: '2.0'\ninfo: {title: t, version: '1'}\npaths: {}\n", 0o644)
	g.write("broken.yaml", "openapi: [\n", 0o644)
	for name, c := range map[string]struct {
		code  int
		words []string
		args  []string
	}{
		"no document":          {2, []string{"OPENAPI is missing"}, nil},
		"one that is absent":   {2, []string{"nowhere.yaml"}, []string{"nowhere.yaml"}},
		"Swagger 2":            {2, []string{"2.0"}, []string{"swagger.yaml"}},
		"no YAML":              {2, []string{"broken.yaml"}, []string{"broken.yaml"}},
		"a name that is none":  {2, []string{"--name", "My Shop"}, []string{"openapi.yaml", "--name", "My Shop"}},
		"a folder that is not": {1, []string{"nowhere"}, []string{"openapi.yaml", "-o", "nowhere/x.yaml"}},
		"a file for a folder":  {1, []string{"swagger.yaml"}, []string{"openapi.yaml", "--stubs", "swagger.yaml"}},
	} {
		t.Run(name, func(t *testing.T) {
			g.cli(t, append([]string{"init"}, c.args...)...).want(t, c.code, c.words...)
		})
	}
	t.Run("a document without operations", func(t *testing.T) {
		g.cli(t, "init", "openapi.yaml").want(t, 0, "0 operations")
		g.cli(t, "dry").want(t, 0)
	})
}

// Documents that people have: dry has no fault to tell, and what is asked answers as the
// document says.
func TestInitOfRealDocuments(t *testing.T) {
	t.Parallel()
	for _, d := range realdoc.Small {
		t.Run(d.Name, func(t *testing.T) {
			t.Parallel()
			g := initial(t, string(readFile(d.File(t))))
			g.cli(t, "init", "openapi.yaml", "--stubs", "stubs").want(t, 0)
			routes := regexp.MustCompile(`(?m)^([A-Z]+) +(/.*)$`).FindAllStringSubmatch(g.cli(t, "dry").want(t, 0).stdout, -1)
			if len(routes) < d.Operations {
				t.Fatalf("%d routes", len(routes))
			}
			if scripts, err := filepath.Glob(g.path("stubs", "*.php")); err != nil || len(scripts) != len(routes)+1 {
				t.Errorf("%d scripts for %d routes, %v", len(scripts), len(routes), err)
			}
			g.serveInitial(t)
			for i := 0; i < len(routes); i += len(routes) / 12 {
				method, path := routes[i][1], regexp.MustCompile(`\{[^}]*\}`).ReplaceAllString(routes[i][2], "1")
				a := g.do(t, rawRequest(method, (&url.URL{Path: path}).EscapedPath()))
				if a.status >= 400 {
					t.Errorf("%s %s: %d %s", method, path, a.status, a.body)
				}
			}
		})
	}
}
