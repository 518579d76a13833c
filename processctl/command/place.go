package command

import (
	"fmt"
	"slices"

	"mvdan.cc/sh/v3/syntax"
)

// enclosed says why nothing inside these nodes can be a placeholder, or
// nothing. The places are the contract's, and those that are like them.
func enclosed(stack []syntax.Node) string {
	for i, n := range stack {
		var child syntax.Node
		if i+1 < len(stack) {
			child = stack[i+1]
		}
		if why := encloses(n, child); why != "" {
			return why
		}
	}
	return ""
}

// encloses says why a placeholder cannot stand in one child of a node.
func encloses(n, child syntax.Node) string {
	switch n := n.(type) {
	case *syntax.CmdSubst:
		if n.Backquotes {
			return "stands inside backticks"
		}
		return "stands inside $(…)"
	case *syntax.ProcSubst:
		return "stands inside <(…)"
	case *syntax.ParamExp:
		return "stands inside ${…}"
	case *syntax.ArithmExp:
		return "stands inside $((…))"
	case *syntax.ArithmCmd:
		return "stands inside ((…))"
	case *syntax.CStyleLoop:
		return "stands inside for ((…))"
	case *syntax.TestClause:
		return "stands inside [[…]]"
	case *syntax.ExtGlob:
		return "stands inside a pattern such as @(…)"
	case *syntax.LetClause:
		return "is an argument of let"
	case *syntax.DeclClause:
		return "is an argument of " + n.Variant.Value
	case *syntax.Comment:
		return "stands in a comment"
	case *syntax.SglQuoted:
		return when(n.Dollar, "stands inside $'…'")
	case *syntax.DblQuoted:
		return when(n.Dollar, `stands inside $"…"`)
	case *syntax.Redirect:
		return redirected(n, child)
	case *syntax.Assign:
		return when(child != nil && (same(child, n.Index) || same(child, n.Name)), "stands in an array index or in a variable's name")
	case *syntax.ArrayElem:
		return when(child != nil && same(child, n.Index), "stands in an array index")
	case *syntax.FuncDecl:
		return when(child != nil && !same(child, n.Body), "stands in the name of a function")
	case *syntax.WordIter:
		return when(child != nil && same(child, n.Name), "stands in the name of a variable")
	case *syntax.CoprocClause:
		return when(child != nil && !same(child, n.Stmt), "stands in the name of a coprocess")
	case *syntax.TestDecl:
		return oddPlace
	}
	return ""
}

func redirected(n *syntax.Redirect, child syntax.Node) string {
	switch {
	case child == nil:
		return ""
	case same(child, n.Hdoc), n.Op == syntax.Hdoc, n.Op == syntax.DashHdoc:
		return "stands in a heredoc"
	case same(child, n.N), n.Op == syntax.DplIn, n.Op == syntax.DplOut:
		// bash expands the word of >& twice when it names a file.
		return "stands in the number of a descriptor"
	}
	return ""
}

// same compares nodes, of which one may be a nil pointer in an interface.
func same(a, b syntax.Node) bool { return a == b }

func when(condition bool, why string) string {
	if condition {
		return why
	}
	return ""
}

// verify parses the script as it will be run and judges the place of every
// reference. One that is not found exactly where it was written is refused.
func (s *script) verify(lang syntax.LangVariant) {
	file, err := parse(s.text, lang)
	if err != nil {
		s.refuseAll(fmt.Sprintf("cannot be replaced by a variable there (%s: %s)", lang, err))
		return
	}
	v := &verifier{script: s, calls: map[syntax.Node]*reading{}}
	seen := make([]bool, len(s.holes))
	walk(file, func(stack []syntax.Node) {
		v.hazard(stack[len(stack)-1])
		if hole, ok := s.reference(stack); ok {
			seen[hole] = true
			s.refuse(hole, v.judge(stack[:len(stack)-1]))
		}
	})
	for hole, ok := range seen {
		if !ok {
			s.refuse(hole, "stands after a backslash or $, or in another place where a variable is not expanded")
		}
	}
	if v.hazards != "" {
		s.refuseAll("stands in a script that " + v.hazards)
	}
}

