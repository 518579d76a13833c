package apidoc

import (
	"errors"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

var errStyle = errors.New("is not written in the style that the document asks for")

// shape makes an array, an object or a single value of the texts (OpenAPI 3.1.0, 4.8.12.4
// Style Values; lists are taken apart after decoding, since most clients encode commas).
func (p *param) shape(texts []string) (any, error) {
	single := p.kinds&^(kindArray|kindObject|kindNull) != 0 || p.kinds == 0
	switch {
	case p.kinds&kindArray != 0 && (!single || len(texts) > 1):
		list, err := p.split(texts)
		if err != nil {
			return nil, err
		}
		out := make([]any, len(list))
		for i, text := range list {
			out[i] = coerce(text, p.item)
		}
		return out, nil
	case p.kinds&kindObject != 0 && !single:
		return p.object(texts[0])
	}
	text, err := p.strip(texts[0])
	return coerce(text, p.kinds), err
}

// strip takes off what the styles label and matrix put before a value.
func (p *param) strip(text string) (string, error) {
	prefix := ""
	switch p.style {
	case openapi3.SerializationLabel:
		prefix = "."
	case openapi3.SerializationMatrix:
		prefix = ";" + p.name + "="
		if p.explode && p.kinds&kindObject != 0 {
			prefix = ";"
		}
	}
	rest, ok := strings.CutPrefix(text, prefix)
	if !ok {
		return text, errStyle
	}
	return rest, nil
}

// separator is what stands between the elements of a list.
func (p *param) separator() string {
	switch {
	case p.style == openapi3.SerializationSpaceDelimited:
		return " "
	case p.style == openapi3.SerializationPipeDelimited:
		return "|"
	case p.style == openapi3.SerializationLabel && p.explode:
		return "."
	case p.style == openapi3.SerializationMatrix && p.explode && p.kinds&kindObject == 0:
		return ";" + p.name + "="
	case p.style == openapi3.SerializationMatrix && p.explode:
		return ";"
	}
	return ","
}

// split gives an array's elements. One empty text is an empty array.
func (p *param) split(texts []string) ([]string, error) {
	if len(texts) == 1 && texts[0] == "" {
		return nil, nil
	}
	if p.explode && (p.in == inQuery || p.in == inBody) {
		return texts, nil
	}
	text, err := p.strip(texts[0])
	if err != nil {
		return nil, err
	}
	list := strings.Split(text, p.separator())
	if p.in == inHeader {
		for i := range list {
			list[i] = strings.TrimSpace(list[i])
		}
	}
	return list, nil
}

// object reads name,value,name,value or, exploded, name=value,name=value.
func (p *param) object(text string) (any, error) {
	list, err := p.split([]string{text})
	if err != nil {
		return nil, err
	}
	out := map[string]any{}
	if p.explode {
		for _, e := range list {
			name, value, ok := strings.Cut(e, "=")
			if !ok {
				return nil, errStyle
			}
			out[name] = coerce(value, kindsOf(p.props[name]))
		}
		return out, nil
	}
	if len(list)%2 != 0 {
		return nil, errStyle
	}
	for i := 0; i < len(list); i += 2 {
		out[list[i]] = coerce(list[i+1], kindsOf(p.props[list[i]]))
	}
	return out, nil
}

// readSpread reads an object that a query spreads over several names: style deepObject, and
// form when exploded.
func (p *param) readSpread(query []pair) (any, bool) {
	switch {
	case p.style == openapi3.SerializationDeepObject:
		root := &tree{}
		for _, q := range query {
			if keys, ok := brackets(q.name); ok && keys[0] == p.name && len(keys) > 1 {
				root.add(keys[1:], q.value)
			}
		}
		if root.children == nil {
			return nil, false
		}
		return root.shape(p.schema), true
	case p.style == openapi3.SerializationForm && p.explode:
		out := map[string]any{}
		for _, q := range query {
			if prop := p.props[q.name]; prop != nil && out[q.name] == nil {
				out[q.name] = coerce(q.value, kindsOf(prop))
			}
		}
		return out, len(out) > 0
	}
	return nil, false
}

// owns reports whether a name in a query belongs to the parameter.
func (p *param) owns(name string) bool {
	if p.in != inQuery {
		return false
	}
	if name == p.name {
		return true
	}
	if p.kinds&kindObject == 0 || p.asJSON {
		return false
	}
	if p.style == openapi3.SerializationDeepObject {
		return strings.HasPrefix(name, p.name+"[")
	}
	return p.explode && p.props[name] != nil
}
