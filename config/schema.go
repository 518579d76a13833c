package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"strings"
)

// Schema is a JSON Schema of the file, as editors read it (draft 7): which keys there
// are and where, what their values look like (shapes.go), and what is said of them
// (about.go). What only a machine can tell, such as whether a program is there, it
// leaves to [Load]. Nothing that Load takes is wrong by it, but for numbers that are
// written in quotes or in other ways that nobody has to write them.
func Schema() ([]byte, error) {
	w := &schemaWriter{}
	top := w.object(atTop, nil)
	top["$schema"] = "http://json-schema.org/draft-07/schema#"
	top["title"] = "urocket-service.yaml"
	top["description"] = "Which command answers which operation of an OpenAPI document."
	top["required"] = []string{"servicename", "socketpath", "openapi"}
	top["not"] = schema{"required": []string{"port", "listen"}}
	top["definitions"] = schema{
		"operation": w.object(inOperation, spellings),
		"inject":    w.object(inInject, nil),
		"limits":    w.object(inLimits, nil),
		"defaults":  w.object(inDefaults, spellings),
		"worker":    w.object(inWorker, nil),
		"scheme":    w.object(inScheme, nil),
		"tls":       w.object(inTLS, nil),
		"path":      w.path(),
	}
	if w.missing != nil {
		return nil, fmt.Errorf("make the schema: no word on %s", strings.Join(w.missing, ", "))
	}
	text, err := json.MarshalIndent(top, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("make the schema: %w", err)
	}
	return append(text, '\n'), nil
}

// schema is a JSON Schema.
type schema = map[string]any

// schemaWriter puts together what the file can hold and what is said of it.
type schemaWriter struct {
	missing []string // keys that one of the two lacks
}

// object is a map with the keys of a place. others are second spellings of some.
func (w *schemaWriter) object(where place, others map[string]string) schema {
	props := schema{}
	for _, key := range where.keys {
		props[key] = w.key(where, key)
	}
	for other, key := range others {
		props[other] = schema{"allOf": []any{props[key]}, "description": "Another spelling of " + key + "."}
	}
	return schema{"type": "object", "properties": props, "additionalProperties": false}
}

// key is the value of one key, with its description and its default.
func (w *schemaWriter) key(where place, key string) schema {
	shape, ok := shapeTable[key]
	if !ok {
		w.missing = append(w.missing, "the shape of "+key)
		return nil
	}
	value := maps.Clone(shape)
	row, ok := find(where, key)
	if !ok && key != "inject" && key != "limits" { // of these, what they hold is described
		w.missing = append(w.missing, "the words on "+key)
		return nil
	}
	if text := plainText(row.text); text != "" {
		value["description"] = text
	}
	if otherwise := defaultValue(row.otherwise); otherwise != nil {
		value["default"] = otherwise
	}
	return value
}

// path is what stands below a path.
func (w *schemaWriter) path() schema {
	props := schema{}
	for _, verb := range verbs {
		props[verb] = schema{"$ref": "#/definitions/operation"}
	}
	return schema{"type": []string{"object", "null"}, "properties": props, "additionalProperties": false}
}

var (
	pointer = regexp.MustCompile(` ?See \[[^\]]*\]\([^)]*\)\.?`)
	link    = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
)

// plainText is Markdown as an editor shows it, which cannot follow links.
func plainText(text string) string {
	return strings.TrimSpace(link.ReplaceAllString(pointer.ReplaceAllString(text, ""), "$1"))
}

// bareValue is a default that is written without its quotation marks: 64, 10s, 10MiB.
var bareValue = regexp.MustCompile(`^[0-9]+[A-Za-z]*$`)

// defaultValue is the default, if that is a value; nil: there are words about it.
func defaultValue(otherwise string) any {
	word, quoted := strings.CutPrefix(otherwise, "`")
	word, closed := strings.CutSuffix(word, "`")
	if quoted != closed || strings.ContainsAny(word, " `") || !quoted && !bareValue.MatchString(word) {
		return nil
	}
	if n, err := strconv.Atoi(word); err == nil {
		return n
	}
	if word == "true" || word == "false" {
		return word == "true"
	}
	return strings.Trim(word, `"`)
}