// reference says which hole's reference the last node of a stack is: one in
// double quotes at an offset where it was written.
func (s *script) reference(stack []syntax.Node) (int, bool) {
	p, ok := stack[len(stack)-1].(*syntax.ParamExp)
	if !ok || len(stack) < 3 {
		return 0, false
	}
	hole, ok := s.offsets[p.Dollar.Offset()]
	if _, quoted := stack[len(stack)-2].(*syntax.DblQuoted); !ok || !quoted {
		return 0, false
	}
	return hole, p.Param != nil && p.End().Offset() == p.Pos().Offset()+uint(len(p.Param.Value))+sigils(p)
}

// sigils is the length of what surrounds the name in $NAME and ${NAME}. A node
// with more than that, an index or an operator, is none of ours.
func sigils(p *syntax.ParamExp) uint {
	if p.Short {
		return 1
	}
	return 3
}

// verifier judges the references in one tree.
type verifier struct {
	*script
	calls   map[syntax.Node]*reading // of each simple command
	hazards string                   // what the script does that spoils every place
}

// judge says why a reference may not stand under these ancestors.
func (v *verifier) judge(stack []syntax.Node) string {
	if why := enclosed(stack); why != "" {
		return why
	}
	if why := v.fed(stack); why != "" {
		return why
	}
	at := len(stack) - 1
	for at > 0 {
		if _, ok := stack[at].(*syntax.Word); ok {
			break
		}
		at--
	}
	w, ok := stack[at].(*syntax.Word)
	if !ok || at == 0 {
		return oddPlace
	}
	if v.namePrefix(w, stack[at+1]) {
		return "stands after ~ or =, where it may name a user or a command"
	}
	switch n := stack[at-1].(type) {
	case *syntax.CallExpr:
		return v.argument(n, w)
	case *syntax.Assign:
		if v.shell.korn && n.Index != nil {
			return "is assigned to an element of an array"
		}
		return v.shell.assigns(n.Name.Value)
	case *syntax.ArrayElem:
		return v.element(stack[:at])
	case *syntax.WordIter:
		return v.shell.assigns(n.Name.Value)
	case *syntax.Redirect, *syntax.CaseClause, *syntax.CaseItem:
		return ""
	}
	return oddPlace
}

// namePrefix says whether a part of a word belongs to a tilde prefix, or in zsh
// to an = prefix: zsh expands ~"$V" to the home of a user and ="$V" to the path
// of a command. Both end at a slash.
func (v *verifier) namePrefix(w *syntax.Word, part syntax.Node) bool {
	before := byte(':') // as at the start of a word
	open := false
	for i, p := range w.Parts {
		if syntax.Node(p) == part {
			return open
		}
		lit, _ := p.(*syntax.Lit)
		if lit == nil {
			before = 0
			continue
		}
		for j, c := range []byte(lit.Value) {
			starts := c == '~' && (before == ':' || before == '=') || c == '=' && i+j == 0 && v.shell.zsh
			open = starts || open && c != '/'
			before = c
		}
	}
	return false
}

// element judges an element of an array: a=("$UROCKET_V1").
func (v *verifier) element(stack []syntax.Node) string {
	i := slices.IndexFunc(stack, func(n syntax.Node) bool { _, ok := n.(*syntax.Assign); return ok })
	if i < 0 || v.shell.korn {
		return "is an element of an array"
	}
	return v.shell.assigns(stack[i].(*syntax.Assign).Name.Value)
}

// fed refuses what a shell or an interpreter reads as its script: echo … | sh,
// bash <<< ….
func (v *verifier) fed(stack []syntax.Node) string {
	for i, n := range stack[:len(stack)-1] {
		switch n := n.(type) {
		case *syntax.BinaryCmd:
			if (n.Op == syntax.Pipe || n.Op == syntax.PipeAll) && stack[i+1] == syntax.Node(n.X) && v.readsCode(n.Y) {
				return "is piped into a program that takes it for code"
			}
		case *syntax.Stmt:
			if _, ok := stack[i+1].(*syntax.Redirect); ok && v.readsCode(n) {
				return "is redirected to a program that takes it for code"
			}
		}
	}
	return ""
}

func (v *verifier) readsCode(s *syntax.Stmt) bool {
	call, ok := s.Cmd.(*syntax.CallExpr)
	return ok && v.call(call).stdin
}
