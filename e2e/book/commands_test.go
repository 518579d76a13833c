package book

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every command of urocket's that is written somewhere, run or not, is one that it has, with flags that it has.
func TestCommandsAreThere(t *testing.T) {
	help := helpOf(t)
	seen := 0
	for _, p := range pages(t) {
		for _, code := range p.code() {
			for _, words := range commandLines(code) {
				if wrong := help.judge(words); wrong != "" {
					t.Errorf("%s: urocket %s: %s", p.name, strings.Join(words, " "), wrong)
				}
				seen++
			}
		}
	}
	if seen < 50 {
		t.Errorf("only %d command lines", seen)
	}
}

// help are the flags of each command.
type help map[string]map[string]bool

var (
	helpCommand = regexp.MustCompile(`(?m)^    urocket \[?([a-z]+)`)
	helpFlag    = regexp.MustCompile(`(?m)^    (?:(-[a-zA-Z]), )?(--[a-z-]+)`)
)

func helpOf(t *testing.T) help {
	t.Helper()
	overview, err := exec.CommandContext(t.Context(), program, "help").Output()
	check(t, err)
	h := help{}
	for _, m := range helpCommand.FindAllStringSubmatch(string(overview), -1) {
		flags := map[string]bool{"-h": true, "--help": true}
		if m[1] != "help" {
			text, err := exec.CommandContext(t.Context(), program, "help", m[1]).Output()
			check(t, err)
			for _, f := range helpFlag.FindAllStringSubmatch(string(text), -1) {
				flags[f[1]], flags[f[2]] = true, true
			}
		}
		h[m[1]] = flags
	}
	if len(h) < 10 {
		t.Fatalf("the help has only %d commands", len(h))
	}
	return h
}

// judge says what is wrong with the words behind `urocket`, or "".
func (h help) judge(words []string) string {
	command := "run"
	if len(words) > 0 && regexp.MustCompile(`^[a-z]+$`).MatchString(words[0]) {
		command, words = words[0], words[1:]
	}
	if h[command] == nil {
		return "there is no such command"
	}
	for _, word := range words {
		if word == "--" {
			return ""
		}
		flag, _, _ := strings.Cut(word, "=")
		if strings.HasPrefix(flag, "-") && flag != "-" && !h[command][flag] {
			return "there is no flag " + flag
		}
	}
	return ""
}

// programName is urocket where a command begins: of a line, in a list, in quotes, in a crontab, behind a command that runs another.
var programName = regexp.MustCompile(`(?m)(?:^\s*|[;&|(]\s*|['"]|[0-9*]\s+|\b(?:sudo|exec|yes) )(?:[\w./]*/)?urocket(?: |$)`)

// commandLines finds what is written behind `urocket`, each as words, as far as the command goes.
func commandLines(code string) (all [][]string) {
	code = strings.ReplaceAll(code, "\\\n", " ")
	for _, at := range programName.FindAllStringIndex(code, -1) {
		line, _, _ := strings.Cut(code[at[1]:], "\n")
		if end := at[1] - 1; code[end] == '\n' { // nothing behind it
			line = ""
		}
		words := shellWords(line)
		if len(words) == 0 || !regexp.MustCompile(`^(-|[a-z]+$)`).MatchString(words[0]) {
			continue // prose, or the name of something else
		}
		all = append(all, words)
	}
	return all
}

// shellWords splits a command at blanks that are not quoted, up to what ends it.
func shellWords(line string) []string {
	var words []string
	for _, m := range regexp.MustCompile(`(?:'[^']*'|"[^"]*"|[^\s'"])+`).FindAllString(line, -1) {
		if strings.ContainsAny(m[:1], "|&;<>#)") || strings.HasPrefix(m, "$(") {
			break
		}
		end := strings.IndexAny(m, ";)`") // of a command in $( ), or in a list
		if end >= 0 && !strings.ContainsAny(m, `'"`) {
			if m[:end] != "" {
				words = append(words, m[:end])
			}
			break
		}
		words = append(words, m)
	}
	return words
}

var (
	makeTarget = regexp.MustCompile(`(?m)(?:^|[;&|]\s*)(?:[A-Z]+=\S+ )*make (?:[A-Z]+=\S+ )*([a-z][a-z0-9-]*)`)
	testName   = regexp.MustCompile(`\b((?:Test|Fuzz|Benchmark)[A-Z][A-Za-z0-9]*)`)
)

// Every target of make that is named is in the Makefile.
func TestTargetsAreThere(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "Makefile"))
	check(t, err)
	for _, p := range pages(t) {
		for _, code := range p.code() {
			for _, m := range makeTarget.FindAllStringSubmatch(code, -1) {
				if !regexp.MustCompile(`(?m)^` + m[1] + `:`).Match(text) {
					t.Errorf("%s: make %s: no such target", p.name, m[1])
				}
			}
		}
	}
}

// Every test that is named is there.
func TestTestsAreThere(t *testing.T) {
	have := map[string]bool{}
	for _, file := range found(t, root, "_test.go") {
		text, err := os.ReadFile(file)
		check(t, err)
		for _, m := range regexp.MustCompile(`(?m)^func (\w+)\(`).FindAllStringSubmatch(string(text), -1) {
			have[m[1]] = true
		}
	}
	named := 0
	for _, p := range pages(t) {
		for _, m := range codeSpan.FindAllStringSubmatch(p.prose, -1) {
			for _, name := range testName.FindAllString(m[1], -1) {
				named++
				if !have[name] {
					t.Errorf("%s: there is no test %s", p.name, name)
				}
			}
		}
	}
	if named < 20 {
		t.Errorf("only %d tests are named", named)
	}
}
