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

// A sampler makes a value of a schema. It does what is likely and no more: whether the
// value fits is for the validator to say.
type sampler struct {
	full   bool // with the properties that may be left out, as far as there is room
	given  bool // with examples that the schemas have themselves
	choice int  // which alternative of oneOf and anyOf is taken

	made int                // values until now
	open []*openapi3.Schema // schemas of which one is being made
}

// How much a sampler makes: properties that may be left out to this depth and in all, and
// values altogether.
const (
	sampleDepth = 3
	sampleRoom  = 60
	sampleMost  = 5000
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

// value makes a value; nth tells those apart that stand in one array. False: there is
// none, since the schema contains itself.
func (s *sampler) value(ref *openapi3.SchemaRef, nth int) (v any, ok bool) {
	if s.made++; s.made > sampleMost {
		return nil, false
	}
	if ref == nil || ref.Value == nil {
		return object{}, true
	}
	if slices.Contains(s.open, ref.Value) || ref.Value.Always != nil && !*ref.Value.Always {
		return nil, false
	}
	s.open = append(s.open, ref.Value)
	defer func() { s.open = s.open[:len(s.open)-1] }()
	parts := s.parts(ref.Value, 0)
	if v, ok := s.stated(parts, nth); ok {
		return v, true
	}
	switch k := kindOfParts(parts); {
	case k&kindObject != 0:
		return s.object(parts)
	case k&kindArray != 0:
		return s.array(parts)
	case k&(kindInteger|kindNumber) != 0:
		return sampleNumber(parts, k&kindInteger != 0, nth), true
	case k&kindBoolean != 0:
		return true, true
	case k&kindString != 0:
		return sampleText(parts, nth), true
	case k&kindNull != 0:
		return nil, true
	}
	if len(s.open) == 1 {
		return object{}, true
	}
	return sampleText(parts, nth), true
}

// parts are the schemas that hold for a value at once: the schema, all that it combines,
// and one of each of its alternatives.
func (s *sampler) parts(schema *openapi3.Schema, depth int) []*openapi3.Schema {
	list := []*openapi3.Schema{schema}
	if depth > maxSchemaDepth {
		return list
	}
	for _, m := range schema.AllOf {
		if m != nil && m.Value != nil {
			list = append(list, s.parts(m.Value, depth+1)...)
		}
	}
	for _, alternatives := range []openapi3.SchemaRefs{schema.OneOf, schema.AnyOf} {
		if m := s.pick(alternatives); m != nil {
			if mark := markOf(schema, alternatives, m); mark != nil {
				list = slices.Insert(list, 0, mark)
			}
			list = append(list, s.parts(m.Value, depth+1)...)
		}
	}
	return list
}

// pick takes one of several schemas, null last.
func (s *sampler) pick(refs openapi3.SchemaRefs) *openapi3.SchemaRef {
	var some openapi3.SchemaRefs
	for _, m := range refs {
		if m != nil && m.Value != nil && kindsOf(m) != kindNull && !slices.Contains(s.open, m.Value) {
			some = append(some, m)
		}
	}
	if len(some) == 0 {
		return nil
	}
	return some[s.choice%len(some)]
}

// markOf is the property by which a discriminator knows the schema that was picked.
func markOf(schema *openapi3.Schema, members openapi3.SchemaRefs, picked *openapi3.SchemaRef) *openapi3.Schema {
	d := schema.Discriminator
	if d == nil || d.PropertyName == "" {
		return nil
	}
	choices, ok := chooseBy(d, members)
	if !ok {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(choices)) {
		if choices[name] == picked {
			return &openapi3.Schema{
				Properties: openapi3.Schemas{d.PropertyName: {Value: &openapi3.Schema{Const: name}}},
				Required:   []string{d.PropertyName},
			}
		}
	}
	return nil
}

// stated is a value that the schema states itself.
func (s *sampler) stated(parts []*openapi3.Schema, nth int) (any, bool) {
	outer := parts[0]
	if s.given {
		for _, v := range append([]any{outer.Example}, outer.Examples...) {
			if v != nil {
				return v, true
			}
		}
	}
	for _, p := range parts {
		if p.Const != nil {
			return p.Const, true
		}
		if words := slices.DeleteFunc(slices.Clone(p.Enum), func(v any) bool { return v == nil }); len(words) > 0 {
			return words[nth%len(words)], true
		}
	}
	if s.given && outer.Default != nil && nth == 0 {
		return outer.Default, true
	}
	return nil, false
}

// kindOfParts is the type of a value, without null where there is another.
func kindOfParts(parts []*openapi3.Schema) kinds {
	for _, p := range parts {
		if k := kindsOf(&openapi3.SchemaRef{Value: p}); k&^kindNull != 0 {
			return k &^ kindNull
		}
	}
	for _, p := range parts {
		switch {
		case len(p.Required) > 0, p.MinProps > 0, p.AdditionalProperties.Schema != nil:
			return kindObject
		case p.Type.Is("null"):
			return kindNull
		}
	}
	return 0
}

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

// sampleNumber is 1, or what is nearest to it within the bounds.
func sampleNumber(parts []*openapi3.Schema, integer bool, nth int) json.Number {
	low, high, step := math.Inf(-1), math.Inf(1), 0.0
	for _, p := range parts {
		inside := 0.5
		if integer {
			inside = 1
		}
		bound := func(v *float64, exclusive openapi3.ExclusiveBound, by float64) (float64, bool) {
			switch {
			case exclusive.Value != nil:
				return *exclusive.Value + by, true
			case v == nil:
				return 0, false
			case exclusive.IsTrue():
				return *v + by, true
			}
			return *v, true
		}
		if v, ok := bound(p.Min, p.ExclusiveMin, inside); ok {
			low = max(low, v)
		}
		if v, ok := bound(p.Max, p.ExclusiveMax, -inside); ok {
			high = min(high, v)
		}
		if p.MultipleOf != nil {
			step = *p.MultipleOf
		}
	}
	n := max(min(1, high), low) + float64(nth)
	if integer {
		n = math.Ceil(n)
	}
	if step > 0 {
		n = (math.Ceil(n/step) + float64(nth)) * step
	}
	return json.Number(strconv.FormatFloat(n, 'f', -1, 64))
}
