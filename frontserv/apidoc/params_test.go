package apidoc

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/urocket/urocket/frontserv/payload"
)

// styles: {parameter} sent as, value in the payload, faults
func TestParameterStyles(t *testing.T) {
	const (
		integer = "schema: {type: integer, maximum: 100}"
		list    = "schema: {type: array, maxItems: 3, items: {type: integer}}"
		object  = "schema: {type: object, required: [a], properties: {a: {type: integer}, b: {type: boolean}}}"
		nested  = "schema: {type: object, additionalProperties: false, properties: {a: {type: integer}, l: {type: array, items: {type: integer}}, o: {type: object, properties: {x: {type: number}}}}}"
	)
	for _, c := range []struct{ param, sent, want, fault string }{
		{"in: query, " + integer, "p=7", `{"p":7}`, ""},
		{"in: query, " + integer, "p=-7", `{"p":-7}`, ""},
		{"in: query, " + integer, "p=007", `{"p":7}`, ""},
		{"in: query, " + integer, "p=0", `{"p":0}`, ""},
		{"in: query, " + integer, "p=1.0", `{"p":1.0}`, ""},
		{"in: query, " + integer, "p=1.5", `{"p":1.5}`, "query /p must be an integer"},
		{"in: query, " + integer, "p=101", `{"p":101}`, "query /p must be at most 100"},
		{"in: query, " + integer, "p=x", `{"p":"x"}`, "query /p must be an integer"},
		{"in: query, " + integer, "p=", `{"p":""}`, "query /p must be an integer"},
		{"in: query, " + integer, "p=+5", `{"p":" 5"}`, "query /p must be an integer"},
		{"in: query, " + integer, "p=5%0A", `{"p":"5\n"}`, "query /p must be an integer"},
		{"in: query, " + integer, "p=0x1F", `{"p":"0x1F"}`, "query /p must be an integer"},
		{"in: query, " + integer, "p=NaN", `{"p":"NaN"}`, "query /p must be an integer"},
		{"in: query, " + integer, "p=123456789012345678901234567890", `{"p":123456789012345678901234567890}`, "query /p must be at most 100"},
		{"in: query, " + integer, "p=1e999999999", `{"p":1e999999999}`, "query /p holds a number that is out of range"},
		{"in: query, allowEmptyValue: true, " + integer, "p=", `{"p":""}`, ""},
		{"in: query, " + integer, "", `{}`, ""},
		{"in: query, required: true, " + integer, "q=1", `{"q":"1"}`, "query /p is required"},
		{"in: query, " + integer, "p=1&p=x", `{"p":1}`, ""},
		{"in: query, schema: {type: boolean}", "p=true", `{"p":true}`, ""},
		{"in: query, schema: {type: boolean}", "p=TRUE", `{"p":"TRUE"}`, "query /p must be a boolean"},
		{"in: query, schema: {type: string, maxLength: 3}", "p=1234", `{"p":"1234"}`, "query /p must have at most 3 characters"},
		{"in: query, schema: {type: string}", "p=true&q=5", `{"p":"true","q":"5"}`, ""},
		{"in: query, schema: {type: string}", "p=a%20b+c%2Bd", `{"p":"a b c+d"}`, ""},
		{"in: query", "p=5", `{"p":"5"}`, ""},
		{"in: query, schema: {}", "p=5", `{"p":"5"}`, ""},
		{"in: query, schema: {oneOf: [{type: integer}, {type: string, enum: [auto]}]}", "p=5", `{"p":5}`, ""},
		{"in: query, schema: {oneOf: [{type: integer}, {type: string, enum: [auto]}]}", "p=auto", `{"p":"auto"}`, ""},
		{"in: query, schema: {oneOf: [{type: integer, maximum: 3}, {type: string, pattern: '^9$'}]}", "p=9", `{"p":9}`, ""},
		{"in: query, schema: {anyOf: [{type: string}, {type: array, maxItems: 2, items: {type: string}}]}", "p=a&p=b", `{"p":["a","b"]}`, ""},
		{"in: query, schema: {anyOf: [{type: string, enum: [x]}, {type: array, items: {type: string}}]}", "p=a", `{"p":"a"}`, ""},
		{"in: query, schema: {type: integer, nullable: true}", "p=null", `{"p":null}`, ""},
		{"in: query, content: {application/json: {" + object + "}}", `p={"a":1}`, `{"p":{"a":1}}`, ""},
		{"in: query, content: {application/json: {" + object + "}}", `p={"a":"x"}`, `{"p":{"a":"x"}}`, "query /p/a must be an integer"},
		{"in: query, content: {application/json: {" + object + "}}", `p={`, `{"p":"{"}`, "query /p is not valid JSON"},

		{"in: query, " + list, "p=1&p=2", `{"p":[1,2]}`, ""},
		{"in: query, " + list, "p=1", `{"p":[1]}`, ""},
		{"in: query, " + list, "p=", `{"p":[]}`, ""},
		{"in: query, " + list, "p=1&p=x", `{"p":[1,"x"]}`, "query /p/1 must be an integer"},
		{"in: query, explode: false, " + list, "p=1,2", `{"p":[1,2]}`, ""},
		{"in: query, explode: false, " + list, "p=1%2C2", `{"p":[1,2]}`, ""},
		{"in: query, explode: false, " + list, "p=1,2,3,4", `{"p":[1,2,3,4]}`, "query /p must have at most 3 items"},
		{"in: query, style: spaceDelimited, " + list, "p=1%202", `{"p":[1,2]}`, ""},
		{"in: query, style: pipeDelimited, " + list, "p=1|2", `{"p":[1,2]}`, ""},
		{"in: query, style: pipeDelimited, explode: true, " + list, "p=1&p=2", `{"p":[1,2]}`, ""},

		{"in: query, " + object, "a=1&b=true&c=x", `{"p":{"a":1,"b":true},"c":"x"}`, ""},
		{"in: query, " + object, "b=1", `{"p":{"b":"1"}}`, "query /p/a is required; query /p/b must be a boolean"},
		{"in: query, explode: false, " + object, "p=a,1,b,true", `{"p":{"a":1,"b":true}}`, ""},
		{"in: query, explode: false, " + object, "p=a,1,b", `{"p":"a,1,b"}`, "query /p is not written in the style that the document asks for"},
		{"in: query, style: deepObject, explode: true, " + nested, "p[a]=1&p[l][]=2&p[l][]=3&p[o][x]=1.5&q[a]=1", `{"p":{"a":1,"l":[2,3],"o":{"x":1.5}},"q[a]":"1"}`, ""},
		{"in: query, style: deepObject, explode: true, " + nested, "p[a]=x&p[b]=1", `{"p":{"a":"x","b":"1"}}`, "query /p/a must be an integer; query /p/b is not a property that the document knows"},
		{"in: query, style: deepObject, explode: true, " + nested, "p=1", `{"p":"1"}`, "query /p is not written in the style that the document asks for"},
		{"in: query, style: deepObject, explode: true, " + nested, "p" + strings.Repeat("[a]", 500) + "=1", `{}`, ""},

		{"in: path, required: true, " + integer, "7", `{"p":7}`, ""},
		{"in: path, required: true, " + integer, "x", `{"p":"x"}`, "path /p must be an integer"},
		{"in: path, required: true, " + list, "1,2", `{"p":[1,2]}`, ""},
		{"in: path, required: true, style: label, " + integer, ".7", `{"p":7}`, ""},
		{"in: path, required: true, style: label, " + integer, "7", `{"p":"7"}`, "path /p is not written in the style that the document asks for"},
		{"in: path, required: true, style: label, " + list, ".1,2", `{"p":[1,2]}`, ""},
		{"in: path, required: true, style: label, explode: true, " + list, ".1.2", `{"p":[1,2]}`, ""},
		{"in: path, required: true, style: matrix, " + integer, ";p=7", `{"p":7}`, ""},
		{"in: path, required: true, style: matrix, " + list, ";p=1,2", `{"p":[1,2]}`, ""},
		{"in: path, required: true, style: matrix, explode: true, " + list, ";p=1;p=2", `{"p":[1,2]}`, ""},
		{"in: path, required: true, style: matrix, explode: true, " + object, ";a=1;b=true", `{"p":{"a":1,"b":true}}`, ""},
		{"in: path, required: true, " + object, "a,1,b,true", `{"p":{"a":1,"b":true}}`, ""},
		{"in: path, required: true, explode: true, " + object, "a=1,b=true", `{"p":{"a":1,"b":true}}`, ""},
		{"in: path, required: true, explode: true, " + object, "a=1,b", `{"p":"a=1,b"}`, "path /p is not written in the style that the document asks for"},

		{"in: header, " + integer, "7", `{}`, ""},
		{"in: header, " + integer, "x", `{}`, "header /p must be an integer"},
		{"in: header, " + list, "1, 2", `{}`, ""},
		{"in: header, " + list, "1, x", `{}`, "header /p/1 must be an integer"},
		{"in: header, required: true, " + integer, "", `{}`, "header /p is required"},
		{"in: cookie, " + integer, "7", `{}`, ""},
		{"in: cookie, " + integer, "x", `{}`, "cookie /p must be an integer"},
		{"in: cookie, required: true, " + integer, "", `{}`, "cookie /p is required"},
	} {
		for _, version := range []string{"3.0.3", "3.1.0"} {
			if version == "3.1.0" && strings.Contains(c.param, "nullable") {
				continue
			}
			d := load(t, "openapi: "+version+"\ninfo: {title: t, version: '1'}\npaths: {'/x/{p}': {get: {parameters: [{name: p, "+c.param+"}], responses: {'200': {description: d}}}}}\n")
			o := prepared(t, d.Operation("/x/{p}", "GET"))
			r, path := requestWith(c.param, c.sent)
			got, _, err := payload.JSON("", nil, o.Parameters(r, path))
			if err != nil || !sameJSON(t, string(got), c.want) {
				t.Errorf("%s sent %q: payload %s, %v; want %s", c.param, c.sent, got, err, c.want)
			}
			if got := strings.Join(faults(t, o.ValidateRequest(r, path, nil)), "; "); got != c.fault {
				t.Errorf("%s sent %q: faults %q, want %q", c.param, c.sent, got, c.fault)
			}
		}
	}
}

