package config

import "strings"

// What this version reads and checks and cannot do: it is refused, so that
// nobody believes in a protection that is not there. A version that can do it
// takes the line out.

// notYet are the keys of an operation whose value asks for something missing.
var notYet = []struct {
	key     string
	missing func(*Operation) bool
}{
	{"driver", func(o *Operation) bool { return o.Driver != DriverSpawn }},
	{"worker", func(o *Operation) bool { return o.Worker != nil }},
}

func notYetOperation(o *Operation, s *scope) {
	for _, n := range notYet {
		if e, ok := s.find(n.key); ok && n.missing(o) {
			s.c.fault(e.lineOf(), "%s is not in this version yet: leave it out", e.words())
		}
	}
}

// words is KEY: VALUE as far as a line can show it.
func (e entry) words() string {
	switch e.value.kind {
	case kindScalar:
		return e.written + ": " + e.value.text
	case kindList:
		var items []string
		for _, item := range e.value.items {
			items = append(items, item.text)
		}
		return e.written + ": [" + strings.Join(items, ", ") + "]"
	}
	return e.written + ":"
}
