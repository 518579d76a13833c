package apidoc

import (
	"strconv"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// Two keywords of our own. "each" is items (after prefixItems) that stops after so many
// bad items: the library's own would make an error of a few hundred bytes for each of the
// millions of numbers that fit into a body. "absent" is a property that must not be there.
const (
	keywordEach   = "urocket-each"
	keywordAbsent = "urocket-absent" // true: in a request, false: in a response
	maxBadItems   = maxErrors
)

var vocabulary = &jsonschema.Vocabulary{
	URL:        "schema:///vocabulary",
	Subschemas: []jsonschema.SchemaPath{{jsonschema.Prop(keywordEach)}},
	Compile:    compileVocabulary,
}

func compileVocabulary(ctx *jsonschema.CompilerContext, obj map[string]any) (jsonschema.SchemaExt, error) {
	if request, ok := obj[keywordAbsent].(bool); ok {
		return &absent{request: request}, nil
	}
	if _, ok := obj[keywordEach]; !ok {
		return nil, nil
	}
	prefix, _ := obj["prefixItems"].([]any)
	return &each{item: ctx.Enqueue([]string{keywordEach}), from: len(prefix)}, nil
}

type each struct {
	item *jsonschema.Schema
	from int
}

func (e *each) Validate(ctx *jsonschema.ValidatorContext, v any) {
	list, ok := v.([]any)
	if !ok {
		return
	}
	bad := 0
	for i := e.from; i < len(list) && bad < maxBadItems; i++ {
		ctx.EvaluatedItem(i)
		if err := ctx.Validate(e.item, list[i], []string{strconv.Itoa(i)}); err != nil {
			ctx.AddErr(err)
			bad++
		}
	}
}

// absent is a keyword and the error that it gives. What the library would print of it is
// never asked for; it is that of the schema false.
type absent struct {
	kind.FalseSchema
	request bool
}

func (a *absent) Validate(ctx *jsonschema.ValidatorContext, _ any) { ctx.AddError(a) }

func (a *absent) text() string {
	if a.request {
		return "is read-only and must not be sent"
	}
	return "is write-only and must not be returned"
}
