package e2e

import (
	"strings"
	"testing"
)

// routed is an operation that prints what was matched.
func routed(name string, params ...string) keys {
	cmd := []string{"/usr/bin/printf", "%s", name}
	for _, p := range params {
		cmd[2] += "|{{path." + p + "}}"
	}
	return keys{"cmd": cmd, "reply": "stdout"}
}

// path first and verb second, concrete before templated, decoded after matching.
func TestRouting(t *testing.T) {
	t.Parallel()
	const doc = `{"openapi": "3.0.3", "info": {"title": "t", "version": "1"}, "servers": [{"url": "https://api.example.com/v1"}, {"url": "/v2"}],
		"paths": {"/todo": {"get": {"responses": {"200": {"description": "fine"}}}}}}`
	g := start(t, setup{doc: doc, ops: ops{
		"get /pets/mine":        routed("mine"),
		"get /pets/{id}":        routed("pet", "id"),
		"delete /pets/{id}":     routed("delete", "id"),
		"get /pets/{id}/toys/x": routed("toys", "id"),
		"get /files/{n}.json":   routed("json", "n"),
		"get /files/{n}":        routed("file", "n"),
		"get /a/{x}/c":          routed("axc", "x"),
		"get /a/b/{y}":          routed("aby", "y"),
		"get /slash/":           routed("slash"),
	}})
	for path, want := range map[string]string{
		"/pets/mine": "mine", "/pets/7": "pet|7", "/pets/mine/toys/x": "toys|mine", "/v1/pets/7": "pet|7", "/p%65ts/mine": "mine",
		"/pets/a%2Fb": "pet|a/b", "/pets/%7Bx%7D": "pet|{x}", "/files/a.b.json": "json|a.b", "/files/a.txt": "file|a.txt",
		"/a/q/c": "axc|q", "/a/b/c": "aby|c", "/slash/": "slash", "/pets/7?x=/pets/mine": "pet|7", "/v1/slash/": "slash",
	} {
		g.get(t, path).want(t, 200, want)
	}
	for _, path := range []string{"/", "/pets", "/pets/", "/pets/7/", "/slash", "/pets//toys/x", "/v2/pets/7", "/v1/v1/pets/7", "/v1", "/pets%2F7", "/PETS/7"} {
		g.get(t, path).wantProblem(t, 404, "not-found")
	}
	g.do(t, request{method: "DELETE", path: "/pets/7"}).want(t, 200, "delete|7")
	a := g.do(t, request{method: "DELETE", path: "/pets/mine"})
	a.wantProblem(t, 405, "method-not-allowed")
	if allow := a.header.Get("Allow"); !strings.Contains(allow, "GET") || strings.Contains(allow, "DELETE") {
		t.Errorf("Allow: %q", allow)
	}
	g.get(t, "/todo").wantProblem(t, 501, "no-callback")
	if len(g.logLines("/pets/{id}")) == 0 {
		t.Error("no warning at start of a path that the document lacks")
	}
}

// An OpenAPI 3.1 document, with a reference to another file and a base path of
// the service file's.
func TestDocument31(t *testing.T) {
	t.Parallel()
	const doc = `openapi: 3.1.0
info: {title: t, version: "1"}
servers: [{url: https://one.example/api}]
paths:
  /pets:
    post:
      requestBody: {required: true, content: {application/json: {schema: {$ref: "parts/pet.yaml#/Pet"}}}}
      responses: {"200": {description: fine}}
  /pets/{id}:
    get:
      parameters: [{name: id, in: path, required: true, schema: {type: integer}}]
      responses: {"200": {description: fine}}
`
	g := start(t, setup{
		doc: doc, top: keys{"basepath": "/other/base"},
		files: map[string]string{"parts/pet.yaml": "Pet: {type: object, required: [name], properties: {name: {type: [string, 'null']}}}\n"},
		ops:   ops{"post /pets": routed("post"), "get /pets/{id}": routed("get", "id")},
	})
	g.get(t, "/pets/5").want(t, 200, "get|5")
	g.get(t, "/other/base/pets/5").want(t, 200, "get|5")
	g.get(t, "/api/pets/5").wantProblem(t, 404, "not-found")
	g.get(t, "/pets/five").wantProblem(t, 400, "validation")
	g.post(t, "/pets", `{"name":null}`).want(t, 200, "post")
	g.post(t, "/other/base/pets", `{"name":"x"}`).want(t, 200, "post")
	g.post(t, "/pets", `{"name":5}`).wantProblem(t, 400, "validation")
	g.post(t, "/pets", `{}`).wantProblem(t, 400, "validation")
}
