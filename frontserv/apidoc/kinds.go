package apidoc

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// kinds is the set of JSON types that a schema may accept; 0 where it says nothing.
type kinds uint8

const (
	kindString kinds = 1 << iota
	kindNumber
	kindInteger
	kindBoolean
	kindNull
	kindArray
	kindObject
)

var kindNames = map[string]kinds{
	"string": kindString, "number": kindNumber, "integer": kindInteger, "boolean": kindBoolean,
	"null": kindNull, "array": kindArray, "object": kindObject,
}

// How far combined schemas (allOf, anyOf, oneOf) are looked through: they may contain
// themselves, or share parts so that the paths through them are many.
const (
	maxSchemaDepth = 8
	maxSchemaParts = 1000
)

// kindsOf reads a schema's types, looking through allOf, anyOf and oneOf.
func kindsOf(ref *openapi3.SchemaRef) kinds {
	left := maxSchemaParts
	return kindsAt(ref, 0, &left)
}

func kindsAt(ref *openapi3.SchemaRef, depth int, left *int) kinds {
	if *left--; ref == nil || ref.Value == nil || depth > maxSchemaDepth || *left < 0 {
		return 0
	}
	s := ref.Value
	var k kinds
	switch {
	case !s.Type.IsEmpty():
		for _, name := range s.Type.Slice() {
			k |= kindNames[name]
		}
	case s.Const != nil:
		k = kindOfValue(s.Const)
	case len(s.Enum) > 0:
		for _, v := range s.Enum {
			k |= kindOfValue(v)
		}
	case len(s.AllOf) > 0:
		for _, m := range s.AllOf {
			if mk := kindsAt(m, depth+1, left); mk != 0 && (k == 0 || k&mk != 0) {
				k = mk
			}
		}
	case len(s.AnyOf) > 0:
		k = unionOf(s.AnyOf, depth, left)
	case len(s.OneOf) > 0:
		k = unionOf(s.OneOf, depth, left)
	case len(s.Properties) > 0:
		k = kindObject
	case s.Items != nil:
		k = kindArray
	}
	if s.Nullable && k != 0 {
		k |= kindNull
	}
	return k
}

func unionOf(members openapi3.SchemaRefs, depth int, left *int) kinds {
	var k kinds
	for _, m := range members {
		mk := kindsAt(m, depth+1, left)
		if mk == 0 {
			return 0
		}
		k |= mk
	}
	return k
}

func kindOfValue(v any) kinds {
	switch v.(type) {
	case nil:
		return kindNull
	case string:
		return kindString
	case bool:
		return kindBoolean
	case []any:
		return kindArray
	case map[string]any:
		return kindObject
	}
	return kindNumber
}

// itemOf is the schema of an array's items, looked for through the same combinations.
func itemOf(ref *openapi3.SchemaRef) *openapi3.SchemaRef {
	for _, s := range parts(ref) {
		if s.Items != nil {
			return s.Items
		}
	}
	return nil
}

// propertiesOf gathers an object's properties from all parts of its schema.
func propertiesOf(ref *openapi3.SchemaRef) map[string]*openapi3.SchemaRef {
	props := map[string]*openapi3.SchemaRef{}
	for _, s := range parts(ref) {
		for name, p := range s.Properties {
			if props[name] == nil {
				props[name] = p
			}
		}
	}
	return props
}

// parts lists a schema and what it is combined of, each once, the outer ones first.
func parts(ref *openapi3.SchemaRef) []*openapi3.Schema {
	if ref == nil || ref.Value == nil {
		return nil
	}
	list := []*openapi3.Schema{ref.Value}
	seen := map[*openapi3.Schema]bool{ref.Value: true}
	for i := 0; i < len(list) && len(list) < maxSchemaParts; i++ {
		for _, m := range slices.Concat(list[i].AllOf, list[i].AnyOf, list[i].OneOf) {
			if m != nil && m.Value != nil && !seen[m.Value] {
				seen[m.Value] = true
				list = append(list, m.Value)
			}
		}
	}
	return list
}

// coerce gives a text from a path, query, header or form the JSON type that the document
// asks for, or leaves it a string. Where a number and a string are both allowed, what
// reads as a number is one.
func coerce(text string, k kinds) any {
	if k&(kindNumber|kindInteger) != 0 {
		if n, ok := number(text); ok {
			return n
		}
	}
	switch {
	case k&kindBoolean != 0 && (text == "true" || text == "false"):
		return text == "true"
	case k&kindNull != 0 && k&kindString == 0 && text == "null":
		return nil
	}
	return text
}

// number reads a decimal number and keeps its digits. Leading zeros, as in month=07, are
// allowed in an address and dropped, since JSON has none.
func number(text string) (json.Number, bool) {
	digits, negative := strings.CutPrefix(text, "-")
	for len(digits) > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9' {
		digits = digits[1:]
	}
	if digits == "" || digits[0] < '0' || digits[0] > '9' || !json.Valid([]byte(digits)) || strings.ContainsAny(digits, " \t\r\n") {
		return "", false
	}
	if negative {
		digits = "-" + digits
	}
	return json.Number(digits), true
}
