package payload

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

const boundary = `multipart/form-data; boundary=XX`

// parts writes a multipart body; each part is its headers, a blank line and content.
func parts(p ...string) string {
	var b strings.Builder
	for _, s := range p {
		b.WriteString("--XX\r\n" + strings.ReplaceAll(s, "\n", "\r\n") + "\r\n")
	}
	return b.String() + "--XX--\r\n"
}

func TestJSON(t *testing.T) {
	deep := strings.Repeat("[", 9000) + strings.Repeat("]", 9000)
	for _, c := range []struct{ name, ctype, body, want, wantType string }{
		{"as it came", "application/json", ` {"b":1,  "a":1e2,"b":2}` + "\n", ` {"b":1,  "a":1e2,"b":2}` + "\n", "application/json"},
		{"scalar", "application/json", `7`, `7`, "application/json"},
		{"parameters stay", "application/json; charset=utf-8", `{}`, `{}`, "application/json; charset=utf-8"},
		{"json suffix stays", "application/merge-patch+json", `{}`, `{}`, "application/merge-patch+json"},
		{"json marked as text", "text/plain", `[1]`, `[1]`, "application/json"},
		{"json unmarked", "", `"é"`, `"é"`, "application/json"},
		{"json marked as form", "application/x-www-form-urlencoded", `{"a":"b=c&d"}`, `{"a":"b=c&d"}`, "application/json"},
		{"deep but bounded", "application/json", deep, deep, "application/json"},
		{"form", "application/x-www-form-urlencoded", "b=2&a=1+%2B&b=%C3%A9&c&=x&&d=<>", `{"b":["2","é"],"a":"1 +","c":"","":"x","d":"<>"}`, "application/json"},
		{"form with charset", "Application/X-WWW-Form-Urlencoded; charset=UTF-8", "a=1", `{"a":"1"}`, "application/json"},
		{"form with a sloppy parameter", "application/x-www-form-urlencoded; =", "a=1", `{"a":"1"}`, "application/json"},
		{"form that begins like json", "application/x-www-form-urlencoded", "{=1", `{"{":"1"}`, "application/json"},
		{"form that is a json string", "application/x-www-form-urlencoded", `"x"`, `{"\"x\"":""}`, "application/json"},
		{
			"multipart", boundary,
			parts("Content-Disposition: form-data; name=\"a\"\n\none",
				"Content-Disposition: form-data; name=f; filename=\"../../x y.txt\"\nContent-Type: text/plain\n\nhello",
				"Content-Disposition: form-data; name=\"a\"\n\ntwo\nlines"),
			`{"a":["one","two\r\nlines"],"f":{"base64":"aGVsbG8=","contenttype":"text/plain","filename":"x y.txt"}}`, "application/json",
		},
		{
			"multipart bytes without a file name", boundary, parts("Content-Disposition: form-data; name=\"b\"\n\n\xff"),
			`{"b":{"base64":"/w==","contenttype":"","filename":""}}`, "application/json",
		},
		{
			"multipart empty file field", boundary, parts("Content-Disposition: form-data; name=\"b\"; filename=\"\"\nContent-Type: application/octet-stream\n\n"),
			`{"b":{"base64":"","contenttype":"application/octet-stream","filename":""}}`, "application/json",
		},
		{"multipart without parts", boundary, "--XX--\r\n", `{}`, "application/json"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ctype, err := JSON(c.ctype, []byte(c.body), []Field{{"ignored", "x"}})
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != c.want || ctype != c.wantType {
				t.Errorf("got %s (%s), want %s (%s)", got, ctype, c.want, c.wantType)
			}
		})
	}
}

