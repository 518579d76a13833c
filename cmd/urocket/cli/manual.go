package cli

import "strings"

// Section is a part of the manual that no command has.
type Section struct{ Title, Text string }

// Manual is the program's page of section 1 in man(7). The sections come behind the
// commands.
func (p *Program) Manual(sections []Section) string {
	var l lines
	l.add(`.\" Made of what the commands say of themselves: %s manual`, p.Name)
	l.add(".TH %s 1", strings.ToUpper(p.Name))
	l.add(".SH NAME")
	what := strings.TrimSuffix(strings.TrimPrefix(p.About, p.Name+" "), ".")
	l.add(`%s \- %s`, p.Name, roff(what))
	l.add(".SH SYNOPSIS")
	for _, c := range p.Commands {
		l.add(".br")
		name := c.Name
		if name == p.Default {
			name = "[" + name + "]"
		}
		l.add(`.B "%s"`, roff(p.Name+" "+name))
		if len(c.Flags.list) > 0 {
			l.add(`[\fIflags\fR]`)
		}
		if c.Args != "" {
			l.add("%s", roff(c.Args))
		}
	}
	l.add(".SH COMMANDS")
	for _, c := range p.Commands {
		l.add(`.SS "%s"`, roff(strings.TrimSpace(p.Name+" "+c.Name+" "+c.Args)))
		l.add("%s.", roff(strings.ToUpper(c.Summary[:1])+c.Summary[1:]))
		if c.Text != "" {
			l.add(".PP")
			l.paragraphs(c.Text)
		}
		for _, f := range c.Flags.list {
			l.add(".TP\n.B \"%s\"\n%s.", roff(f.words()), roff(f.Text))
		}
	}
	for _, s := range sections {
		l.add(".SH %s", strings.ToUpper(s.Title))
		l.paragraphs(s.Text)
	}
	return l.String()
}

// paragraphs adds text: empty lines part paragraphs, indented lines stay as they are, and
// a line "WORD - text" is one of a list.
func (l *lines) paragraphs(text string) {
	example := false
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		indented := strings.HasPrefix(line, "    ")
		switch term, rest, listed := strings.Cut(line, " - "); {
		case line == "" && !example:
			l.add(".PP")
			continue
		case indented && !example:
			l.add(".RS 4\n.nf")
			example = true
		case !indented && example:
			l.add(".fi\n.RE")
			if example = false; line == "" {
				l.add(".PP")
				continue
			}
		case listed && !indented:
			l.add(".TP\n.B \"%s\"\n%s", roff(term), roff(rest))
			continue
		}
		l.add("%s", roff(strings.TrimPrefix(line, "    ")))
	}
	if example {
		l.add(".fi\n.RE")
	}
}

// roff is a text in which nothing means something to troff.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, `"`, `\(dq`, "'", `\(aq`, "`", `\(ga`, "…", "...").Replace(text)
	if strings.HasPrefix(text, ".") {
		text = `\&` + text
	}
	return text
}
