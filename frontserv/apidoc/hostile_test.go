package apidoc

import (
	"context"
	"errors"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// everything has each keyword that can fail; all values that a test sends hold secret.
const everything = `{type: object, required: [need], minProperties: 9, additionalProperties: false, properties: {
  s: {type: string, maxLength: 1, pattern: '^docpattern$'}, e: {type: string, enum: [docvalue]}, f: {type: string, format: email}, u: {type: string, format: uuid},
  t: {type: integer}, n: {type: number, maximum: 5, multipleOf: 2}, l: {type: array, uniqueItems: true, maxItems: 1, items: {type: integer}},
  o: {oneOf: [{type: object, required: [q], title: doctitle}, {type: string, maxLength: 2}]}, a: {anyOf: [{type: integer}, {type: string, pattern: docpattern}]},
  x: {not: {type: string}}, r: {type: string, readOnly: true}, d: {$ref: '#/components/schemas/D'}}}`

const everythingElse = "D: {type: object, additionalProperties: {type: integer}}"

const secret = "zqsecretzq"

func TestDetailsHoldNothingOfTheMessageOrTheServer(t *testing.T) {
	for _, version := range []string{"3.0.3", "3.1.0"} {
		o := operationWith(t, version, everything, everythingElse)
		body := strings.ReplaceAll(`{"s":"SECRET","e":"SECRET","f":"SECRET","u":"SECRET","t":"SECRET","n":"SECRET","l":["SECRET","SECRET"],"o":"SECRET","a":"SECRET","x":"SECRET","r":"SECRET","d":{"k":"SECRET"}}`, "SECRET", secret)
		for _, text := range []string{body, body[:len(body)-1], body + secret, `"` + secret + `"`, `{"n":31337.5,"t":31337.5}`} {
			err := o.ValidateRequest(post(text), nil, []byte(text))
			var bad *Invalid
			if !errors.As(err, &bad) {
				t.Fatalf("error %v, want an Invalid", err)
			}
			for _, e := range bad.Errors {
				checkDetail(t, e.Detail)
			}
			checkDetail(t, bad.Error())
		}
	}
}

func checkDetail(t interface {
	Errorf(format string, args ...any)
}, detail string,
) {
	for _, word := range []string{secret, "31337", "docpattern", "docvalue", "doctitle", "schema:", "://", "jsonschema", "json.", "map[", "interface", "float64", "openapi3", "\n", "%!"} {
		if strings.Contains(detail, word) {
			t.Errorf("detail %q holds %q", detail, word)
		}
	}
	if detail == "" {
		t.Errorf("a fault without a detail")
	}
}

// Hostile bodies must cost no more than their length, neither time nor memory.
func TestHostileBodies(t *testing.T) {
	const schema = "{type: object, properties: {n: {type: number, minimum: 2, multipleOf: 0.5}, l: {type: array, items: {type: string}}, u: {type: array, uniqueItems: true}, " +
		"deep: {$ref: '#/components/schemas/Deep'}, m: {type: object, additionalProperties: {type: string}}}}"
	const deep = "Deep: {type: object, properties: {d: {$ref: '#/components/schemas/Deep'}}}"
	o := operationWith(t, "3.0.3", schema, deep)
	for name, body := range map[string]string{
		"exponent":          `{"n":1e999999999}`,
		"small exponent":    `{"n":1e-999999999}`,
		"long exponents":    `{"u":[` + strings.Repeat("9e999999,", 100_000) + `1]}`,
		"long number":       `{"n":` + strings.Repeat("9", 1_000_000) + `}`,
		"long fraction":     `{"n":0.` + strings.Repeat("9", 1_000_000) + `}`,
		"many bad items":    `{"l":[` + strings.Repeat("1,", 500_000) + `1]}`,
		"many bad members":  `{"m":{` + members(100_000) + `}}`,
		"deep":              `{"deep":` + strings.Repeat(`{"d":`, 9_000) + "1" + strings.Repeat("}", 9_001),
		"too deep":          strings.Repeat("[", 1_000_000),
		"many equal items":  `{"u":[` + strings.Repeat("1,", 200_000) + `1]}`,
		"long name":         `{"m":{"` + strings.Repeat("x", 1_000_000) + `":1}}`,
		"many extra fields": `{` + members(100_000) + `}`,
	} {
		err := o.ValidateRequest(post(""), nil, []byte(body))
		if strings.Contains(name, "small") || strings.Contains(name, "extra") {
			var bad *Invalid
			if err != nil && !errors.As(err, &bad) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		var bad *Invalid
		if !errors.As(err, &bad) {
			t.Errorf("%s: error %v, want an Invalid", name, err)
			continue
		}
		if len(bad.Errors) > maxErrors {
			t.Errorf("%s: %d errors", name, len(bad.Errors))
		}
		for _, e := range bad.Errors {
			if len(e.Pointer) > 200_000 || len(e.Detail) > 200 {
				t.Errorf("%s: pointer of %d bytes, detail of %d", name, len(e.Pointer), len(e.Detail))
			}
		}
	}
}

func members(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = `"k` + strconv.Itoa(i) + `":1`
	}
	return strings.Join(list, ",")
}

// Millions of bad items must not become millions of errors.
func TestBadItemsTakeNoMemory(t *testing.T) {
	o := operationWith(t, "3.1.0", "{type: array, items: {type: string}}", "")
	body := []byte("[" + strings.Repeat("1,", 1_000_000) + "1]")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := o.ValidateRequest(post(""), nil, body); err == nil {
		t.Fatal("a list of numbers is a list of strings")
	}
	runtime.ReadMemStats(&after)
	if per := (after.TotalAlloc - before.TotalAlloc) / uint64(len(body)); per > 150 {
		t.Errorf("%d bytes allocated for each byte of the body", per)
	}
}

func TestLargeBodiesTakeTurns(t *testing.T) {
	o := operationWith(t, "3.0.3", "{type: array}", "")
	body := []byte("[" + strings.Repeat(" ", heavySize) + "]")
	o.document.heavy <- struct{}{} // someone else's turn
	ctx, cancel := context.WithCancelCause(context.Background())
	gone := errors.New("the caller left")
	cancel(gone)
	if err := o.ValidateRequest(post("").WithContext(ctx), nil, body); !errors.Is(err, gone) {
		t.Errorf("error %v, want the end of the context", err)
	}
	if err := o.ValidateRequest(post("").WithContext(ctx), nil, []byte("[]")); err != nil {
		t.Errorf("a small body waits: %v", err)
	}
	<-o.document.heavy
	if err := o.ValidateRequest(post(""), nil, body); err != nil {
		t.Error(err)
	}
}

func TestConcurrently(t *testing.T) {
	o := operationWith(t, "3.1.0", everything, everythingElse)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				r := post(`{"d":{"a":1,"b":"x"}}`)
				r.URL.RawQuery = "a=1"
				if err := o.ValidateRequest(r, nil, []byte(`{"d":{"a":1,"b":"x"}}`)); err == nil {
					t.Error("valid")
				}
				o.Parameters(r, nil)
				if _, err := o.Prepare(true, true); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

// Any JSON value against the schema of everything, sent and returned: the faults are
// bounded, in order and free of the value.
func TestAnyValue(t *testing.T) {
	o := operationWith(t, "3.1.0", everything, everythingElse)
	names := rapid.SampledFrom([]string{"s", "e", "f", "u", "t", "n", "l", "o", "a", "x", "r", "d", "need", "extra"})
	scalar := rapid.SampledFrom([]string{"null", "true", "31337", "31337.5", `"` + secret + `"`, `[]`, `{}`, `{"q":1}`, `["` + secret + `",31337]`})
	rapid.Check(t, func(t *rapid.T) {
		var parts []string
		for range rapid.IntRange(0, 14).Draw(t, "members") {
			parts = append(parts, `"`+names.Draw(t, "name")+`":`+scalar.Draw(t, "value"))
		}
		body := []byte("{" + strings.Join(parts, ",") + "}")
		header := post("").Header
		for _, err := range []error{o.ValidateRequest(post(""), nil, body), o.ValidateResponse(200, header, body)} {
			var bad *Invalid
			if !errors.As(err, &bad) {
				t.Fatalf("%s: error %v, want an Invalid", body, err)
			}
			for i, e := range bad.Errors {
				checkDetail(t, e.Detail)
				if i > 0 && bad.Errors[i-1].Pointer > e.Pointer {
					t.Errorf("%s: faults are not in order", body)
				}
			}
		}
	})
}

func FuzzValidateRequest(f *testing.F) {
	o := operationWith(f, "3.0.3", everything, everythingElse)
	d := load(f, strings.Replace(formDocument, "SCHEMA", "{application/x-www-form-urlencoded: {schema: {$ref: '#/components/schemas/F'}}, multipart/form-data: {schema: {$ref: '#/components/schemas/F'}}}", 1))
	form := prepared(f, d.Operation("/form", "POST"))
	f.Add("application/json", "a=1", []byte(`{"l":[1,1],"o":"abc","d":{"x":"y"}}`))
	f.Add("application/x-www-form-urlencoded", "", []byte(`n=1&deep[b][c][]=1&lines[0][q]=x`))
	f.Add("multipart/form-data; boundary=XX", "", []byte("--XX\r\nContent-Disposition: form-data; name=n\r\n\r\n1\r\n--XX--\r\n"))
	f.Fuzz(func(t *testing.T, contentType, query string, body []byte) {
		for _, op := range []*Operation{o, form} {
			r := httptest.NewRequest("POST", "/p", nil)
			r.Header.Set("Content-Type", contentType)
			r.URL.RawQuery = query
			err := op.ValidateRequest(r, map[string]string{"p": query}, body)
			var bad *Invalid
			var media *MediaTypeError
			if err != nil && !errors.As(err, &bad) && !errors.As(err, &media) {
				t.Fatalf("error %v", err)
			}
			op.Parameters(r, map[string]string{"p": query})
		}
	})
}
