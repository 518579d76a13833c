package apidoc

import (
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// content is the content map of a request body or response: what to do with a media type.
type content struct {
	entries []entry
}

type entry struct {
	ranges   []string // in lower case; more than one where a key holds a comma
	schema   *openapi3.SchemaRef
	encoding map[string]*openapi3.Encoding
	kinds    kinds
	binary   bool // a string of bytes, which is not decoded
	check    *jsonschema.Schema
}

func prepareContent(s *schemas, c openapi3.Content, m mode) (content, error) {
	var out content
	for key, media := range c {
		e := entry{}
		for r := range strings.SplitSeq(key, ",") {
			e.ranges = append(e.ranges, strings.ToLower(strings.TrimSpace(r)))
		}
		if media != nil && media.Schema != nil && media.Schema.Value != nil {
			check, err := s.compile(media.Schema, m)
			if err != nil {
				return content{}, err
			}
			e.schema, e.encoding, e.check = media.Schema, media.Encoding, check
			e.kinds = kindsOf(media.Schema)
			e.binary = media.Schema.Value.Format == "binary"
		}
		out.entries = append(out.entries, e)
	}
	return out, nil
}

// declared lists the media types, sorted.
func (c *content) declared() []string {
	var all []string
	for _, e := range c.entries {
		all = append(all, e.ranges...)
	}
	slices.Sort(all)
	return all
}

// find chooses the entry for a content type, the closest one: the same with parameters,
// without them on either side, type/*, */*. A missing type is served by */* alone.
func (c *content) find(contentType string) *entry {
	full := strings.ToLower(strings.TrimSpace(contentType))
	base := baseType(contentType)
	major, _, _ := strings.Cut(base, "/")
	for _, fits := range []func(string) bool{
		func(r string) bool { return r == full },
		func(r string) bool { return r == base },
		func(r string) bool { return base != "" && baseType(r) == base },
		func(r string) bool { return major != "" && r == major+"/*" },
		func(r string) bool { return r == "*/*" },
	} {
		for i := range c.entries {
			if slices.ContainsFunc(c.entries[i].ranges, fits) {
				return &c.entries[i]
			}
		}
	}
	return nil
}

// judge decodes a body by its media type and holds it against the schema. What has no
// decoder here (XML, YAML, images, plain bytes) passes.
func (e *entry) judge(contentType string, body []byte) []Error {
	if e.check == nil || e.binary {
		return nil
	}
	value, err := e.decode(contentType, body)
	switch {
	case err != nil:
		return []Error{{inBody, "", err.Error()}}
	case value == undecoded:
		return nil
	}
	return judge(e.check, value, inBody, "")
}

type undecodedType struct{}

// undecoded is the value of a body that is left alone.
var undecoded any = undecodedType{}

func (e *entry) decode(contentType string, body []byte) (any, error) {
	base := baseType(contentType)
	switch {
	case isJSON(base):
		return decodeJSON(body)
	case base == "application/x-www-form-urlencoded":
		return e.decodeForm(body)
	case base == "multipart/form-data":
		return e.decodeMultipart(contentType, body)
	case strings.HasPrefix(base, "text/") && e.kinds&(kindArray|kindObject) == 0 && e.kinds != 0:
		return coerce(string(body), e.kinds), nil
	}
	return undecoded, nil
}
