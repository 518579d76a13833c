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
	Words   int // before the script, as the process has it: what is behind them are its arguments
}

var phpName = regexp.MustCompile(`^php[-0-9.]*$`)

// ReadLine reads a command line, of which words that differ from call to call are nil.
// The error says why its processes cannot come from a warm PHP.
func ReadLine(words []*string) (Line, error) {
	if len(words) == 0 || words[0] == nil || !phpName.MatchString(path.Base(*words[0])) {
		return Line{}, errors.New("the command is not php")
	}
	r := lineReader{words: words, at: 1}
	for r.at < len(words) {
		w := words[r.at]
		switch {
		case w == nil:
			return Line{}, errors.New("a placeholder stands where php reads its options or its script")
		case *w == "-" || *w == "--" || *w == "":
			return Line{}, fmt.Errorf("php %q is given no script by name", *w)
		case (*w)[0] != '-':
			r.line.Script, r.line.Words = *w, r.at
			return r.line, nil
		}
		var err error
		if strings.HasPrefix(*w, "--") {
			err = r.long((*w)[2:])
		} else {
			err = r.short((*w)[1:])
		}
		if err != nil {
			return Line{}, err
		}
	}
	return Line{}, errors.New("php is given no script: it would read one from stdin")
}

type lineReader struct {
	words []*string
	at    int
	line  Line
}

// longOptions are those that change nothing but settings, with whether a value follows.
var longOptions = map[string]bool{"define": true, "php-ini": true, "zend-extension": true, "no-php-ini": false, "no-header": false}

func (r *lineReader) long(text string) error {
	name, _, joined := strings.Cut(text, "=")
	valued, known := longOptions[name]
	if !known {
		return unknownOption("--" + name)
	}
	return r.take(valued && !joined)
}

// short reads a cluster of options. The first that has a value takes the rest of it.
func (r *lineReader) short(letters string) error {
	for i := range len(letters) {
		switch letters[i] {
		case 'n', 'q', 'C':
		case 'd', 'c', 'z':
			return r.take(i == len(letters)-1)
		default:
			return unknownOption("-" + letters[i:i+1])
		}
	}
	return r.take(false)
}

func unknownOption(name string) error {
	return fmt.Errorf("option %s of php is not one of -d, -c, -n, -z", name)
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
