package cli

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/urocket/urocket/internal/suggest"
)

// Flags are those of a command, in the order in which they were added.
type Flags struct {
	list []*Flag
	set  *flag.FlagSet
	bad  error // what is wrong with the value of the flag that is being read
}

// Flag is one of them.
type Flag struct {
	Names []string // without dashes, the one of a single letter first
	Value string   // what stands behind it; "" for a switch
	Text  string   // what it is for, without a full stop
	Kind  Kind
	Words []string // of the kind Word
}

// String adds a flag with a text behind it. names are divided by commas; p holds
// the default.
func (f *Flags) String(p *string, names, value, text string) *Flag {
	return f.add(names, value, text, func(name string) { f.set.StringVar(p, name, *p, "") })
}

// Func adds a flag that may be given several times; an error of fn is that of
// whoever has written it.
func (f *Flags) Func(fn func(string) error, names, value, text string) *Flag {
	set := func(text string) error {
		f.bad = fn(text)
		return f.bad
	}
	return f.add(names, value, text, func(name string) { f.set.Func(name, "", set) })
}

// Switch adds a flag without a value.
func (f *Flags) Switch(p *bool, names, text string) *Flag {
	return f.add(names, "", text, func(name string) { f.set.BoolVar(p, name, *p, "") })
}

// Is says what the values of a flag are, for completion.
func (f *Flag) Is(kind Kind, words ...string) { f.Kind, f.Words = kind, words }

func (f *Flags) add(names, value, text string, define func(name string)) *Flag {
	if f.set == nil {
		f.set = flag.NewFlagSet("", flag.ContinueOnError)
		f.set.SetOutput(io.Discard)
	}
	added := &Flag{Names: strings.Split(names, ","), Value: value, Text: text}
	for _, name := range added.Names {
		define(name)
	}
	f.list = append(f.list, added)
	return added
}

// find returns the flag of a name.
func (f *Flags) find(name string) *Flag {
	for _, known := range f.list {
		for _, n := range known.Names {
			if n == name {
				return known
			}
		}
	}
	return nil
}

// parse reads flags wherever they stand and returns what else there is.
func (f *Flags) parse(args []string) (rest []string, err error) {
	for len(args) > 0 {
		word := args[0]
		if word == "--" {
			return append(rest, args[1:]...), nil
		}
		if len(word) < 2 || word[0] != '-' {
			rest, args = append(rest, word), args[1:]
			continue
		}
		args = append(f.apart(word), args[1:]...)
		n, err := f.one(args)
		if err != nil {
			return nil, err
		}
		args = args[n:]
	}
	return rest, nil
}

// apart writes switches of one letter that stand behind one dash, as in -aq, each by
// itself; anything else stays as it is.
func (f *Flags) apart(word string) (words []string) {
	name := word[1:]
	if len(name) < 2 || name[0] == '-' || f.find(name) != nil {
		return []string{word}
	}
	for _, letter := range name {
		if known := f.find(string(letter)); known == nil || known.Value != "" {
			return []string{word}
		}
		words = append(words, "-"+string(letter))
	}
	return words
}

// one reads the flag at the beginning of args, and returns how many words it took.
func (f *Flags) one(args []string) (words int, err error) {
	name, _, attached := strings.Cut(strings.TrimPrefix(args[0][1:], "-"), "=")
	known := f.find(name)
	switch {
	case known == nil && (name == "h" || name == "help"):
		return 0, flag.ErrHelp
	case known == nil:
		return 0, f.unknown(name)
	case known.Value == "" || attached:
		words = 1
	case len(args) < 2:
		return 0, fmt.Errorf("%s wants a value: %s", args[0], known.Value)
	default:
		words = 2
	}
	f.bad = nil
	if err := f.set.Parse(args[:words]); err != nil {
		// In place of the flag package's words, which name Go's types.
		if f.bad == nil {
			f.bad = errors.New("is a switch, without a value")
		}
		return 0, fmt.Errorf("%s: %w", dashed(known.Names[len(known.Names)-1]), f.bad)
	}
	return words, nil
}

func (f *Flags) unknown(name string) error {
	text := "there is no flag " + dashed(name)
	var names []string
	for _, known := range f.list {
		names = append(names, known.Names...)
	}
	if near := suggest.Nearest(name, names); near != "" && len(name) > 1 {
		return fmt.Errorf("%s: did you mean %s?", text, dashed(near))
	}
	return errors.New(text)
}

// dashed writes a flag's name as it is written.
func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// words is how the flag is written in a list: "-c, --config FILE".
func (f *Flag) words() string {
	var names []string
	for _, name := range f.Names {
		names = append(names, dashed(name))
	}
	text := strings.Join(names, ", ")
	if f.Value != "" {
		text += " " + f.Value
	}
	return text
}
