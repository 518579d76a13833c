package examples_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"
)

const schemaFile = "urocket-service.schema.json"

// The schema beside the example is what the program prints, and the example names it.
func TestSchemaIsCurrent(t *testing.T) {
	printed, err := exec.CommandContext(t.Context(), program, "schema").Output()
	check(t, err)
	kept, err := os.ReadFile(schemaFile)
	check(t, err)
	if !bytes.Equal(printed, kept) {
		t.Errorf("%s is not what urocket prints: bin/urocket schema >examples/%s", schemaFile, schemaFile)
	}
}

// An editor has nothing against the examples, and something against a mistyped key.
func TestExamplesFitTheSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile(schemaFile)
	check(t, err)
	files, err := filepath.Glob("*-service.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("examples: %v, %v", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		check(t, err)
		if first, _, _ := strings.Cut(string(text), "\n"); first != "# yaml-language-server: $schema="+schemaFile {
			t.Errorf("%s: its first line does not name the schema: %s", file, first)
		}
		if err := schema.Validate(parsed(t, string(text))); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		for right, wrong := range map[string]string{"    get:": "    gte:", "      inject:": "      injekt:", "        cmd:": "        comand:", "listen:": "listn:", "timeout: 5s": "timeout: 5 s"} {
			if !strings.Contains(string(text), right) {
				t.Fatalf("%s has no %q", file, right)
			}
			if schema.Validate(parsed(t, strings.Replace(string(text), right, wrong, 1))) == nil {
				t.Errorf("%s: nothing is said against %s", file, wrong)
			}
		}
	}
}

func parsed(t *testing.T, text string) any {
	t.Helper()
	var value any
	check(t, yaml.Unmarshal([]byte(text), &value))
	return value
}
