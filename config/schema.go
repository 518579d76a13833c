package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"strings"

	"github.com/urocket/urocket/docs"
)

// Schema is a JSON Schema of the file, as editors read it (draft 7): which keys there
// are and where, what their values look like (shapes.go), and what the documentation
// says of them. What only a machine can tell, such as whether a program is there, it
// leaves to [Load]. Nothing that Load takes is wrong by it, but for numbers that are
// written in quotes or in other ways that nobody has to write them.
func Schema() ([]byte, error) {
	w := &schemaWriter{rows: describedKeys(docs.Configuration)}
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
	rows    map[string]described // by section and key
	missing []string             // keys that one of the two lacks
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
	row, ok := w.find(where, key)
	if !ok {
		w.missing = append(w.missing, key+" in docs/configuration.md")
		return nil
	}
	if row.text != "" {
		value["description"] = row.text
	}
	if row.otherwise != nil {
		value["default"] = row.otherwise
	}
	return value
}

// sections are the headings below which the keys of a place are described.
var sections = map[string][]string{
	atTop.name: {"The service"}, inOperation.name: {"An operation", "inject", "limits"}, inInject.name: {"inject"},
	inScheme.name: {"security"}, inTLS.name: {"tls"},
	inLimits.name: {"limits"}, inDefaults.name: {"An operation", "inject", "limits"},
}

// find is what is said of a key. What holds a map of keys says it of each of these; the
// keys of a pool are described with the key that holds them.
func (w *schemaWriter) find(where place, key string) (described, bool) {
	for _, section := range sections[where.name] {
		if row, ok := w.rows[section+" "+key]; ok {
			return row, true
		}
	}
	return described{}, key == "inject" || key == "limits" || key == "worker" || where.name == inWorker.name
}

// path is what stands below a path.
func (w *schemaWriter) path() schema {
	props := schema{}
	for _, verb := range verbs {
		props[verb] = schema{"$ref": "#/definitions/operation"}
	}
	return schema{"type": []string{"object", "null"}, "properties": props, "additionalProperties": false}
}

// described is what the documentation says of a key.
type described struct {
	text      string
	otherwise any // the default, where it is a value; nil: none
}

// describedKeys reads the tables of the documentation: rows that begin with keys, each
// below a heading.
func describedKeys(text string) map[string]described {
	rows := map[string]described{}
	section := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if heading := strings.TrimLeft(line, "#"); heading != line {
			section = strings.TrimSpace(heading)
		}
		cells := strings.SplitN(strings.Trim(line, "|"), "|", 3)
		if !strings.HasPrefix(line, "| `") || len(cells) < 3 {
			continue
		}
		row := described{text: plainText(cells[2])}
		if section != "limits" && section != "security" { // where the second column is something else
			row.otherwise = defaultValue(cells[1])
		}
		for _, key := range strings.Fields(cells[0]) {
			rows[section+" "+strings.Trim(key, "`,")] = row
		}
	}
	return rows
}

var (
	pointer = regexp.MustCompile(` ?See \[[^\]]*\]\([^)]*\)\.?`)
	link    = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
)

// plainText is a cell as an editor shows it, which cannot follow links.
func plainText(cell string) string {
	cell = link.ReplaceAllString(pointer.ReplaceAllString(cell, ""), "$1")
	return strings.TrimSpace(strings.ReplaceAll(cell, "†", ""))
}

// bareValue is a default that is written without its quotation marks: 64, 10s, 10MiB.
var bareValue = regexp.MustCompile(`^[0-9]+[A-Za-z]*$`)

// defaultValue is the default of a cell that holds one; others hold words about it.
func defaultValue(cell string) any {
	cell = strings.TrimSpace(cell)
	word, quoted := strings.CutPrefix(cell, "`")
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
