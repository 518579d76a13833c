package command

import (
	"regexp"
	"slices"
	"strings"
)

// Values are what one request has to say. A value that the request lacks is the
// empty string.
type Values interface {
	// Value is what fills a placeholder.
	Value(p Placeholder) string
	// Numeric says whether the document types the placeholder as a number.
	Numeric(p Placeholder) bool
}

// ValueError is a value that must not be handed to the command: a bad request.
// Its message never shows the value.
type ValueError struct {
	Placeholder Placeholder
	Reason      string // "holds a NUL byte, …"
}

func (e *ValueError) Error() string { return e.Placeholder.String() + " " + e.Reason }

// lead is an argument, of the command or of a command in a script, that one of
// these placeholders may begin.
type lead []Placeholder

// Expand fills the command for one request. argv[0] is the program as it was
// written (its path is Lookup's); env holds the entries of Input.Env in their
// order, then UROCKET_V1 and so on. The error is a *ValueError. Lengths are not
// checked: what the kernel takes is for the one who starts the process to judge.
func (c *Command) Expand(v Values) (argv, env []string, err error) {
	if err := c.checkValues(v); err != nil {
		return nil, nil, err
	}
	argv = make([]string, len(c.argv))
	for i, w := range c.argv {
		argv[i] = w.fill(v)
	}
	env = make([]string, 0, len(c.env)+len(c.refs))
	for _, e := range c.env {
		env = append(env, e.value.fill(v))
	}
	for i, p := range c.refs {
		env = append(env, referenceName(i)+"="+v.Value(p))
	}
	return argv, env, nil
}

func (c *Command) checkValues(v Values) error {
	for _, u := range c.uses {
		if strings.IndexByte(v.Value(u.Placeholder), 0) >= 0 {
			return &ValueError{u.Placeholder, noNUL}
		}
	}
	for _, l := range c.leads {
		if p, bad := l.option(v); bad {
			return &ValueError{p, `would begin an argument with "-", which reads as an option`}
		}
	}
	return nil
}

// number is what may begin an argument with "-" because it is a number.
var number = regexp.MustCompile(`^-[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// option finds the value that begins the argument, and whether it reads as an
// option.
func (l lead) option(v Values) (Placeholder, bool) {
	for _, p := range l {
		value := v.Value(p)
		if value == "" {
			continue
		}
		return p, value[0] == '-' && !(v.Numeric(p) && number.MatchString(value))
	}
	return Placeholder{}, false
}

// references are the placeholders of shell scripts, in the order of their
// variables: the first is UROCKET_V1.
type references []Placeholder

// number is the index of a placeholder's variable. One that stands in several
// places has one variable.
func (r *references) number(p Placeholder) int {
	if i := slices.Index(*r, p); i >= 0 {
		return i
	}
	*r = append(*r, p)
	return len(*r) - 1
}
