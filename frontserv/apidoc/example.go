package apidoc

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Example is an answer that an operation may give.
type Example struct {
	Status int
	Type   string      // media type; "": there is no body
	Header http.Header // what the document demands beside it
	Body   []byte

	// Wrong says why the document would refuse it: nil for almost all. There are schemas
	// that nobody has an example for, and some that no value fits.
	Wrong error
}

// How long a body may be, and a brief one if there is a choice, in bytes.
const (
	maxExample = 16 << 10
	maxBrief   = 400
)

var errNoSample = errors.New("no value can be made of its schema")

// Example makes an answer of the first success that the document describes: one that the
// document itself gives, or one that is made of the schema. A brief one has only what must
// be there. It compiles schemas, which may take milliseconds.
func (o *Operation) Example(brief bool) Example {
	status, r := o.success()
	e := Example{Status: status, Header: http.Header{}}
	if r == nil {
		return e
	}
	e.Header = sampleHeaders(r)
	if !hasBody(status, []byte{0}) || o.Method == http.MethodHead {
		return e
	}
	_, e.Wrong = o.Prepare(false, true)
	name := preferred(slices.Sorted(maps.Keys(r.Content)))
	if name == "" {
		return e
	}
	e.Type = concrete(name)
	o.fill(&e, r.Content[name], brief)
	return e
}

// fill takes the first body that fits, else the last one that was tried.
func (o *Operation) fill(e *Example, media *openapi3.MediaType, brief bool) {
	if e.Wrong != nil { // nothing can be held against it
		e.Body = firstOf(e.Type, media, brief)
		return
	}
	e.Wrong = errNoSample
	for body := range bodies(e.Type, media, brief) {
		header := e.Header.Clone()
		header.Set("Content-Type", e.Type)
		e.Body = body
		if e.Wrong = o.ValidateResponse(e.Status, header, body); e.Wrong == nil {
			return
		}
	}
}

func firstOf(mediaType string, media *openapi3.MediaType, brief bool) []byte {
	for body := range bodies(mediaType, media, brief) {
		return body
	}
	return nil
}

// success is the response to make an example of, with its status: the lowest 2xx, else what
// stands for any, else the lowest that there is.
func (o *Operation) success() (int, *openapi3.Response) {
	all := o.op.Responses.Map()
	var keys []string
	for key, ref := range all {
		if ref != nil && ref.Value != nil {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	rank := func(key string) int {
		n, err := strconv.Atoi(key)
		switch upper := strings.ToUpper(key); {
		case err == nil && n/100 == 2:
			return 0
		case upper == "2XX":
			return 1
		case upper == "DEFAULT":
			return 2
		case err == nil && n >= 300 && n < 600:
			return 3
		}
		return 4
	}
	slices.SortStableFunc(keys, func(a, b string) int { return rank(a) - rank(b) })
	if len(keys) == 0 || rank(keys[0]) == 4 {
		return http.StatusOK, nil
	}
	status, err := strconv.Atoi(keys[0])
	if err != nil {
		status = http.StatusOK
	}
	return status, all[keys[0]].Value
}

// preferred is the media type that is the easiest to answer with.
func preferred(types []string) string {
	for _, fits := range []func(string) bool{
		func(t string) bool { return baseType(t) == "application/json" },
		func(t string) bool { return isJSON(baseType(t)) },
		func(t string) bool { return t == "*/*" || t == "application/*" },
		func(t string) bool { return strings.HasPrefix(t, "text/") },
		func(t string) bool { return true },
	} {
		if i := slices.IndexFunc(types, fits); i >= 0 {
			return types[i]
		}
	}
	return ""
}

// concrete is a media type that a range (text/*) or a list holds.
func concrete(mediaType string) string {
	mediaType, _, _ = strings.Cut(mediaType, ",")
	mediaType = strings.TrimSpace(mediaType)
	if strings.Contains(mediaType, "*") {
		major, _, _ := strings.Cut(mediaType, "/")
		if known, ok := map[string]string{"text": "text/plain", "image": "image/png", "audio": "audio/mpeg", "video": "video/mp4"}[major]; ok {
			return known
		}
		return "application/json"
	}
	return mediaType
}

// bodies are the bodies to try, the best first.
func bodies(mediaType string, media *openapi3.MediaType, brief bool) iter.Seq[[]byte] {
	if media == nil {
		media = &openapi3.MediaType{}
	}
	return func(yield func([]byte) bool) {
		for _, size := range [][2]int{{0, maxBrief}, {maxBrief, maxExample}} {
			if !brief {
				size = [2]int{0, maxExample}
			}
			for v := range samples(media, brief) {
				if body := written(mediaType, v); len(body) > size[0] && len(body) <= size[1] && !yield(body) {
					return
				}
			}
			if !brief {
				return
			}
		}
	}
}

// samples are the values to try: the document's own, and made ones.
func samples(media *openapi3.MediaType, brief bool) iter.Seq[any] {
	tries := []sampler{{full: true, given: true}, {full: true}, {given: true}, {}, {choice: 1}, {choice: 2}, {choice: 3}}
	if brief {
		tries = []sampler{{given: true}, {}, {full: true, given: true}, {choice: 1}, {choice: 2}, {choice: 3}}
	}
	return func(yield func(any) bool) {
		for _, v := range given(media) {
			if !yield(v) {
				return
			}
		}
		for _, s := range tries {
			if v, ok := s.value(media.Schema, 0); ok && !yield(v) {
				return
			}
		}
	}
}

// given are the examples that the document has of a body.
func given(media *openapi3.MediaType) []any {
	var all []any
	if media.Example != nil {
		all = append(all, media.Example)
	}
	for _, name := range slices.Sorted(maps.Keys(media.Examples)) {
		if ref := media.Examples[name]; ref != nil && ref.Value != nil && ref.Value.Value != nil {
			all = append(all, ref.Value.Value)
		}
	}
	return all
}

// written is a value in the form of a media type; nil where that cannot be.
func written(mediaType string, v any) []byte {
	text, isText := v.(string)
	switch base := baseType(mediaType); {
	case isJSON(base):
		body, err := asWritten(v)
		if err != nil {
			return nil
		}
		return body
	case isText:
		return []byte(text)
	case strings.HasSuffix(base, "/xml"), strings.HasSuffix(base, "+xml"):
		return []byte("<example/>")
	}
	return fmt.Append(nil, scalarText(v))
}

// scalarText is a value in a line of text or a header.
func scalarText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case []any:
		list := make([]string, len(v))
		for i, item := range v {
			list[i] = scalarText(item)
		}
		return strings.Join(list, ",")
	case object:
		return "example"
	}
	return fmt.Sprint(v)
}

// sampleHeaders are the headers that a response must have.
func sampleHeaders(r *openapi3.Response) http.Header {
	h := http.Header{}
	for name, ref := range r.Headers {
		if canonical := http.CanonicalHeaderKey(name); ref == nil || ref.Value == nil || !ref.Value.Required || ignoredHeaders[canonical] || addedHeaders[canonical] {
			continue
		}
		var v any = ref.Value.Example
		if v == nil {
			v, _ = (&sampler{given: true}).value(ref.Value.Schema, 0)
		}
		h.Set(name, scalarText(v))
	}
	return h
}
