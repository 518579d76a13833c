package worker

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// The header of a request is JSON that encoding/json would write as well, but for the
// order of members, at several times the cost: each request has some dozens of strings,
// and nearly all of them are plain.

// Named is a name with what it stands for.
type Named[V any] struct {
	Name  string
	Value V
}

// append writes the head, without the brace that ends it.
func (h *Head) append(b []byte) []byte {
	b = append(b, `{"v":`...)
	b = strconv.AppendInt(b, Version, 10)
	b = appendMember(b, `,"id":`, h.ID)
	b = appendMember(b, `,"method":`, h.Method)
	b = appendMember(b, `,"path":`, h.Path)
	b = appendMember(b, `,"query":`, h.Query)
	b = appendMember(b, `,"route":`, h.Route)
	b = appendMember(b, `,"contenttype":`, h.ContentType)
	if len(h.Params) > 0 {
		b = append(append(b, `,"params":`...), h.Params...)
	}
	b = append(b, `,"headers":{`...)
	for i, header := range h.Headers {
		b = appendName(b, i, header.Name)
		b = append(b, '[')
		for i, value := range header.Value {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendText(b, value)
		}
		b = append(b, ']')
	}
	b = append(b, `},"env":{`...)
	for i, variable := range h.Env {
		b = appendName(b, i, variable.Name)
		b = appendText(b, variable.Value)
	}
	return append(b, '}')
}

// size is about how long the head becomes, in bytes.
func (h *Head) size() int {
	n := 160 + len(h.ID) + len(h.Method) + len(h.Path) + len(h.Query) + len(h.Route) + len(h.ContentType) + len(h.Params)
	for _, header := range h.Headers {
		n += len(header.Name) + 6
		for _, value := range header.Value {
			n += len(value) + 3
		}
	}
	for _, variable := range h.Env {
		n += len(variable.Name) + len(variable.Value) + 6
	}
	return n
}

func appendMember(b []byte, name, value string) []byte { return appendText(append(b, name...), value) }

// appendName writes the name of member i of an object.
func appendName(b []byte, i int, name string) []byte {
	if i > 0 {
		b = append(b, ',')
	}
	return append(appendText(b, name), ':')
}

// appendText writes a string. One that is not plain is left to encoding/json, which puts
// U+FFFD in place of what is not UTF-8.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if !isPlain(s[i]) {
			return appendEscaped(b, s)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// isPlain says that a byte of a string stands for itself in JSON, and for a character.
func isPlain(c byte) bool { return c >= ' ' && c <= '~' && c != '"' && c != '\\' }

func appendEscaped(b []byte, s string) []byte {
	text := bytes.NewBuffer(b)
	enc := json.NewEncoder(text)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string can be written
	return bytes.TrimSuffix(text.Bytes(), []byte("\n"))
}
