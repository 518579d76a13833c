package apidoc

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/getkin/kin-openapi/openapi3"
)

// object is a JSON object with its members in an order.
type object []member

type member struct {
	name  string
	value any
}

// MarshalJSON implements [json.Marshaler].
func (o object) MarshalJSON() ([]byte, error) {
	b := bytes.NewBufferString("{")
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := asWritten(m.name)
		if err != nil {
			return nil, err
		}
		value, err := asWritten(m.value)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// asWritten is JSON without escapes for HTML.
func asWritten(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// object makes an object: what is required, and the rest as far as there is room.
func (s *sampler) object(parts []*openapi3.Schema) (any, bool) {
	out := object{}
	props, required := gather(parts)
	for _, name := range required {
		v, ok := s.value(props[name], 0)
		if props[name] == nil {
			v, ok = s.value(additional(parts), 0)
		}
		if !ok {
			return nil, false
		}
		out = append(out, member{name, v})
	}
	for _, name := range slices.Sorted(maps.Keys(props)) {
		if !s.full || len(s.open) > sampleDepth || s.made > sampleRoom {
			break
		}
		if !slices.Contains(required, name) {
			if v, ok := s.value(props[name], 0); ok {
				out = append(out, member{name, v})
			}
		}
	}
	least := 0
	for _, p := range parts {
		least = max(least, int(min(p.MinProps, 100)))
	}
	if more := additional(parts); s.full && len(props) == 0 && more != nil && len(s.open) <= sampleDepth {
		least = max(least, 1)
	}
	for n := 1; len(out) < least; n++ {
		v, ok := s.value(additional(parts), 0)
		if !ok {
			break
		}
		out = append(out, member{"key" + strconv.Itoa(n), v})
	}
	return out, true
}

// gather finds the properties of an object's schemas that a response may have, and the
// names of those that it must have.
func gather(parts []*openapi3.Schema) (props map[string]*openapi3.SchemaRef, required []string) {
	props = map[string]*openapi3.SchemaRef{}
	hide := map[string]bool{}
	for _, p := range parts {
		for name, ref := range p.Properties {
			switch have := props[name]; {
			case ref == nil || ref.Value == nil:
			case isHidden(ref.Value, asResponse, 0):
				hide[name] = true
			case have == nil:
				props[name] = ref
			default:
				props[name] = &openapi3.SchemaRef{Value: &openapi3.Schema{AllOf: openapi3.SchemaRefs{have, ref}}}
			}
		}
		for _, name := range p.Required {
			if !slices.Contains(required, name) {
				required = append(required, name)
			}
		}
	}
	for name := range hide {
		delete(props, name)
	}
	return props, slices.DeleteFunc(required, func(name string) bool { return hide[name] })
}

// additional is the schema of properties that are not named; nil: any.
func additional(parts []*openapi3.Schema) *openapi3.SchemaRef {
	for _, p := range parts {
		if p.AdditionalProperties.Schema != nil {
			return p.AdditionalProperties.Schema
		}
	}
	return nil
}

func (s *sampler) array(parts []*openapi3.Schema) (any, bool) {
	var items *openapi3.SchemaRef
	var first openapi3.SchemaRefs
	least, most := 0, math.MaxInt32
	for _, p := range parts {
		least = max(least, int(min(p.MinItems, 100)))
		if p.MaxItems != nil {
			most = min(most, int(min(*p.MaxItems, math.MaxInt32)))
		}
		if items == nil {
			items = p.Items
		}
		if items == nil {
			items = p.Contains
		}
		first = append(first, p.PrefixItems...)
	}
	count := max(least, len(first))
	if s.full && items != nil && s.made <= sampleRoom {
		count = max(count, 1)
	}
	list := []any{}
	for i := range min(count, most) {
		ref := items
		if i < len(first) {
			ref = first[i]
		}
		v, ok := s.value(ref, i)
		if !ok {
			return list, i >= least // one that contains itself stays empty
		}
		list = append(list, v)
	}
	return list, true
}
