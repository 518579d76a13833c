package book

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

// page is a file of Markdown.
type page struct {
	name   string // relative to root
	prose  string // without what is in blocks; as many lines as the file has
	blocks []block
}

// block is a fenced block of a page.
type block struct {
	line   int    // of its first fence
	lang   string // the word behind the fence
	use    string // the others
	text   string
	notRun string // the reason, if a comment before it has one
}

var reason = regexp.MustCompile(`^<!-- not run: (.+) -->$`)

// pages are all that a reader may meet: README.md, the book, and the README files elsewhere.
func pages(t *testing.T) []page {
	t.Helper()
	var all []page
	check(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || slices.Contains([]string{"bin", "testdata", "node_modules"}, d.Name())) {
			return filepath.SkipDir
		}
		name, err := filepath.Rel(root, path)
		if err != nil || filepath.Ext(name) != ".md" {
			return err
		}
		if filepath.Dir(name) == "." || strings.HasPrefix(name, "docs/") || filepath.Base(name) == "README.md" {
			text, err := os.ReadFile(path)
			check(t, err)
			all = append(all, read(t, name, string(text)))
		}
		return nil
	}))
	if len(all) < 10 {
		t.Fatalf("only %d pages", len(all))
	}
	return all
}

// read takes a page apart.
func read(t *testing.T, name, text string) page {
	t.Helper()
	p := page{name: name}
	var prose []string
	before, open := "", false
	for i, line := range strings.Split(text, "\n") {
		info, fence := strings.CutPrefix(strings.TrimSpace(line), "```")
		kept := ""
		switch {
		case fence && !open:
			lang, use, _ := strings.Cut(info, " ")
			b := block{line: i + 1, lang: lang, use: use}
			if m := reason.FindStringSubmatch(before); m != nil {
				b.notRun = m[1]
			}
			p.blocks, open = append(p.blocks, b), true
		case fence:
			open, before = false, ""
		case open:
			p.blocks[len(p.blocks)-1].text += line + "\n"
		default:
			kept = line
			if line != "" {
				before = line
			}
		}
		prose = append(prose, kept)
	}
	if open {
		t.Errorf("%s: a block is not closed", name)
	}
	p.prose = strings.Join(prose, "\n")
	return p
}

func (b block) isShell() bool {
	return slices.Contains([]string{"sh", "bash", "console", "shell", "zsh"}, b.lang)
}

// isFile says whether the block is written to a file, and to which.
func (b block) isFile() (string, bool) { return strings.CutPrefix(b.use, "file ") }

// isRun says whether the block is run as it stands.
func (b block) isRun() bool {
	return b.isShell() && (strings.HasPrefix(b.use, "run") || strings.HasPrefix(b.use, "serve "))
}

// codeSpan is what stands in backticks in a line.
var codeSpan = regexp.MustCompile("`([^`\n]+)`")

// code is everything on the page that is written as code: spans and blocks.
func (p page) code() []string {
	var all []string
	for _, m := range codeSpan.FindAllStringSubmatch(p.prose, -1) {
		all = append(all, m[1])
	}
	for _, b := range p.blocks {
		all = append(all, b.text)
	}
	return all
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