func TestNotJSON(t *testing.T) {
	const form = "application/x-www-form-urlencoded"
	for _, c := range []struct{ name, ctype, body, want string }{
		{"empty but sent", "application/json", "", "empty"},
		{"empty form", form, "", "empty"},
		{"empty multipart", boundary, "", "empty"},
		{"only blanks", "application/json", "  ", "not valid JSON"},
		{"text", "text/plain", "hello-secret", "not valid JSON at byte 1"},
		{"trailing text", "application/json", `{"a":1} secret`, "at byte 9"},
		{"two texts", "application/json", `{} {}`, "at byte 4"},
		{"byte order mark", "application/json", "\ufeff{}", "not valid JSON"},
		{"invalid utf-8", "application/json", "\"\xff\"", "UTF-8"},
		{"utf-16", "application/json", "{\x00}\x00", "not valid JSON"},
		{"cut off", "application/json", `{"secret":`, "not valid JSON"},
		{"too deep", "application/json", strings.Repeat("[", 1_000_000), "not valid JSON"},
		{"gzip", "application/json", "\x1f\x8b\x08secret", "UTF-8"},
		{"form escape", form, "a=%zzsecret", "percent"},
		{"form bytes", form, "secret=%ff", "UTF-8"},
		{"form name bytes", form, "%ff=secret", "UTF-8"},
		{"form too wide", form, strings.Repeat("a&", maxFields+1), "more than 10000"},
		{"multipart without boundary", "multipart/form-data", "--XX--", "boundary"},
		{"multipart cut off", boundary, "--XX\r\nContent-Disposition: form-data; name=a\r\n\r\nsecret", "malformed"},
		{"multipart cut off in a header", boundary, "--XX\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--XX\r\nContent-Disposition: form-data; name=secret\r\nContent-Type: a/b", "malformed"},
		{"multipart cut off behind a header", boundary, "--XX\r\nContent-Disposition: form-data; name=secret\r\n", "malformed"},
		{"multipart cut off in a header's name", boundary, "--XX\r\nContent-Disp", "malformed"},
		{"multipart cut off in a part's name", boundary, "--XX\r\nContent-Disposition: form-da", "no name"},
		{"multipart without a boundary line", boundary, "secret", "malformed"},
		{"multipart part without a name", boundary, parts("Content-Disposition: form-data\n\nsecret"), "no name"},
		{"multipart part without headers", boundary, parts("\nsecret"), "no name"},
		{"multipart too wide", boundary, parts(strings.Repeat("Content-Disposition: form-data; name=a\n\nx\n--XX\n", maxFields) + "Content-Disposition: form-data; name=a\n\nx"), "more than 10000"},
		{"other multipart", "multipart/mixed; boundary=XX", parts("\nsecret"), "not valid JSON"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := JSON(c.ctype, []byte(c.body), nil)
			var bad *NotJSON
			if !errors.As(err, &bad) {
				t.Fatalf("error %v, want a NotJSON", err)
			}
			if !strings.Contains(bad.Detail, c.want) || strings.Contains(bad.Detail, "secret") {
				t.Errorf("detail %q, want %q and nothing of the body", bad.Detail, c.want)
			}
		})
	}
}

func TestWithoutBody(t *testing.T) {
	for _, c := range []struct {
		name   string
		params []Field
		want   string
	}{
		{"nothing", nil, `{}`},
		{
			"typed",
			[]Field{
				{"id", json.Number("123456789012345678901234567890")},
				{"ok", true},
				{"none", nil},
				{"list", []any{json.Number("1"), "b"}},
				{"text", `<"&'>`},
				{"id", "the second of the name"},
			},
			`{"id":123456789012345678901234567890,"ok":true,"none":null,"list":[1,"b"],"text":"<\"&'>"}`,
		},
	} {
		got, ctype, err := JSON("text/ignored", nil, c.params)
		if err != nil || string(got) != c.want || ctype != "application/json" {
			t.Errorf("%s: got %s (%s), %v; want %s", c.name, got, ctype, err, c.want)
		}
	}
	var bad *NotJSON
	for _, v := range []any{"\xff", []any{"\xff"}, map[string]any{"a": "\xff"}, map[string]any{"\xff": 1}} {
		if _, _, err := JSON("", nil, []Field{{"a", v}}); !errors.As(err, &bad) {
			t.Errorf("value %q: error %v, want a NotJSON", v, err)
		}
	}
}

func TestType(t *testing.T) {
	const form = "application/x-www-form-urlencoded"
	for _, c := range []struct{ declared, body, want string }{
		{form, `{"a":1}`, "application/json"},
		{form, " \r\n\t[1] ", "application/json"},
		{form + "; charset=utf-8", `[]`, "application/json"},
		{form, `"a"`, form},
		{form, `1`, form},
		{form, `{"a":1} x`, form},
		{form, "{\"a\":\"\xff\"}", form},
		{form, "a=b", form},
		{form, "", form},
		{"text/plain", `{"a":1}`, "text/plain"},
		{"", `{"a":1}`, ""},
	} {
		if got := Type(c.declared, []byte(c.body)); got != c.want {
			t.Errorf("Type(%q, %q) = %q, want %q", c.declared, c.body, got, c.want)
		}
	}
}

// Whatever comes in, what goes out is JSON or a refusal, and JSON that came in is
// what goes out.
func FuzzJSON(f *testing.F) {
	f.Add("application/json", []byte(`{"a":[1,2,"é"]}`))
	f.Add("application/x-www-form-urlencoded", []byte("a=1&b=%20&a=2"))
	f.Add(boundary, []byte(parts("Content-Disposition: form-data; name=\"a\"\n\none")))
	f.Fuzz(func(t *testing.T, ctype string, body []byte) {
		got, gotType, err := JSON(ctype, body, nil)
		if err != nil {
			var bad *NotJSON
			if !errors.As(err, &bad) {
				t.Fatalf("error %v is no NotJSON", err)
			}
			return
		}
		if !json.Valid(got) {
			t.Fatalf("payload %q is not JSON", got)
		}
		if base := mediaType(gotType); base != typeJSON && !strings.HasSuffix(base, "+json") {
			t.Fatalf("content type %q", gotType)
		}
		if b := mediaType(ctype); b != typeForm && b != typeMultipart && string(got) != string(body) {
			t.Fatalf("JSON was changed: %q to %q", body, got)
		}
	})
}
