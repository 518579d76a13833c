package conform

import (
	"fmt"
	"os"
	"slices"
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

// TestDocument holds the document against the table. With -write it puts the
// table there, at the end if the marks are missing.
func TestDocument(t *testing.T) {
	text, err := os.ReadFile(document)
	if os.IsNotExist(err) {
		notrun.Here(t, "there is no docs/drivers.md yet")
	}
	check(t, err)
	before, rest, opened := strings.Cut(string(text), opening)
	there, after, closed := strings.Cut(rest, closing)
	want := table()
	switch {
	case opened && closed && there == want:
	case !*write:
		t.Errorf("%s has another table than the tests, or none; `go test ./e2e/conform -run TestDocument -write` writes it. There:\n%s\nwant:\n%s", document, there, want)
	case opened && closed:
		check(t, os.WriteFile(document, []byte(before+opening+want+closing+after), 0o644))
	default:
		check(t, os.WriteFile(document, append(text, "\n## What the tests know\n\n"+opening+want+closing+"\n"...), 0o644))
	}
}

// table is the table of differences as the document has it: rows with the same
// drivers and the same reason are one there.
func table() string {
	type key struct{ drivers, why string }
	var order []key
	scripts := map[key][]string{} // in order
	facts := map[string][]string{}
	for _, d := range differences {
		k := key{strings.Join(strings.Fields(d.drivers), ", "), d.why}
		if scripts[k] == nil {
			order = append(order, k)
		}
		if !slices.Contains(scripts[k], d.script) {
			scripts[k] = append(scripts[k], d.script)
		}
		facts[k.drivers+k.why+d.script] = append(facts[k.drivers+k.why+d.script], "`"+d.what+"`")
	}
	var b strings.Builder
	b.WriteString("| driver | script: what differs | why |\n| --- | --- | --- |\n")
	for _, k := range order {
		var what []string
		for _, script := range scripts[k] {
			what = append(what, script+": "+strings.Join(facts[k.drivers+k.why+script], ", "))
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", k.drivers, strings.Join(what, "; "), k.why)
	}
	return b.String()
}

// Rows of one reason are one row of the document.
func TestTableOfTheDocument(t *testing.T) {
	text := table()
	for _, want := range []string{
		"| spawn, fork, spare | left-behind: `processes left` | what a call leaves behind is ended with it |\n",
		"ini: `ini opcache.revalidate_freq`, `ini opcache.revalidate_path`; ini-with-options: `ini opcache.revalidate_freq`, `ini opcache.revalidate_path` | " + atOnce + " |\n",
	} {
		if strings.Count(text, want) != 1 {
			t.Errorf("the table lacks %q:\n%s", want, text)
		}
	}
}
