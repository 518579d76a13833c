package apidoc

import (
	"strings"
	"testing"
)

// Each operation of the document answers with this.
func TestExamples(t *testing.T) {
	for _, c := range []struct {
		name, responses string
		brief           bool
		status          int
		kind, body      string
		header          string // "Name: value"
	}{
		{"the document's own", `'200': {content: {application/json: {schema: {type: object}, example: {a: 1, b: <x>}}}}`, false, 200, "application/json", `{"a":1,"b":"<x>"}`, ""},
		{"its own, if it fits", `'200': {content: {application/json: {schema: {type: integer}, examples: {a: {value: x}, b: {value: 5}}}}}`, false, 200, "application/json", "5", ""},
		{"the lowest success", `'404': {content: *pet}, '202': {content: *pet}, '201': {content: *pet}`, false, 201, "application/json", `{"id":1,"name":"Rex","tags":["string"]}`, ""},
		{"a brief one", `'200': {content: *pet}`, true, 200, "application/json", `{"id":1}`, ""},
		{"any success", `2XX: {content: *pet}, default: {content: {text/plain: {}}}`, true, 200, "application/json", `{"id":1}`, ""},
		{"the default", `default: {content: *pet}`, true, 200, "application/json", `{"id":1}`, ""},
		{"nothing but a redirection", `'302': {headers: {Location: {required: true, schema: {type: string, format: uri}}}}`, false, 302, "", "", "Location: https://example.com/1"},
		{"no content", `'204': {description: d}`, false, 204, "", "", ""},
		{"nothing said", ``, false, 200, "", "", ""},
		{"headers that must be", `'200': {headers: {X-N: {required: true, schema: {type: integer, minimum: 5}}, X-L: {required: true, schema: {type: array, minItems: 2, items: {type: integer}}}, X-O: {schema: {type: string}}}}`, false, 200, "", "", "X-L: 1,2"},
		{"text", `'200': {content: {text/csv: {schema: {type: string}}}}`, false, 200, "text/csv", "string", ""},
		{"JSON before the rest", `'200': {content: {application/xml: {}, application/hal+json: {schema: {type: array, items: {type: boolean}}}, text/plain: {}}}`, false, 200, "application/hal+json", "[true]", ""},
		{"XML", `'200': {content: {application/xml: {schema: {type: object}}}}`, false, 200, "application/xml", "<example/>", ""},
		{"a range", `'200': {content: {'image/*': {schema: {type: string, format: binary}}}}`, false, 200, "image/png", "string", ""},
		{"numbers", `'200': {content: {application/json: {schema: {type: array, items: {type: number, minimum: 2, exclusiveMinimum: true, maximum: 9}, minItems: 2}}}}`, false, 200, "application/json", "[2.5,3.5]", ""},
		{"multiples", `'200': {content: {application/json: {schema: {type: array, uniqueItems: true, items: {type: integer, minimum: 7, multipleOf: 5}, minItems: 2}}}}`, false, 200, "application/json", "[10,15]", ""},
		{"below", `'200': {content: {application/json: {schema: {type: integer, maximum: -3}}}}`, false, 200, "application/json", "-3", ""},
		{"enum", `'200': {content: {application/json: {schema: {type: array, uniqueItems: true, minItems: 2, items: {type: string, enum: [b, a]}}}}}`, false, 200, "application/json", `["b","a"]`, ""},
		{"formats", `'200': {content: {application/json: {schema: {type: object, properties: {a: {type: string, format: uuid}, b: {type: string, format: date}, c: {type: string, format: email}}}}}}`, false, 200, "application/json", `{"a":"00000000-0000-4000-8000-000000000001","b":"2026-01-01","c":"name1@example.com"}`, ""},
		{"lengths", `'200': {content: {application/json: {schema: {type: object, properties: {a: {type: string, minLength: 8}, b: {type: string, maxLength: 3}}}}}}`, false, 200, "application/json", `{"a":"stringgg","b":"str"}`, ""},
		{"patterns", `'200': {content: {application/json: {schema: {type: object, properties: {a: {type: string, pattern: '^[A-Z]{3}-\d+$'}, b: {type: string, pattern: '^(x|y)[a-z]*$', minLength: 4}}}}}}`, false, 200, "application/json", `{"a":"AAA-1","b":"xaaa"}`, ""},
		{"all of", `'200': {content: {application/json: {schema: {allOf: [{$ref: '#/components/schemas/Pet'}, {required: [more], properties: {more: {type: boolean}}}]}}}}`, true, 200, "application/json", `{"id":1,"more":true}`, ""},
		{"one of", `'200': {content: {application/json: {schema: {oneOf: [{type: 'null'}, {type: integer, minimum: 3}, {type: string}]}}}}`, false, 200, "application/json", "3", ""},
		{"a discriminator", `'200': {content: {application/json: {schema: {oneOf: [{$ref: '#/components/schemas/Cat'}, {$ref: '#/components/schemas/Dog'}], discriminator: {propertyName: kind}}}}}`, true, 200, "application/json", `{"kind":"Cat","lives":1}`, ""},
		{"what contains itself", `'200': {content: {application/json: {schema: {$ref: '#/components/schemas/Tree'}}}}`, false, 200, "application/json", `{"children":[],"name":"string"}`, ""},
		{"a map", `'200': {content: {application/json: {schema: {type: object, additionalProperties: {type: integer}}}}}`, false, 200, "application/json", `{"key1":1}`, ""},
		{"what only a request has", `'200': {content: {application/json: {schema: {type: object, required: [secret, id], properties: {secret: {type: string, writeOnly: true}, id: {type: integer, readOnly: true}}}}}}`, false, 200, "application/json", `{"id":1}`, ""},
		{"null where nothing else may be", `'200': {content: {application/json: {schema: {type: ['null']}}}}`, false, 200, "application/json", "null", ""},
		{"anything", `'200': {content: {application/json: {schema: {}}}}`, false, 200, "application/json", "{}", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := load(t, exampleDocument+"      responses: {"+c.responses+"}\n")
			e := d.Operation("/x", "GET").Example(c.brief)
			if e.Status != c.status || e.Type != c.kind || string(e.Body) != c.body || e.Wrong != nil {
				t.Errorf("%d %q %s (%v), want %d %q %s", e.Status, e.Type, e.Body, e.Wrong, c.status, c.kind, c.body)
			}
			if name, value, ok := strings.Cut(c.header, ": "); ok && e.Header.Get(name) != value {
				t.Errorf("header %v, want %s", e.Header, c.header)
			}
		})
	}
}

