package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// This file alone knows the YAML library. It turns a text into nodes of our
// own: aliases and merge keys resolved, unknown tags and repeated keys refused.

// kind is what stands in a place of the file.
type kind int

const (
	kindBroken  kind = iota // already reported: read as absent, without a word
	kindNull                // nothing, or ~
	kindScalar              // one value
	kindList                // [a, b]
	kindMapping             // {a: b}
	kindBraces              // a mapping with a map as its key: {{name}} without quotes
)

// node is one value of the file.
type node struct {
	line   int
	kind   kind
	typ    string // of a scalar: str, int, float, bool, timestamp
	text   string // of a scalar, as written, without its quotes
	plain  bool   // a scalar without quotes
	tag    string // ToSplit, Splitted or ""
	items  []*node
	pairs  []pair
	weight int // values in it, itself included, aliases followed
}

// pair is one key of a mapping.
type pair struct {
	key    string
	line   int
	value  *node
	merged bool // came in by <<, so an explicit key goes before it
}

// maxAliased is how many values a file may add to itself through aliases. It
// is far above any honest use and far below what makes ten nested lists of ten
// aliases (the "billion laughs") expensive.
const maxAliased = 100_000

// parse returns the root mapping of the text's only document, or nil after
// having reported why there is none.
func parse(text []byte, c *collector) *node {
	documents, err := documents(text)
	if err != nil {
		reportSyntax(text, err, c)
		return nil
	}
	if len(documents) == 0 {
		c.fault(1, "the file is empty: servicename, socketpath, openapi and paths are wanted")
		return nil
	}
	if len(documents) > 1 {
		c.fault(documents[1].Line, "a second YAML document begins here: the file holds one, so leave out the --- (or ...) line")
	}
	r := &reader{c: c, done: map[*yaml.Node]*node{}, open: map[*yaml.Node]bool{}}
	root := r.node(documents[0].Content[0])
	switch root.kind {
	case kindMapping:
		return root
	case kindBroken:
	default:
		c.fault(1, "the file wants a map of keys at its top, found %s", root.describe())
	}
	return nil
}

// documents parses the whole stream.
func documents(text []byte) (all []*yaml.Node, err error) {
	// The library panics on a few malformed texts instead of returning.
	defer func() {
		if p := recover(); p != nil {
			err = errors.New("this cannot be read as YAML")
		}
	}()
	d := yaml.NewDecoder(bytes.NewReader(text))
	for {
		n := new(yaml.Node)
		err := d.Decode(n)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, n)
	}
}

// reader converts nodes of the library into ours.
type reader struct {
	c       *collector
	done    map[*yaml.Node]*node
	open    map[*yaml.Node]bool // being converted: an alias to one contains itself
	aliased int
}

func (r *reader) node(y *yaml.Node) *node {
	if y.Kind == yaml.AliasNode {
		return r.alias(y)
	}
	if n := r.done[y]; n != nil {
		return n
	}
	r.open[y] = true
	defer delete(r.open, y)
	n := &node{line: y.Line, weight: 1}
	r.done[y] = n
	if !r.setTag(n, y) {
		return n
	}
	switch y.Kind {
	case yaml.ScalarNode:
		r.scalar(n, y)
	case yaml.SequenceNode:
		n.kind = kindList
		for _, item := range y.Content {
			v := r.node(item)
			r.untagged(v)
			n.items = append(n.items, v)
			n.grow(v)
		}
	case yaml.MappingNode:
		n.kind = kindMapping
		r.mapping(n, y)
	}
	return n
}

// setTag accepts YAML's own types and the two tags of cmd.
func (r *reader) setTag(n *node, y *yaml.Node) bool {
	switch y.Tag {
	case "!!str", "!!int", "!!float", "!!bool", "!!null", "!!timestamp", "!!merge", "!!seq", "!!map", "":
		n.typ = strings.TrimPrefix(y.Tag, "!!")
		return true
	case "!ToSplit", "!Splitted":
		n.tag, n.typ = y.Tag[1:], "str"
		return true
	}
	r.c.fault(y.Line, "unknown tag %s: only cmd takes tags, !ToSplit \"…\" and !Splitted […]", y.Tag)
	return false
}

// untagged refuses the tags of cmd in any other place.
func (r *reader) untagged(n *node) {
	if n.tag != "" {
		r.c.fault(n.line, "the tag !%s has no meaning here: only cmd takes it", n.tag)
	}
}

func (r *reader) scalar(n *node, y *yaml.Node) {
	n.kind, n.text = kindScalar, y.Value
	n.plain = y.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
	if n.typ == "null" {
		n.kind = kindNull
	}
}

func (r *reader) alias(y *yaml.Node) *node {
	if r.open[y.Alias] {
		r.c.fault(y.Line, "the alias *%s stands inside the value that it names", y.Value)
		return &node{line: y.Line, weight: 1}
	}
	n := r.node(y.Alias)
	r.aliased += n.weight
	if r.aliased > maxAliased {
		r.c.fault(1, "the aliases of this file stand for more than %d values: write it with fewer", maxAliased)
		return &node{line: y.Line, weight: 1}
	}
	return n
}

func (r *reader) mapping(n *node, y *yaml.Node) {
	first := map[string]int{}
	var merges []*node
	for i := 0; i+1 < len(y.Content); i += 2 {
		key := y.Content[i]
		if key.Tag == "!!merge" {
			merges = append(merges, r.node(y.Content[i+1]))
			continue
		}
		k := r.node(key)
		if k.kind == kindList || k.kind == kindMapping {
			n.kind = kindBraces
			continue
		}
		v := r.node(y.Content[i+1])
		if k.text != "cmd" {
			r.untagged(v)
		}
		n.grow(v)
		if line, twice := first[k.text]; twice {
			r.c.fault(key.Line, "%s is given twice, first on line %d", k.text, line)
		} else {
			first[k.text] = key.Line
		}
		n.pairs = append(n.pairs, pair{key: k.text, line: key.Line, value: v})
	}
	for _, m := range merges {
		r.merge(n, m, first)
	}
}

// merge takes over the pairs of m, or of the mappings in the list m, that the
// mapping n has not got itself; of two that are merged the first one wins.
func (r *reader) merge(n, m *node, have map[string]int) {
	switch m.kind {
	case kindBroken:
	case kindList:
		for _, item := range slices.Clone(m.items) {
			if item.kind != kindMapping {
				r.c.fault(item.line, "<< wants a map or a list of maps, found %s in the list", item.describe())
				continue
			}
			r.merge(n, item, have)
		}
	case kindMapping:
		for _, p := range slices.Clone(m.pairs) {
			if _, got := have[p.key]; got {
				continue
			}
			have[p.key] = p.line
			p.merged = true
			n.pairs = append(n.pairs, p)
			n.grow(p.value)
		}
	default:
		r.c.fault(m.line, "<< wants a map or a list of maps, found %s", m.describe())
	}
}

// grow adds the weight of a child, stopping where the sum is too large anyway.
func (n *node) grow(child *node) {
	n.weight = min(n.weight+child.weight, maxAliased+1)
}

// describe names what stands there, for "wants …, found …".
func (n *node) describe() string {
	switch n.kind {
	case kindList:
		return "a list"
	case kindMapping:
		return "a map"
	case kindBraces:
		return "braces without quotes, which YAML reads as a map (quote them: \"{{name}}\")"
	case kindScalar:
		if n.plain && n.typ != "str" {
			return n.text
		}
		return fmt.Sprintf("%.60q", n.text)
	}
	return "nothing"
}
