package apidoc

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// maxFields bounds the fields of a form that is judged; the payload has the same bound.
const maxFields = 10_000

var (
	errForm      = errors.New("is not a well-formed form")
	errMultipart = errors.New("is not a well-formed multipart body")
	errFields    = errors.New("has too many fields")
)

// decodeForm reads a urlencoded body by the schema's properties: numbers and booleans where
// they are asked for, arrays by style and explode, brackets where a property is an object
// or an array.
func (e *entry) decodeForm(body []byte) (any, error) {
	props := propertiesOf(e.schema)
	root := &tree{}
	n := 0
	for part := range strings.SplitSeq(string(body), "&") {
		if part == "" {
			continue
		}
		if n++; n > maxFields {
			return nil, errFields
		}
		name, value, _ := strings.Cut(part, "=")
		name, err1 := url.QueryUnescape(name)
		value, err2 := url.QueryUnescape(value)
		if errors.Join(err1, err2) != nil {
			return nil, errForm
		}
		keys, ok := brackets(name)
		if p := props[keys[0]]; !ok || props[name] != nil || kindsOf(p)&(kindObject|kindArray) == 0 {
			keys = []string{name}
		}
		root.add(keys, value)
	}
	return root.form(props, e.encoding), nil
}

// form gives each field of a form the type of its property.
func (t *tree) form(props map[string]*openapi3.SchemaRef, encoding map[string]*openapi3.Encoding) map[string]any {
	out := make(map[string]any, len(t.order))
	for _, name := range t.order {
		field, prop := t.children[name], props[name]
		switch {
		case prop == nil && len(field.values) > 1:
			list := make([]any, len(field.values))
			for i, v := range field.values {
				list[i] = v
			}
			out[name] = list
		case field.children == nil && kindsOf(prop)&(kindArray|kindObject) != 0:
			out[name] = field.styled(name, prop, encoding[name])
		default:
			out[name] = field.shape(prop)
		}
	}
	return out
}

// styled reads an array or object that stands in one field, by the encoding of its property
// (default: style form, exploded). What does not fit the style is left a string, and fails
// as one.
func (t *tree) styled(name string, prop *openapi3.SchemaRef, encoding *openapi3.Encoding) any {
	method := encoding.SerializationMethod()
	p := &param{in: inBody, name: name, style: method.Style, explode: method.Explode, schema: prop, kinds: kindsOf(prop), item: kindsOf(itemOf(prop)), props: propertiesOf(prop)}
	if v, err := p.shape(t.values); err == nil {
		return v
	}
	return t.values[0]
}

// decodeMultipart reads the parts of a multipart/form-data body by the schema's properties.
// A part of a JSON type, or for a property that is an object, is decoded as JSON.
func (e *entry) decodeMultipart(contentType string, body []byte) (any, error) {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil || params["boundary"] == "" {
		return nil, errMultipart
	}
	props := propertiesOf(e.schema)
	// A blank line behind it keeps a body that ends within the headers of a part from
	// passing for a closed one: that part begins now, and breaks off.
	r := multipart.NewReader(io.MultiReader(bytes.NewReader(body), strings.NewReader("\r\n\r\n")), params["boundary"])
	out := map[string]any{}
	for n := 0; ; n++ {
		part, err := r.NextPart()
		switch {
		case err == io.EOF: // wrapped, it is a body that breaks off
			return out, nil
		case err != nil || part.FormName() == "":
			return nil, errMultipart
		case n == maxFields:
			return nil, errFields
		}
		data, err := io.ReadAll(part)
		if err != nil {
			return nil, errMultipart
		}
		addPart(out, part, string(data), props[part.FormName()])
	}
}

func addPart(out map[string]any, part *multipart.Part, text string, prop *openapi3.SchemaRef) {
	name, k := part.FormName(), kindsOf(prop)
	list := k&kindArray != 0 && !isJSON(part.Header.Get("Content-Type"))
	if list {
		k = kindsOf(itemOf(prop))
	}
	value := partValue(part, text, k)
	old, repeated := out[name]
	switch have, isList := old.([]any); {
	case list && isList:
		out[name] = append(have, value)
	case list:
		out[name] = []any{value}
	case !repeated:
		out[name] = value
	case isList && prop == nil:
		out[name] = append(have, value)
	case prop == nil:
		out[name] = []any{old, value}
	}
}

func partValue(part *multipart.Part, text string, k kinds) any {
	if part.FileName() != "" {
		return text
	}
	if isJSON(part.Header.Get("Content-Type")) || k&kindObject != 0 {
		if v, err := decodeJSON([]byte(text)); err == nil {
			return v
		}
	}
	return coerce(text, k)
}
