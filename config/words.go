package config

import "strings"

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
