package apidoc

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"regexp"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// checkedFormats are the values of format that are more than a remark. The validator knows
// more (uri, hostname ...), but documents use those loosely.
var checkedFormats = map[string]bool{
	"date": true, "date-time": true, "email": true, "ipv4": true, "ipv6": true, "uuid": true,
	"byte": true, "int32": true, "int64": true,
}

// ownFormats are those that JSON Schema does not have. The texts of the errors are never
// shown.
var ownFormats = map[string]func(any) error{
	"byte":  checkByte,
	"int32": func(v any) error { return checkRange(v, math.MinInt32, math.MaxInt32) },
	"int64": func(v any) error { return checkRange(v, math.MinInt64, math.MaxInt64) },
}

var errFormat = errors.New("not of the format")

// base64Text is base64 in either alphabet (RFC 4648), with or without padding.
var base64Text = regexp.MustCompile(`^[A-Za-z0-9+/_-]*={0,2}$`)

func checkByte(v any) error {
	if s, ok := v.(string); ok && !base64Text.MatchString(s) {
		return errFormat
	}
	return nil
}

func checkRange(v any, low, high int64) error {
	var n *big.Float
	switch v := v.(type) {
	case json.Number:
		f, _, err := big.ParseFloat(v.String(), 10, 80, big.ToZero)
		if err != nil {
			return errFormat
		}
		n = f
	case float64:
		n = big.NewFloat(v)
	default:
		return nil
	}
	if n.Cmp(new(big.Float).SetInt64(low)) < 0 || n.Cmp(new(big.Float).SetInt64(high)) > 0 {
		return errFormat
	}
	return nil
}

var jsEscape = regexp.MustCompile(`\\(\\|u[0-9A-Fa-f]{4}|u\{[0-9A-Fa-f]{1,6}\}|/)`)

// compilePattern reads an ECMA-262 expression with RE2, which runs in linear time. The
// escapes \uXXXX and \/ are written RE2's way; what RE2 lacks is an error.
func compilePattern(p string) (jsonschema.Regexp, error) {
	return regexp.Compile(jsEscape.ReplaceAllStringFunc(p, func(e string) string {
		switch {
		case e == `\/`:
			return "/"
		case strings.HasPrefix(e, `\u`):
			return `\x{` + strings.Trim(e[2:], "{}") + "}"
		}
		return e
	}))
}
