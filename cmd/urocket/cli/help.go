package cli

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// help prints what the program can do, or one of its commands.
func (p *Program) help(args []string, out, errs io.Writer) int {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		p.overview(out)
		return OK
	}
	c := p.find(args[0])
	if c == nil {
		fmt.Fprintf(errs, "%s: %s\n", p.Name, p.unknown(args[0]))
		return Misused
	}
	p.describe(out, c)
	return OK
}

// overview lists the commands.
func (p *Program) overview(out io.Writer) {
	fmt.Fprintf(out, "%s\n\n", p.About)
	rows := make([][2]string, 0, len(p.Commands)+1)
	for _, c := range p.Commands {
		name := c.Name
		if name == p.Default {
			name = "[" + name + "]"
		}
		rows = append(rows, [2]string{strings.TrimSpace(p.Name + " " + name + " " + c.Args), c.Summary})
	}
	rows = append(rows, [2]string{p.Name + " help COMMAND", "what a command does, and its flags"})
	list(out, rows)
}

// describe prints a command with its flags.
func (p *Program) describe(out io.Writer, c *Command) {
	fmt.Fprintf(out, "%s\n\n%s%s.\n", p.usage(c), strings.ToUpper(c.Summary[:1]), c.Summary[1:])
	if c.Text != "" {
		fmt.Fprintf(out, "\n%s\n", strings.TrimSpace(c.Text))
	}
	if len(c.Flags.list) == 0 {
		return
	}
	fmt.Fprint(out, "\nFlags:\n")
	rows := make([][2]string, len(c.Flags.list))
	for i, f := range c.Flags.list {
		rows[i] = [2]string{f.words(), f.Text}
	}
	list(out, rows)
}

// usage is the line that shows the form of a command.
func (p *Program) usage(c *Command) string {
	text := "usage: " + p.Name + " " + c.Name
	if len(c.Flags.list) > 0 {
		text += " [flags]"
	}
	if c.Args != "" {
		text += " " + c.Args
	}
	return text
}

// list writes two columns.
func list(out io.Writer, rows [][2]string) {
	wide := 0
	for _, row := range rows {
		wide = max(wide, utf8.RuneCountInString(row[0]))
	}
	for _, row := range rows {
		fmt.Fprintf(out, "    %-*s   %s\n", wide, row[0], row[1])
	}
}
