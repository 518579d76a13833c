package book

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"github.com/urocket/urocket/internal/notrun"
)

// isConfiguration says whether a block is a whole configuration.
func isConfiguration(b block) bool {
	return b.lang == "yaml" && strings.Contains("\n"+b.text, "\nservicename:")
}

// YAML can be read; a whole configuration is one that a page writes to a file, where urocket
// looks at it, and what looks like a part of one fits its schema.
func TestYAML(t *testing.T) {
	schema, keys := partSchema(t)
	parts := 0
	for _, p := range pages(t) {
		for _, b := range p.blocks {
			if b.lang != "yaml" {
				continue
			}
			value, err := readYAML(b.text)
			if err != nil {
				t.Errorf("%s:%d: %v", p.name, b.line, err)
				continue
			}
			if _, file := b.isFile(); isConfiguration(b) && !file {
				t.Errorf("%s:%d: a whole configuration that nobody tries: write ```yaml file NAME", p.name, b.line)
			}
			if speaksOf(value, keys) {
				parts++
				if err := schema.Validate(value); err != nil {
					t.Errorf("%s:%d: no part of a configuration: %v", p.name, b.line, err)
				}
			}
		}
	}
	if parts < 5 {
		t.Errorf("only %d parts of configurations", parts)
	}
}

// speaksOf says whether a value is a map with none but these keys.
func speaksOf(value any, keys []string) bool {
	top, ok := value.(map[string]any)
	for key := range top {
		ok = ok && slices.Contains(keys, key)
	}
	return ok && len(top) > 0
}

// What is said in a line of text, such as `reply: stdout`, fits the schema, too.
func TestKeysInTheText(t *testing.T) {
	schema, keys := partSchema(t)
	seen := 0
	for _, p := range pages(t) {
		for _, m := range codeSpan.FindAllStringSubmatch(p.prose, -1) {
			value, err := readYAML(m[1])
			if err != nil || strings.Contains(m[1], "…") || !speaksOf(value, keys) {
				continue
			}
			seen++
			if err := schema.Validate(value); err != nil {
				t.Errorf("%s: `%s`: %v", p.name, m[1], err)
			}
		}
	}
	if seen < 100 {
		t.Errorf("only %d were looked at", seen)
	}
}

// readYAML reads a document, and refuses a second one.
func readYAML(text string) (any, error) {
	var value, more any
	d := yaml.NewDecoder(strings.NewReader(text))
	if err := d.Decode(&value); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if err := d.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, errors.Join(errors.New("a second document"), err)
	}
	return value, nil
}

// partSchema is the schema of the configuration without what is required of a whole one, and the keys at its top.
func partSchema(t *testing.T) (*jsonschema.Schema, []string) {
	t.Helper()
	text, err := exec.CommandContext(t.Context(), program, "schema").Output()
	check(t, err)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	check(t, err)
	top := doc.(map[string]any)
	delete(top, "required")
	// An operation, or what it holds, may be shown by itself.
	properties := top["properties"].(map[string]any)
	definitions := top["definitions"].(map[string]any)
	for _, name := range []string{"inject", "operation", "limits", "worker", "tls", "scheme"} {
		for key, value := range definitions[name].(map[string]any)["properties"].(map[string]any) {
			if properties[key] == nil {
				properties[key] = value
			}
		}
	}
	c := jsonschema.NewCompiler()
	check(t, c.AddResource("part.json", doc))
	schema, err := c.Compile("part.json")
	check(t, err)
	return schema, slices.Collect(maps.Keys(properties))
}

// JSON can be read, with … for what is left out.
func TestJSON(t *testing.T) {
	short := strings.NewReplacer("[…]", "[]", ",…", "", "…", "")
	for _, p := range pages(t) {
		for _, b := range p.blocks {
			if b.lang == "json" && !json.Valid([]byte(short.Replace(b.text))) {
				t.Errorf("%s:%d: no JSON", p.name, b.line)
			}
		}
	}
}

// PHP and Python can be read by their own interpreters.
func TestScriptsAreRead(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		notrun.Here(t, "no python3")
	}
	for _, p := range pages(t) {
		for _, b := range p.blocks {
			var cmd *exec.Cmd
			switch b.lang {
			case "php":
				cmd = exec.CommandContext(t.Context(), "php", "-l")
				if !strings.Contains(b.text, "<?php") {
					b.text = "<?php\n" + b.text
				}
			case "python":
				cmd = exec.CommandContext(t.Context(), "python3", "-c", "import ast, sys; ast.parse(sys.stdin.read())")
			default:
				continue
			}
			cmd.Stdin = strings.NewReader(b.text)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s:%d: %v\n%s", p.name, b.line, err, out)
			}
		}
	}
}
