package conform

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/urocket/urocket/internal/notrun"
)

// The document that tells users of the differences, and the marks in it between
// which their table stands.
const (
	document = "../../docs/drivers.md"
	opening  = "<!-- differences -->\n"
	closing  = "<!-- /differences -->"
)

// TestDocument holds the document against the table, row by row. With -write it
// puts the table there.
func TestDocument(t *testing.T) {
	text, err := os.ReadFile(document)
	if os.IsNotExist(err) {
		notrun.Here(t, "there is no docs/drivers.md yet")
	}
	check(t, err)
	before, rest, opened := strings.Cut(string(text), opening)
	there, after, closed := strings.Cut(rest, closing)
	if !opened || !closed {
		t.Fatalf("%s has no part between %q and %q", document, strings.TrimSpace(opening), closing)
	}
	want := table()
	if there == want {
		return
	}
	if *write {
		check(t, os.WriteFile(document, []byte(before+opening+want+closing+after), 0o644))
		return
	}
	t.Errorf("%s has another table than the tests; `go test ./e2e/conform -run TestDocument -write` writes it. There:\n%s\nwant:\n%s", document, there, want)
}

// table is the table of differences as the document has it.
func table() string {
	var b strings.Builder
	b.WriteString("| script | driver | what differs | why |\n| --- | --- | --- | --- |\n")
	for _, d := range differences {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", d.script, strings.Join(strings.Fields(d.drivers), ", "), d.what, d.why)
	}
	return b.String()
}
