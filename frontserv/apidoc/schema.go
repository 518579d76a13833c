package apidoc

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// mode is the direction of a message, which decides about readOnly and writeOnly.
type mode uint8

const (
	asRequest mode = iota
	asResponse
)

// schemas translates the document's schemas to JSON Schema 2020-12 and compiles them. A
// schema that is referred to is translated once and shared, so that a recursive one ends.
type schemas struct {
	mu       sync.Mutex
	old      bool // OpenAPI 3.0
	compiler *jsonschema.Compiler
	urls     map[shared]string
	failed   map[shared]error
	findings []Finding // of the Prepare under way
}

// shared names one translation of one schema. drop are the required names that do not
// count in it, see hidden.
type shared struct {
	schema *openapi3.Schema
	mode   mode
	drop   string
}

func newSchemas(old bool) *schemas {
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.UseRegexpEngine(compilePattern)
	c.AssertFormat()
	for name, f := range ownFormats {
		c.RegisterFormat(&jsonschema.Format{Name: name, Validate: f})
	}
	c.RegisterVocabulary(vocabulary)
	c.AssertVocabs()
	return &schemas{old: old, compiler: c, urls: map[shared]string{}, failed: map[shared]error{}}
}

// compile readies a schema for messages of one direction. The caller holds mu.
func (s *schemas) compile(ref *openapi3.SchemaRef, m mode) (*jsonschema.Schema, error) {
	if ref == nil || ref.Value == nil {
		return nil, nil
	}
	url, err := s.resource(ref.Value, m, nil)
	if err != nil {
		return nil, err
	}
	c, err := s.compiler.Compile(url)
	if err != nil {
		return nil, fmt.Errorf("compile its schema: %s", oneLine(err.Error()))
	}
	return c, nil
}

// resource translates a schema that several places may refer to, and returns its address.
func (s *schemas) resource(schema *openapi3.Schema, m mode, drop []string) (string, error) {
	key := shared{schema, m, strings.Join(drop, "\x00")}
	if url, ok := s.urls[key]; ok {
		return url, s.failed[key]
	}
	url := fmt.Sprintf("schema:///%d", len(s.urls))
	s.urls[key] = url // before its parts: they may refer back to it
	doc, err := s.translate(schema, m, drop)
	if err != nil {
		s.failed[key] = err
		return "", err
	}
	if err := s.compiler.AddResource(url, doc); err != nil {
		return "", fmt.Errorf("add a schema: %w", err)
	}
	return url, nil
}

// sub translates a schema where it stands: an address for a reference, else its content.
func (s *schemas) sub(ref *openapi3.SchemaRef, m mode, drop []string) (any, error) {
	if ref == nil || ref.Value == nil {
		return true, nil
	}
	if ref.Ref == "" {
		return s.translate(ref.Value, m, drop)
	}
	url, err := s.resource(ref.Value, m, drop)
	return map[string]any{"$ref": url}, err
}

// translate writes one schema. drop are names that its parts must not require.
func (s *schemas) translate(schema *openapi3.Schema, m mode, drop []string) (any, error) {
	if schema.Always != nil {
		return *schema.Always, nil
	}
	if schema.DynamicRef != "" {
		return nil, errors.New("its schema uses $dynamicRef, which is not supported")
	}
	w := &writer{s: s, schema: schema, mode: m, out: map[string]any{}}
	w.drop = append(slices.Clone(drop), hidden(schema, m, 0)...)
	slices.Sort(w.drop)
	w.drop = slices.Compact(w.drop)
	for _, part := range []func() error{w.types, w.numbers, w.strings, w.arrays, w.objects, w.combinations} {
		if err := part(); err != nil {
			return nil, err
		}
	}
	if schema.Nullable && s.old {
		// null passes whatever else the schema says, enum and allOf included: this is
		// how documents of 3.0 mean it. An else has no error of its own.
		return map[string]any{"if": map[string]any{"type": "null"}, "else": w.out}, nil
	}
	return w.out, nil
}

// hidden lists the properties that a message of this direction must not have: readOnly in
// a request, writeOnly in a response. That they are required counts for the other
// direction only (OpenAPI 3.0.3, Schema Object), wherever it is written.
func hidden(schema *openapi3.Schema, m mode, depth int) []string {
	if depth > maxSchemaDepth {
		return nil
	}
	var names []string
	for name, p := range schema.Properties {
		if p != nil && p.Value != nil && isHidden(p.Value, m, 0) {
			names = append(names, name)
		}
	}
	for _, part := range schema.AllOf {
		if part != nil && part.Value != nil {
			names = append(names, hidden(part.Value, m, depth+1)...)
		}
	}
	return names
}

func isHidden(schema *openapi3.Schema, m mode, depth int) bool {
	if m == asRequest && schema.ReadOnly || m == asResponse && schema.WriteOnly {
		return true
	}
	return depth < maxSchemaDepth && slices.ContainsFunc(schema.AllOf, func(part *openapi3.SchemaRef) bool {
		return part != nil && part.Value != nil && isHidden(part.Value, m, depth+1)
	})
}

// plain gives a value of the document the types that the validator knows.
func plain(v any) (any, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("read a value of the schema: %w", err)
	}
	var out any
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	if err := d.Decode(&out); err != nil {
		return nil, fmt.Errorf("read a value of the schema: %w", err)
	}
	return out, nil
}
