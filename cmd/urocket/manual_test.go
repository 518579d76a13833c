package main

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/urocket/urocket/cmd/urocket/cli"
	"github.com/urocket/urocket/internal/notrun"
)

const manualFile = "../../docs/urocket.1"

// docs/urocket.1 is what the commands say of themselves now.
func TestManualIsCurrent(t *testing.T) {
	var printed bytes.Buffer
	if code := commandLine().Run([]string{"manual"}, strings.NewReader(""), &printed, &printed); code != cli.OK {
		t.Fatalf("manual: %s", printed.String())
	}
	if kept, err := os.ReadFile(manualFile); err != nil || !bytes.Equal(kept, printed.Bytes()) {
		t.Errorf("%s is not current (%v): bin/urocket manual >docs/urocket.1", manualFile, err)
	}
}

// The page as man shows it has every command and every flag, and nothing that troff
// complains of.
func TestManualRenders(t *testing.T) {
	if _, err := exec.LookPath("man"); err != nil {
		notrun.Here(t, "there is no man")
	}
	cmd := exec.CommandContext(t.Context(), "man", "--warnings=all", "-E", "utf8", "-P", "cat", "-l", manualFile)
	cmd.Env = append(os.Environ(), "MANWIDTH=100", "LC_ALL=C.UTF-8", "MAN_KEEP_FORMATTING=")
	var page, complaints strings.Builder
	cmd.Stdout, cmd.Stderr = &page, &complaints
	if err := cmd.Run(); err != nil || complaints.Len() > 0 {
		t.Fatalf("man: %v %s", err, complaints.String())
	}
	text := regexp.MustCompile(`.\x08|\x1b\[[0-9;]*m`).ReplaceAllString(page.String(), "")
	text = strings.Join(strings.Fields(text), " ")
	for _, c := range commandLine().Commands {
		for _, words := range append([]string{"urocket " + c.Name, c.Summary}, flagsOf(t, c)...) {
			if !strings.Contains(strings.ToLower(text), strings.ToLower(words)) {
				t.Errorf("%s: the page lacks %q", c.Name, words)
			}
		}
	}
	for _, words := range []string{"EXIT STATUS", "REQUEST_ID", "urocket init openapi.yaml --stubs scripts", "*/5 * * * * urocket call"} {
		if !strings.Contains(text, words) {
			t.Errorf("the page lacks %q", words)
		}
	}
}

// flagsOf are a command's flags as its help shows them.
func flagsOf(t *testing.T, c *cli.Command) (flags []string) {
	t.Helper()
	var help strings.Builder
	if code := commandLine().Run([]string{"help", c.Name}, strings.NewReader(""), &help, &help); code != cli.OK {
		t.Fatalf("help %s: %s", c.Name, help.String())
	}
	_, list, _ := strings.Cut(help.String(), "\nFlags:\n")
	for line := range strings.Lines(list) {
		words, _, _ := strings.Cut(strings.TrimSpace(line), "   ")
		flags = append(flags, words)
	}
	return flags
}

// docs/commands.md has every command in the words of its help, and every flag.
func TestCommandsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/commands.md")
	if err != nil {
		t.Fatal(err)
	}
	configuration, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	var overview strings.Builder
	commandLine().Run([]string{"help"}, strings.NewReader(""), &overview, &overview)
	text := strings.Join(strings.Fields(string(page)), " ")
	for line := range strings.Lines(overview.String()) {
		if words := strings.Join(strings.Fields(line), " "); strings.HasPrefix(words, "urocket ") && strings.HasPrefix(line, " ") && !strings.Contains(text, words) {
			t.Errorf("docs/commands.md lacks %q", words)
		}
	}
	long := regexp.MustCompile(`--[a-z-]+`)
	for _, c := range commandLine().Commands {
		for _, words := range flagsOf(t, c) {
			if name := long.FindString(words); !strings.Contains(text, name) && !strings.Contains(string(configuration), name) {
				t.Errorf("%s: docs lack the flag %s", c.Name, name)
			}
		}
	}
}
