package command

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Source is where the value of a placeholder comes from.
type Source int

// The sources, with the words that name them in a configuration.
const (
	Payload     Source = iota + 1 // {{jsonpayload}}: the payload itself
	PayloadFile                   // {{payloadfile}}: the path of the file that holds it
	RequestID                     // {{requestid}}
	Method                        // {{method}}
	URIPath                       // {{uripath}}: as sent, without the query
	Path                          // {{path.NAME}}: a parameter of the path template
	Query                         // {{query.NAME}}
	Header                        // {{header.NAME}}
)

// keywords are the words of the sources. Path and those after it take a name.
var keywords = map[Source]string{
	Payload: "jsonpayload", PayloadFile: "payloadfile", RequestID: "requestid", Method: "method",
	URIPath: "uripath", Path: "path", Query: "query", Header: "header",
}

// existing is what a message about an unknown placeholder ends with.
const existing = "there are {{jsonpayload}}, {{payloadfile}}, {{requestid}}, {{method}}, {{uripath}}, " +
	"{{path.NAME}}, {{query.NAME}} and {{header.NAME}}, and {{{{ for a literal {{"

// Placeholder is a hole in a command that a request fills. It is comparable.
type Placeholder struct {
	Source Source
	Name   string // of Path, Query and Header, as written
}

// String is the placeholder as it is written: {{path.petId}}.
func (p Placeholder) String() string {
	if p.Name == "" {
		return "{{" + keywords[p.Source] + "}}"
	}
	return "{{" + keywords[p.Source] + "." + p.Name + "}}"
}

const blanks = " \t\r\n"

// parsePlaceholder reads what stands between the braces.
func parsePlaceholder(body string) (Placeholder, error) {
	trimmed := strings.Trim(body, blanks)
	keyword, name, dotted := strings.Cut(trimmed, ".")
	for source, word := range keywords {
		if word != keyword || dotted != (source >= Path) {
			continue
		}
		p := Placeholder{source, name}
		return p, checkName(p)
	}
	return Placeholder{}, fmt.Errorf("unknown placeholder {{%s}}: %s", trimmed, existing)
}

// checkName refuses names that cannot be meant. Parameter names of OpenAPI are
// free text (filter[name]); header names are tokens (RFC 9110, section 5.1).
func checkName(p Placeholder) error {
	odd := func(r rune) bool { return r < ' ' || r == 0x7f || r == '{' || r == '}' }
	if p.Source == Header {
		odd = func(r rune) bool {
			return r <= ' ' || r > '~' || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
		}
	}
	switch {
	case p.Source < Path:
		return nil
	case p.Name == "":
		return fmt.Errorf("%s has no name: write {{%s.NAME}}", p, keywords[p.Source])
	case strings.Trim(p.Name, blanks) != p.Name || strings.ContainsFunc(p.Name, odd):
		return fmt.Errorf("%q is no name of a %s: write {{%s.NAME}}", p.Name, kinds[p.Source], keywords[p.Source])
	}
	return nil
}

var kinds = map[Source]string{Path: "path parameter", Query: "query parameter", Header: "header"}

// errUnclosed is a "{{" without its "}}".
var errUnclosed = errors.New("a placeholder is not closed: {{ without }}; " + existing)

// cutPlaceholder reads the placeholder at the start of s, which begins with
// "{{". It returns its whole text; at an unclosed one that is the rest of s.
func cutPlaceholder(s string) (raw string, p Placeholder, err error) {
	end := strings.Index(s, "}}")
	if end < 0 {
		return s, p, errUnclosed
	}
	p, err = parsePlaceholder(s[2:end])
	return s[:end+2], p, err
}

// checkPlaceholder says what is wrong with a well-formed placeholder in this
// command, or nothing.
func (in *Input) checkPlaceholder(p Placeholder) error {
	switch {
	case p.Source == PayloadFile && !in.PayloadFile:
		return fmt.Errorf("%s needs the payload in a file: set channel: file", p)
	case p.Source != Path || slices.Contains(in.PathNames, p.Name):
		return nil
	case len(in.PathNames) == 0:
		return fmt.Errorf("%s: the path has no parameters", p)
	}
	return fmt.Errorf("%s: the path has no such parameter; it has %s", p, strings.Join(in.PathNames, ", "))
}
