package config

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// Fault is one thing that is wrong in the file.
type Fault struct {
	File    string // as given to Load
	Line    int    // from 1; 0: the file as a whole
	Message string // what is wrong and what would be right
}

// String is FILE:LINE: message, the form that editors jump to.
func (f Fault) String() string { return f.Place() + ": " + f.Message }

// Place is FILE:LINE, or FILE.
func (f Fault) Place() string {
	if f.Line == 0 {
		return f.File
	}
	return fmt.Sprintf("%s:%d", f.File, f.Line)
}

// Faults is everything that is wrong in the file, sorted by line.
type Faults []Fault

// Error holds one fault a line.
func (f Faults) Error() string {
	all := make([]string, len(f))
	for i, fault := range f {
		all[i] = fault.String()
	}
	return strings.Join(all, "\n")
}

// collector gathers what is found while the file is read. The same words on the
// same line count once: a bad default is seen by every operation.
type collector struct {
	file                    string
	faults, warnings, hints Faults
	seen                    map[Fault]bool
}

func (c *collector) fault(line int, format string, args ...any) {
	c.faultFor("", line, fmt.Sprintf(format, args...))
}

// faultFor adds an operation's name behind the message. A default is wrong for
// the first operation that it fails and not reported again for the next.
func (c *collector) faultFor(operation string, line int, message string) {
	if f, fresh := c.fresh(line, message); fresh {
		if operation != "" {
			f.Message += " (" + operation + ")"
		}
		c.faults = append(c.faults, f)
	}
}

func (c *collector) warn(line int, format string, args ...any) {
	if f, fresh := c.fresh(line, fmt.Sprintf(format, args...)); fresh {
		c.warnings = append(c.warnings, f)
	}
}

func (c *collector) hint(line int, format string, args ...any) {
	if f, fresh := c.fresh(line, fmt.Sprintf(format, args...)); fresh {
		c.hints = append(c.hints, f)
	}
}

func (c *collector) fresh(line int, message string) (Fault, bool) {
	f := Fault{File: c.file, Line: line, Message: message}
	if c.seen[f] {
		return f, false
	}
	if c.seen == nil {
		c.seen = map[Fault]bool{}
	}
	c.seen[f] = true
	return f, true
}

func (c *collector) sorted() Faults         { return byLine(c.faults) }
func (c *collector) sortedWarnings() Faults { return byLine(c.warnings) }

func (c *collector) sortedHints() Faults { return byLine(c.hints) }

func byLine(f Faults) Faults {
	slices.SortStableFunc(f, func(a, b Fault) int { return a.Line - b.Line })
	return f
}

// reason is an error of the file system without the operation and the path,
// which the message around it names in the user's words.
func reason(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}
