package config

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"
)

// editorsSchema is the schema as an editor has it.
func editorsSchema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	text, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("urocket.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("urocket.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// bySchema says what the schema has against a file.
func bySchema(t testing.TB, s *jsonschema.Schema, text string) error {
	t.Helper()
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		return err
	}
	return s.Validate(value)
}

// bareMode is a mode without its quotes, which is a number to an editor.
var bareMode = regexp.MustCompile(`((?:socketmode|umask):) (0o?[0-7]+)`)

// wantFitsSchema holds what Load takes against the schema.
func wantFitsSchema(t testing.TB, text string) {
	t.Helper()
	text = bareMode.ReplaceAllString(strings.ReplaceAll(text, "DIR", "/tmp"), `$1 "$2"`)
	if err := bySchema(t, editorsSchema(t), text); err != nil {
		t.Errorf("Load takes what the schema does not: %v\n%s", err, text)
	}
}

// What Load refuses for the shape of a key or a value the schema refuses too, but for
// what no schema sees.
func TestSchemaRefuses(t *testing.T) {
	unseen := []string{
		"tag of cmd elsewhere", "ToSplit on a list", "Splitted on a string", "unknown tag", "unknown tag anywhere", // tags are the parser's
		"second document", "second document without a mark", "second document that is empty", // as documents are
		"path with open braces", "path with a query", "both spellings", // a merge may bring the other one
		"admin", "octal for a number", "timeout beyond time", "maxbody too large", "memory too small", // numbers in texts
		"socketpath too long", "env with a NUL", "env sets REQUEST_ID", "env sets a UROCKET_ name", "passenv of REQUEST_ID", "passenv of UROCKET_*", "cmd with a NUL",
	}
	s := editorsSchema(t)
	for _, r := range slices.Concat(shapes, values) {
		seen := bySchema(t, s, edit(t, good, r.edits...)) != nil
		if seen == slices.Contains(unseen, r.name) {
			t.Errorf("%s: seen by the schema: %v", r.name, seen)
		}
	}
}

// The schema speaks of every key in the words of the documentation.
func TestSchemaDescribes(t *testing.T) {
	text, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	for _, words := range []string{
		`"Processes at once, all operations together."`, `"Check the request against the document. What does not fit gets 400 and starts nothing."`,
		`"default": "10s"`, `"default": 1000`, `"default": true`, `"default": "0660"`, `"default": "socket"`,
	} {
		if !strings.Contains(string(text), words) {
			t.Errorf("the schema lacks %s", words)
		}
	}
	for _, odd := range []string{"](", "†", "| ", "See ", "only one, else"} {
		if strings.Contains(string(text), odd) {
			t.Errorf("the schema holds %q", odd)
		}
	}
}
