// Package cli is the form of a command line: commands with flags and arguments,
// each described once.
//
// A [Program] is a list of [Command]s. What a command is called, what it takes and
// what there is to say of it is data, from which everything that speaks of it is
// made: how its arguments are read, what help prints, what a shell completes
// ([Program.Completion]) and the manual page ([Program.Manual]). So none of them
// can know a flag that another does not.
//
// Flags are read by the flag package, with two differences: they may stand behind
// arguments too, as in `kill ID --now`, and switches of one letter behind one dash, as
// in `ps -aq`. An argument after -- is never a flag. Each flag may be written with one -
// or two. Whoever mistypes a command or a flag is
// told what it may have been meant to be.
//
// # Exit codes
//
// A command returns its own. [Misused] is for a command line that cannot be
// understood, which is also what this package returns for it.
package cli

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/urocket/urocket/internal/suggest"
)

// Exit codes that commands have in common.
const (
	OK      = 0
	Failed  = 1
	Misused = 2
)

// Program is a program with several commands.
type Program struct {
	Name     string
	About    string // what it is, a sentence
	Commands []*Command
	Default  string // the command that is meant where none is named
}

// Command is one of the things that a program does.
type Command struct {
	Name    string
	Args    string // what it takes beside flags, as in "[FILE|-]"
	Takes   [2]int // how many of them at least and at most
	Summary string // one line, without a full stop
	Text    string // what else there is to say; paragraphs have an empty line between them
	Kind    Kind   // what a shell offers for the arguments
	Words   []string
	Flags   Flags
	Run     func(*Call) int // returns the exit code
}

// Kind is what a value of the command line is, for completion.
type Kind int

// Something that nobody can guess; a file; a folder; the id of a call; one of a
// few words.
const (
	Other Kind = iota
	File
	Folder
	ID
	Word
)

// Call is one use of a command.
type Call struct {
	*Command
	Program  *Program
	Args     []string // without the flags
	In       io.Reader
	Out, Err io.Writer
}

// Fail prints why the command could not do what it was asked to, and returns the
// exit code for it.
func (c *Call) Fail(err error) int {
	fmt.Fprintf(c.Err, "%s %s: %v\n", c.Program.Name, c.Name, err)
	return Failed
}

// Misuse prints what is wrong with the command line, and returns the exit code.
func (c *Call) Misuse(format string, args ...any) int {
	fmt.Fprintf(c.Err, "%s %s: %s\n%s\n", c.Program.Name, c.Name, fmt.Sprintf(format, args...), c.Program.usage(c.Command))
	return Misused
}

// Run runs the command that args name and returns its exit code.
func (p *Program) Run(args []string, in io.Reader, out, errs io.Writer) int {
	name := p.Default
	switch {
	case len(args) == 0:
	case args[0] == "--help" || args[0] == "-help" || args[0] == "-h":
		name, args = "help", args[1:]
	case args[0] == "--version" || args[0] == "-version":
		name, args = "version", args[1:]
	case !strings.HasPrefix(args[0], "-"):
		name, args = args[0], args[1:]
	}
	if name == "help" {
		return p.help(args, out, errs)
	}
	c := p.find(name)
	if c == nil {
		fmt.Fprintf(errs, "%s: %s\n", p.Name, p.unknown(name))
		return Misused
	}
	call := &Call{Command: c, Program: p, In: in, Out: out, Err: errs}
	var err error
	call.Args, err = c.Flags.parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		p.describe(out, c)
		return OK
	case err != nil:
		return call.Misuse("%v", err)
	case len(call.Args) > c.Takes[1]:
		return call.Misuse("unexpected argument %q", call.Args[c.Takes[1]])
	case len(call.Args) < c.Takes[0]:
		missing := strings.Fields(c.Args)[len(call.Args)] + " is missing"
		if c.Kind == ID {
			missing += fmt.Sprintf("; %s ps --all shows those of the last minute", p.Name)
		}
		return call.Misuse("%s", missing)
	}
	return c.Run(call)
}

func (p *Program) find(name string) *Command {
	for _, c := range p.Commands {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// names lists the commands, the one for help too.
func (p *Program) names() []string {
	var names []string
	for _, c := range p.Commands {
		names = append(names, c.Name)
	}
	return append(names, "help")
}

// unknown says what a name that is no command's may have been meant to be.
func (p *Program) unknown(name string) string {
	text := fmt.Sprintf("there is no command %q", name)
	if near := suggest.Nearest(name, p.names()); near != "" {
		return text + ": did you mean " + near + "?"
	}
	return text + "; the commands are " + strings.Join(p.names(), ", ")
}
