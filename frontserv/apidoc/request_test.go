package apidoc

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// post is a POST with a JSON body.
func post(body string) *http.Request { return request("application/json", body) }

func request(contentType, body string) *http.Request {
	r := httptest.NewRequest("POST", "/", strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return r
}

// bodyOf reads a test's request as the gateway would have done.
func bodyOf(t testing.TB, r *http.Request) []byte {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// faults writes an error's faults as lines "in pointer detail".
func faults(t testing.TB, err error) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	var bad *Invalid
	if !errors.As(err, &bad) {
		t.Fatalf("error %v is no Invalid", err)
	}
	var out []string
	for _, e := range bad.Errors {
		out = append(out, e.In+" "+e.Pointer+" "+e.Detail)
	}
	return out
}

func wantFaults(t *testing.T, o *Operation, r *http.Request, want ...string) {
	t.Helper()
	if _, err := o.Prepare(true, false); err != nil {
		t.Fatal(err)
	}
	got := faults(t, o.ValidateRequest(r, nil, bodyOf(t, r)))
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// operationWith is an operation whose JSON body has the schema, in a version of OpenAPI.
func operationWith(t testing.TB, version, schema, components string) *Operation {
	t.Helper()
	d := load(t, "openapi: "+version+"\ninfo: {title: t, version: '1'}\npaths:\n  /p:\n    post:\n      requestBody:\n        required: true\n"+
		"        content: {application/json: {schema: "+schema+"}}\n      responses:\n        '200':\n          description: d\n"+
		"          content: {application/json: {schema: "+schema+"}}\ncomponents: {schemas: {"+components+"}}\n")
	o := d.Operation("/p", "POST")
	if _, err := o.Prepare(true, true); err != nil {
		t.Fatal(err)
	}
	return o
}

const pet = `{type: object, required: [name, age], additionalProperties: false, properties: {
  name: {type: string, minLength: 2, maxLength: 5, pattern: '^[a-z]+$'}, age: {type: integer, minimum: 0, maximum: 150}, tag: {enum: [a, b]},
  id: {type: integer, readOnly: true}, secret: {type: string, writeOnly: true}, price: {type: number, multipleOf: 0.01}, "a/b~": {type: boolean},
  list: {type: array, maxItems: 2, uniqueItems: true, items: {type: integer}}, mail: {type: string, format: email}, uuid: {type: string, format: uuid},
  four: {type: string, format: ipv4}, six: {type: string, format: ipv6}, day: {type: string, format: date}, at: {type: string, format: date-time},
  small: {type: integer, format: int32}, big: {type: integer, format: int64}, data: {type: string, format: byte}, home: {type: string, format: uri}}}`

// What 3.0 and 3.1 have in common must be judged in the same words.
func TestBody(t *testing.T) {
	for _, version := range []string{"3.0.3", "3.1.0"} {
		o := operationWith(t, version, pet, "")
		for _, c := range []struct {
			body string
			want []string
		}{
			{`{"name":"rex","age":3}`, nil},
			{` {"name":"rex","age":3.0,"price":0.07,"list":[1,2]} `, nil},
			{`{"name":"x","age":200,"tag":"z"}`, []string{"body /age must be at most 150", "body /name must have at least 2 characters", "body /tag must be one of the values that the document lists"}},
			{`{"name":"rex"}`, []string{"body /age is required"}},
			{`{}`, []string{"body /age is required", "body /name is required"}},
			{`{"name":"REX","age":-1.5}`, []string{"body /age must be an integer", "body /name does not match the document's pattern"}},
			{`{"name":"abcdef","age":-1}`, []string{"body /age must be at least 0", "body /name must have at most 5 characters"}},
			{`{"name":"rex","age":3,"other":1}`, []string{"body /other is not a property that the document knows"}},
			{`{"name":"rex","age":3,"a/b~":1}`, []string{"body /a~1b~0 must be a boolean"}},
			{`{"name":"rex","age":3,"id":7}`, []string{"body /id is read-only and must not be sent"}},
			{`{"name":"rex","age":3,"secret":"s"}`, nil},
			{`{"name":"rex","age":3,"price":0.071}`, []string{"body /price must be a multiple of 0.01"}},
			{`{"name":"rex","age":3,"list":[1,1]}`, []string{"body /list must not have equal items"}},
			{`{"name":"rex","age":3,"list":[1,"x",3]}`, []string{"body /list must have at most 2 items", "body /list/1 must be an integer"}},
			{
				`{"name":"rex","age":3,"mail":"x","uuid":"x","four":"::1","six":"1.2.3.4","day":"2026-02-30","at":"yesterday","data":"?","small":3000000000,"big":9223372036854775808}`,
				[]string{
					"body /at is not of the format date-time", "body /big is not of the format int64", "body /data is not of the format byte", "body /day is not of the format date",
					"body /four is not of the format ipv4", "body /mail is not of the format email", "body /six is not of the format ipv6", "body /small is not of the format int32", "body /uuid is not of the format uuid",
				},
			},
			{`{"name":"rex","age":3,"mail":"a@b.c","uuid":"550e8400-e29b-41d4-a716-446655440000","four":"1.2.3.4","six":"::1","day":"2026-02-28","at":"2026-02-28T10:00:00Z","data":"YQ==","small":-2147483648,"big":9223372036854775807,"home":"not a uri"}`, nil},
			{`[]`, []string{"body  must be an object"}},
			{`null`, []string{"body  must be an object"}},
			{`{"name":"rex","age":3} trailing`, []string{"body  is not valid JSON"}},
			{`{"name":"rex","age":3}{}`, []string{"body  is not valid JSON"}},
			{`{"name":`, []string{"body  is not valid JSON"}},
			{"\ufeff{}", []string{"body  is not valid JSON"}},
			{"{\"name\":\"\xff\"}", []string{"body  is not valid UTF-8"}},
			{`{"name":"rex","age":1e400}`, []string{"body  holds a number that is out of range"}},
			{``, []string{"body  is required"}},
		} {
			if got := faults(t, o.ValidateRequest(post(c.body), nil, []byte(c.body))); !slices.Equal(got, c.want) {
				t.Errorf("%s: %.60s\ngot  %q\nwant %q", version, c.body, got, c.want)
			}
		}
	}
}

func TestSchemas(t *testing.T) {
	const both = "3.0.3 3.1.0"
	for _, c := range []struct {
		name, versions, schema, components string
		good, bad                          []string
		fault                              string // of the first bad one
	}{
		{"nullable", "3.0.3", "{type: string, nullable: true, enum: [a]}", "", []string{`null`, `"a"`}, []string{`1`, `"b"`}, "body  must be a string"},
		{"nullable with allOf", "3.0.3", "{nullable: true, allOf: [{$ref: '#/components/schemas/A'}]}", "A: {type: object}", []string{`null`, `{}`}, []string{`1`}, "body  must be an object"},
		{"nullable counts for nothing in 3.1", "3.1.0", "{type: string, nullable: true}", "", []string{`"a"`}, []string{`null`}, "body  must be a string"},
		{"null among types", "3.1.0", "{type: [string, 'null']}", "", []string{`null`, `"a"`}, []string{`1`}, "body  must be a string or null"},
		{"exclusive bounds of 3.0", "3.0.3", "{type: number, minimum: 1, exclusiveMinimum: true, maximum: 5, exclusiveMaximum: false}", "", []string{`1.1`, `5`}, []string{`1`}, "body  must be more than 1"},
		{"exclusive bounds of 3.1", "3.1.0", "{type: number, exclusiveMinimum: 1, exclusiveMaximum: 1000000}", "", []string{`1.1`}, []string{`1000000`, `1`}, "body  must be less than 1000000"},
		{"const", "3.1.0", "{const: {a: [1]}}", "", []string{`{"a":[1.0]}`}, []string{`{"a":[2]}`}, "body  must be one of the values that the document lists"},
		{"prefixItems", "3.1.0", "{type: array, prefixItems: [{type: string}], items: {type: integer}}", "", []string{`["a",1]`, `[]`}, []string{`["a","b"]`, `[1]`}, "body /1 must be an integer"},
		{"items false", "3.1.0", "{type: array, prefixItems: [{type: string}], items: false}", "", []string{`["a"]`}, []string{`["a",1]`}, "body /1 is not allowed"},
		{"contains", "3.1.0", "{type: array, contains: {type: integer}}", "", []string{`["a",1]`}, []string{`["a"]`}, "body  does not have the items that the document asks for"},
		{"if then else", "3.1.0", "{if: {required: [a]}, then: {required: [b]}, else: {required: [c]}}", "", []string{`{"a":1,"b":1}`, `{"c":1}`}, []string{`{"a":1}`, `{}`}, "body /b is required"},
		{"dependentRequired", "3.1.0", "{type: object, dependentRequired: {a: [b]}}", "", []string{`{"a":1,"b":1}`, `{}`}, []string{`{"a":1}`}, "body /b is required with what else is there"},
		{"patternProperties", "3.1.0", "{type: object, patternProperties: {'^x-': {type: string}}, additionalProperties: false}", "", []string{`{"x-a":"b"}`}, []string{`{"x-a":1}`, `{"y":1}`}, "body /x-a must be a string"},
		{"propertyNames", "3.1.0", "{type: object, propertyNames: {maxLength: 2}}", "", []string{`{"ab":1}`}, []string{`{"abc":1}`}, "body  has a member whose name the document does not allow"},
		{"unevaluatedProperties", "3.1.0", "{allOf: [{properties: {a: {type: string}}}], unevaluatedProperties: false}", "", []string{`{"a":"b"}`}, []string{`{"b":1}`}, "body /b is not allowed"},
		{"unevaluatedItems after items", "3.1.0", "{type: array, items: {type: integer}, unevaluatedItems: false}", "", []string{`[1,2]`}, []string{`["a"]`}, "body /0 must be an integer"},
		{"siblings of $ref count", "3.1.0", "{$ref: '#/components/schemas/A', maxLength: 2}", "A: {type: string, minLength: 1}", []string{`"ab"`}, []string{`"abc"`, `""`}, "body  must have at most 2 characters"},
		{"siblings of $ref do not count in 3.0", "3.0.3", "{$ref: '#/components/schemas/A', maxLength: 2}", "A: {type: string, minLength: 1}", []string{`"abc"`}, []string{`""`}, "body  must have at least 1 character"},
		{"boolean schema", "3.1.0", "{type: object, properties: {a: true, b: false}}", "", []string{`{"a":1}`}, []string{`{"b":1}`}, "body /b is not allowed"},
		{"anything", both, "{}", "", []string{`1`, `null`, `{"a":[]}`}, nil, ""},
		{"not", both, "{not: {type: integer}}", "", []string{`"a"`}, []string{`1`}, "body  is not allowed"},
		{"additionalProperties schema", both, "{type: object, additionalProperties: {type: integer}}", "", []string{`{"a":1}`}, []string{`{"a":"b"}`}, "body /a must be an integer"},
		{"members", both, "{type: object, minProperties: 1, maxProperties: 2}", "", []string{`{"a":1}`}, []string{`{}`, `{"a":1,"b":1,"c":1}`}, "body  must have at least 1 member"},
		{"recursive", both, "{$ref: '#/components/schemas/Node'}", "Node: {type: object, required: [v], properties: {v: {type: integer}, next: {$ref: '#/components/schemas/Node'}}}", []string{`{"v":1,"next":{"v":2}}`}, []string{`{"v":1,"next":{"v":2,"next":{}}}`}, "body /next/next/v is required"},
		{"oneOf, the one that is meant", both, "{oneOf: [{type: string}, {type: object, required: [a], properties: {a: {type: integer}}}]}", "", []string{`"a"`, `{"a":1}`}, []string{`{"a":"x"}`, `1`}, "body /a must be an integer"},
		{"oneOf, by a fixed value", both, "{oneOf: [{type: object, required: [k], properties: {k: {enum: [x]}, a: {type: integer}}}, {type: object, required: [k], properties: {k: {enum: [y]}, a: {type: string}}}]}", "", []string{`{"k":"x","a":1}`, `{"k":"y","a":"b"}`}, []string{`{"k":"x","a":[]}`}, "body /a must be an integer"},
		{"oneOf, none", both, "{oneOf: [{type: string}, {type: integer}]}", "", []string{`1`}, []string{`[]`}, "body  matches none of the forms that the document allows"},
		{"oneOf, several", both, "{oneOf: [{minimum: 1}, {maximum: 5}]}", "", []string{`7`}, []string{`3`}, "body  matches several of the forms that the document allows, and must match one"},
		{"anyOf", both, "{anyOf: [{type: string, minLength: 2}, {type: string, pattern: '^x$'}]}", "", []string{`"x"`, `"ab"`}, []string{`"a"`}, "body  matches none of the forms that the document allows"},
		{"allOf", both, "{allOf: [{required: [a]}, {required: [b]}]}", "", []string{`{"a":1,"b":1}`}, []string{`{"a":1}`}, "body /b is required"},
		{
			"discriminator, implicit", both, "{oneOf: [{$ref: '#/components/schemas/Cat'}, {$ref: '#/components/schemas/Dog'}], discriminator: {propertyName: kind}}",
			"Cat: {type: object, properties: {kind: {type: string}, lives: {type: integer}}}, Dog: {type: object, required: [bark], properties: {kind: {type: string}, bark: {type: boolean}}}",
			[]string{`{"kind":"Cat","lives":9}`, `{"kind":"Dog","bark":true}`},
			[]string{`{"kind":"Dog"}`, `{"kind":"Cow"}`, `{}`, `[]`},
			"body /bark is required",
		},
		{
			"discriminator, mapped", both, "{anyOf: [{$ref: '#/components/schemas/Cat'}, {$ref: '#/components/schemas/Dog'}], discriminator: {propertyName: kind, mapping: {c: '#/components/schemas/Cat', k: Cat, d: Dog}}}",
			"Cat: {type: object, properties: {lives: {type: integer}}}, Dog: {type: object, required: [bark]}",
			[]string{`{"kind":"c"}`, `{"kind":"k","lives":9}`, `{"kind":"d","bark":1}`},
			[]string{`{"kind":"k","lives":"x"}`, `{"kind":"Cat"}`},
			"body /lives must be an integer",
		},
		{"discriminator that tells nothing", both, "{oneOf: [{type: object, required: [a]}, {type: object, required: [b]}], discriminator: {propertyName: kind}}", "", []string{`{"a":1}`}, []string{`{}`}, "body  matches none of the forms that the document allows"},
		{"readOnly and required", both, "{type: object, required: [id, name], properties: {id: {type: integer, readOnly: true}, name: {type: string}}}", "", []string{`{"name":"x"}`}, []string{`{"name":"x","id":1}`}, "body /id is read-only and must not be sent"},
		{"readOnly, required elsewhere", both, "{allOf: [{$ref: '#/components/schemas/A'}, {required: [id]}]}", "A: {type: object, properties: {id: {$ref: '#/components/schemas/Id'}}}, Id: {type: integer, readOnly: true}", []string{`{}`}, []string{`{"id":1}`}, "body /id is read-only and must not be sent"},
		{"a schema that contains itself", both, "{$ref: '#/components/schemas/A'}", "A: {allOf: [{$ref: '#/components/schemas/B'}]}, B: {allOf: [{$ref: '#/components/schemas/A'}]}", nil, []string{`{}`}, "body  cannot be checked: the document's schema contains itself"},
		{"javascript's escapes", both, "{type: string, pattern: '^\\u00e9\\/\\d$'}", "", []string{`"é/1"`}, []string{`"e/1"`}, "body  does not match the document's pattern"},
	} {
		for version := range strings.FieldsSeq(c.versions) {
			t.Run(c.name+" "+version, func(t *testing.T) {
				o := operationWith(t, version, c.schema, c.components)
				for _, body := range c.good {
					if err := o.ValidateRequest(post(body), nil, []byte(body)); err != nil {
						t.Errorf("%s: %v", body, err)
					}
				}
				for i, body := range c.bad {
					got := faults(t, o.ValidateRequest(post(body), nil, []byte(body)))
					if len(got) == 0 || i == 0 && got[0] != c.fault {
						t.Errorf("%s: got %q, want %q", body, got, c.fault)
					}
				}
			})
		}
	}
}

func TestContentTypes(t *testing.T) {
	d := load(t, head+`
paths:
  /typed:
    post:
      requestBody:
        content:
          application/json: {schema: {type: object}}
          application/vnd.pet+json; version=2: {schema: {type: object, required: [v2]}}
          text/plain: {schema: {type: integer, maximum: 5}}
          text/csv: {schema: {type: string, maxLength: 3}}
          application/xml: {schema: {type: object, required: [a]}}
          application/octet-stream: {schema: {type: string, format: binary, maxLength: 1}}
          image/*: {schema: {type: string, format: binary}}
          application/nothing: {}
      responses: {'200': {description: d}}
  /any: {post: {requestBody: {content: {'*/*': {}}}, responses: {'200': {description: d}}}}
  /required: {post: {requestBody: {required: true, content: {'application/*': {schema: {type: object}}}}, responses: {'200': {description: d}}}}
  /none: {post: {responses: {'200': {description: d}}}}
  /empty: {post: {requestBody: {content: {}}, responses: {'200': {description: d}}}}
`)
	for _, c := range []struct{ path, contentType, body, want string }{
		{"/typed", "application/json", `{}`, ""},
		{"/typed", "Application/JSON ; charset=utf-8", `{}`, ""},
		{"/typed", "application/json", `[]`, "body  must be an object"},
		{"/typed", "application/json", "", ""},
		{"/typed", "application/vnd.pet+json; version=2", `{}`, "body /v2 is required"},
		{"/typed", "application/vnd.pet+json", `{}`, "body /v2 is required"},
		{"/typed", "text/plain", "3", ""},
		{"/typed", "text/plain", "7", "body  must be at most 5"},
		{"/typed", "text/plain", "x", "body  must be an integer"},
		{"/typed", "text/csv", "a,b,c", "body  must have at most 3 characters"},
		{"/typed", "application/xml", "<a/>", ""},
		{"/typed", "application/octet-stream", "\xff\x00", ""},
		{"/typed", "image/png", "\xff\x00", ""},
		{"/typed", "application/nothing", "{{{", ""},
		{"/typed", "text/html", "x", "415"},
		{"/typed", "", "{}", "415"},
		{"/typed", "nonsense", "{}", "415"},
		{"/typed", "application/x-www-form-urlencoded", `{}`, ""}, // curl -d
		{"/typed", "application/x-www-form-urlencoded", `[1]`, "body  must be an object"},
		{"/typed", "application/x-www-form-urlencoded", `a=b`, "415"},
		{"/any", "text/html", "x", ""},
		{"/any", "", "x", ""},
		{"/any", "application/json", "{{{", ""},
		{"/required", "application/x.y+json", "[]", "body  must be an object"},
		{"/required", "application/pdf", "%PDF", ""},
		{"/required", "", "", "body  is required"},
		{"/required", "text/plain", "x", "415"},
		{"/none", "text/html", "x", ""},
		{"/empty", "text/html", "x", ""},
	} {
		o := d.Operation(c.path, "POST")
		if _, err := o.Prepare(true, false); err != nil {
			t.Fatal(err)
		}
		r := request(c.contentType, c.body)
		err := o.ValidateRequest(r, nil, bodyOf(t, r))
		var media *MediaTypeError
		if errors.As(err, &media) != (c.want == "415") {
			t.Errorf("%s %q %q: error %v, want %q", c.path, c.contentType, c.body, err, c.want)
			continue
		}
		if media != nil {
			if !strings.Contains(media.Error(), media.Declared[0]) {
				t.Errorf("error %q names no type", media)
			}
			continue
		}
		if got := strings.Join(faults(t, err), "; "); got != c.want {
			t.Errorf("%s %q %q: got %q, want %q", c.path, c.contentType, c.body, got, c.want)
		}
	}
}

const formDocument = head + `
paths:
  /form:
    post:
      requestBody:
        content:
          SCHEMA
      responses: {'200': {description: d}}
components:
  schemas:
    F:
      type: object
      required: [n]
      additionalProperties: false
      properties:
        n: {type: integer}
        ok: {type: boolean}
        ids: {type: array, items: {type: integer}}
        csv: {type: array, items: {type: integer}}
        deep: {type: object, properties: {a: {type: integer}, b: {type: object, properties: {c: {type: array, items: {type: integer}}}}}}
        lines: {type: array, items: {type: object, required: [q], properties: {q: {type: integer}}}}
        text: {type: string, maxLength: 5}
        file: {type: string, format: binary}
        files: {type: array, maxItems: 1, items: {type: string, format: binary}}
`

func TestForm(t *testing.T) {
	d := load(t, strings.Replace(formDocument, "SCHEMA", "application/x-www-form-urlencoded: {schema: {$ref: '#/components/schemas/F'}, encoding: {csv: {explode: false}, deep: {style: deepObject}}}", 1))
	o := d.Operation("/form", "POST")
	for body, want := range map[string]string{
		"n=1&ok=true&text=abc":            "",
		"n=x":                             "body /n must be an integer",
		"n=":                              "body /n must be an integer",
		"":                                "",
		"text=abcdef":                     "body /n is required; body /text must have at most 5 characters",
		"n=1&other=1":                     "body /other is not a property that the document knows",
		"n=1&ids=1&ids=2":                 "",
		"n=1&ids=1":                       "",
		"n=1&ids[]=1&ids[]=x":             "body /ids/1 must be an integer",
		"n=1&ids[0]=1&ids[1]=x":           "body /ids/1 must be an integer",
		"n=1&csv=1,2,x":                   "body /csv/2 must be an integer",
		"n=1&deep[a]=1":                   "",
		"n=1&deep[a]=x":                   "body /deep/a must be an integer",
		"n=1&deep[b][c][]=1":              "",
		"n=1&deep[b][c][]=x":              "body /deep/b/c/0 must be an integer",
		"n=1&lines[0][q]=1":               "",
		"n=1&lines[0][r]=1":               "body /lines/0/q is required",
		"n=1&deep=1":                      "body /deep must be an object",
		"n=%zz":                           "body  is not a well-formed form",
		"n=1&text[x]=1":                   "body /text[x] is not a property that the document knows",
		strings.Repeat("a&", maxFields+1): "body  has too many fields",
	} {
		if got := strings.Join(faults(t, prepared(t, o).ValidateRequest(request("application/x-www-form-urlencoded", body), nil, []byte(body))), "; "); got != want {
			t.Errorf("%.40s: got %q, want %q", body, got, want)
		}
	}
}

func prepared(t testing.TB, o *Operation) *Operation {
	t.Helper()
	if _, err := o.Prepare(true, true); err != nil {
		t.Fatal(err)
	}
	return o
}

func TestMultipart(t *testing.T) {
	d := load(t, strings.Replace(formDocument, "SCHEMA", "multipart/form-data: {schema: {$ref: '#/components/schemas/F'}}", 1))
	o := prepared(t, d.Operation("/form", "POST"))
	part := func(disposition, rest string) string {
		return "--XX\r\nContent-Disposition: form-data; " + disposition + "\r\n" + rest + "\r\n"
	}
	n := part("name=n", "\r\n1")
	for body, want := range map[string]string{
		n:                       "",
		part("name=n", "\r\nx"): "body /n must be an integer",
		n + part("name=file; filename=x", "Content-Type: image/png\r\n\r\n\xff\x00"):          "",
		n + part("name=files; filename=x", "\r\n1") + part("name=files; filename=y", "\r\n2"): "body /files must have at most 1 item",
		n + part("name=files; filename=x", "\r\n1"):                                           "",
		n + part("name=deep", "\r\n{\"a\":1}"):                                                "",
		n + part("name=deep", "\r\n{\"a\":\"x\"}"):                                            "body /deep/a must be an integer",
		n + part("name=ids", "Content-Type: application/json\r\n\r\n[1,\"x\"]"):               "body /ids/1 must be an integer",
		n + part("name=other", "\r\n1") + part("name=other", "\r\n2"):                         "body /other is not a property that the document knows",
		part("nam=n", "\r\n1"): "body  is not a well-formed multipart body",
	} {
		body += "--XX--\r\n"
		r := request("multipart/form-data; boundary=XX", body)
		if got := strings.Join(faults(t, o.ValidateRequest(r, nil, []byte(body))), "; "); got != want {
			t.Errorf("%q: got %q, want %q", body, got, want)
		}
	}
	cut := n + "--XX\r\nContent-Disposition: form-data; name=file\r\nContent-Type: image/png"
	for body, contentType := range map[string]string{"--XX--": "multipart/form-data", n: "multipart/form-data; boundary=XX", cut: "multipart/form-data; boundary=XX"} {
		if got := faults(t, o.ValidateRequest(request(contentType, body), nil, []byte(body))); len(got) != 1 {
			t.Errorf("%s %q: got %q, want one fault", contentType, body, got)
		}
	}
}

// The request is the script's too: nothing of it may change.
func TestRequestIsLeftAlone(t *testing.T) {
	d := load(t, head+`
paths:
  /p:
    post:
      parameters: [{name: limit, in: query, schema: {type: integer, default: 20}}]
      requestBody: {content: {application/json: {schema: {type: object, properties: {a: {default: 1}, n: {type: number}}}}}}
      responses: {'200': {description: d}}
`)
	o := prepared(t, d.Operation("/p", "POST"))
	body := []byte(` {"n":1e2}`)
	r := post(string(body))
	r.URL.RawQuery = "x=1"
	before := fmt.Sprint(r.URL, r.Header, r.ContentLength, r.RequestURI)
	if err := o.ValidateRequest(r, nil, body); err != nil {
		t.Fatal(err)
	}
	if after := fmt.Sprint(r.URL, r.Header, r.ContentLength, r.RequestURI); after != before || string(body) != ` {"n":1e2}` {
		t.Errorf("request was %s, is %s, body %s", before, after, body)
	}
	if left, _ := io.ReadAll(r.Body); string(left) != string(body) {
		t.Errorf("the request's body was read: %q left", left)
	}
}
