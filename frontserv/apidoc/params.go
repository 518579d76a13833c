package apidoc

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

const (
	inPath   = "path"
	inQuery  = "query"
	inHeader = "header"
	inCookie = "cookie"
	inBody   = "body"
	inStatus = "status"
)

// param is a parameter of the document (or a response header), with what is needed to read
// its text.
type param struct {
	in, name   string
	style      string
	explode    bool
	required   bool
	allowEmpty bool
	asJSON     bool // described by content instead of schema
	schema     *openapi3.SchemaRef
	kinds      kinds
	item       kinds                          // of an array
	props      map[string]*openapi3.SchemaRef // of an object
	check      *jsonschema.Schema
}

func newParam(p *openapi3.Parameter) *param {
	out := &param{in: p.In, name: p.Name, required: p.Required, allowEmpty: p.AllowEmptyValue, schema: p.Schema}
	if method, err := p.SerializationMethod(); err == nil {
		out.style, out.explode = method.Style, method.Explode
	}
	for mediaType, m := range p.Content { // one entry, by the specification
		if m != nil && isJSON(mediaType) {
			out.schema, out.asJSON = m.Schema, true
		}
	}
	out.kinds = kindsOf(out.schema)
	out.item = kindsOf(itemOf(out.schema))
	if out.kinds&kindObject != 0 {
		out.props = propertiesOf(out.schema)
	}
	return out
}

// pair is a name with its value as they stand in a query or form, decoded.
type pair struct{ name, value string }

// parsePairs reads a query string in its order as the URL Standard does
// (application/x-www-form-urlencoded parsing), and PHP: pairs are separated by "&"
// alone, and a "%" that begins no escape stands for itself. Nothing is left out.
func parsePairs(query string) []pair {
	var pairs []pair
	for part := range strings.SplitSeq(query, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		pairs = append(pairs, pair{unescape(name), unescape(value)})
	}
	return pairs
}

// Query reads a query string as the document's parameters are read.
func Query(raw string) url.Values {
	values := url.Values{}
	for _, p := range parsePairs(raw) {
		values.Add(p.name, p.value)
	}
	return values
}

func unescape(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		return plain
	}
	var b strings.Builder
	for rest := text; rest != ""; {
		n := 1
		if rest[0] == '%' && len(rest) >= 3 {
			n = 3
		}
		if c, err := url.QueryUnescape(rest[:n]); err == nil {
			b.WriteString(c)
		} else {
			n = 1
			b.WriteByte(rest[0])
		}
		rest = rest[n:]
	}
	return b.String()
}

// message is where parameters are read from.
type message struct {
	path   map[string]string
	query  []pair
	header http.Header
	host   string // of a request, whose headers net/http keeps it apart from
	cookie func(name string) (*http.Cookie, error)
}

func messageOf(r *http.Request, path map[string]string) *message {
	return &message{path: path, query: parsePairs(r.URL.RawQuery), header: r.Header, host: r.Host, cookie: r.Cookie}
}

// read returns a parameter's value with the types of the document, and whether it is there
// at all. The error is one that a caller may see.
func (p *param) read(m *message) (value any, found bool, err error) {
	if p.in == inQuery && p.kinds&kindObject != 0 && !p.asJSON {
		if v, ok := p.readSpread(m.query); ok {
			return v, true, nil
		}
	}
	texts := p.texts(m)
	if len(texts) == 0 {
		return nil, false, nil
	}
	if p.asJSON {
		value, err = decodeJSON([]byte(texts[0]))
		return value, true, err
	}
	value, err = p.shape(texts)
	return value, true, err
}

// texts are the values as they were sent: one, but in a query as many as there are.
func (p *param) texts(m *message) []string {
	switch p.in {
	case inPath:
		if v, ok := m.path[p.name]; ok {
			return []string{v}
		}
	case inQuery:
		var texts []string
		for _, q := range m.query {
			if q.name == p.name {
				texts = append(texts, q.value)
			}
		}
		return texts
	case inHeader:
		if v := m.header.Values(p.name); len(v) > 0 {
			return []string{strings.Join(v, ",")}
		}
		if m.host != "" && strings.EqualFold(p.name, "Host") {
			return []string{m.host}
		}
	case inCookie:
		if c, err := m.cookie(p.name); err == nil {
			return []string{c.Value}
		}
	}
	return nil
}

// alternatives are other readings of a value that the first one did not fit: a text that
// looks like a number where strings are allowed too, a single element of an array.
func (p *param) alternatives(m *message, first any) []any {
	if p.asJSON {
		return nil
	}
	var out []any
	texts := p.texts(m)
	if len(texts) == 0 {
		return nil
	}
	if _, ok := first.(string); !ok && p.kinds&kindString != 0 {
		out = append(out, texts[0])
	}
	if _, ok := first.([]any); !ok && p.kinds&kindArray != 0 {
		if list, err := p.split(texts); err == nil {
			elements := make([]any, len(list))
			for i, text := range list {
				elements[i] = coerce(text, p.item)
			}
			out = append(out, elements)
		}
	}
	return out
}
