package config

import (
	"strconv"
	"strings"
)

// lines remembers where everything stands, for faults that others find.
type lines struct {
	top        map[string]entry
	defaults   map[string]entry
	paths      map[string]int
	operations map[string]operationLines // by "PATH verb"
}

type operationLines struct {
	verb int
	own  map[string]entry
}

// FaultAt adds file and line to a fault that someone else has found, such as a
// placeholder's name that the OpenAPI document lacks.
//
// With a path and a method (in any case) the line is that of the key in this
// operation, else in `defaults`, else the verb's, else the path's. Without a
// path, or where the path is not in the file, it is that of the key at the top,
// else 1. The key may name an item of a list, "env[2]", counted from 0, and at the top
// one in maps below, "security/api_key/keysfile".
func (s *Service) FaultAt(path, method, key, message string) Fault {
	return Fault{File: s.File, Line: s.lines.find(path, strings.ToLower(method), key), Message: message}
}

func (l lines) find(path, verb, key string) int {
	key, index := splitIndex(key)
	if other, ok := spellings[key]; ok {
		key = other
	}
	if operation, ok := l.operations[path+" "+verb]; ok {
		for _, from := range []map[string]entry{operation.own, l.defaults} {
			if e, ok := from[key]; ok {
				return e.item(index)
			}
		}
		return operation.verb
	}
	if line, ok := l.paths[path]; ok {
		return line
	}
	if e, ok := l.top[key]; ok {
		return e.item(index)
	}
	return l.below(strings.Split(key, "/"), index)
}

// below is the line of a key in maps below one at the top, written with slashes, or
// of the last map on the way to it that there is.
func (l lines) below(keys []string, index int) int {
	e, ok := l.top[keys[0]]
	if !ok {
		return 1
	}
next:
	for _, key := range keys[1:] {
		for _, p := range e.value.pairs {
			if p.key == key {
				e = entry{p.key, p.line, p.value}
				continue next
			}
		}
		return e.line
	}
	return e.item(index)
}

// splitIndex takes the [2] off env[2]; -1 where there is none.
func splitIndex(key string) (string, int) {
	name, rest, found := strings.Cut(key, "[")
	if !found {
		return key, -1
	}
	n, err := strconv.Atoi(strings.TrimSuffix(rest, "]"))
	if err != nil {
		return name, -1
	}
	return name, n
}
