package warm

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"
)

// Line is the command line of a PHP as [ReadLine] understands it.
type Line struct {
	Options []string // as they stand before the script
	Script  string
	Args    int // how many words there are before the script's own arguments
}

var phpName = regexp.MustCompile(`^php[-0-9.]*$`)

// ReadLine reads a command line, of which words that differ from call to call are nil.
// The error says why its processes cannot come from a warm PHP.
func ReadLine(words []*string) (Line, error) {
	if len(words) == 0 || words[0] == nil || !phpName.MatchString(path.Base(*words[0])) {
		return Line{}, errors.New("the command does not begin with php")
	}
	r := lineReader{words: words, at: 1}
	for r.at < len(words) {
		over, err := r.next()
		if over || err != nil {
			return r.line, err
		}
	}
	if r.line.Args = len(words); r.line.Script == "" {
		return Line{}, errors.New("php is given no script: it would read one from stdin")
	}
	return r.line, nil
}

// lineReader reads as php_getopt does.
type lineReader struct {
	words []*string
	at    int
	line  Line
}

// next reads a word; over: PHP reads none behind it.
func (r *lineReader) next() (over bool, err error) {
	w, named := r.words[r.at], r.line.Script != ""
	r.line.Args = r.at
	switch {
	case w == nil && named:
		return true, errors.New("a placeholder follows -f SCRIPT, where php looks for options: write -- before it")
	case w == nil:
		return true, errors.New("a placeholder stands where php reads its options or its script")
	case *w == "--" && named:
		r.line.Args++
		return true, nil
	case named && (*w == "" || *w == "-" || (*w)[0] != '-'):
		return true, nil
	case *w == "" || *w == "-" || *w == "--":
		return true, fmt.Errorf("php %q is given no script by name", *w)
	case strings.HasPrefix(*w, "--"):
		return false, r.long((*w)[2:])
	case (*w)[0] == '-':
		return false, r.short((*w)[1:])
	}
	r.line.Script = *w
	r.line.Args++
	return true, nil
}

// longOptions are those that change nothing but settings, and whether a value follows.
var longOptions = map[string]bool{"define": true, "php-ini": true, "zend-extension": true, "no-php-ini": false, "no-header": false}

func (r *lineReader) long(text string) error {
	name, value, joined := strings.Cut(text, "=")
	if name == "file" {
		return r.script(value, joined)
	}
	valued, known := longOptions[name]
	if !known {
		return unknownOption("--" + name)
	}
	return r.take(valued && !joined)
}

// short reads a cluster of options. The first that has a value takes the rest of it.
func (r *lineReader) short(letters string) error {
	for i := range len(letters) {
		rest := letters[i+1:]
		switch letters[i] {
		case 'n', 'q', 'C':
		case 'd', 'c', 'z':
			return r.take(rest == "")
		case 'f':
			if i > 0 {
				return unknownOption("-" + letters)
			}
			return r.script(rest, rest != "")
		default:
			return unknownOption("-" + letters[i:i+1])
		}
	}
	return r.take(false)
}

func unknownOption(name string) error {
	return fmt.Errorf("option %s of php is none of -d, -c, -n, -z and -f", name)
}

// script reads the name of the script behind -f.
func (r *lineReader) script(value string, joined bool) error {
	if !joined {
		if r.at++; r.at >= len(r.words) || r.words[r.at] == nil {
			return errors.New("a placeholder, or nothing, stands where php reads its script")
		}
		value = *r.words[r.at]
	}
	r.at++
	r.line.Script = value
	if value == "" || value == "-" {
		return fmt.Errorf("php is given no script by name: -f %q", value)
	}
	return nil
}

// take takes an option, and the next word with it if that is its value.
func (r *lineReader) take(next bool) error {
	n := 1
	if next {
		n = 2
	}
	if r.at+n > len(r.words) {
		return errors.New("an option of php lacks its value")
	}
	for range n {
		if r.words[r.at] == nil {
			return errors.New("a placeholder stands in an option of php")
		}
		r.line.Options = append(r.line.Options, *r.words[r.at])
		r.at++
	}
	return nil
}
