package e2e

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"net/textproto"
	"reflect"
	"strings"
	"testing"
)

const typedParameters = `openapi: 3.0.3
info: {title: typed, version: "1"}
paths:
  /typed/{id}/{name}:
    get:
      parameters:
      - {name: id, in: path, required: true, schema: {type: integer}}
      - {name: name, in: path, required: true, schema: {type: string}}
      - {name: price, in: query, schema: {type: number}}
      - {name: loud, in: query, schema: {type: boolean}}
      - {name: list, in: query, schema: {type: array, items: {type: integer}}}
      - {name: code, in: query, schema: {type: string}}
      responses: {"200": {description: fine}}
`

// echoing operations give the payload back, through each channel.
func echoing(encoding string) ops {
	in := func(channel string, cmd any) keys {
		return keys{"cmd": cmd, "channel": channel, "encoding": encoding, "reply": "stdout"}
	}
	return ops{
		"post /stdin":   in("stdin", "/bin/cat"),
		"post /file":    in("file", "/bin/cat {{payloadfile}}"),
		"post /cmdline": in("cmdline", []string{"/usr/bin/printf", "%s", "{{jsonpayload}}"}),
		"post /env":     {"cmd": sh(`printf %s "$P"`), "env": []string{"P={{jsonpayload}}"}, "encoding": encoding, "reply": "stdout"},
		"post /type":    {"cmd": "/usr/bin/printenv CONTENT_TYPE", "encoding": encoding, "reply": "stdout", "channel": "stdin"},
	}
}

var channels = []string{"/stdin", "/file", "/cmdline", "/env"}

// encoding: json takes JSON byte for byte and nothing else.
func TestPayloadJSON(t *testing.T) {
	t.Parallel()
	g := start(t, setup{ops: echoing("json")})
	for name, body := range map[string]string{
		"spaces and order": "{ \"b\" : 1.50,\n\t\"a\":\"\\u00e9\" }\n", "a number": "12e5", "a text": `"text"`, "null": "null", "an array": "[]",
		"a name twice": `{"a":1,"a":2}`, "big numbers": `{"n":123456789012345678901234567890.10}`, "UTF-8": `{"ä":"\u0000 \ud83d\ude00 😀"}`,
		"shell text": `{"q":"'\"$(id)` + "`id`" + `\\n;|&"}`, "leading blanks": "  \n {}",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, channel := range channels {
				g.post(t, channel, body).want(t, 200, body)
			}
		})
	}
	for name, body := range map[string]string{
		"broken": "{nope", "invalid UTF-8": "\"caf\xe9\"", "trailing text": "{} x", "two values": "{}{}", "a comment": "{} // x", "blanks alone": "  ",
		"a lone quote": "'a'", "NaN": "NaN", "a NUL": "{}\x00", "a control character": "\"a\x01b\"", "half": `{"a":`,
	} {
		t.Run("not-json: "+name, func(t *testing.T) {
			t.Parallel()
			g.post(t, "/stdin", body).wantProblem(t, 400, "not-json")
		})
	}
	t.Run("not-json: chunked and empty", func(t *testing.T) {
		t.Parallel()
		g.do(t, request{method: "POST", path: "/stdin", body: []byte{}, chunked: true, header: asJSON}).wantProblem(t, 400, "not-json")
	})
	t.Run("chunked", func(t *testing.T) {
		t.Parallel()
		body := `{"long":"` + strings.Repeat("x", 400<<10) + `"}`
		g.do(t, request{method: "POST", path: "/stdin", body: []byte(body), chunked: true, header: asJSON}).want(t, 200, body)
	})
}

// A request without a body gives its parameters, typed by the document.
func TestPayloadOfParameters(t *testing.T) {
	t.Parallel()
	g := start(t, setup{doc: typedParameters, ops: ops{
		"get /typed/{id}/{name}": {"cmd": "/bin/cat", "channel": "stdin", "reply": "stdout"},
		"post /free/{a}":         {"cmd": "/bin/cat", "channel": "stdin", "reply": "stdout"},
		"get /type":              {"cmd": "/usr/bin/printenv CONTENT_TYPE", "channel": "stdin", "reply": "stdout"},
	}})
	for ask, want := range map[string]string{
		"GET /typed/7/12?price=1.5&loud=true&code=007&list=1&list=2": `{"id":7,"name":"12","price":1.5,"loud":true,"code":"007","list":[1,2]}`,
		"GET /typed/7/caf%C3%A9%2F%22":                               `{"id":7,"name":"café/\""}`,
		"POST /free/1?b=2&c=%24%28id%29":                             `{"a":"1","b":"2","c":"$(id)"}`,
		"POST /free/path?a=query":                                    `{"a":"path"}`,
		"POST /free/x":                                               `{"a":"x"}`,
	} {
		t.Run(ask, func(t *testing.T) {
			t.Parallel()
			method, path, _ := strings.Cut(ask, " ")
			a := g.do(t, request{method: method, path: path}).want(t, 200)
			wantSameJSON(t, string(a.body), want)
		})
	}
	t.Run("its type is JSON", func(t *testing.T) {
		t.Parallel()
		if got := string(g.get(t, "/type").want(t, 200).body); !strings.HasPrefix(got, "application/json") {
			t.Errorf("CONTENT_TYPE=%q", got)
		}
	})
}