// requestWith sends a parameter where its description says.
func requestWith(param, sent string) (*http.Request, map[string]string) {
	r := httptest.NewRequest("GET", "/x/y", nil)
	var path map[string]string
	switch in, _, _ := strings.Cut(strings.TrimPrefix(param, "in: "), ","); {
	case in == "query":
		r.URL.RawQuery = sent
	case in == "path":
		path = map[string]string{"p": sent}
	case sent == "":
	case in == "header":
		r.Header.Set("P", sent)
	case in == "cookie":
		r.Header.Set("Cookie", "other=1; p="+sent)
	}
	return r, path
}

// sameJSON compares objects without regard to order, numbers by their digits.
func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	var texts [2]string
	for i, s := range []string{a, b} {
		var v any
		d := json.NewDecoder(strings.NewReader(s))
		d.UseNumber()
		if err := d.Decode(&v); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		texts[i] = string(text)
	}
	return texts[0] == texts[1]
}

func TestHostIsAHeader(t *testing.T) {
	d := load(t, head+`
paths:
  /x:
    get:
      parameters: [{name: host, in: header, required: true, schema: {type: string, enum: [here.example]}}]
      responses: {'200': {description: d}}
`)
	o := prepared(t, d.Operation("/x", "GET"))
	for host, want := range map[string]int{"here.example": 0, "there.example": 1, "": 1} {
		r := httptest.NewRequest("GET", "/x", nil)
		r.Host = host
		if got := faults(t, o.ValidateRequest(r, nil, nil)); len(got) != want {
			t.Errorf("Host %q: faults %q, want %d", host, got, want)
		}
	}
}

