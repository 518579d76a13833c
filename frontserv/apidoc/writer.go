package apidoc

import (
	"fmt"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// writer writes the keywords of one schema.
type writer struct {
	s      *schemas
	schema *openapi3.Schema
	mode   mode
	drop   []string // names that do not count as required here, sorted
	out    map[string]any
}

// put sets a keyword when the document has it.
func put[T any](w *writer, keyword string, v *T) {
	if v != nil {
		w.out[keyword] = *v
	}
}

// putNonZero sets a keyword of which zero says nothing.
func putNonZero[T comparable](w *writer, keyword string, v T) {
	if v != *new(T) {
		w.out[keyword] = v
	}
}

func (w *writer) types() error {
	if !w.schema.Type.IsEmpty() {
		var list []any
		for _, name := range w.schema.Type.Slice() {
			if kindNames[name] == 0 {
				return fmt.Errorf("its schema has the unknown type %q", name)
			}
			list = append(list, name)
		}
		w.out["type"] = list
	}
	if len(w.schema.Enum) > 0 {
		v, err := plain(w.schema.Enum)
		if err != nil {
			return err
		}
		w.out["enum"] = v
	}
	if w.schema.Const != nil {
		v, err := plain(w.schema.Const)
		if err != nil {
			return err
		}
		w.out["const"] = v
	}
	if checkedFormats[w.schema.Format] {
		w.out["format"] = w.schema.Format
	}
	return nil
}

// numbers turns the boolean exclusiveMinimum of 3.0 into the bound of 3.1.
func (w *writer) numbers() error {
	put(w, "multipleOf", w.schema.MultipleOf)
	bound := func(keyword, exclusive string, v *float64, e openapi3.ExclusiveBound) {
		if e.IsTrue() {
			keyword = exclusive
		}
		put(w, keyword, v)
		put(w, exclusive, e.Value)
	}
	bound("minimum", "exclusiveMinimum", w.schema.Min, w.schema.ExclusiveMin)
	bound("maximum", "exclusiveMaximum", w.schema.Max, w.schema.ExclusiveMax)
	return nil
}

func (w *writer) strings() error {
	putNonZero(w, "minLength", w.schema.MinLength)
	put(w, "maxLength", w.schema.MaxLength)
	if p := w.schema.Pattern; p != "" {
		if _, err := compilePattern(p); err != nil {
			w.s.findings = append(w.s.findings, Finding("the pattern "+oneLine(p)+" is not checked: it is no RE2 expression"))
		} else {
			w.out["pattern"] = p
		}
	}
	return nil
}

func (w *writer) arrays() error {
	putNonZero(w, "minItems", w.schema.MinItems)
	put(w, "maxItems", w.schema.MaxItems)
	put(w, "minContains", w.schema.MinContains)
	put(w, "maxContains", w.schema.MaxContains)
	putNonZero(w, "uniqueItems", w.schema.UniqueItems)
	if err := w.list("prefixItems", w.schema.PrefixItems); err != nil {
		return err
	}
	if err := w.one(keywordEach, w.schema.Items); err != nil {
		return err
	}
	if err := w.one("contains", w.schema.Contains); err != nil {
		return err
	}
	return w.either("unevaluatedItems", w.schema.UnevaluatedItems)
}

func (w *writer) objects() error {
	putNonZero(w, "minProperties", w.schema.MinProps)
	put(w, "maxProperties", w.schema.MaxProps)
	var required []any
	for _, name := range w.schema.Required {
		if !slices.Contains(w.drop, name) && !slices.Contains(required, any(name)) {
			required = append(required, name)
		}
	}
	if required != nil {
		w.out["required"] = required
	}
	if len(w.schema.DependentRequired) > 0 {
		v, err := plain(w.schema.DependentRequired)
		if err != nil {
			return err
		}
		w.out["dependentRequired"] = v
	}
	for keyword, list := range map[string]openapi3.Schemas{
		"properties": w.schema.Properties, "patternProperties": w.schema.PatternProperties, "dependentSchemas": w.schema.DependentSchemas,
	} {
		if err := w.named(keyword, list); err != nil {
			return err
		}
	}
	if err := w.one("propertyNames", w.schema.PropertyNames); err != nil {
		return err
	}
	if err := w.either("additionalProperties", w.schema.AdditionalProperties); err != nil {
		return err
	}
	return w.either("unevaluatedProperties", w.schema.UnevaluatedProperties)
}

func (w *writer) combinations() error {
	for keyword, list := range map[string]openapi3.SchemaRefs{"allOf": w.schema.AllOf, "anyOf": w.schema.AnyOf, "oneOf": w.schema.OneOf} {
		if err := w.list(keyword, list); err != nil {
			return err
		}
	}
	for keyword, ref := range map[string]*openapi3.SchemaRef{
		"not": w.schema.Not, "if": w.schema.If, "then": w.schema.Then, "else": w.schema.Else,
	} {
		if err := w.one(keyword, ref); err != nil {
			return err
		}
	}
	return w.discriminator()
}

// one writes a keyword that takes a schema. What must not be required is handed down to
// the schemas that judge the same value.
func (w *writer) one(keyword string, ref *openapi3.SchemaRef) error {
	if ref == nil {
		return nil
	}
	var drop []string
	if slices.Contains([]string{"if", "then", "else"}, keyword) {
		drop = w.drop
	}
	v, err := w.s.sub(ref, w.mode, drop)
	w.out[keyword] = v
	return err
}

func (w *writer) list(keyword string, refs openapi3.SchemaRefs) error {
	if len(refs) == 0 {
		return nil
	}
	var drop []string
	if keyword != "prefixItems" {
		drop = w.drop
	}
	list := make([]any, len(refs))
	for i, ref := range refs {
		v, err := w.s.sub(ref, w.mode, drop)
		if err != nil {
			return err
		}
		list[i] = v
	}
	w.out[keyword] = list
	return nil
}

func (w *writer) named(keyword string, refs openapi3.Schemas) error {
	if len(refs) == 0 {
		return nil
	}
	out := make(map[string]any, len(refs))
	for name, ref := range refs {
		if keyword == "properties" && ref != nil && ref.Value != nil && isHidden(ref.Value, w.mode, 0) {
			out[name] = map[string]any{keywordAbsent: w.mode == asRequest}
			continue
		}
		v, err := w.s.sub(ref, w.mode, nil)
		if err != nil {
			return err
		}
		out[name] = v
	}
	w.out[keyword] = out
	return nil
}

// either writes a keyword that takes true, false or a schema.
func (w *writer) either(keyword string, b openapi3.BoolSchema) error {
	put(w, keyword, b.Has)
	return w.one(keyword, b.Schema)
}
