package escape

import (
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write docs/escapes.md")

const file = "../../docs/escapes.md"

// The document says what the rows say.
func TestDocument(t *testing.T) {
	if *update {
		if err := os.WriteFile(file, []byte(Document()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != Document() {
		t.Errorf("%s differs from the rows: go test ./e2e/escape -update", file)
	}
}

// Each row has a name of its own, and a text and a check for every level.
func TestRowsAreWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Rows() {
		if r.Slug == "" || seen[r.Slug] || r.Tries == "" {
			t.Errorf("row %q %q: no name, or not its own", r.Slug, r.Tries)
		}
		seen[r.Slug] = true
		for _, l := range []Level{Full, Track, None} {
			if c := r.On.At(l); c.Says == "" || c.Holds == nil {
				t.Errorf("%s at %s: nothing is said or checked", r.Slug, l)
			}
		}
	}
}
