package apidoc

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestParametersOfAnOperation(t *testing.T) {
	d := load(t, head+`
paths:
  /a/{id}/{undescribed}:
    parameters:
      - {name: id, in: path, required: true, schema: {type: string}}
      - {name: shared, in: query, schema: {type: integer}}
    get:
      parameters:
        - {name: id, in: path, required: true, schema: {type: integer}}
        - {name: X-Trace, in: header, schema: {type: string}}
        - {name: price, in: query, schema: {type: number, nullable: true}}
        - {name: either, in: query, schema: {oneOf: [{type: integer}, {type: string}]}}
        - {name: numbers, in: query, schema: {anyOf: [{type: integer}, {type: number}]}}
        - {name: combined, in: query, schema: {allOf: [{$ref: '#/components/schemas/Id'}]}}
        - {name: listed, in: query, schema: {enum: [1, 2]}}
        - {name: list, in: query, schema: {type: array, items: {type: integer}}}
        - {name: anything, in: query, schema: {}}
        - {name: nothing, in: query}
      responses: {'200': {description: d}}
components: {schemas: {Id: {type: integer}}}
`)
	o := d.Operation("/a/{id}/{undescribed}", "GET")
	for _, c := range []struct {
		in, name     string
		has, numeric bool
	}{
		{"path", "id", true, true},
		{"path", "undescribed", true, false},
		{"path", "other", false, false},
		{"query", "shared", true, true},
		{"query", "id", false, false},
		{"header", "x-trace", true, false},
		{"query", "Price", false, false},
		{"query", "price", true, true},
		{"query", "either", true, false},
		{"query", "numbers", true, true},
		{"query", "combined", true, true},
		{"query", "listed", true, true},
		{"query", "list", true, false},
		{"query", "anything", true, false},
		{"query", "nothing", true, false},
	} {
		if o.HasParameter(c.in, c.name) != c.has || o.Numeric(c.in, c.name) != c.numeric {
			t.Errorf("%s %s: has %v, numeric %v", c.in, c.name, !c.has, o.Numeric(c.in, c.name))
		}
	}
}

func TestSecurity(t *testing.T) {
	for _, c := range []struct{ document, operation, want string }{
		{"", "", "[]"},
		{"security: [{key: []}]", "", "[[{key []}]]"},
		{"security: [{key: []}]", "security: [],", "[]"},
		{"security: [{key: []}]", "security: [{}],", "[[]]"},
		{"security: [{key: []}]", "security: [{basic: []}, {}],", "[[{basic []}] []]"},
		{"security: [{key: []}, {}]", "", "[[{key []}] []]"},
		{"", "security: [{b: [], a: []}, {c: [x, y]}, {a: []}],", "[[{a []} {b []}] [{c [x y]}] [{a []}]]"},
		{"security: []", "", "[]"},
	} {
		o := load(t, head+c.document+"\npaths: {/a: {get: {"+c.operation+" responses: {'200': {description: d}}}}}\n").Operation("/a", "GET")
		if got := fmt.Sprint(o.Security()); got != c.want {
			t.Errorf("%q, %q: got %s, want %s", c.document, c.operation, got, c.want)
		}
	}
}

func TestSchemes(t *testing.T) {
	d := load(t, head+`paths: {}
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Key}
    basic: {type: http, scheme: Basic}
    token: {type: http, scheme: bearer, bearerFormat: JWT}
    oauth: {type: oauth2, flows: {}}
    oidc: {type: openIdConnect, openIdConnectUrl: "https://id.example/x"}
    client: {type: mutualTLS}
    same: {$ref: "#/components/securitySchemes/key"}
`)
	want := map[string]Scheme{
		"key": {Type: "apiKey", In: "header", Name: "X-Key"}, "basic": {Type: "http", HTTP: "basic"}, "token": {Type: "http", HTTP: "bearer", JWT: true},
		"oauth": {Type: "oauth2"}, "oidc": {Type: "openIdConnect"}, "client": {Type: "mutualTLS"}, "same": {Type: "apiKey", In: "header", Name: "X-Key"},
	}
	if names := d.SchemeNames(); !slices.Equal(names, slices.Sorted(maps.Keys(want))) {
		t.Errorf("names %q", names)
	}
	for name, w := range want {
		if got, ok := d.Scheme(name); !ok || got != w {
			t.Errorf("%s: got %+v, %v", name, got, ok)
		}
	}
	for _, d := range []*Document{d, load(t, head+"paths: {}\n")} {
		if _, ok := d.Scheme("none"); ok {
			t.Error("a scheme that is not there")
		}
	}
}

