// Package router finds the path template of an OpenAPI document that a request's
// path belongs to.
//
// # What it promises
//
//   - Path first, verb second: [Router.Match] chooses a template by the path alone;
//     [Match.Verb] then looks for the verb on it. A verb that only another matching
//     template has is not found, which is what 405 and Allow are made of.
//   - Concrete before templated, segment by segment: a literal segment wins over a
//     pattern ({name}.json, v{major}.{minor}, @{name}), a pattern with more literal
//     characters over one with fewer, any pattern over a bare {parameter}. A choice
//     that leads nowhere further down is taken back.
//   - A path is split at its slashes as it was sent; segments are percent-decoded
//     after that, on both sides. So %2F never splits a segment, and /p%65ts is /pets.
//     A path with a broken escape matches nothing.
//   - Nothing is cleaned or redirected: a trailing slash counts, and an empty segment
//     is never a parameter's value.
//   - In a segment with several parameters each takes as much as it can, the first
//     one first: {name}.{ext} reads a.tar.gz as "a.tar" and "gz". No value is empty.
//   - The cost of a match is bounded by the size of the routing table and the length
//     of the path, whatever the path: a node of the tree is visited once at most, and
//     a path with more segments than the longest template is turned away unread.
//
// # What it does not do
//
// It knows neither hosts nor base paths (see [TrimBase]) nor OpenAPI. Wildcards that
// span segments do not exist: OpenAPI has none.
package router

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrConflict is wrapped by the error of [Router.Add] for a verb that another
// template of the same shape already has. /pets/{id} and /pets/{name} are one shape.
var ErrConflict = errors.New("same shape")

// A Param is one parameter of a template and its value in a path, percent-decoded.
type Param struct {
	Name, Value string
}

// A Router holds templates, their verbs and one value for each verb. The zero value
// is empty and ready. Match may be called from many goroutines at once when no Add is
// under way.
type Router[T any] struct {
	root   node[T]
	static map[string]*leaf[T] // whole paths without parameters or escapes
	depth  int                 // segments of the longest template
}

// node stands for one position in the tree: everything before it is matched.
type node[T any] struct {
	literals map[string]*node[T] // by decoded segment
	patterns []patternChild[T]   // in the order in which they are tried
	param    *node[T]
	leaf     *leaf[T] // templates that end here
}

type patternChild[T any] struct {
	pattern segment
	node    *node[T]
}

// leaf is one shape: the templates that differ in nothing but parameter names.
type leaf[T any] struct {
	verbs map[string]verb[T]
}

type verb[T any] struct {
	template template
	value    T
}

// Add registers v for a verb of a template. Templates of one shape may share it as
// long as their verbs differ; each verb keeps the parameter names of its own template.
//
// Errors: an [ErrConflict] that names both templates, or what is wrong with the
// template (no leading slash, ? or #, braces that do not pair, a parameter without a
// name or named twice). A template that is refused leaves the router as it was.
func (r *Router[T]) Add(method, path string, v T) error {
	t, err := parse(path)
	if err != nil {
		return fmt.Errorf("read path %q: %w", path, err)
	}
	n := &r.root
	for _, s := range t.segments {
		n = n.child(s)
	}
	if n.leaf == nil {
		n.leaf = &leaf[T]{verbs: map[string]verb[T]{}}
	}
	if old, ok := n.leaf.verbs[method]; ok {
		return fmt.Errorf("add %s %s: %w as %s %s", method, path, ErrConflict, method, old.template.text)
	}
	n.leaf.verbs[method] = verb[T]{template: t, value: v}
	r.depth = max(r.depth, len(t.segments))
	if key, ok := t.static(); ok {
		if r.static == nil {
			r.static = map[string]*leaf[T]{}
		}
		r.static[key] = n.leaf
	}
	return nil
}

// child returns the node below n for one segment of a template, made when missing.
func (n *node[T]) child(s segment) *node[T] {
	switch {
	case s.literal():
		if n.literals == nil {
			n.literals = map[string]*node[T]{}
		}
		c := n.literals[s.texts[0]]
		if c == nil {
			c = &node[T]{}
			n.literals[s.texts[0]] = c
		}
		return c
	case s.bare():
		if n.param == nil {
			n.param = &node[T]{}
		}
		return n.param
	}
	for _, p := range n.patterns {
		if p.pattern.sameShape(s) {
			return p.node
		}
	}
	c := &node[T]{}
	n.patterns = append(n.patterns, patternChild[T]{s, c})
	slices.SortFunc(n.patterns, func(a, b patternChild[T]) int { return a.pattern.compare(b.pattern) })
	return c
}

// A Match is a path's place in the router: one shape with its verbs.
type Match[T any] struct {
	leaf *leaf[T]
	path string
}

// Match finds the shape that path belongs to. path is as it was sent
// ([net/url.URL.EscapedPath]), without the query.
func (r *Router[T]) Match(path string) (Match[T], bool) {
	if l, ok := r.static[path]; ok {
		return Match[T]{l, path}, true
	}
	var buf [16]string
	segs, ok := split(path, r.depth, buf[:0])
	if !ok {
		return Match[T]{}, false
	}
	l := r.root.find(segs)
	return Match[T]{l, path}, l != nil
}

// find walks the tree depth first. Each node is entered by exactly one sequence of
// choices, so that the walk ends after as many steps as the tree has nodes.
func (n *node[T]) find(segs []string) *leaf[T] {
	if len(segs) == 0 {
		return n.leaf
	}
	if c, ok := n.literals[segs[0]]; ok {
		if l := c.find(segs[1:]); l != nil {
			return l
		}
	}
	for _, p := range n.patterns {
		if p.pattern.match(segs[0]) {
			if l := p.node.find(segs[1:]); l != nil {
				return l
			}
		}
	}
	if n.param != nil && segs[0] != "" {
		return n.param.find(segs[1:])
	}
	return nil
}

// Verb returns what was added for the verb, and the path's values under the names of
// the template that it was added with, in the template's order.
func (m Match[T]) Verb(method string) (v T, params []Param, ok bool) {
	e, ok := m.leaf.verbs[method]
	if !ok {
		return v, nil, false
	}
	return e.value, e.template.values(m.path), true
}

// Verbs lists the shape's verbs in alphabetical order, for the Allow header.
func (m Match[T]) Verbs() []string {
	verbs := make([]string, 0, len(m.leaf.verbs))
	for v := range m.leaf.verbs {
		verbs = append(verbs, v)
	}
	slices.Sort(verbs)
	return verbs
}

// TrimBase takes a base path such as /v1 off the front of a path, comparing decoded
// segments. What is left begins with a slash. It reports false when there is nothing
// to take off: the path does not begin with the base path or is nothing else, or the
// base path is "" or "/".
func TrimBase(path, base string) (string, bool) {
	base = strings.TrimSuffix(base, "/")
	if !strings.HasPrefix(base, "/") || !strings.HasPrefix(path, "/") {
		return "", false
	}
	rest := path
	for base != "" {
		var want, got string
		want, base = cutSegment(base)
		got, rest = cutSegment(rest)
		w, err := decode(want)
		if err != nil {
			return "", false
		}
		if g, err := decode(got); err != nil || g != w {
			return "", false
		}
	}
	return rest, rest != ""
}
