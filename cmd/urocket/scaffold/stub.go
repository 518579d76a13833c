package scaffold

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// stub is the text of an operation's script.
func (o operation) stub() []byte {
	var b bytes.Buffer
	b.WriteString("<?php\n")
	fmt.Fprintf(&b, "// %s\n", phpComment(strings.TrimSuffix(o.Method+" "+o.Path+": "+o.Title(), ": ")))
	b.WriteString("//\n// This answers with an example. Put your own code in its place, or make this the start of a script that you have.\n\n")
	b.WriteString("require_once __DIR__ . '/" + helperName + "';\n\n")
	b.WriteString("// The body of the request or, if it has none, its path and query parameters. What is printed is no answer: `urocket logs` shows it.\n")
	b.WriteString("$request = urocket_payload();\n\n")
	if o.example.Wrong != nil {
		fmt.Fprintf(&b, "// The document does not take this example: %s\n", phpComment(o.example.Wrong.Error()))
	}
	fmt.Fprintf(&b, "urocket_reply(%s);\n", o.arguments())
	return b.Bytes()
}

// arguments are those of urocket_reply: body, status and headers.
func (o operation) arguments() string {
	e := o.example
	header := maps.Clone(e.Header)
	for name := range header {
		if ours(name) {
			delete(header, name)
		}
	}
	body, plain := phpBody(e.Type, e.Body)
	if e.Type != "" && (e.Type != "application/json" || plain) {
		if header == nil {
			header = http.Header{}
		}
		header.Set("Content-Type", e.Type)
	}
	args := body
	if e.Status != 200 || len(header) > 0 {
		args += fmt.Sprintf(", %d", e.Status)
	}
	if len(header) > 0 {
		var pairs []string
		for _, name := range slices.Sorted(maps.Keys(header)) {
			pairs = append(pairs, phpString(name)+" => "+phpString(header.Get(name)))
		}
		args += ", [" + strings.Join(pairs, ", ") + "]"
	}
	return args
}

// ours are headers that a reply cannot set.
func ours(name string) bool {
	name = strings.ToLower(name)
	return slices.Contains([]string{"connection", "content-length", "transfer-encoding", "trailer", "upgrade", "te", "keep-alive", "date", "server-timing"}, name) ||
		strings.HasPrefix(name, "proxy-") || strings.HasPrefix(name, "urocket-")
}

// phpBody writes a body as PHP; plain: as a string that is sent as it is.
func phpBody(mediaType string, body []byte) (expression string, plain bool) {
	if len(body) == 0 {
		return "null", false
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	w := &phpWriter{tokens: d}
	if isJSON := strings.Contains(mediaType, "json"); !isJSON || w.value() != nil {
		return phpString(string(body)), true
	}
	if _, err := d.Token(); err != io.EOF {
		return phpString(string(body)), true
	}
	switch text := w.String(); body[0] {
	case '"', 'n': // a string would be sent as it is, and null as nothing
		return "json_encode(" + text + ")", false
	default:
		return text, false
	}
}

// phpWriter writes JSON as an array literal, with the members in their order.
type phpWriter struct {
	strings.Builder
	tokens *json.Decoder
	depth  int
}

func (w *phpWriter) value() error {
	token, err := w.tokens.Token()
	if err != nil {
		return err
	}
	switch token := token.(type) {
	case json.Delim:
		return w.composite(token == '{')
	case string:
		w.WriteString(phpString(token))
	case json.Number:
		w.WriteString(token.String())
	case bool:
		fmt.Fprint(w, token)
	case nil:
		w.WriteString("null")
	}
	return nil
}

// composite writes an object or a list behind its opening token. An object that has no
// members, or whose names are numbers, would be taken for a list.
func (w *phpWriter) composite(isObject bool) error {
	inner := &phpWriter{tokens: w.tokens, depth: w.depth + 1}
	named := false
	for w.tokens.More() {
		inner.WriteString("\n" + strings.Repeat("    ", inner.depth))
		if isObject {
			token, err := w.tokens.Token()
			if err != nil {
				return err
			}
			name, _ := token.(string) // as JSON has it
			inner.WriteString(phpString(name) + " => ")
			named = named || strings.Trim(name, "0123456789") != ""
		}
		if err := inner.value(); err != nil {
			return err
		}
		inner.WriteByte(',')
	}
	if _, err := w.tokens.Token(); err != nil {
		return err
	}
	if isObject && !named {
		w.WriteString("(object) ")
	}
	if inner.Len() == 0 {
		w.WriteString("[]")
		return nil
	}
	w.WriteString("[" + inner.String() + "\n" + strings.Repeat("    ", w.depth) + "]")
	return nil
}

// phpString is a PHP string in single quotes.
func phpString(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
}

// phpComment is a text on a line of a comment, which ?> would end.
func phpComment(text string) string {
	return strings.ReplaceAll(oneLine(text), "?>", "? >")
}
