package scaffold

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/urocket/urocket/frontserv/apidoc"
)

// maxSlug is the longest name that is made of a text, in bytes.
const maxSlug = 60

var notInSlug = regexp.MustCompile(`[^a-z0-9]+`)

// slug makes a name of small letters, digits and - of a text.
func slug(text, otherwise string) string {
	s := strings.Trim(notInSlug.ReplaceAllString(strings.ToLower(text), "-"), "-")
	if len(s) > maxSlug {
		s = strings.Trim(s[:maxSlug], "-")
	}
	if s == "" {
		return otherwise
	}
	return s
}

// spaced puts blanks between the words of a name such as getPetById.
func spaced(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		begins := i > 0 && unicode.IsUpper(r) && (!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1]))
		if begins {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// scriptName is the name of an operation's script, which no other in taken has: of its
// id, else of its verb and path.
func scriptName(o *apidoc.Operation, taken map[string]bool) string {
	name := slug(spaced(o.ID()), "")
	if name == "" {
		name = slug(o.Method+" "+spaced(o.Path), "operation")
	}
	free := name
	for n := 2; taken[free]; n++ {
		free = name + "-" + strconv.Itoa(n)
	}
	taken[free] = true
	return free + ".php"
}