func TestParametersTogether(t *testing.T) {
	d := load(t, head+`
paths:
  /x/{id}/{name}:
    parameters: [{name: id, in: path, required: true, schema: {type: integer}}]
    get:
      parameters:
        - {name: name, in: query, schema: {type: integer}}
        - {name: limit, in: query, schema: {type: integer, default: 20}}
        - {name: Accept, in: header, required: true, schema: {type: integer}}
      responses: {'200': {description: d}}
`)
	o := prepared(t, d.Operation("/x/{id}/{name}", "GET"))
	r := httptest.NewRequest("GET", "/x/1/2?z=1&name=3&id=4&z=2&a=%zz&b;c&%ff=1&=e", nil)
	path := map[string]string{"id": "1", "name": "2"}
	for _, c := range []struct {
		name string
		got  []payload.Field
		want string
	}{
		{"with the document", o.Parameters(r, path), "id=1 name=2 z=1 a=%zz b;c= \xff=1 =e"},
		{"without it", Parameters(r, path), "id=1 name=2 z=1 a=%zz b;c= \xff=1 =e"},
		{"nothing at all", Parameters(httptest.NewRequest("GET", "/", nil), nil), ""},
	} {
		var parts []string
		for _, f := range c.got {
			text, ok := f.Value.(string)
			if n, isNumber := f.Value.(json.Number); isNumber {
				text, ok = n.String(), true
			}
			if !ok {
				t.Errorf("%s: %s is a %T", c.name, f.Name, f.Value)
			}
			parts = append(parts, f.Name+"="+text)
		}
		if got := strings.Join(parts, " "); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
	if _, ok := o.Parameters(r, path)[0].Value.(json.Number); !ok {
		t.Error("the path's id is not a number")
	}
	if _, ok := Parameters(r, path)[0].Value.(string); !ok {
		t.Error("without a document the path's id is not a string")
	}
	if err := o.ValidateRequest(r, path, nil); err != nil {
		t.Error(err) // Accept is not judged as a parameter
	}
}
