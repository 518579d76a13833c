package config

import (
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urocket/urocket/internal/suggest"
)

// scope is where a key's value is looked up: a map of the file, over the
// defaults. Its readers return the value, or the one that holds without it;
// what is wrong they report, so that reading goes on to the next fault.
type scope struct {
	c             *collector
	own, defaults map[string]entry
}

// find is the entry of a key, wherever it comes from.
func (s *scope) find(key string) (entry, bool) {
	if e, ok := s.own[key]; ok {
		return e, true
	}
	e, ok := s.defaults[key]
	return e, ok
}

// wants reports a value that is not what its key takes.
func (s *scope) wants(e entry, what string) {
	s.c.fault(e.lineOf(), "%s wants %s, found %s", e.written, what, e.value.describe())
}

// judge reports what a check has found wrong with a key's value, "" for nothing,
// and tells whether it is sound.
func (s *scope) judge(key, wrong string) bool {
	if e, ok := s.find(key); ok && wrong != "" {
		s.c.fault(e.lineOf(), "%s: %s %s", e.written, e.value.describe(), wrong)
	}
	return wrong == ""
}

// lineOf is the line of a single value, else that of the key: what is in a list
// or a map has lines of its own.
func (e entry) lineOf() int {
	if e.value.kind == kindScalar {
		return e.value.line
	}
	return e.line
}

// scalar is the entry of a key whose value is a single one.
func (s *scope) scalar(key, what string) (entry, bool) {
	e, ok := s.find(key)
	if !ok || e.value.kind == kindBroken {
		return e, false
	}
	if e.value.kind != kindScalar {
		s.wants(e, what)
		return e, false
	}
	return e, true
}

// text is a value as written; "" where there is none.
func (s *scope) text(key, what string) string {
	e, ok := s.scalar(key, what)
	if !ok {
		return ""
	}
	if e.value.text == "" {
		s.wants(e, what)
	}
	return e.value.text
}

func (s *scope) boolean(key string, otherwise bool) bool {
	const what = "true or false"
	e, ok := s.scalar(key, what)
	if !ok {
		return otherwise
	}
	if e.value.typ == "bool" {
		return strings.EqualFold(e.value.text, "true")
	}
	switch strings.ToLower(e.value.text) {
	case "yes", "no", "on", "off", "y", "n":
		s.wants(e, what+" (yes, no, on and off are plain words in YAML 1.2)")
	case "true", "false":
		s.wants(e, what+" without quotes")
	default:
		s.wants(e, what)
	}
	return otherwise
}

// choose reads one of the given words; the first is the default.
func choose[T ~string](s *scope, key string, words ...T) T {
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = string(w)
	}
	what := strings.Join(all[:len(all)-1], ", ") + " or " + all[len(all)-1]
	e, ok := s.scalar(key, what)
	if !ok {
		return words[0]
	}
	if i := slices.Index(all, e.value.text); i >= 0 {
		return words[i]
	}
	if near := suggest.Nearest(e.value.text, all); near != "" {
		s.c.fault(e.lineOf(), "%s wants %s, found %s: did you mean %s?", e.written, what, e.value.describe(), near)
		return words[0]
	}
	s.wants(e, what)
	return words[0]
}

// whole reads a number between least and most; nil where there is none.
func (s *scope) whole(key string, least, most int) *int {
	what := fmt.Sprintf("a whole number of at least %d", least)
	if most < math.MaxInt32 {
		what = fmt.Sprintf("a whole number from %d to %d", least, most)
	}
	e, ok := s.scalar(key, what)
	if !ok {
		return nil
	}
	n, err := strconv.Atoi(e.value.text)
	if err != nil || e.value.typ != "int" || !wholeForm.MatchString(e.value.text) || n < least || n > most {
		s.wants(e, what)
		return nil
	}
	return &n
}

// cores reads a number of processors. The kernel's smallest quota is 1 ms in
// each 100 ms.
func (s *scope) cores(key string) *float64 {
	const what = "a number of processors of at least 0.01, such as 0.5 or 2"
	e, ok := s.scalar(key, what)
	if !ok {
		return nil
	}
	n, err := strconv.ParseFloat(e.value.text, 64)
	if err != nil || !decimalForm.MatchString(e.value.text) || n < 0.01 || n > 1e6 {
		s.wants(e, what)
		return nil
	}
	return &n
}

// size reads bytes, at least `least`; nil where there is none.
func (s *scope) size(key string, least int64) *int64 {
	what := "a size such as 10MiB, 64KiB, 1GB or a bare number of bytes"
	if least > 0 {
		what += ", at least " + formatSize(least)
	}
	e, ok := s.scalar(key, what)
	if !ok {
		return nil
	}
	n, ok := parseSize(e.value.text)
	if !ok || n < least {
		s.wants(e, what)
		return nil
	}
	return &n
}

// duration reads a time that is not negative.
func (s *scope) duration(key string, otherwise time.Duration) time.Duration {
	const what = "a time such as 250ms, 1s, 5m or 1h (a bare number is milliseconds; never negative)"
	e, ok := s.scalar(key, what)
	if !ok {
		return otherwise
	}
	d, ok := parseDuration(e.value.text)
	if !ok || d < 0 {
		s.wants(e, what)
		return otherwise
	}
	return d
}

// timeout reads the one time that may be `none`, which is 0 in the result. A
// written 0 is refused: it could mean both "at once" and "never".
func (s *scope) timeout(otherwise time.Duration) time.Duration {
	e, ok := s.find("timeout")
	if ok && e.value.kind == kindScalar && e.value.text == "none" {
		return 0
	}
	d := s.duration("timeout", otherwise)
	if d == 0 {
		s.c.fault(e.lineOf(), "timeout: 0 is not a time to live: write none for no timeout")
		return otherwise
	}
	if ok && d < time.Second && wholeForm.MatchString(e.value.text) {
		s.c.hint(e.lineOf(), "timeout: %s is %[1]s milliseconds: write %[1]ss if seconds are meant", e.value.text)
	}
	return d
}

// octal reads permission bits; nil where there are none.
func (s *scope) octal(key, example string) *fs.FileMode {
	what := fmt.Sprintf("an octal mode in quotes such as %q", example)
	e, ok := s.scalar(key, what)
	if !ok {
		return nil
	}
	mode, ok := parseOctal(e.value)
	if !ok {
		s.wants(e, what)
		return nil
	}
	return &mode
}

// texts reads a list and hands each item with its line to check, which says
// what is wrong with it, or "".
func (s *scope) texts(key, example string, check func(string) string) []string {
	what := "a list such as " + example
	e, ok := s.find(key)
	if !ok || e.value.kind == kindBroken {
		return nil
	}
	if e.value.kind != kindList {
		s.wants(e, what)
		return nil
	}
	all := make([]string, 0, len(e.value.items))
	for _, item := range e.value.items {
		switch item.kind {
		case kindBroken:
		case kindScalar:
			if wrong := check(item.text); wrong != "" {
				s.c.fault(item.line, "%s: %s %s", e.written, item.describe(), wrong)
			}
		default:
			s.c.fault(item.line, "%s wants %s; in the list, found %s", e.written, what, item.describe())
		}
		all = append(all, item.text)
	}
	return all
}

// mapping is the value of a key that holds a map; an empty one is nothing
// written below the key yet.
func (s *scope) mapping(key string) (*node, bool) {
	e, ok := s.find(key)
	if !ok || e.value.kind == kindBroken || e.value.kind == kindNull {
		return nil, false
	}
	if e.value.kind != kindMapping {
		s.wants(e, "a map of keys")
		return nil, false
	}
	return e.value, true
}
