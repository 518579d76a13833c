// Package command is the command line of an operation, with the placeholders
// that a request fills: compiled once at start, filled per request.
//
// # What it promises
//
// A value that comes from a request stays inside the one argument or the one
// environment variable in which its placeholder is written. It is never split,
// never expanded a second time and never becomes code: nothing that a caller
// sends is seen by a shell's parser, nor by an interpreter as program text. A
// place where that cannot be promised is a [Fault] at start, with the advice
// "pass it by env"; it is never a surprise at run time.
//
// Without a shell that is simple, for exec takes arguments one by one. Where
// the user writes one (sh -c "echo {{path.id}}"), the script is parsed by
// mvdan.cc/sh, each placeholder is replaced by a reference to a variable that
// holds the value, UROCKET_V1 and so on, quoted for the place where it stands,
// and the outcome is parsed again: every reference has to be found where it was
// written, in a place where shells expand it once and do nothing else with it.
// A script is read in every dialect that its shell may speak, and a script that
// they read differently is refused. The places that are refused are those of
// the contract and those found dangerous by trying: see place.go for the
// grammar, builtin.go for the shells' own commands, program.go for code that
// is handed to other programs.
//
// A value that would begin an argument with "-" is refused per request, as a
// [ValueError], unless the document types it as a number, text or an argument
// "--" of the same program stands before it, or the user allows it. Where a
// known program takes code, or a command, from its options that permission
// is not honoured, for -e on sed's command line is code.
//
// # What it does not promise
//
// What a program makes of a value given to it as an argument or a variable is
// the program's own: sh -c 'eval "$1"' sh {{path.id}} cannot be seen from here,
// nor SQL in an argument of psql. [Command.Notes] lists each such placeholder.
//
// The package knows nothing of HTTP, YAML or OpenAPI, and runs nothing.
package command

import (
	"slices"
	"strings"
)

// Input is a command as the configuration states it.
type Input struct {
	// Line is split on blanks. Single and double quotes are understood; a
	// backslash is literal, but for \" and \\ inside double quotes.
	Line string
	// Words is the command as a list; where it is not nil, Line is not read.
	Words []string
	// Env holds NAME=value entries; values may hold placeholders.
	Env []string
	// PathNames are the parameters of the path template: what {{path.NAME}}
	// may name.
	PathNames []string
	// PayloadFile says that the payload is in a file (channel: file), so that
	// {{payloadfile}} means something.
	PayloadFile bool
	// AllowOptions lets values begin an argument with "-" (options: allow).
	AllowOptions bool
	// Dir is the absolute working directory. A program path with a slash, and
	// relative entries of PATH, are relative to it.
	Dir string
	// SearchPath is the PATH that the process gets unless Env sets one.
	SearchPath string
}

// Fault is one mistake in an Input.
type Fault struct {
	// Key is "cmd" or "env".
	Key string
	// Index is the word of the command or the entry of Env, or -1 for the
	// whole of it.
	Index int
	// Message says what is wrong and what would be right.
	Message string
}

// Use is one place where a placeholder stands.
type Use struct {
	Key         string // "cmd" or "env"
	Index       int    // the word of the command or the entry of Env
	Placeholder Placeholder
}

// Command is a compiled command line. It does not change, so that any number of
// requests may use it at once.
type Command struct {
	words      []word // as configured
	written    []string
	argv       []word // as run: scripts hold references instead of holes
	env        []variable
	uses       []Use
	refs       references
	leads      []lead
	notes      []string
	dir        string
	searchPath string
}

// Compile checks a command and prepares it for Expand. It returns all faults at
// once, and a Command only if there are none. A program that does not exist now
// is a fault.
func Compile(in Input) (*Command, []Fault) {
	b := &builder{in: in}
	b.words()
	b.environment()
	if len(b.faults) == 0 {
		b.arguments()
	}
	b.program()
	if len(b.faults) > 0 {
		return nil, b.faults
	}
	for _, w := range b.cmd.words {
		b.cmd.written = append(b.cmd.written, w.written())
	}
	return &b.cmd, nil
}

// Argv is the command line with its placeholders unfilled, as the user wrote
// them, scripts of shells included. It must not be changed.
func (c *Command) Argv() []string { return c.written }

// Fixed is what no request changes: the words of the command, of which those with a
// placeholder are nil, and the entries of Input.Env without one.
func (c *Command) Fixed() (words []*string, env []string) {
	words = make([]*string, len(c.words))
	for i, w := range c.words {
		if text, whole := w.literal(); whole {
			words[i] = &text
		}
	}
	for _, v := range c.env {
		if text, whole := v.value.literal(); whole {
			env = append(env, text)
		}
	}
	return words, env
}

// Placeholders lists every placeholder with the place where it stands, so that
// others can check the names of query parameters and headers.
func (c *Command) Placeholders() []Use { return slices.Clone(c.uses) }

// UsesPayload says whether {{jsonpayload}} or {{payloadfile}} stands anywhere.
func (c *Command) UsesPayload() bool {
	return slices.ContainsFunc(c.uses, func(u Use) bool {
		return u.Placeholder.Source == Payload || u.Placeholder.Source == PayloadFile
	})
}

// Notes says, for a dry run, what the user should know of a command that is
// otherwise in order: each placeholder that a program other than a shell gets
// as an argument, and each program that may withhold the variables of a script.
func (c *Command) Notes() []string { return slices.Clone(c.notes) }

// noNUL is the reason why neither execve nor this package takes a NUL.
const noNUL = "holds a NUL byte, which no argument or variable can carry"

func hasNUL(w word) bool {
	return slices.ContainsFunc(w.parts, func(p part) bool {
		return p.kind == textPart && strings.IndexByte(p.text, 0) >= 0
	})
}
