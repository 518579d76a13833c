package frontserv

import (
	"net/http"
	"strings"
	"testing"
)

func TestValidTraceparent(t *testing.T) {
	const good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	for s, want := range map[string]bool{
		good: true, "01" + good[2:]: true, "01" + good[2:] + "-more": true,
		"": false, good[:54]: false, good + "-more": false, "ff" + good[2:]: false, strings.ToUpper(good): false,
		"00-00000000000000000000000000000000-00f067aa0ba902b7-01": false,
		"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01": false,
		strings.Replace(good, "-", "_", 1):                        false,
		"01" + good[2:] + strings.Repeat("-x", 300):               false,
		"01" + good[2:] + "-\u00e9":                               false, "01" + good[2:] + "-a\tb": false,
	} {
		if got := validTraceparent(s); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
}

func TestTracestate(t *testing.T) {
	long := "k=" + strings.Repeat("v", 254)
	many := strings.TrimSuffix(strings.Repeat("a=1,", 32), ",")
	for name, c := range map[string]struct {
		lines []string
		want  string
		valid bool
	}{
		"one":                  {[]string{"congo=t61rcWkgMzE"}, "congo=t61rcWkgMzE", true},
		"several lines":        {[]string{"a=1, b=2 ", "\tc=3"}, "a=1,b=2,c=3", true},
		"empty members":        {[]string{"", " , a=1,,", ","}, "a=1", true},
		"none":                 {[]string{""}, "", true},
		"of a tenant":          {[]string{"fw529a3039@dt=FfIRfSg==", "0a=1"}, "", false},
		"of another tenant":    {[]string{"fw529a3039@dt=FfIRfSg"}, "fw529a3039@dt=FfIRfSg", true},
		"blanks inside":        {[]string{"a=b c"}, "a=b c", true},
		"as many as allowed":   {[]string{many}, many, true},
		"as long as allowed":   {[]string{strings.Repeat(long+",", 16) + "b=1"}, strings.TrimSuffix(strings.Repeat(long+",", 15), ","), true},
		"one too many":         {[]string{many, "b=1"}, "", false},
		"the longest":          {[]string{strings.Repeat("k", 256) + "=" + strings.Repeat("v", 256)}, strings.Repeat("k", 256) + "=" + strings.Repeat("v", 256), true},
		"a key too long":       {[]string{strings.Repeat("k", 257) + "=v"}, "", false},
		"a value too long":     {[]string{"k=" + strings.Repeat("v", 257)}, "", false},
		"no value":             {[]string{"a="}, "", false},
		"no key":               {[]string{"=a"}, "", false},
		"no member":            {[]string{"a"}, "", false},
		"capitals in the key":  {[]string{"A=1"}, "", false},
		"begins with a sign":   {[]string{"*a=1"}, "", false},
		"control characters":   {[]string{"a=1\n", "b=2\x00c"}, "", false},
		"not ASCII":            {[]string{"a=\u00e9"}, "", false},
		"not UTF-8":            {[]string{"a=\xff"}, "", false},
		"blank before the key": {[]string{"a b=1"}, "", false},
	} {
		if got, ok := tracestate(c.lines); got != c.want || ok != c.valid {
			t.Errorf("%s: %q, %v", name, got, ok)
		}
	}
}

// A tracestate is of no use without the traceparent that it belongs to, but that one
// is without it.
func TestCallersTrace(t *testing.T) {
	const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	for name, c := range map[string]struct {
		header http.Header
		want   TraceContext
	}{
		"both":              {http.Header{"Traceparent": {parent}, "Tracestate": {"a=1", "b=2"}}, TraceContext{parent, "a=1,b=2"}},
		"a bad tracestate":  {http.Header{"Traceparent": {parent}, "Tracestate": {"a=1", "nonsense"}}, TraceContext{parent, ""}},
		"a bad traceparent": {http.Header{"Traceparent": {parent + "x"}, "Tracestate": {"a=1"}}, TraceContext{}},
		"two traceparents":  {http.Header{"Traceparent": {parent, parent}, "Tracestate": {"a=1"}}, TraceContext{}},
		"tracestate alone":  {http.Header{"Tracestate": {"a=1"}}, TraceContext{}},
	} {
		if got := callersTrace(c.header); got != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// FuzzTraceContext: whatever is sent, what is passed on is short, and of letters that
// mean nothing to anybody but a reader of traces.
func FuzzTraceContext(f *testing.F) {
	f.Add("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7")
	f.Add("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what", "a=1\x00,b=\n")
	f.Fuzz(func(t *testing.T, parent, state string) {
		c := callersTrace(http.Header{"Traceparent": {parent}, "Tracestate": {state}})
		if len(c.Parent) > 512 || len(c.State) > 4096 || c.Parent == "" && c.State != "" {
			t.Errorf("%q", c)
		}
		if strings.IndexFunc(c.State, func(r rune) bool { return r < ' ' || r > '~' }) >= 0 {
			t.Errorf("tracestate %q", c.State)
		}
		if len(c.Parent) >= 55 && strings.Trim(c.Parent[:55], "0123456789abcdef-") != "" {
			t.Errorf("traceparent %q", c.Parent)
		}
	})
}
