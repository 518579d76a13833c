package payload

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// members collects an object's members in order of appearance, several values under one
// name becoming an array.
type members struct {
	names  []string
	values map[string][]any
	count  int
}

func (m *members) has(name string) bool {
	_, ok := m.values[name]
	return ok
}

func (m *members) add(name string, value any) {
	if m.values == nil {
		m.values = map[string][]any{}
	}
	if !m.has(name) {
		m.names = append(m.names, name)
	}
	m.values[name] = append(m.values[name], value)
	m.count++
}

// encode writes the object, with characters as they are (no \u003c for <), because a
// command line is short.
func (m *members) encode() ([]byte, string, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	b.WriteByte('{')
	for i, name := range m.names {
		if i > 0 {
			b.WriteByte(',')
		}
		var value any = m.values[name]
		if len(m.values[name]) == 1 {
			value = m.values[name][0]
		}
		if !isText(name) || !isText(value) {
			return nil, "", &NotJSON{"a name or value is not valid UTF-8"}
		}
		for _, v := range []any{name, value} {
			if err := enc.Encode(v); err != nil {
				return nil, "", fmt.Errorf("encode a member of the payload: %w", err)
			}
			b.Truncate(b.Len() - 1) // Encode ends each value with a newline
			b.WriteByte(':')
		}
		b.Truncate(b.Len() - 1)
	}
	b.WriteByte('}')
	return b.Bytes(), typeJSON, nil
}

// isText reports whether every string in a value is UTF-8; encoding/json would quietly
// put U+FFFD in place of what is not.
func isText(value any) bool {
	switch v := value.(type) {
	case string:
		return utf8.ValidString(v)
	case []any:
		for _, x := range v {
			if !isText(x) {
				return false
			}
		}
	case map[string]any:
		for k, x := range v {
			if !utf8.ValidString(k) || !isText(x) {
				return false
			}
		}
	}
	return true
}
