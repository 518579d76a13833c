package apidoc

import (
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// discriminator replaces oneOf or anyOf by a choice on the named property. So a value is
// held against the one schema that it claims to follow, and the errors are that schema's.
// A discriminator that does not tell all members apart is left alone, as the hint that the
// specification makes of it.
func (w *writer) discriminator() error {
	d := w.schema.Discriminator
	keyword, members := "oneOf", w.schema.OneOf
	if len(members) == 0 {
		keyword, members = "anyOf", w.schema.AnyOf
	}
	if d == nil || d.PropertyName == "" || len(members) == 0 {
		return nil
	}
	choices, ok := chooseBy(d, members)
	if !ok {
		return nil
	}
	names := slices.Sorted(maps.Keys(choices))
	property := func(values []string) map[string]any {
		enum := make([]any, len(values))
		for i, v := range values {
			enum[i] = v
		}
		return map[string]any{
			"properties": map[string]any{d.PropertyName: map[string]any{"enum": enum}},
			"required":   []any{d.PropertyName},
		}
	}
	all := []any{property(names)}
	for _, name := range names {
		then, err := w.s.sub(choices[name], w.mode, w.drop)
		if err != nil {
			return err
		}
		all = append(all, map[string]any{"if": property([]string{name}), "then": then})
	}
	delete(w.out, keyword)
	if own, ok := w.out["allOf"].([]any); ok {
		all = append(own, all...)
	}
	w.out["allOf"] = append(all, map[string]any{"type": "object"})
	return nil
}

// chooseBy maps the property's values to members: those of the mapping, and the name of a
// member's schema for each member that the mapping does not mention.
func chooseBy(d *openapi3.Discriminator, members openapi3.SchemaRefs) (map[string]*openapi3.SchemaRef, bool) {
	choices := map[string]*openapi3.SchemaRef{}
	mapped := map[*openapi3.SchemaRef]bool{}
	for value, target := range d.Mapping {
		i := slices.IndexFunc(members, func(m *openapi3.SchemaRef) bool {
			return m != nil && m.Ref != "" && (m.Ref == target.Ref || lastName(m.Ref) == target.Ref)
		})
		if i < 0 {
			return nil, false
		}
		choices[value], mapped[members[i]] = members[i], true
	}
	for _, m := range members {
		if m == nil || m.Ref == "" {
			return nil, false
		}
		if name := lastName(m.Ref); !mapped[m] {
			if choices[name] != nil {
				return nil, false
			}
			choices[name] = m
		}
	}
	return choices, true
}

// lastName is the last element of a reference: Cat of #/components/schemas/Cat.
func lastName(ref string) string { return ref[strings.LastIndexAny(ref, "/#")+1:] }
