package apidoc

import (
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// maxBrackets bounds the depth of names such as a[b][c].
const maxBrackets = 16

// brackets takes a name apart: a[b][] is "a", "b", "".
func brackets(name string) ([]string, bool) {
	base, rest, ok := strings.Cut(name, "[")
	if !ok {
		return []string{name}, true
	}
	inner, ok := strings.CutSuffix(rest, "]")
	keys := append([]string{base}, strings.Split(inner, "][")...)
	return keys, ok && len(keys) <= maxBrackets
}

// tree is an object written with brackets, as deepObject and PHP's forms have it.
type tree struct {
	values   []string
	children map[string]*tree
	order    []string
}

func (t *tree) add(keys []string, value string) {
	for _, k := range keys {
		c := t.children[k]
		if c == nil {
			if t.children == nil {
				t.children = map[string]*tree{}
			}
			c = &tree{}
			t.children[k] = c
			t.order = append(t.order, k)
		}
		t = c
	}
	t.values = append(t.values, value)
}

// shape gives the tree the types of a schema. Where the schema has an array, keys that are
// empty or numbers are its elements.
func (t *tree) shape(ref *openapi3.SchemaRef) any {
	k := kindsOf(ref)
	if k&kindArray != 0 && (t.isList() || k&kindObject == 0) {
		return t.list(ref)
	}
	if t.children == nil {
		return coerce(t.values[0], k)
	}
	props := propertiesOf(ref)
	out := make(map[string]any, len(t.children))
	for name, c := range t.children {
		p := props[name]
		if p == nil && ref != nil && ref.Value != nil {
			p = ref.Value.AdditionalProperties.Schema
		}
		out[name] = c.shape(p)
	}
	return out
}

func (t *tree) isList() bool {
	return !slices.ContainsFunc(t.order, func(k string) bool {
		_, err := strconv.ParseUint(k, 10, 32)
		return k != "" && err != nil
	})
}

func (t *tree) list(ref *openapi3.SchemaRef) []any {
	item := itemOf(ref)
	out := []any{}
	for _, v := range t.values {
		out = append(out, coerce(v, kindsOf(item)))
	}
	for _, key := range t.order {
		c := t.children[key]
		if c.children != nil {
			out = append(out, c.shape(item))
			continue
		}
		for _, v := range c.values { // a[]=1&a[]=2
			out = append(out, coerce(v, kindsOf(item)))
		}
	}
	return out
}
