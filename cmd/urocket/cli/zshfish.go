package cli

import "strings"

// zsh describes each command to _arguments.
func (p *Program) zsh() string {
	var l lines
	l.add("#compdef %s", p.Name)
	l.add("# zsh completion for %s: source <(%s completion zsh), or a file _%s in a folder of $fpath", p.Name, p.Name, p.Name)
	l.add("_%s_ids() {", p.Name)
	l.add("    local -a where ids")
	l.add("    local i")
	l.add("    for ((i = 1; i < $#words; i++)); do")
	l.add("        case $words[i] in -c|--config|--socket) where=($words[i] $words[i+1]) ;; esac")
	l.add("    done")
	l.add("    ids=(${(f)\"$(%s ps --quiet $where 2>/dev/null)\"})", p.Name)
	l.add("    compadd -a ids")
	l.add("}")
	l.add("_%s() {", p.Name)
	l.add("    local -a commands=(")
	for _, c := range p.Commands {
		l.add("        %s", single(c.Name+":"+zshText(c.Summary)))
	}
	l.add("        %s", single("help:what a command does, and its flags"))
	l.add("    )")
	l.add("    local context state line")
	l.add("    typeset -A opt_args")
	l.add("    _arguments -C %s '1: :->command' '*:: :->rest' && return", strings.Join(p.zshFlags(p.find(p.Default)), " "))
	l.add("    case $state in")
	l.add("    command) _describe -t commands command commands ;;")
	l.add("    rest)")
	l.add("        case $words[1] in")
	for _, c := range p.Commands {
		specs := p.zshFlags(c)
		if c.Args != "" {
			specs = append(specs, single("*:"+zshText(c.Args)+":"+p.zshAction(c.Kind, c.Words)))
		}
		l.add("        %s) _arguments %s ;;", c.Name, strings.Join(specs, " "))
	}
	l.add("        help) _describe -t commands command commands ;;")
	l.add("        esac ;;")
	l.add("    esac")
	l.add("}")
	l.add("if [[ $funcstack[1] == _%s ]]; then _%s \"$@\"; else compdef _%s %s; fi", p.Name, p.Name, p.Name, p.Name)
	return l.String()
}

// zshFlags are the flags of a command as _arguments takes them.
func (p *Program) zshFlags(c *Command) []string {
	specs := []string{"'(- *)--help[what it does, and its flags]'"}
	for _, f := range c.Flags.list {
		tail := "[" + zshText(f.Text) + "]"
		if f.Value != "" {
			tail += ":" + zshText(f.Value) + ":" + p.zshAction(f.Kind, f.Words)
		}
		for _, name := range f.Names {
			specs = append(specs, single("*"+dashed(name)+tail))
		}
	}
	return specs
}

func (p *Program) zshAction(kind Kind, words []string) string {
	switch kind {
	case File:
		return "_files"
	case Folder:
		return "_files -/"
	case ID:
		return "_" + p.Name + "_ids"
	case Word:
		return "(" + strings.Join(words, " ") + ")"
	}
	return " "
}

// zshText is a text in which nothing means something to _arguments.
func zshText(text string) string {
	return strings.NewReplacer(`\`, `\\`, ":", `\:`, "[", `\[`, "]", `\]`).Replace(text)
}

// fish has a line for each thing that can be written.
func (p *Program) fish() string {
	var l lines
	l.add("# fish completion for %s: %s completion fish | source", p.Name, p.Name)
	l.add("complete -c %s -f", p.Name)
	none := fishText("not __fish_seen_subcommand_from " + strings.Join(p.names(), " "))
	for _, c := range p.Commands {
		l.add("complete -c %s -n %s -a %s -d %s", p.Name, none, c.Name, fishText(c.Summary))
	}
	l.add("complete -c %s -n %s -a help -d 'what a command does, and its flags'", p.Name, none)
	l.add("complete -c %s -n '__fish_seen_subcommand_from help' -a %s", p.Name, fishText(strings.Join(p.names(), " ")))
	for _, c := range p.Commands {
		when := fishText("__fish_seen_subcommand_from " + c.Name)
		if c.Name == p.Default {
			when = fishText("__fish_seen_subcommand_from " + c.Name + "; or not __fish_seen_subcommand_from " + strings.Join(p.names(), " "))
		}
		if action := p.fishAction(c.Kind, c.Words); c.Args != "" && action != "" {
			l.add("complete -c %s -n %s %s", p.Name, when, action)
		}
		for _, f := range c.Flags.list {
			line := "complete -c " + p.Name + " -n " + when
			for _, name := range f.Names {
				if len(name) == 1 {
					line += " -s " + name
				} else {
					line += " -l " + name
				}
			}
			if f.Value != "" {
				needs := " -x " // a value, and no file
				if f.Kind == File {
					needs = " -r "
				}
				line += strings.TrimRight(needs+p.fishAction(f.Kind, f.Words), " ")
			}
			l.add("%s -d %s", line, fishText(f.Text))
		}
	}
	return l.String()
}

func (p *Program) fishAction(kind Kind, words []string) string {
	switch kind {
	case File:
		return "-F"
	case Folder:
		return "-a '(__fish_complete_directories)'"
	case ID:
		return "-a '(" + p.Name + " ps --quiet 2>/dev/null)'"
	case Word:
		return "-a " + fishText(strings.Join(words, " "))
	}
	return ""
}

// fishText is a text in single quotes, in which fish knows \' and \\.
func fishText(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(text) + "'"
}
