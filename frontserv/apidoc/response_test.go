package apidoc

import (
	"net/http"
	"strings"
	"testing"
)

func TestResponse(t *testing.T) {
	for _, version := range []string{"3.0.3", "3.1.0"} {
		d := load(t, "openapi: "+version+`
info: {title: t, version: '1'}
paths:
  /p:
    get: &get
      responses:
        '200':
          description: d
          headers:
            X-Count: {required: true, schema: {type: integer}}
            X-List: {schema: {type: array, items: {type: integer}}}
            Content-Type: {schema: {type: integer}}
            Date: {required: true, schema: {type: integer}}
          content: &pet
            application/json: {schema: {type: object, required: [id], additionalProperties: false, properties: {id: {type: integer, readOnly: true}, key: {type: string, writeOnly: true}}}}
        '201': {description: d, content: {text/plain: {schema: {type: string}}}}
        '202': {description: d}
        '204': {description: d}
        '302': {description: d, content: *pet}
        4xx: {description: d, content: *pet}
    head: *get
  /default: {get: {responses: {default: {description: d, content: {application/json: {schema: {type: array}}}}}}}
  /silent: {get: {responses: {}}}
`)
		for _, c := range []struct {
			method, path string
			status       int
			headers      string
			body, want   string
		}{
			{"GET", "/p", 200, "X-Count: 1|Content-Type: application/json", `{"id":1}`, ""},
			{"GET", "/p", 200, "X-Count: 1|X-List: 1, 2|Content-Type: application/json", `{"id":1}`, ""},
			{"GET", "/p", 200, "X-Count: 1|Content-Type: application/x-www-form-urlencoded", `{"id":1}`, ""},
			{"GET", "/p", 200, "X-Count: x|X-List: 1,y|Content-Type: application/json", `{"id":"1"}`, "header /X-Count must be an integer; header /X-List/1 must be an integer; body /id must be an integer"},
			{"GET", "/p", 200, "Content-Type: application/json", `{}`, "header /X-Count is required; body /id is required"},
			{"GET", "/p", 200, "X-Count: 1|Content-Type: application/json", `{"id":1,"key":"s"}`, "body /key is write-only and must not be returned"},
			{"GET", "/p", 200, "X-Count: 1|Content-Type: application/json", `{"id":1} x`, "body  is not valid JSON"},
			{"GET", "/p", 200, "X-Count: 1|Content-Type: text/html", `{"id":1}`, "header /Content-Type is not one that the document has for this status: application/json"},
			{"GET", "/p", 200, "X-Count: 1", `{"id":1}`, "header /Content-Type is not one that the document has for this status: application/json"},
			{"GET", "/p", 200, "X-Count: 1", ``, "body  is empty, and the document describes one"},
			{"GET", "/p", 201, "Content-Type: text/plain; charset=utf-8", `x`, ""},
			{"GET", "/p", 201, "Content-Type: text/plain", ``, ""},
			{"GET", "/p", 202, "Content-Type: text/html", `anything`, ""},
			{"GET", "/p", 204, "", ``, ""},
			{"GET", "/p", 302, "Location: /x", ``, ""},
			{"GET", "/p", 302, "Content-Type: application/json", `{}`, "body /id is required"},
			{"GET", "/p", 304, "", ``, ""},
			{"GET", "/p", 404, "Content-Type: application/json", `{}`, "body /id is required"},
			{"GET", "/p", 418, "Content-Type: application/json", `{"id":1}`, ""},
			{"GET", "/p", 500, "Content-Type: application/json", `{"id":1}`, "status  is not one that the document has"},
			{"GET", "/p", 203, "", ``, "status  is not one that the document has"},
			{"HEAD", "/p", 200, "X-Count: 1", ``, ""},
			{"HEAD", "/p", 200, "", ``, "header /X-Count is required"},
			{"GET", "/default", 599, "Content-Type: application/json", `{}`, "body  must be an array"},
			{"GET", "/default", 200, "Content-Type: application/json", `[]`, ""},
			{"GET", "/silent", 200, "Content-Type: text/html", `x`, ""},
		} {
			o := prepared(t, d.Operation(c.path, c.method))
			h := http.Header{}
			for line := range strings.SplitSeq(c.headers, "|") {
				name, value, _ := strings.Cut(line, ": ")
				h.Add(name, value)
			}
			if got := strings.Join(faults(t, o.ValidateResponse(c.status, h, []byte(c.body))), "; "); got != c.want {
				t.Errorf("%s: %s %s %d %q %s: got %q, want %q", version, c.method, c.path, c.status, c.headers, c.body, got, c.want)
			}
		}
	}
}

func TestResponseNeedsPrepare(t *testing.T) {
	o := load(t, head+"paths: {/p: {get: {responses: {'200': {description: d}}}}}\n").Operation("/p", "GET")
	if err := o.ValidateResponse(200, http.Header{}, nil); err == nil {
		t.Error("validated without Prepare")
	}
}
