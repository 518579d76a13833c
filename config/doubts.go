package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/urocket/urocket/processctl/command"
)

// What is allowed and hardly ever meant: it is served, with a warning.

// interpreter is a program whose first argument is the file that it runs.
var interpreter = regexp.MustCompile(`^(php|python)[0-9.]*$|^(sh|bash|dash|perl|ruby|node)$`)

// shellSigns are words that mean something to a shell alone, and shellParts are parts of
// words that a shell puts something else in place of.
var (
	shellSigns = []string{">", ">>", "<", "|", "&&", "||", ";", "&", "2>&1"}
	shellParts = regexp.MustCompile(`\$[A-Za-z_{(]|^~|^[0-9]?>|^<|;$|` + "`")
	// names is the last part of a path with a *, which a shell replaces by those of files.
	names = regexp.MustCompile(`^([\w.-]*/)*[\w.-]*\*[\w.-]*$`)
)

// forShells says that a word, outside quotes, means something else to a shell.
func forShells(word string) bool {
	return slices.Contains(shellSigns, word) || shellParts.MatchString(word) || strings.ContainsAny(word, "./") && names.MatchString(word)
}

// oneBrace is a placeholder but for its second braces.
var oneBrace = regexp.MustCompile(`(?:^|[^{])(\{(?:jsonpayload|payloadfile|requestid|(?:path|query|header)\.[A-Za-z0-9_-]+)\})(?:[^}]|$)`)

// doubts looks at a command that could be compiled.
func doubts(o *Operation, s *scope, e entry) {
	if wrong := missingScript(o.Command.Argv(), o.Dir); wrong != "" {
		s.c.warn(e.item(1), "%s: %s", e.written, wrong)
	}
	if program, err := o.Command.Lookup(); err == nil {
		if err := command.CheckProgram(program); err != nil {
			s.c.warn(e.item(0), "%s: %v", e.written, err)
		}
	}
	for i, word := range o.Command.Argv() {
		if m := oneBrace.FindStringSubmatch(word); m != nil {
			s.c.warn(e.item(i), "%s: %s is no placeholder: write {%s}", e.written, m[1], m[1])
		}
	}
	if o.line == "" {
		return // whoever writes a list knows what an argument is
	}
	for _, word := range strings.Fields(quotes.ReplaceAllString(o.line, "q")) {
		if forShells(word) {
			s.c.warn(e.lineOf(), "%s: no shell is in between: %s is given as an argument; write [\"sh\", \"-c\", \"…\"]", e.written, word)
			return
		}
	}
}

// missingScript says that the file is not there which an interpreter is to run,
// or "".
func missingScript(argv []string, dir string) string {
	if len(argv) < 2 {
		return ""
	}
	name, script := filepath.Base(argv[0]), argv[1]
	if !interpreter.MatchString(name) || script == "" || strings.HasPrefix(script, "-") || strings.Contains(script, "{{") {
		return ""
	}
	file := absolute(dir, script)
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	return fmt.Sprintf("%s is given %s, and there is no %s, so each call will fail; a relative path is relative to wd", name, script, file)
}

// quotes are what a sign may stand in and be meant.
var quotes = regexp.MustCompile(`'[^']*'|"[^"]*"`)
