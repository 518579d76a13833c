package config

import (
	"bytes"
	"regexp"
	"strings"
)

// The YAML library reports where the construct began that it could not finish,
// often one line off, and for a wrong indentation that is the top of the map.
// What a user wants is the line to look at: the first one with which the text
// can no longer be read, however it goes on.

// lookAhead is how many lines a quoted string or a bracket may run on before
// what follows it is no longer tried as its end.
const lookAhead = 100

// position is the position that the library puts before its text.
var position = regexp.MustCompile(`^yaml: (line \d+: )?`)

// reportSyntax reports an error of the library at the line that caused it.
func reportSyntax(text []byte, err error, c *collector) {
	lines := bytes.SplitAfter(text, []byte("\n"))
	at := brokenLine(lines)
	message := position.ReplaceAllString(err.Error(), "")
	c.fault(at+1, "not valid YAML: %s%s", message, hint(string(lines[at]), message))
}

// brokenLine is the index of the line after the longest beginning that parses.
// Beginnings that end inside a quoted string do not parse though nothing is
// wrong with them, so the search goes on behind each one that it finds.
func brokenLine(lines [][]byte) int {
	good := func(n int) bool {
		_, err := documents(bytes.Join(lines[:n], nil))
		return err == nil
	}
	low, high := 0, len(lines)
	for {
		for high-low > 1 {
			if mid := (low + high) / 2; good(mid) {
				low = mid
			} else {
				high = mid
			}
		}
		longer := false
		for n := low + 2; n < len(lines) && n <= low+lookAhead && !longer; n++ {
			if good(n) {
				low, high, longer = n, len(lines), true
			}
		}
		if !longer {
			return low
		}
	}
}

// hint says what is usually meant by what YAML refuses.
func hint(line, message string) string {
	indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
	switch {
	case strings.Contains(indent, "\t"):
		return " (there is a tab in the indentation of this line: YAML wants blanks)"
	case strings.Contains(message, "mapping values are not allowed"):
		return " (check the indentation, and quote a value that holds \": \")"
	case strings.Contains(line, "{{"):
		return ` (a value with {{…}} must be quoted: "{{jsonpayload}}")`
	case strings.Contains(message, "document start"):
		return " (a second YAML document begins here, and the file holds one)"
	case strings.Contains(message, "did not find expected key"):
		return " (check the indentation)"
	case strings.Contains(message, "cannot start any token"):
		return " (quote a value that begins with a sign such as @, ` or %)"
	}
	return ""
}
