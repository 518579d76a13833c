package book

import (
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every block says what it is, and every shell block is run or says why not.
func TestEveryBlockIsTried(t *testing.T) {
	languages := []string{"sh", "text", "yaml", "json", "php", "python", "perl", "dockerfile", "toml"}
	uses := regexp.MustCompile(`^(|run|run fails|run caller|answer|answer caller|(serve|file) [\w./-]+)$`)
	for _, p := range pages(t) {
		for _, b := range p.blocks {
			_, file := b.isFile()
			switch {
			case !slices.Contains(languages, b.lang):
				t.Errorf("%s:%d: the language of a block is one of %q, not %q", p.name, b.line, languages, b.lang)
			case !uses.MatchString(b.use):
				t.Errorf("%s:%d: nobody knows what %q is", p.name, b.line, b.use)
			case b.isShell() && !b.isRun() && !file && b.notRun == "":
				t.Errorf("%s:%d: a shell block that nobody runs: write ```sh run, or before it <!-- not run: why -->", p.name, b.line)
			case b.notRun != "" && (b.isRun() || file):
				t.Errorf("%s:%d: run, and said not to be", p.name, b.line)
			}
		}
	}
}

// A reader does not see what stands behind a fence: the name of a file that he is to write is in the text before it.
func TestFilesAreNamed(t *testing.T) {
	for _, p := range pages(t) {
		lines := strings.Split(p.prose, "\n")
		for _, b := range p.blocks {
			if name, ok := b.isFile(); ok && !strings.Contains(strings.Join(lines[max(0, b.line-6):b.line], "\n"), "`"+name+"`") {
				t.Errorf("%s:%d: the text does not say that this is `%s`", p.name, b.line, name)
			}
		}
	}
}

// Code stands between fences, where it is seen by the tests.
func TestNoIndentedBlocks(t *testing.T) {
	for _, p := range pages(t) {
		lines := strings.Split(p.prose, "\n")
		for i, line := range lines {
			if strings.HasPrefix(line, "    ") && i > 0 && lines[i-1] == "" {
				t.Errorf("%s:%d: an indented block: put it between fences: %s", p.name, i+1, line)
			}
		}
	}
}

// What is not run can at least be read by bash; and scripts that a page has written.
func TestShellBlocksAreRead(t *testing.T) {
	for _, p := range pages(t) {
		for _, b := range p.blocks {
			if !b.isShell() {
				continue
			}
			cmd := exec.CommandContext(t.Context(), "bash", "-n")
			cmd.Stdin = strings.NewReader(b.text)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s:%d: %v\n%s", p.name, b.line, err, out)
			}
			if b.notRun != "" {
				counted.note(b)
			}
		}
	}
}
