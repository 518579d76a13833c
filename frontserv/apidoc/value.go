package apidoc

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

var (
	errNotJSON = errors.New("is not valid JSON")
	errNotUTF8 = errors.New("is not valid UTF-8")
	errRange   = errors.New("holds a number that is out of range")
)

// decodeJSON reads one JSON text and nothing after it. The errors may be shown to a caller.
func decodeJSON(text []byte) (any, error) {
	if !utf8.Valid(text) {
		return nil, errNotUTF8
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, errNotJSON
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errNotJSON
	}
	return v, nil
}

// normalise gives numbers a form in which they can be compared at a bounded cost: whole
// numbers stay as they are written, others become float64. The validator would spell out
// 1e999999 in digits. A number beyond the range of a float64 is refused.
func normalise(v any) (any, error) {
	var err error
	switch t := v.(type) {
	case json.Number:
		return normaliseNumber(t)
	case []any:
		for i := range t {
			if t[i], err = normalise(t[i]); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for k, x := range t {
			if t[k], err = normalise(x); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

func normaliseNumber(n json.Number) (any, error) {
	whole := !strings.ContainsAny(string(n), ".eE")
	if whole && len(n) <= 300 { // the largest float64 has 309 digits
		return n, nil
	}
	f, err := strconv.ParseFloat(string(n), 64)
	if err != nil {
		return nil, errRange
	}
	if whole {
		return n, nil
	}
	return f, nil
}

// isJSON reports whether a media type, with or without parameters, is JSON (RFC 6839).
func isJSON(mediaType string) bool {
	base := baseType(mediaType)
	return base == "application/json" || base == "text/json" || strings.HasSuffix(base, "+json")
}

// baseType is a media type in lower case without its parameters.
func baseType(mediaType string) string {
	base, _, _ := strings.Cut(mediaType, ";")
	return strings.ToLower(strings.TrimSpace(base))
}
