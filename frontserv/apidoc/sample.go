package apidoc

import (
	"maps"
	"slices"

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
