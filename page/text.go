package page

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/urocket/urocket/internal/display"
)

func orNone(s string) string {
	if s == "" {
		return none
	}
	return s
}

// span is a time as it is said: 0.034 s, 1.2 s, 75 s, 3 min 12 s, 2 h 5 min.
func span(d time.Duration) string {
	switch s := d.Seconds(); {
	case d < time.Second:
		return strconv.FormatFloat(s, 'f', 3, 64) + " s"
	case d < 10*time.Second:
		return strconv.FormatFloat(s, 'f', 1, 64) + " s"
	case d < 2*time.Minute:
		return strconv.FormatFloat(s, 'f', 0, 64) + " s"
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second)
	}
	return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
}

// lineSize is how much of a command is shown, which may hold a whole script.
const lineSize = 500

// line writes arguments so that one can be told from two.
func line(argv []string) string {
	var out strings.Builder
	for i, word := range argv {
		if i > 0 {
			out.WriteByte(' ')
		}
		if room := lineSize - out.Len(); len(word) > room {
			out.WriteString(plain(word[:max(room, 0)]) + "…")
			break
		}
		if plain := plain(word); word == "" || strings.ContainsAny(word, " \t\n'\"\\") {
			out.WriteString("'" + strings.ReplaceAll(plain, "'", `'\''`) + "'")
		} else {
			out.WriteString(plain)
		}
	}
	return out.String()
}

// written is the end of a stream that has had so many bytes.
func written(tail []byte, total int64) string {
	missing := total - int64(len(tail))
	if missing > 0 {
		for len(tail) > 0 && tail[0]&0xC0 == 0x80 { // of a character that was cut
			tail = tail[1:]
		}
	}
	text := plain(string(tail))
	if missing > 0 {
		return "(" + display.Size(missing, " ") + " before this are not kept)\n" + text
	}
	return text
}

// wordsSize is how much of the last line is shown of a call that went wrong.
const wordsSize = 160

// complaint finds the line that says what was wrong, in what languages and tools say.
var complaint = regexp.MustCompile(`(?i)\b(error|exception|fatal|fail(ed|ure)?|panic|denied|not found)\b`)

// lastWords is one line of the first stream that has any: the last that looks like a
// complaint, else the last one.
func lastWords(streams ...string) string {
	for _, s := range streams {
		var words, last string
		for text := range strings.Lines(s) {
			if text = strings.TrimSpace(text); text == "" {
				continue
			}
			if last = text; complaint.MatchString(text) {
				words = text
			}
		}
		if words == "" {
			words = last
		}
		if letters := []rune(words); len(letters) > wordsSize {
			words = string(letters[:wordsSize]) + "…"
		}
		if words != "" {
			return words
		}
	}
	return ""
}

// plain makes every character visible that could hide others, move or turn them:
// control characters become their signs (U+2400 and on), those that turn the
// direction of text and what is no UTF-8 U+FFFD.
func plain(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.Map(func(c rune) rune {
		switch {
		case c == '\n' || c == '\t':
			return c
		case c < ' ':
			return 0x2400 + c
		case c == 0x7F:
			return 0x2421
		case unicode.Is(unicode.Cc, c), unicode.Is(unicode.Bidi_Control, c), c == 0x2028, c == 0x2029, c == 0xFEFF:
			return unicode.ReplacementChar
		}
		return c
	}, s)
}
