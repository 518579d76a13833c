package apidoc

import (
	"strconv"
	"strings"
	"testing"
)

// jsonList is a list of small objects of about so many bytes.
func jsonList(bytes int) string {
	var b strings.Builder
	b.WriteString(`[`)
	for i := 0; b.Len() < bytes; i++ {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`{"name":"rex","n":` + strconv.Itoa(i) + `}`)
	}
	return b.String() + `]`
}

func BenchmarkValidateRequest(b *testing.B) {
	for _, version := range []string{"3.0.3", "3.1.0"} {
		object := operationWith(b, version, "{type: object, required: [name], properties: {name: {type: string, maxLength: 20}}}", "")
		list := operationWith(b, version, "{type: array, items: {type: object, required: [name], properties: {name: {type: string}, n: {type: integer}}}}", "")
		for _, c := range []struct {
			name string
			o    *Operation
			body string
		}{
			{"30B", object, `{"name":"rex","other":12345}`},
			{"1KB", list, jsonList(1 << 10)},
			{"100KB", list, jsonList(100 << 10)},
			{"5 faults", list, `[{"name":1,"n":"x"},{"name":2,"n":"y"},{}]`},
		} {
			b.Run(version+"/"+c.name, func(b *testing.B) {
				r, body := post(""), []byte(c.body)
				b.ReportAllocs()
				b.SetBytes(int64(len(body)))
				for b.Loop() {
					_ = c.o.ValidateRequest(r, nil, body)
				}
			})
		}
	}
}

func BenchmarkParameters(b *testing.B) {
	d := load(b, head+`
paths:
  /p/{id}:
    get:
      parameters:
        - {name: id, in: path, required: true, schema: {type: integer}}
        - {name: a, in: query, schema: {type: integer, maximum: 100}}
        - {name: b, in: query, schema: {type: string, enum: [x, y]}}
        - {name: c, in: query, schema: {type: array, items: {type: integer}}}
        - {name: X-D, in: header, schema: {type: string}}
      responses: {'200': {description: d}}
`)
	o := prepared(b, d.Operation("/p/{id}", "GET"))
	r := post("")
	r.URL.RawQuery = "a=5&b=x&c=1&c=2"
	r.Header.Set("X-D", "d")
	path := map[string]string{"id": "7"}
	b.Run("validate", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := o.ValidateRequest(r, path, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("typed", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			o.Parameters(r, path)
		}
	})
}
