package apidoc

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// maxErrors bounds what one message is told about itself.
const maxErrors = 100

// An Error is one fault of a message.
type Error struct {
	// In is the part of the message: path, query, header, cookie or body; in a response
	// body, header or status.
	In string `json:"in"`
	// Pointer is a JSON pointer (RFC 6901) into that part. For a parameter or header its
	// first element is the name; for a missing property it is that property's own.
	Pointer string `json:"pointer"`
	// Detail is a sentence without a subject, such as "must be at most 150".
	Detail string `json:"detail"`
}

// Invalid is a message that the document does not allow.
type Invalid struct {
	Errors []Error // at least one, 100 at most
}

func (e *Invalid) Error() string {
	first := e.Errors[0]
	text := "invalid " + first.In
	if first.Pointer != "" {
		text += " at " + first.Pointer
	}
	text += ": " + first.Detail
	if n := len(e.Errors) - 1; n > 0 {
		text += " (and " + strconv.Itoa(n) + " more)"
	}
	return text
}

// MediaTypeError is a request whose content type the operation does not declare, or that
// names none for its body: status 415.
type MediaTypeError struct {
	Declared []string // what the operation takes, sorted
}

func (e *MediaTypeError) Error() string {
	return "the body's content type must be one of " + strings.Join(e.Declared, ", ")
}

// invalid makes an error of what was found: bounded, in a stable order, each fault once.
func invalid(found []Error) error {
	if len(found) == 0 {
		return nil
	}
	slices.SortStableFunc(found, func(a, b Error) int {
		return cmp.Or(cmp.Compare(place(a.In), place(b.In)), cmp.Compare(a.Pointer, b.Pointer), cmp.Compare(a.Detail, b.Detail))
	})
	found = slices.Compact(found)
	return &Invalid{Errors: found[:min(len(found), maxErrors)]}
}

func place(in string) int {
	return slices.Index([]string{"status", "path", "query", "header", "cookie", "body"}, in)
}

// pointer writes the tokens as a JSON pointer. Names that a caller made up are cut, as a
// problem must stay readable.
func pointer(tokens ...string) string {
	var b strings.Builder
	for _, t := range tokens {
		if len(t) > 100 {
			t = strings.ToValidUTF8(t[:100], "") + "..."
		}
		b.WriteByte('/')
		b.WriteString(pointerEscapes.Replace(t))
	}
	return b.String()
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1") // RFC 6901, section 4