const exampleDocument = `openapi: 3.1.0
info: {title: t, version: '1'}
components:
  schemas:
    Pet: {type: object, required: [id], properties: {name: {type: string, example: Rex}, id: {type: integer}, tags: {type: array, items: {type: string}}}}
    Cat: {type: object, required: [lives], properties: {lives: {type: integer}}}
    Dog: {type: object, required: [legs], properties: {legs: {type: integer}}}
    Tree: {type: object, required: [children], properties: {name: {type: string}, children: {type: array, items: {$ref: '#/components/schemas/Tree'}}}}
    Never: {type: object, required: [again], properties: {again: {$ref: '#/components/schemas/Never'}}}
x-pet: &pet {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}
paths:
  /x:
    head: {responses: {'200': {description: d, content: *pet}}}
    get:
`

// Where there is no example, that is said.
func TestNoExample(t *testing.T) {
	for name, schema := range map[string]string{
		"contains itself for ever": `{$ref: '#/components/schemas/Never'}`,
		"contradicts itself":       `{type: integer, minimum: 5, maximum: 3}`,
		"fits nothing":             `{not: {}}`,
	} {
		d := load(t, exampleDocument+"      responses: {'200': {description: d, content: {application/json: {schema: "+schema+"}}}}\n")
		if e := d.Operation("/x", "GET").Example(false); e.Wrong == nil {
			t.Errorf("%s: %s", name, e.Body)
		}
		if e := d.Operation("/x", "HEAD").Example(false); e.Wrong != nil || e.Body != nil {
			t.Errorf("HEAD: %+v", e)
		}
	}
}

// A pattern that repeats repetitions costs no more than a text of the length that is wanted.
func TestPatternOfManyRepetitions(t *testing.T) {
	for _, pattern := range []string{`^((((a*)*)*)*)*$`, `^(((a+)+)+)+b$`, `^((((){9,}){9,}){9,})+$`, `^(a{0,1000}){0,1000}$`} {
		if text, ok := matching(pattern, "string", 3, 50); ok && len(text) > 50 {
			t.Errorf("%s: %d bytes", pattern, len(text))
		}
	}
}