func wantSameJSON(t *testing.T, got, want string) {
	t.Helper()
	var g, w any
	check(t, json.Unmarshal([]byte(want), &w))
	if err := json.Unmarshal([]byte(got), &g); err != nil || !reflect.DeepEqual(g, w) {
		t.Errorf("%s, want %s (%v)", got, want, err)
	}
}

// Forms become a JSON object; JSON that curl or PHP marked as a form is JSON.
func TestPayloadForms(t *testing.T) {
	t.Parallel()
	g := start(t, setup{ops: echoing("json")})
	const form = "Content-Type: application/x-www-form-urlencoded"
	t.Run("urlencoded", func(t *testing.T) {
		t.Parallel()
		a := g.post(t, "/stdin", "a=1&b=x+y%26%22&c=", form).want(t, 200)
		wantSameJSON(t, string(a.body), `{"a":"1","b":"x y&\"","c":""}`)
	})
	t.Run("JSON marked as a form", func(t *testing.T) {
		t.Parallel()
		for _, body := range []string{`{"a": 1}`, `[1, 2]`} {
			g.post(t, "/stdin", body, form).want(t, 200, body)
		}
		if got := curl(t, "-d", `{"a" : "b"}`, "http://"+g.addr+"/stdin"); got != `{"a" : "b"}` {
			t.Errorf("curl -d: %s", got)
		}
	})
	t.Run("CONTENT_TYPE is what the payload is now", func(t *testing.T) {
		t.Parallel()
		for _, body := range []string{"a=1", `{"a":1}`} {
			if got := string(g.post(t, "/type", body, form).want(t, 200).body); !strings.HasPrefix(got, "application/json") {
				t.Errorf("%s: CONTENT_TYPE=%q", body, got)
			}
		}
	})
	t.Run("multipart with a file", func(t *testing.T) {
		t.Parallel()
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		check(t, w.WriteField("title", `a "b" ü`))
		part, err := w.CreatePart(textproto.MIMEHeader{
			"Content-Disposition": {`form-data; name="upload"; filename="../x y.bin"`}, "Content-Type": {"application/x-thing"},
		})
		check(t, err)
		_, err = part.Write([]byte("\x00\xff\r\n--"))
		check(t, err)
		check(t, w.Close())
		for _, channel := range channels {
			a := g.post(t, channel, b.String(), "Content-Type: "+w.FormDataContentType()).want(t, 200)
			var got struct {
				Title  string
				Upload struct {
					Filename, ContentType string
					Base64                []byte
				}
			}
			a.decode(t, &got)
			if got.Title != `a "b" ü` || !strings.HasSuffix(got.Upload.Filename, "x y.bin") || got.Upload.ContentType != "application/x-thing" || string(got.Upload.Base64) != "\x00\xff\r\n--" {
				t.Errorf("%s: %s", channel, a.body)
			}
		}
	})
	t.Run("a broken multipart", func(t *testing.T) {
		t.Parallel()
		g.post(t, "/stdin", "--x\r\nno end", "Content-Type: multipart/form-data; boundary=x").want(t, 400)
	})
}

// encoding: raw passes on whatever it is.
func TestPayloadRaw(t *testing.T) {
	t.Parallel()
	g := start(t, setup{ops: echoing("raw")})
	for name, body := range map[string]string{"every byte": string(everyByte), "NUL": "a\x00b\x00", "nothing": "", "half a JSON": `{"a":`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, channel := range []string{"/stdin", "/file"} {
				g.post(t, channel, body, asRaw...).want(t, 200, body)
				g.do(t, request{method: "POST", path: channel, body: []byte(body), chunked: true, header: asRaw}).want(t, 200, body)
			}
		})
	}
	t.Run("a form stays as it came, and so does its type", func(t *testing.T) {
		t.Parallel()
		const form = "application/x-www-form-urlencoded"
		g.post(t, "/stdin", "a=1&b=2", "Content-Type: "+form).want(t, 200, "a=1&b=2")
		g.post(t, "/type", "a=1&b=2", "Content-Type: "+form).want(t, 200, form+"\n")
		g.post(t, "/type", "x", "Content-Type: text/x; y=z").want(t, 200, "text/x; y=z\n")
	})
	t.Run("a NUL in an argument or a variable is 400", func(t *testing.T) {
		t.Parallel()
		for _, channel := range []string{"/cmdline", "/env"} {
			g.post(t, channel, "a\x00b", asRaw...).wantProblem(t, 400, "bad-request")
		}
	})
	t.Run("invalid UTF-8 in an argument or a variable", func(t *testing.T) {
		t.Parallel()
		for _, channel := range []string{"/cmdline", "/env"} {
			g.post(t, channel, "caf\xe9\xff", asRaw...).want(t, 200, "caf\xe9\xff")
		}
	})
}
