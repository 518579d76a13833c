package config

import (
	"flag"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the tables of keys in docs/configuration.md and docs/worker.md")

// tables are the regions of the documents that are made of the keys. Each begins with a
// comment of its name and ends with [endOfKeys].
var tables = []struct {
	file, name string
	where      place
	rows       []about
}{
	{"../docs/configuration.md", "service", atTop, aboutService},
	{"../docs/configuration.md", "security", inScheme, aboutScheme},
	{"../docs/configuration.md", "tls", inTLS, aboutTLS},
	{"../docs/configuration.md", "operation", place{keys: operationKeys}, aboutOperation},
	{"../docs/configuration.md", "inject", inInject, aboutInject},
	{"../docs/configuration.md", "limits", inLimits, aboutLimits},
	{"../docs/worker.md", "worker", inWorker, aboutWorker},
}

const endOfKeys = "<!-- end of the keys -->\n"

// The tables of the documents are made of the keys, their shapes and their words.
func TestDocument(t *testing.T) {
	for _, table := range tables {
		text, err := os.ReadFile(table.file)
		if err != nil {
			t.Fatal(err)
		}
		begin := "<!-- keys of " + table.name + ": go test ./config -update -->\n"
		before, rest, ok := strings.Cut(string(text), begin)
		old, after, ok2 := strings.Cut(rest, endOfKeys)
		if !ok || !ok2 {
			t.Fatalf("%s lacks %q or %q behind it", table.file, begin, endOfKeys)
		}
		want := keyTable(table.rows)
		if *update {
			if err := os.WriteFile(table.file, []byte(before+begin+want+endOfKeys+after), 0o644); err != nil {
				t.Fatal(err)
			}
		} else if old != want {
			t.Errorf("%s: the keys of %s have changed: go test ./config -update", table.file, table.name)
		}
	}
}

// Every key of a place has a row, and one alone.
func TestEveryKeyIsDescribed(t *testing.T) {
	for _, table := range tables {
		var described []string
		for _, row := range table.rows {
			described = append(described, row.key)
			if !strings.HasSuffix(row.text, ".") || strings.Contains(row.text, "|") {
				t.Errorf("%s of %s: no sentence, or no cell: %q", row.key, table.name, row.text)
			}
		}
		slices.Sort(described)
		if keys := slices.Sorted(slices.Values(table.where.keys)); !slices.Equal(described, keys) {
			t.Errorf("the keys of %s are %q, and described are %q", table.name, keys, described)
		}
	}
}

func keyTable(rows []about) string {
	var b strings.Builder
	b.WriteString("| key | value | default | |\n| --- | --- | --- | --- |\n")
	for _, row := range rows {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", row.key, form(shapeTable[row.key]), row.otherwise, row.text)
	}
	return b.String()
}

// form says in a few words what the values of a shape look like.
func form(s schema) string {
	for words, shape := range map[string]schema{"time": aTime, "time, `none`": aTimeout, "octal": aMode, "path": aPath} {
		if reflect.DeepEqual(s, shape) {
			return words
		}
	}
	for _, least := range []int{0, 1, minMemory} {
		if reflect.DeepEqual(s, aSize(least)) {
			return "size"
		}
	}
	if words := reflect.ValueOf(s["enum"]); words.IsValid() {
		return enumerated(words)
	}
	if parts, ok := s["anyOf"].([]any); ok {
		return anyForm(parts)
	}
	return simpleForm(s)
}

// enumerated are the words of a choice; a number that is a word as well stands there once.
func enumerated(words reflect.Value) string {
	var all []string
	for i := range words.Len() {
		if word := fmt.Sprintf("`%v`", words.Index(i)); !slices.Contains(all, word) {
			all = append(all, word)
		}
	}
	return strings.Join(all, ", ")
}

func anyForm(parts []any) string {
	var all []string
	for _, part := range parts {
		words := strings.ReplaceAll(form(part.(schema)), "path", "text") // only a text by itself is a path
		if words != "" && !slices.Contains(all, words) {
			all = append(all, words)
		}
	}
	return strings.Join(all, ", ")
}

func simpleForm(s schema) string {
	if s["$ref"] != nil {
		return "map"
	}
	kind := s["type"]
	if several, ok := kind.([]string); ok {
		kind = several[0]
	}
	switch kind {
	case "boolean":
		return "`true`, `false`"
	case "integer":
		if most, ok := s["maximum"].(int); ok {
			return fmt.Sprintf("%d to %d", s["minimum"], most)
		}
		return fmt.Sprintf("number from %d", s["minimum"])
	case "array":
		return "list"
	case "object":
		return "map"
	case "null":
		return ""
	case "string":
		return "text"
	}
	return fmt.Sprint(kind)
}

// To write what is called the default changes nothing.
func TestDefaultsAreAsDescribed(t *testing.T) {
	t.Setenv("SOME_SECRET", "x")
	tried := 0
	for _, table := range tables {
		for _, row := range table.rows {
			if defaultValue(row.otherwise) == nil && !strings.HasPrefix(row.otherwise, "`") {
				continue
			}
			tried++
			value := strings.Trim(row.otherwise, "`")
			without, with := bare(table.name, ""), bare(table.name, row.key+": "+value)
			if a, b := printed(t, without), printed(t, with); a != b {
				t.Errorf("%s of %s: %s is not what holds without it:\n%s\n%s", row.key, table.name, value, a, b)
			}
		}
	}
	if tried < 30 {
		t.Errorf("%d defaults were tried", tried)
	}
}

// bare is a file that says as little as it can, with one line more in the place of that name.
func bare(place, line string) string {
	more := func(name string) string {
		if name == place {
			return line
		}
		return ""
	}
	item := func(name string) string { // one of a map in braces
		if text := more(name); text != "" {
			return ", " + text
		}
		return ""
	}
	pool := ""
	if place == "worker" {
		pool = ", driver: worker, worker: {" + line + "}"
	}
	tokens, hook := item("security"), ""
	if strings.HasPrefix(line, "tolerance") {
		tokens, hook = "", tokens
	}
	listen := "listen: :8080\n"
	if strings.HasPrefix(line, "port") {
		listen = ""
	}
	return strings.Join([]string{
		listen + "servicename: shop", "socketpath: /tmp/u.sock", "openapi: DIR/api.json", more("service"),
		"security: {a: {jwks: DIR/page.php, issuer: any, audience: any" + tokens + "}, b: {hmac: stripe, secretenv: SOME_SECRET" + hook + "}}",
		"tls: {cert: DIR/page.php, key: DIR/page.php" + item("tls") + "}",
		"paths: {/x: {get: {" + more("operation") + strings.Repeat(", ", min(1, len(more("operation")))),
		"  inject: {wd: /, cmd: [/bin/echo]" + item("inject") + pool + "}, limits: {" + more("limits") + "}}}}",
	}, "\n") + "\n"
}

// printed is a file as `parse` prints it; its folder is left out.
func printed(t *testing.T, text string) string {
	t.Helper()
	s, err := Load(write(t, text))
	if err != nil {
		t.Fatalf("refused:\n%v\n%s", err, text)
	}
	var b strings.Builder
	if err := s.WriteYAML(&b); err != nil {
		t.Fatal(err)
	}
	folder := strings.TrimSuffix(s.File, "/svc.yaml")
	return strings.ReplaceAll(b.String(), folder, "DIR")
}
