package worker

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/urocket/urocket/processctl/spool"
)

// jsonHead is a head as encoding/json reads and writes it.
type jsonHead struct {
	Version     int                 `json:"v"`
	ID          string              `json:"id"`
	Method      string              `json:"method"`
	Path        string              `json:"path"`
	Query       string              `json:"query"`
	Route       string              `json:"route"`
	ContentType string              `json:"contenttype"`
	Params      json.RawMessage     `json:"params,omitempty"`
	Headers     map[string][]string `json:"headers"`
	Env         map[string]string   `json:"env"`
}

// The header of a request is what encoding/json would write of the same texts.
func FuzzHead(f *testing.F) {
	f.Add("7", "/a%2Fb", "x=<1>&y", "host", "a\"b\\c")
	f.Add("", "\x00\x1f\x7f", "\xff\xc2", "é\u2028", "\r\n\t")
	f.Fuzz(func(t *testing.T, id, path, query, name, value string) {
		h := Head{
			ID: id, Method: query, Path: path, Query: query, Route: value, ContentType: name, Params: []byte(`{"p":1}`),
			Headers: []Named[[]string]{{name, []string{value, path}}, {name + "-", nil}}, Env: []Named[string]{{path, query}, {path + "=", value}},
		}
		want := jsonHead{1, id, query, path, query, value, name, h.Params, map[string][]string{name: {value, path}, name + "-": {}}, map[string]string{path: query, path + "=": value}}
		var text bytes.Buffer
		enc := json.NewEncoder(&text)
		enc.SetEscapeHTML(false)
		check(t, enc.Encode(&want))
		got := append(h.append(nil), '}')
		// The order of members is another one where encoding/json sorts.
		if sortedText(got) != sortedText(bytes.TrimSuffix(text.Bytes(), []byte("\n"))) {
			t.Fatalf("%s\nwant %s", got, text.Bytes())
		}
		var back, same jsonHead
		check(t, json.Unmarshal(got, &back))
		check(t, json.Unmarshal(text.Bytes(), &same))
		if !reflect.DeepEqual(back, same) {
			t.Fatalf("%s is read as %+v, want %+v", got, back, same)
		}
		if size := h.size(); strings.IndexFunc(id+path+query+name+value, func(r rune) bool { return r > '~' || !isPlain(byte(r)) }) < 0 && len(got)+1 > size {
			t.Errorf("%d bytes, and there is room for %d", len(got), size)
		}
	})
}

// sortedText is a text with its bytes in order.
func sortedText(text []byte) string {
	text = slices.Clone(text)
	slices.Sort(text)
	return string(text)
}

// usualAnswers are headers that are not left to encoding/json.
var usualAnswers = []string{
	`{"id":"7","status":200,"headers":{}}`, `{"id":"7"}`, `{ "headers" : { "A" : "b" , "C" : [ "d", "e" ] } , "id" : "7" }`, `{}`,
	"{\"id\":\"7\",\n\t\"status\":599,\r\n\"bye\":true} ", `{"id":"7","status":204,"headers":{"Content-Type":"text/plain; charset=utf-8","Set-Cookie":["a=1","a=2"]},"bye":true}`,
}

func TestUsualAnswers(t *testing.T) {
	for _, header := range usualAnswers {
		if _, _, ok := scanAnswer(header); !ok {
			t.Errorf("%s is left to encoding/json", header)
		}
		sameAnswer(t, header)
	}
}

// sameAnswer compares what is read of a header with what encoding/json reads.
func sameAnswer(t *testing.T, header string) {
	t.Helper()
	got, list, ok := scanAnswer(header)
	if !ok {
		return
	}
	want, err := parse([]byte(header))
	if err != nil {
		t.Fatalf("%q is taken, but %v", header, err)
	}
	fields := want.fields()
	for _, list := range [][]Field{list, fields} {
		slices.SortStableFunc(list, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
	}
	if want.Headers = nil; !slices.Equal(list, fields) {
		t.Fatalf("%q is read as %q, want %q", header, list, fields)
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%q is read as %+v, want %+v", header, got, want)
	}
}

// Whatever a worker sends: a header that is read here is what encoding/json takes it for.
func FuzzAnswer(f *testing.F) {
	for _, header := range usualAnswers {
		f.Add(header)
	}
	for _, header := range []string{
		`{"id":"7","id":"8"}`, `{"ID":"7","status":0200}`, `{"id":"7","status":2e2}`, `{"id":"7","status":1000}`, `{"id":"7","headers":{"A":"b","A":"c"}}`, `{"id":"7","headers":null,"bye":null}`,
		`{"id":"\u0037"}`, `{"id":"7","headers":{"A":[],"a":["é"]}}`, `{"id":"7",}`, `{,"id":"7"}`, `{"id":"7","error":"x"}`, `{"id":"7","bye":truex}`, `{"id":"7"}}`, `{"headers":{},"headers":{"a":"b"}}`,
	} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		sameAnswer(t, header)
		_, _, _ = answer([]byte(header), spool.FromBytes(nil), "7")
	})
}
