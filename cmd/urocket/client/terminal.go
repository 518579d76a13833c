package client

import (
	"fmt"
	"strings"
)

// visible writes control characters as what they are, but for line breaks and
// tabs: a terminal obeys the others, and a script's output may hold anything.
func visible(text string) string {
	if !strings.ContainsFunc(text, obeyed) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if obeyed(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// obeyed are the C0 and C1 control characters.
func obeyed(r rune) bool {
	return r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r <= 0x9f
}
