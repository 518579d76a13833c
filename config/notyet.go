package config

import "strings"

// What this version reads and checks and cannot do: it is refused, so that
// nobody believes in a protection that is not there. A version that can do it
// takes the line out.

// notYetService is the same for the keys at the top.
func notYetService(top *scope) {
	if e, ok := top.find("security"); ok && e.value.kind == kindMapping {
		top.c.fault(e.line, "security: a map of schemes is not in this version yet: write upstream where a proxy checks all of it")
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
