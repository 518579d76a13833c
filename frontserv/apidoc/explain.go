package apidoc

import (
	"errors"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// judge holds a value against a schema and returns what is wrong, with pointers that begin
// with base. The value's numbers are normalised in place.
func judge(schema *jsonschema.Schema, value any, in, base string) []Error {
	if schema == nil {
		return nil
	}
	value, err := normalise(value)
	if err != nil {
		return []Error{{in, base, err.Error()}}
	}
	var verr *jsonschema.ValidationError
	if !errors.As(schema.Validate(value), &verr) {
		return nil
	}
	w := &witness{in: in, base: base}
	w.hear(verr)
	return w.errors()
}

// witness turns the validator's tree of errors into a flat list in our own words. Nothing
// of the library's texts is used: they repeat values, patterns and addresses.
type witness struct {
	in, base string
	found    []fault
}

type fault struct {
	Error
	// A type or a fixed value that differs is a sign that the value was meant for another
	// branch of anyOf or oneOf: the type of the value itself, a fixed value also in one of
	// its members ({"kind": "cat"}).
	sign sign
}

type sign uint8

const (
	noSign sign = iota
	typeDiffers
	valueDiffers
)

func (w *witness) errors() []Error {
	out := make([]Error, len(w.found))
	for i, f := range w.found {
		out[i] = f.Error
	}
	return out
}

func (w *witness) say(at []string, detail string) { w.add(at, detail, noSign) }

func (w *witness) add(at []string, detail string, s sign) {
	if len(w.found) < 10*maxErrors { // sorted and cut later
		w.found = append(w.found, fault{Error{w.in, w.base + pointer(at...), detail}, s})
	}
}

func (w *witness) hear(e *jsonschema.ValidationError) {
	at := e.InstanceLocation
	switch k := e.ErrorKind.(type) {
	case *kind.Schema, *kind.Group, *kind.Reference, *kind.AllOf:
		for _, c := range e.Causes {
			w.hear(c)
		}
	case *kind.AnyOf:
		w.choose(e)
	case *kind.OneOf:
		if len(k.Subschemas) > 0 {
			w.say(at, "matches several of the forms that the document allows, and must match one")
			return
		}
		w.choose(e)
	case *kind.Type:
		w.add(at, "must be "+typeNames(k.Want), typeDiffers)
	case *kind.Enum, *kind.Const:
		w.add(at, "must be one of the values that the document lists", valueDiffers)
	case *kind.Required:
		w.each(at, k.Missing, "is required")
	case *kind.DependentRequired:
		w.each(at, k.Missing, "is required with what else is there")
	case *kind.AdditionalProperties:
		w.each(at, k.Properties, "is not a property that the document knows")
	case *absent:
		w.say(at, k.text())
	default:
		w.say(at, sentence(k))
	}
}

// each says the same of several properties of the value at a place.
func (w *witness) each(at, names []string, detail string) {
	for _, name := range names[:min(len(names), maxErrors)] {
		w.say(append(slices.Clone(at), name), detail)
	}
}

// choose tells of the one branch that the value was probably meant for, when the others
// differ in type or in a fixed value; otherwise only that none fits.
func (w *witness) choose(e *jsonschema.ValidationError) {
	var likely *witness
	for _, branch := range e.Causes {
		b := &witness{in: w.in, base: w.base}
		b.hear(branch)
		if slices.ContainsFunc(b.found, func(f fault) bool { return w.excludes(f, e.InstanceLocation) }) {
			continue
		}
		if likely != nil {
			likely = nil
			break
		}
		likely = b
	}
	if likely == nil {
		w.add(e.InstanceLocation, "matches none of the forms that the document allows", typeDiffers)
		return
	}
	w.found = append(w.found, likely.found...)
}

// excludes reports whether a fault shows that the value at a place was not meant for the
// branch that the fault comes from.
func (w *witness) excludes(f fault, at []string) bool {
	below, ok := strings.CutPrefix(f.Pointer, w.base+pointer(at...))
	return ok && (f.sign == typeDiffers && below == "" || f.sign == valueDiffers && strings.Count(below, "/") <= 1)
}

func typeNames(want []string) string {
	var names []string
	for _, t := range want {
		switch t {
		case "null":
		case "integer", "array", "object":
			names = append(names, "an "+t)
		default:
			names = append(names, "a "+t)
		}
	}
	if len(names) < len(want) {
		names = append(names, "null")
	}
	return strings.Join(names, " or ")
}

// sentence is for the keywords that need nothing but their bound.
func sentence(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.Minimum:
		return "must be at least " + decimal(k.Want)
	case *kind.Maximum:
		return "must be at most " + decimal(k.Want)
	case *kind.ExclusiveMinimum:
		return "must be more than " + decimal(k.Want)
	case *kind.ExclusiveMaximum:
		return "must be less than " + decimal(k.Want)
	case *kind.MultipleOf:
		return "must be a multiple of " + decimal(k.Want)
	case *kind.MinLength:
		return "must have at least " + count(k.Want, "character")
	case *kind.MaxLength:
		return "must have at most " + count(k.Want, "character")
	case *kind.MinItems:
		return "must have at least " + count(k.Want, "item")
	case *kind.MaxItems:
		return "must have at most " + count(k.Want, "item")
	case *kind.MinProperties:
		return "must have at least " + count(k.Want, "member")
	case *kind.MaxProperties:
		return "must have at most " + count(k.Want, "member")
	case *kind.Pattern:
		return "does not match the document's pattern"
	case *kind.Format:
		return "is not of the format " + k.Want
	case *kind.UniqueItems:
		return "must not have equal items"
	case *kind.PropertyNames:
		return "has a member whose name the document does not allow"
	case *kind.Contains, *kind.MinContains, *kind.MaxContains:
		return "does not have the items that the document asks for"
	case *kind.RefCycle:
		return "cannot be checked: the document's schema contains itself"
	}
	return "is not allowed"
}

func decimal(r *big.Rat) string {
	f, _ := r.Float64()
	return strconv.FormatFloat(f, 'f', -1, 64)
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.Itoa(n) + " " + what
}
