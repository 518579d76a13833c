package book

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

var (
	pageLink = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading  = regexp.MustCompile(`(?m)^#+ +(.+?) *$`)
)

// Every link that stays in the sources leads to a file and, behind a #, to a heading of it.
func TestLinks(t *testing.T) {
	seen := 0
	for _, p := range pages(t) {
		prose := codeSpan.ReplaceAllStringFunc(p.prose, func(span string) string { return strings.Map(blankLink, span) })
		for _, m := range pageLink.FindAllStringSubmatch(prose, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			seen++
			if err := leads(p.name, m[1]); err != nil {
				t.Errorf("%s: %s: %v", p.name, m[1], err)
			}
		}
	}
	if seen < 100 {
		t.Errorf("only %d links", seen)
	}
}

// blankLink takes out of code what makes a link.
func blankLink(r rune) rune {
	if strings.ContainsRune("[]()", r) {
		return ' '
	}
	return r
}

// leads says why a link on a page leads nowhere, or nil.
func leads(from, link string) error {
	file, anchor, _ := strings.Cut(link, "#")
	path := filepath.Join(root, from)
	if file != "" {
		path = filepath.Join(root, filepath.Dir(from), file)
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("there is no such file")
	}
	if anchor == "" {
		return nil // a folder cannot be read, and need not be
	}
	if err != nil {
		return err
	}
	if !slices.Contains(anchors(string(text)), anchor) {
		return fmt.Errorf("%s has no such heading", path)
	}
	return nil
}

// anchors are those of the headings of a page, as GitHub makes them.
func anchors(text string) []string {
	text = regexp.MustCompile("(?ms)^```.*?^```").ReplaceAllString(text, "")
	var all []string
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		words := regexp.MustCompile(`\]\([^)]*\)`).ReplaceAllString(m[1], "")
		anchor := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, words)
		for n, base := 1, anchor; slices.Contains(all, anchor); n++ {
			anchor = fmt.Sprintf("%s-%d", base, n)
		}
		all = append(all, anchor)
	}
	return all
}

var (
	contentsEntry = regexp.MustCompile(`(?m)^\s*(?:[-*]|[0-9]+\.) \[[^\]]+\]\(([a-z-]+\.md)\)`)
	nextChapter   = regexp.MustCompile(`\nNext: \[[^\]]+\]\(([A-Za-z/.-]+)\)\n*$`)
)

// Every chapter stands in the contents, once, says in its first lines what it is for, and leads to the next. What `make bench`
// measures besides is no chapter: docs/benchmarks-….md.
func TestContents(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs/README.md"))
	check(t, err)
	var order []string
	for _, m := range contentsEntry.FindAllStringSubmatch(string(text), -1) {
		if slices.Contains(order, m[1]) {
			t.Errorf("docs/README.md: %s stands there twice", m[1])
		}
		order = append(order, m[1])
	}
	for _, p := range pages(t) {
		name, chapter := strings.CutPrefix(p.name, "docs/")
		if !chapter || name == "README.md" || strings.HasPrefix(name, "benchmarks-") {
			continue
		}
		i := slices.Index(order, name)
		if i < 0 {
			t.Errorf("docs/README.md lacks %s: write `- [its title](%s): what it is for` where a reader wants it", name, name)
			continue
		}
		next := "README.md"
		if i+1 < len(order) {
			next = order[i+1]
		}
		if m := nextChapter.FindStringSubmatch(p.prose); m == nil || m[1] != next {
			t.Errorf("docs/%s: its last line does not lead on: Next: [title](%s)", name, next)
		}
		if !regexp.MustCompile(`^# .+\n\n[A-Z*]`).MatchString(p.prose) {
			t.Errorf("docs/%s does not begin with a title and what it is for", name)
		}
	}
}
