// Package payload makes what a process is given out of a request's body.
//
// # What it promises
//
// [JSON] serves "encoding: json". The payload is always one JSON text (RFC 8259), in
// UTF-8, without a byte order mark and with nothing after it:
//
//   - A body that is such a text is passed on byte for byte, spaces and key order and
//     all; it is checked, never written anew.
//   - A form (application/x-www-form-urlencoded) becomes an object of strings, names in
//     order of appearance; a name that comes more than once becomes an array.
//   - A multipart/form-data body becomes such an object too. A part with a file name, and
//     one that is not UTF-8, becomes {"filename", "contenttype", "base64"}.
//   - No body becomes an object of the parameters that the caller of JSON passes in.
//
// Everything else is a [*NotJSON]. Nothing is repaired: what cannot be said in JSON, such
// as a form value that is not UTF-8, is refused and not replaced.
//
// [Type] is the one place that knows that curl -d and PHP mark JSON as a form.
//
// # What it does not do
//
// It reads no sockets and sets no limit on the body's length: both are its caller's. It
// knows no OpenAPI; parameters come to it with their JSON types decided. With "encoding:
// raw" there is nothing to do, and the body is the payload.
package payload

import (
	"bytes"
	"encoding/json"
	"mime"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxFields bounds the names and values of a form and the parts of a multipart body, so
// that ten megabytes of separators do not become millions of objects.
const maxFields = 10_000

const (
	typeJSON      = "application/json"
	typeForm      = "application/x-www-form-urlencoded"
	typeMultipart = "multipart/form-data"
)

// A Field is one member of an object: a parameter with its value as JSON has it, that
// is string, bool, nil, [json.Number], []any or map[string]any.
type Field struct {
	Name  string
	Value any
}

// NotJSON says why a body cannot be a JSON payload: status 400, type not-json. Detail is
// fit for the caller's eyes; it holds nothing of the body.
type NotJSON struct {
	Detail string
}

func (e *NotJSON) Error() string { return e.Detail }

// JSON returns the payload and its content type for a request with the given Content-Type
// header and body. A nil body is a request without one (no Content-Length, or 0, and not
// chunked): params become the payload, the first of equal names counting. An empty body
// that is not nil was sent as such and is no JSON.
//
// The content type stays as declared when it names JSON (application/json with any
// parameters, or a +json type), and is application/json otherwise. An error is a *NotJSON.
func JSON(contentType string, body []byte, params []Field) ([]byte, string, error) {
	if body == nil {
		return object(params)
	}
	declared := Type(contentType, body)
	switch base := mediaType(declared); {
	case base == typeForm && len(body) > 0:
		return fromForm(body)
	case base == typeMultipart && len(body) > 0:
		return fromMultipart(declared, body)
	case base != typeJSON && !strings.HasSuffix(base, "+json"):
		declared = typeJSON
	}
	if err := check(body); err != nil {
		return nil, "", err
	}
	return body, declared, nil
}

// Type returns the content type that a body counts as: the declared one, but
// application/json for a body that is marked as a form and is valid JSON beginning with
// { or [, as curl -d and PHP's stream wrapper send it.
func Type(declared string, body []byte) string {
	if mediaType(declared) != typeForm {
		return declared
	}
	text := bytes.TrimLeft(body, " \t\r\n")
	if len(text) == 0 || text[0] != '{' && text[0] != '[' || check(body) != nil {
		return declared
	}
	return typeJSON
}

// mediaType is the type without its parameters. What does not parse is taken up to the
// first semicolon, so that a sloppy parameter does not hide the type.
func mediaType(contentType string) string {
	if contentType == typeJSON { // as most are
		return typeJSON
	}
	base, _, _ := mime.ParseMediaType(contentType)
	if base == "" {
		base, _, _ = strings.Cut(contentType, ";")
		base = strings.ToLower(strings.TrimSpace(base))
	}
	return base
}

// check reports what keeps a body from being one JSON text. Nesting is bounded by
// encoding/json (10,000 levels), which checks without recursion.
func check(body []byte) error {
	if len(body) == 0 {
		return &NotJSON{"the body is empty"}
	}
	if !utf8.Valid(body) {
		return &NotJSON{"the body is not valid UTF-8"}
	}
	if json.Valid(body) {
		return nil
	}
	// Once more for the place; the decoder's own text would quote the body.
	if err, ok := json.Unmarshal(body, &json.RawMessage{}).(*json.SyntaxError); ok {
		return &NotJSON{"the body is not valid JSON at byte " + strconv.FormatInt(err.Offset, 10)}
	}
	return &NotJSON{"the body is not valid JSON"}
}

// object writes the parameters of a request without a body.
func object(params []Field) ([]byte, string, error) {
	var o members
	for _, p := range params {
		if !o.has(p.Name) {
			o.add(p.Name, p.Value)
		}
	}
	return o.encode()
}