func TestResponseType(t *testing.T) {
	for responses, want := range map[string]string{
		"'200': {description: d, content: {text/csv: {}}}":                                                                 "text/csv",
		"'200': {description: d, content: {text/csv: {}}}, '201': {description: d, content: {text/csv: {}}}":               "text/csv",
		"'2XX': {description: d, content: {text/csv: {}}}, '404': {description: d, content: {text/html: {}}}":              "text/csv",
		"'200': {description: d, content: {text/csv: {}, text/html: {}}}":                                                  "",
		"'200': {description: d, content: {text/csv: {}}}, '201': {description: d, content: {text/html: {}}}":              "",
		"'200': {description: d, content: {'*/*': {}}}":                                                                    "",
		"'200': {description: d}, default: {description: d, content: {text/csv: {}}}":                                      "",
		"'204': {description: d}, '200': {description: d, content: {'application/json; charset=utf-8': {}}}":               "application/json; charset=utf-8",
		"'200': {description: d, content: {text/csv: {}, 'image/*': {}}}":                                                  "",
		"'202': {$ref: '#/components/responses/R'}":                                                                        "text/x",
		"'404': {description: d, content: {text/csv: {}}}":                                                                 "",
		"'200': {description: d, content: {}}, '206': {description: d, content: {application/octet-stream: {schema: {}}}}": "application/octet-stream",
	} {
		o := load(t, head+"paths: {/a: {get: {responses: {"+responses+"}}}}\ncomponents: {responses: {R: {description: d, content: {text/x: {}}}}}\n").Operation("/a", "GET")
		if got := o.ResponseType(); got != want {
			t.Errorf("%s: got %q, want %q", responses, got, want)
		}
	}
}

func TestPrepare(t *testing.T) {
	for _, c := range []struct{ name, schema, finding, err string }{
		{"fine", "{type: string, pattern: '^[\\u00e9\\/a]+$'}", "", ""},
		{"lookahead", "{type: string, pattern: '^(?!x)'}", "(?!x)", ""},
		{"unknown type", "{type: strng}", "", "unknown type \"strng\""},
		{"unknown type below", "{type: object, properties: {a: {items: {type: file}}}}", "", "unknown type \"file\""},
		{"negative multiple", "{type: number, multipleOf: -1}", "", "schema"},
	} {
		d := load(t, head+"paths: {/a: {post: {requestBody: {content: {application/json: {schema: "+c.schema+"}}}, responses: {'200': {description: d}}}}}\n")
		o := d.Operation("/a", "POST")
		if err := o.ValidateRequest(post("{}"), nil, []byte("{}")); err == nil {
			t.Errorf("%s: validated without Prepare", c.name)
		}
		if _, err := o.Prepare(false, true); err != nil {
			t.Errorf("%s: the responses alone: %v", c.name, err)
		}
		for range 2 { // a second time it is the same
			findings, err := o.Prepare(true, false)
			if c.err == "" != (err == nil) || err != nil && (!strings.Contains(err.Error(), c.err) || !strings.Contains(err.Error(), "POST /a")) {
				t.Errorf("%s: error %v, want %q", c.name, err, c.err)
			}
			if c.finding != "" && len(findings) == 1 && strings.Contains(string(findings[0]), c.finding) {
				break // told once
			}
			if c.finding != "" || len(findings) > 0 {
				t.Errorf("%s: findings %q, want %q", c.name, findings, c.finding)
			}
		}
	}
}
